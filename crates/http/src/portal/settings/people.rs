//! GET `/portal/settings/people` and `…/new`, POST `/portal/settings/people`: a merchant's people, and adding one.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::decimal::Decimal;
use redress_core::money::{Amount, Currency};
use redress_core::role::{Act, RefundLimits, Role};
use redress_core::time::Timestamp;
use redress_engine::admin::fault::FaultCode;
use redress_engine::admin::{AdminError, NAME_BYTES_MAX};
use redress_engine::portal::PortalError;
use redress_engine::portal::forms::FormDone;
use redress_engine::portal::people::{EMAIL_BYTES_MAX, NewUser, PortalUser};
use secrecy::SecretString;

use super::wrongs::Wrongs;
use super::{Shown, form_key, off, shown_once};
use crate::portal::field::Field;
use crate::portal::form::Form;
use crate::portal::format;
use crate::portal::gate::{Caller, Posted, Signed};
use crate::portal::nav::Area;
use crate::portal::page::{Shell, done, show};
use crate::portal::problem::Stop;
use crate::portal::said::Said;
use crate::portal::text::{Texts, fill};

/// The longest text of limits, in characters: some for every currency.
const LIMITS_CHARS_MAX: usize = 4_000;

const PAGE: &str = "/portal/settings/people";
const NEW: &str = "/portal/settings/people/new";

#[derive(Template)]
#[template(path = "portal/settings/people.html")]
struct List {
    s: Shell,
    off: Option<String>,
    rows: Vec<Row>,
}

/// A person, for people.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: &'static str,
    /// Of a role that has limits.
    pub(super) limits: Vec<String>,
    pub(super) second_factor: &'static str,
    pub(super) signed_in: Option<Timestamp>,
    pub(super) state: &'static str,
    pub(super) stands: String,
}

impl Row {
    pub(super) fn of(user: &PortalUser, s: &Shell) -> Self {
        let t = &s.t.team;
        let (state, stands) = match (&user.disabled_at, user.password_temporary) {
            (Some(at), _) => ("canceled", fill(t.disabled, &[("time", &s.time(at))])),
            (None, true) => ("pending", t.temporary.to_owned()),
            (None, false) => ("succeeded", t.may_sign_in.to_owned()),
        };
        let limits = user.limits.amounts().iter().filter(|_| user.role == Role::Support);
        Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            role: s.t.role(user.role),
            limits: limits.map(|limit| format::amount(*limit)).collect(),
            second_factor: if user.has_second_factor { t.is_on } else { t.is_off },
            signed_in: user.signed_in_at,
            state,
            stands,
        }
    }
}

/// Lists all of them.
pub(crate) async fn list(who: Signed) -> Result<Response, Stop> {
    let scope = who.to(&Act::SeeSettings)?;
    let s = Shell::of(&who, Area::Settings);
    let users = who.seen().engine.list_users(scope.merchant).await?;
    let rows = users.iter().map(|user| Row::of(user, &s)).collect();
    let page = List { off: off(&who, &Act::ManageUsers), rows, s };
    Ok(show(StatusCode::OK, &page.s, &page))
}

/// What is typed about what a person is.
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) role: Option<Role>,
    pub(super) limits: RefundLimits,
}

impl Typed {
    pub(super) fn read(form: &Form, t: &Texts, wrongs: &mut Wrongs) -> Self {
        let name = wrongs.read(t, "name", form.needed("name", NAME_BYTES_MAX));
        let role = Role::parse(form.typed("role"));
        if role.is_none() {
            wrongs.add("role", t.common.required);
        }
        let typed = wrongs.read(t, "limits", form.optional("limits", LIMITS_CHARS_MAX)).unwrap_or_default();
        let limits = limits(&typed).unwrap_or_else(|| {
            wrongs.add("limits", t.team.limits_wrong);
            RefundLimits::NONE
        });
        Self { name, role, limits }
    }
}

/// Reads limits: pairs of a currency and a sum, in either order, as people write them. As where a refund is made, a sum has
/// nothing between its thousands: `1,00` is one of something to one person and a hundred to another.
fn limits(typed: &str) -> Option<RefundLimits> {
    let western = format::western(typed).to_uppercase();
    let words: Vec<_> = western.split([' ', '،', ';', '=', ':']).filter(|word| !word.is_empty()).collect();
    let one = |pair: &[&str]| {
        let [first, second] = *pair else { return None };
        let (code, sum) =
            if first.starts_with(char::is_alphabetic) { (first, second) } else { (second, first) };
        let currency = Currency::from_code(code).ok()?;
        let text = sum.trim_end_matches(',');
        let minor = Decimal::from_text(text).ok()?.to_minor_as_written(text, currency).ok()?;
        Some(Amount::new(minor, currency))
    };
    let amounts: Option<Vec<_>> = words.chunks(2).map(one).collect();
    RefundLimits::new(amounts?).ok()
}

/// Limits as they stand in the field: one a line.
pub(super) fn limits_text(limits: &RefundLimits) -> String {
    let one = |limit: &Amount| format!("{} {}", limit.currency(), limit.to_fixed());
    limits.amounts().iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The fields about what a person is.
pub(super) struct Fields {
    pub(super) name: Field,
    pub(super) role: Field,
    pub(super) limits: Field,
}

impl Fields {
    /// `stands` gives the value of a field.
    pub(super) fn of(t: &Texts, stands: &dyn Fn(&str) -> String, wrongs: &Wrongs) -> Self {
        let words = &t.team;
        let roles = Role::ALL.map(|role| {
            let told = match role {
                Role::Viewer => words.role_viewer,
                Role::Support => words.role_support,
                Role::Manager => words.role_manager,
                Role::Admin => words.role_admin,
            };
            (role.as_str().to_owned(), told.to_owned())
        });
        Self {
            name: Field::line("name", "text", words.name).value(&stands("name")).wrong(wrongs.beside("name")),
            role: Field::radio("role", words.role, roles.to_vec())
                .value(&stands("role"))
                .wrong(wrongs.beside("role")),
            limits: Field::lines("limits", words.limits)
                .value(&stands("limits"))
                .hint(words.limits_hint)
                .wrong(wrongs.beside("limits"))
                .ltr()
                .optional(),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/settings/person_new.html")]
struct New {
    s: Shell,
    problem: Option<String>,
    /// Drawn with the form: however often it is sent, it adds one person.
    key: String,
    email: Field,
    fields: Fields,
}

/// Asks who.
pub(crate) async fn form(who: Signed) -> Result<Response, Stop> {
    who.to(&Act::ManageUsers)?;
    Ok(new_page(&who, StatusCode::OK, &Form::default(), &Wrongs::default()))
}

/// Adds somebody and shows the first password.
pub(crate) async fn add(Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::ManageUsers)?;
    let (seen, t) = (who.seen(), who.seen().language.texts());
    let Some(form_key) = form_key(&form) else {
        return Ok(done(NEW, Said::TypedAgain, seen.https));
    };
    let mut wrongs = Wrongs::default();
    let email = wrongs.read(t, "email", form.needed("email", EMAIL_BYTES_MAX));
    let typed = Typed::read(&form, t, &mut wrongs);
    let (Some(role), true) = (typed.role, wrongs.is_empty()) else {
        return Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs));
    };
    let Typed { name, limits, .. } = typed;
    let new = NewUser { merchant: scope.merchant, email, name, role, limits };
    match seen.engine.add_person((who.who(), &seen.origin), form_key, new).await {
        Ok(FormDone::Now((user, password))) => {
            let title = fill(t.team.made_title, &[("name", &user.name)]);
            Ok(password_page(&who, title, &user, password.as_ref()))
        }
        // A double click shows what the second one is answered with, and a reload sends the form once more.
        Ok(FormDone::Before(id)) => Ok(done(&format!("{PAGE}/{id}"), Said::PersonMadeBefore, seen.https)),
        Ok(FormDone::Meanwhile) => Ok(done(PAGE, Said::BeingDone, seen.https)),
        Ok(FormDone::Reused) => Ok(done(PAGE, Said::MadeBefore, seen.https)),
        Err(PortalError::Admin(AdminError::Invalid { field: "email", .. })) => {
            wrongs.add("email", t.team.email_wrong);
            Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs))
        }
        Err(PortalError::Admin(AdminError::Conflict(fault))) if fault.code == FaultCode::EmailTaken => {
            wrongs.add("email", t.team.email_taken);
            Ok(new_page(&who, StatusCode::CONFLICT, &form, &wrongs))
        }
        Err(error) => {
            let wrongs = Wrongs::of_portal(error, t, &["name", "role", "limits"])?;
            Ok(new_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrongs))
        }
    }
}

/// Shows a password that was drawn for somebody, the only time.
pub(super) fn password_page(
    who: &Signed,
    title: String,
    user: &PortalUser,
    password: Option<&SecretString>,
) -> Response {
    let t = &who.seen().language.texts().team;
    let shown = password.into_iter().map(|password| Shown::secret("secret", t.first_password, password));
    let email = Shown::new("email", t.email, user.email.clone());
    let shown = [email].into_iter().chain(shown).collect();
    let next = format!("{PAGE}/{}", user.id);
    shown_once(who, title, Some(t.password_told.to_owned()), shown, next)
}

fn new_page(who: &Signed, status: StatusCode, typed: &Form, wrongs: &Wrongs) -> Response {
    let s = Shell::of(who, Area::Settings);
    let email = Field::line("email", "email", s.t.team.email)
        .value(typed.typed("email"))
        .wrong(wrongs.beside("email"))
        .ltr();
    let fields = Fields::of(s.t, &|field| typed.typed(field).to_owned(), wrongs);
    let page = New { problem: wrongs.on_top(s.t), key: who.seen().engine.form_key(), email, fields, s };
    show(status, &page.s, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        for (typed, read) in [
            ("", ""),
            ("SAR 100.00", "SAR:10000"),
            ("100 sar", "SAR:10000"),
            ("SAR=1000.50 KWD 1.250", "KWD:1250 SAR:100050"),
            ("SAR: 5, KWD: 1", "KWD:1000 SAR:500"),
            ("١٠٠٫٥ SAR", "SAR:10050"),
        ] {
            assert_eq!(limits(typed), RefundLimits::parse(read), "{typed}");
            assert!(limits(typed).is_some(), "{typed}");
        }
        for wrong in ["SAR", "100", "SAR 0", "SAR -1", "SAR 1 SAR 2", "SAR 1.001", "XXY 5", "SAR 1 5"] {
            assert_eq!(limits(wrong), None, "{wrong}");
        }
        for ambiguous in ["SAR 1,00", "SAR 1,000", "KWD 1,250", "SAR 1,000.50", "SAR 1٬000", "SAR 1.000,50"]
        {
            assert_eq!(limits(ambiguous), None, "{ambiguous}");
        }
        let both = RefundLimits::parse("KWD:1250 SAR:10000").unwrap();
        assert_eq!(limits(&limits_text(&both).replace('\n', " ")), Some(both));
    }
}
