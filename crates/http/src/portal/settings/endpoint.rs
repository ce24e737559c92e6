//! GET `/portal/settings/endpoints/{id}`: one endpoint, and what was sent to it.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::event::EventKind;
use redress_core::id::EndpointId;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::admin::endpoints::{Endpoint, SeenSecret};
use redress_engine::notify::history::{DeliveryState, ListedDelivery, PageDeliveries, REFUNDS_LOOKED_AT_MAX};
use redress_engine::notify::test_event::EndpointTest;

use super::endpoints::Row;
use super::wrongs::Wrongs;
use super::{off, sure, trail_of};
use crate::body::PathText;
use crate::portal::field::Field;
use crate::portal::form::Form;
use crate::portal::gate::{Caller, Scope, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, show};
use crate::portal::problem::Stop;
use crate::portal::text::fill;
use crate::problem::Problem;

/// So many of the latest notifications are counted.
const COUNTED: u32 = 100;

/// So many of them are shown.
const SHOWN: usize = 20;

const HOUR_SECONDS: u64 = 3_600;

#[derive(Template)]
#[template(path = "portal/settings/endpoint.html")]
struct Page {
    s: Shell,
    problem: Option<String>,
    row: Row,
    events: Vec<&'static str>,
    added: Timestamp,
    old_signs: Option<String>,
    trail: String,
    off: Option<String>,
    may_resend: bool,
    rate: Option<String>,
    sent: Vec<Sent>,
    tested: Option<Tested>,
    /// While there is something to do about it.
    acts: Option<Acts>,
}

/// A notification that was, or is to be, sent.
struct Sent {
    id: String,
    refund: String,
    event: &'static str,
    state: &'static str,
    stands: &'static str,
    at: Timestamp,
    again: String,
}

struct Tested {
    is_good: bool,
    told: String,
    answer: String,
}

struct Acts {
    /// Drawn with the form of another secret: however often it is sent, it makes one.
    rotate_key: String,
    /// The secret that it is in place of.
    rotate_seen: String,
    rotate_told: String,
    is_disabled: bool,
    reason: Field,
    sure: Field,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, path: PathText) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let endpoint = found(&who, scope, path).await?;
    page(&who, scope, StatusCode::OK, endpoint, Asked::default()).await
}

/// The endpoint that a path names; one of another merchant or environment does not exist.
pub(super) async fn found(who: &Signed, scope: Scope, PathText(id): PathText) -> Result<Endpoint, Stop> {
    let id = id.and_then(|id| EndpointId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    Ok(who.seen().engine.endpoint(scope.merchant, scope.environment, id).await?)
}

/// What was asked about an endpoint, for its page.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) wrongs: Wrongs,
    pub(super) reason: String,
    pub(super) test: Option<EndpointTest>,
}

pub(super) async fn page(
    who: &Signed,
    scope: Scope,
    status: StatusCode,
    endpoint: Endpoint,
    asked: Asked,
) -> Result<Response, Stop> {
    let s = Shell::of(who, Area::Settings);
    let (t, engine) = (&s.t.endpoints, &who.seen().engine);
    let of_it = PageDeliveries {
        merchant: scope.merchant,
        environment: scope.environment,
        endpoint: Some(endpoint.id),
        refund: None,
        state: None,
        after: None,
        limit: COUNTED,
        refunds_max: REFUNDS_LOOKED_AT_MAX,
    };
    let deliveries = engine.deliveries_page(of_it).await?.deliveries;
    let off = off(who, &Act::ManageEndpoints);
    let Asked { wrongs, reason, test } = asked;
    let acts = (off.is_none() && endpoint.revoked_at.is_none()).then(|| {
        let hours = engine.config().delivery.secret_overlap.as_secs() / HOUR_SECONDS;
        Acts {
            rotate_key: engine.form_key(),
            rotate_seen: seen_secret(SeenSecret::of(&endpoint)),
            rotate_told: fill(t.rotate_told, &[("hours", &hours.to_string())]),
            is_disabled: endpoint.disabled_at.is_some(),
            reason: Field::line("reason", "text", s.t.settings.reason)
                .value(&reason)
                .hint(s.t.settings.reason_hint)
                .wrong(wrongs.beside("reason")),
            sure: sure(s.t, t.revoke_sure, wrongs.beside("sure")),
        }
    });
    // To one that is revoked nothing is sent that could be signed.
    let signs = |until: Timestamp| endpoint.revoked_at.is_none() && engine.now() < until;
    let old = endpoint.old_secret.as_ref().filter(|(_, until)| signs(*until));
    let page = Page {
        problem: wrongs.on_top(s.t),
        events: kinds(&endpoint).map(|kind| s.t.event(kind)).collect(),
        added: endpoint.created_at,
        old_signs: old.map(|(_, until)| fill(t.old_signs, &[("time", &s.time(until))])),
        trail: trail_of(&endpoint.id.to_string()),
        may_resend: super::off(who, &Act::Resend).is_none() && endpoint.revoked_at.is_none(),
        rate: rate(&deliveries, t.rate),
        sent: deliveries.iter().take(SHOWN).map(|sent| Sent::of(sent, &s)).collect(),
        tested: test.map(|test| Tested::of(test, &s)),
        row: Row::of(&endpoint, &s),
        off,
        acts,
        s,
    };
    Ok(show(status, &page.s, &page))
}

/// What stands in a form where an endpoint never had another secret.
const FIRST_SECRET: &str = "first";

/// Which secret a page showed, as its form carries it. Another one on a page that was made before somebody else's would end the
/// one which the receiver still checks.
fn seen_secret(SeenSecret(old_until): SeenSecret) -> String {
    old_until.map_or_else(|| FIRST_SECRET.to_owned(), |until| until.as_micros().to_string())
}

/// Reads it; `None` where the form does not say it.
pub(super) fn seen_secret_in(form: &Form) -> Option<SeenSecret> {
    match form.typed("seen") {
        FIRST_SECRET => Some(SeenSecret(None)),
        until => Some(SeenSecret(Some(Timestamp::from_micros(until.parse().ok()?)))),
    }
}

/// What it is told of.
pub(super) fn kinds(endpoint: &Endpoint) -> impl Iterator<Item = EventKind> {
    let mask = endpoint.event_mask;
    EventKind::ALL.into_iter().filter(move |kind| mask & kind.bit() != 0)
}

/// How many of the latest notifications were taken, in words; nothing where there are none.
fn rate(deliveries: &[ListedDelivery], text: &str) -> Option<String> {
    let of = |state| deliveries.iter().filter(|one| one.delivery.state == state).count();
    let (taken, due, given_up) =
        (of(DeliveryState::Delivered), of(DeliveryState::Due), of(DeliveryState::GivenUp));
    let count = deliveries.len();
    if count == 0 {
        return None;
    }
    let percent = format!("{}%", (count - taken) * 100 / count);
    let [count, taken, due, given_up] = [count, taken, due, given_up].map(|number| number.to_string());
    let values =
        [("count", &*count), ("taken", &taken), ("due", &due), ("given_up", &given_up), ("rate", &percent)];
    Some(fill(text, &values))
}

impl Sent {
    fn of(listed: &ListedDelivery, s: &Shell) -> Self {
        let (t, refund) = (&s.t.endpoints, listed.id.refund.to_string());
        let (state, stands) = match listed.delivery.state {
            DeliveryState::Due => ("pending", t.due),
            DeliveryState::Delivered => ("succeeded", t.taken),
            DeliveryState::GivenUp => ("failed", t.given_up),
        };
        Self {
            id: listed.id.to_string(),
            event: s.t.event(listed.kind),
            state,
            stands,
            at: listed.delivery.created_at,
            again: fill(t.resend_of, &[("refund", &refund)]),
            refund,
        }
    }
}

impl Tested {
    fn of(test: EndpointTest, s: &Shell) -> Self {
        let t = &s.t.endpoints;
        let status = test.status.map_or_else(|| t.no_answer.to_owned(), |status| status.to_string());
        let text = if test.taken { t.tested_good } else { t.tested_bad };
        let told = fill(text, &[("status", &status), ("ms", &test.took.as_millis().to_string())]);
        Self { is_good: test.taken, told, answer: test.answer }
    }
}
