//! GET `/portal/audit`: who did what, when, from where; of one person, or to one thing.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::id::{AuditId, UserId};
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::portal::audit::{AuditEntry, AuditOf};

use super::coded::Coded;
use super::field::Field;
use super::form::Form;
use super::gate::{Caller, Signed};
use super::nav::Area;
use super::page::{Shell, query_value, show};
use super::problem::Stop;
use super::text::{Texts, Told};
use crate::limits::REFERENCE_CHARS_MAX;

/// Entries on a page.
const PAGE_ENTRIES: u32 = 50;

#[derive(Template)]
#[template(path = "portal/audit.html")]
struct Page {
    s: Shell,
    person: Field,
    object: Field,
    rows: Vec<Row>,
    /// Where older ones are.
    older: Option<String>,
    /// Where the newest are, from a page of older ones.
    newest: Option<String>,
}

struct Row {
    at: Timestamp,
    /// `None` for the operator.
    actor: Option<String>,
    deed: Coded,
    object: Option<Object>,
    told: Told,
    address: String,
    agent: String,
}

struct Object {
    /// Its id, or of a list what it is called.
    name: String,
    /// Its page, where it has one.
    page: Option<String>,
}

/// Shows a page of it.
pub(crate) async fn show_it(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeAudit)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let engine = &who.seen().engine;
    let s = Shell::of(&who, Area::Audit);
    let user = UserId::parse(query.typed("person")).ok();
    let (object, wrong) = match query.optional("object", REFERENCE_CHARS_MAX) {
        Ok(Some(_)) if user.is_some() => (None, Some(s.t.audit.one.to_owned())),
        Ok(object) => (object, None),
        Err(wrong) => (None, Some(wrong.told(s.t))),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (of, filter) = match (user, object) {
        (Some(user), _) => (AuditOf::User(user), format!("person={user}")),
        (None, Some(object)) => {
            let filter = format!("object={}", query_value(&object));
            (AuditOf::Object(object), filter)
        }
        (None, None) => (AuditOf::Everybody, String::new()),
    };
    let before = AuditId::parse(query.typed("before")).ok();
    // One more than is shown tells whether there are older ones.
    let asked = engine.audit_trail(who.who(), of, before, PAGE_ENTRIES + 1).await;
    let mut entries = asked.map_err(|error| who.stopped(error))?;
    let are_more = entries.len() > PAGE_ENTRIES as usize;
    entries.truncate(PAGE_ENTRIES as usize);
    let last = entries.last().filter(|_| are_more);
    let people = engine.list_users(scope.merchant).await?.into_iter();
    let people = people.map(|user| (user.id.to_string(), format!("{} ({})", user.name, user.email)));
    let everybody = (String::new(), s.t.audit.everybody.to_owned());
    let page = Page {
        person: Field::choice("person", s.t.audit.person, [everybody].into_iter().chain(people).collect())
            .value(query.typed("person"))
            .optional(),
        object: Field::line("object", "search", s.t.audit.object)
            .value(query.typed("object"))
            .hint(s.t.audit.object_hint)
            .wrong(wrong)
            .ltr()
            .optional(),
        older: last.map(|entry| format!("/portal/audit?{filter}&before={}", entry.id)),
        newest: before.map(|_| format!("/portal/audit?{filter}")),
        rows: entries.into_iter().map(|entry| Row::of(entry, &s)).collect(),
        s,
    };
    Ok(show(status, &page.s, &page))
}

impl Row {
    fn of(entry: AuditEntry, s: &Shell) -> Self {
        let told = entry.detail.as_deref();
        let told = told.map(|text| s.t.audit_detail(entry.deed, entry.object.as_deref(), text));
        let object = entry.object.map(|id| Object::of(id, s.t));
        Self {
            told: told.unwrap_or_default(),
            at: entry.happened_at,
            actor: entry.user.map(|_| entry.actor),
            deed: Coded::of(Some(s.t.deed(entry.deed)), entry.deed.as_str()),
            object,
            address: entry.address.unwrap_or_default(),
            agent: entry.agent.unwrap_or_default(),
        }
    }
}

impl Object {
    fn of(id: String, t: &'static Texts) -> Self {
        let list = match id.as_str() {
            "payments" => Some(t.lists.payments),
            "refunds" => Some(t.lists.refunds),
            _ => None,
        };
        match list {
            Some(name) => Self { page: Some(format!("/portal/{id}")), name: name.to_owned() },
            None => Self { page: page_of(&id), name: id },
        }
    }
}

/// The page of something, by the beginning of its id. It may be one of the other environment: then the page says so.
fn page_of(id: &str) -> Option<String> {
    let (prefix, _) = id.split_once('_')?;
    let place = match prefix {
        "pay" => "payments",
        "rf" => "refunds",
        "case" => "cases",
        "imp" => "imports",
        "key" => "settings/keys",
        "ep" => "settings/endpoints",
        "acc" => "settings/accounts",
        "usr" => "settings/people",
        _ => return None,
    };
    Some(format!("/portal/{place}/{id}"))
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod page_tests;

#[cfg(test)]
mod tests {
    use redress_core::id::{AccountId, CaseId, EndpointId, ImportId, KeyId, PaymentId, RefundId};

    use super::*;

    #[test]
    fn whatever_has_a_page_is_linked_to() {
        let bytes = [7; 16];
        for (id, place) in [
            (PaymentId::from_bytes(bytes).to_string(), "payments"),
            (RefundId::from_bytes(bytes).to_string(), "refunds"),
            (CaseId::from_bytes(bytes).to_string(), "cases"),
            (ImportId::from_bytes(bytes).to_string(), "imports"),
            (KeyId::from_bytes(bytes).to_string(), "settings/keys"),
            (EndpointId::from_bytes(bytes).to_string(), "settings/endpoints"),
            (AccountId::from_bytes(bytes).to_string(), "settings/accounts"),
            (UserId::from_bytes(bytes).to_string(), "settings/people"),
        ] {
            assert_eq!(page_of(&id), Some(format!("/portal/{place}/{id}")));
        }
        assert_eq!(page_of("ORDER-1"), None);
    }
}
