//! Making a refund: the form, the summary, and the refund itself.
//!
//! | request | what it does |
//! |---|---|
//! | GET `/portal/payments/{payment}/refund` | the form, with all that is left |
//! | GET `/portal/payments/{payment}/refund/summary` | looks at what was typed; changes nothing |
//! | POST `/portal/payments/{payment}/refund` | makes the refund |
//!
//! The form carries a key, drawn with it, and what was left when it was shown. With the key a double click, a reload and
//! the back button, which asks for the summary anew, come to the same refund; with what was left two people at once do not
//! both refund, and a person's limit is judged against what the store then holds to be left.

use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use redress_core::decimal::{Decimal, MinorError};
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::policy::{Ask, AskedAmount, Refusal};
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_engine::accept::{AskedBy, Made, RefundRequest};
use redress_engine::lookup::Order;

use super::form::Form;
use super::gate::{Caller, Posted, Scope, Signed, is_from_here};
use super::page::{done, see_other};
use super::payment::{given_minor, order};
use super::problem::Stop;
use super::refund_form::{Typed, Wrongs, form_page, summary_page};
use super::said::Said;
use super::text::fill;
use crate::body::PathText;
use crate::limits::DESCRIPTION_CHARS_MAX;
use crate::problem::Problem;
use crate::v1::refund_create::REASONS;

/// Shows the form; what stands in the address is filled in.
pub(crate) async fn form(who: Signed, path: PathText, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let order = order(who.seen(), scope, path).await?;
    let typed = Typed::of(&Form::parse(query.unwrap_or_default().as_bytes()));
    form_page(&who, StatusCode::OK, &order.payment, typed, Wrongs::default()).await
}

/// Looks at what was typed, and shows what would happen. It changes nothing, so that the back button and a reload come here
/// without a question of the browser's. A link of another site leads to the form: nobody is to be one click from a refund
/// that somebody else has filled in.
pub(crate) async fn summary(
    who: Signed,
    path: PathText,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let order = order(who.seen(), scope, path).await?;
    let typed = Typed::of(&Form::parse(query.unwrap_or_default().as_bytes()));
    if is_from_here(&headers) == Some(false) {
        return Ok(see_other(&typed.address(&order.payment)));
    }
    let key = form_key(&who, &typed);
    if let Some(made) = who.seen().engine.refund_of_request(scope.merchant, scope.environment, &key).await? {
        return Ok(made_before(&who, &order.payment, &typed, &made));
    }
    let wrongs = match read(&who, &order.payment, &typed) {
        Ok(wanted) => match judged(&who, scope, &order.payment, &wanted).await? {
            Ok(amount) => return summary_page(&who, StatusCode::OK, &order, typed, amount, None).await,
            Err(wrongs) => wrongs,
        },
        Err(wrongs) => wrongs,
    };
    form_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &order.payment, typed, wrongs).await
}

/// The back button leads to the summary of what was made since. With the form's key it is the same refund; where something
/// else was typed, it is told that this form makes no other.
fn made_before(who: &Signed, payment: &Payment, typed: &Typed, made: &Refund) -> Response {
    let is_it = |wanted: Wanted| wanted.amount == made.amount && wanted.reason == made.reason;
    if made.payment == payment.id && read(who, payment, typed).is_ok_and(is_it) {
        see_other(&format!("/portal/refunds/{}", made.id))
    } else {
        done(&format!("/portal/payments/{}", payment.id), Said::KeyReused, who.seen().https)
    }
}

/// One person's form is not another's. No key of an API begins so: they begin with their environment.
fn form_key(who: &Signed, typed: &Typed) -> String {
    format!("portal {} {}", who.who().user.id, typed.key)
}

/// Makes the refund. The payment is judged where it is locked, not here: a repeat must find its refund although nothing
/// is left any more.
pub(crate) async fn make(path: PathText, Posted { who, form }: Posted<Signed>) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let (seen, typed) = (who.seen(), Typed::of(&form));
    let order = order(seen, scope, path).await?;
    let wanted = match read(&who, &order.payment, &typed) {
        Ok(wanted) => wanted,
        Err(wrongs) => {
            return form_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &order.payment, typed, wrongs).await;
        }
    };
    who.to(&wanted.act(&order.payment))?;
    if typed.lacks_word_of_another() {
        let told = seen.language.texts().refunding.look_alike_needed.to_owned();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return summary_page(&who, status, &order, typed, wanted.amount, Some(told)).await;
    }
    let Order { payment, .. } = order;
    let (by, amount) = ((who.who(), &seen.origin), wanted.amount);
    let request = wanted.request(&who, scope, &payment, &typed);
    match seen.engine.make_refund_by(by, &payment, amount, request).await? {
        Made::New(refund, _) | Made::Repeat(refund, _) => {
            Ok(see_other(&format!("/portal/refunds/{}", refund.id)))
        }
        Made::KeyReused(_) => {
            Ok(done(&format!("/portal/payments/{}", payment.id), Said::KeyReused, seen.https))
        }
        Made::NoPayment => Err(Problem::NoRoute.into()),
        Made::Refused(refusal, payment) => {
            let wrongs = Wrongs::of_refusal(&refusal, seen.language.texts());
            form_page(&who, StatusCode::CONFLICT, &payment, typed, wrongs).await
        }
    }
}

/// What is wanted, as it was typed; nothing was asked of anybody yet.
pub(super) struct Wanted {
    asked: AskedAmount,
    /// What comes of it where what was left is left.
    pub(super) amount: Amount,
    seen: Amount,
    reason: String,
    note: Option<String>,
}

impl Wanted {
    fn ask(&self, scope: Scope) -> Ask {
        Ask {
            environment: Some(scope.environment),
            currency: Some(self.amount.currency()),
            expected_refundable: Some(self.seen.minor()),
            ..Ask::of(self.asked)
        }
    }

    /// What the person must be allowed to. What was given before is what was not left when the form was shown: the refund
    /// is made only where that still holds.
    fn act(&self, payment: &Payment) -> Act {
        let given_minor = payment.balance.captured.saturating_sub(self.seen.minor());
        Act::Refund { amount: self.amount, given_minor }
    }

    fn request(self, who: &Signed, scope: Scope, payment: &Payment, typed: &Typed) -> RefundRequest {
        RefundRequest {
            merchant: scope.merchant,
            order_ref: payment.order_ref.clone(),
            ask: self.ask(scope),
            reason: self.reason,
            description: self.note,
            merchant_refund_id: None,
            metadata: None,
            asked_by: AskedBy::Person(who.who().user.email.clone()),
            idempotency_key: Some(form_key(who, typed)),
        }
    }
}

/// Reads what was typed; what is wrong goes beside its field.
fn read(who: &Signed, payment: &Payment, typed: &Typed) -> Result<Wanted, Wrongs> {
    let t = who.seen().language.texts();
    let currency = payment.currency;
    let mut wrongs = Wrongs::default();
    let sum = super::format::western(typed.amount.trim());
    let amount = match Decimal::from_text(&sum) {
        _ if sum.is_empty() => Err(t.common.required.to_owned()),
        Err(_) => {
            let example = payment.remaining().to_fixed();
            Err(fill(t.refunding.not_a_number, &[("example", &example)]))
        }
        Ok(decimal) => match decimal.to_minor_as_written(&sum, currency) {
            Ok(minor) if minor > 0 => Ok(Amount::new(minor, currency)),
            Ok(_) => Err(t.refusal(&Refusal::NotPositive)),
            Err(MinorError::TooPrecise { .. }) => {
                Err(t.refusal(&Refusal::TooPrecise { decimals: currency.decimals() }))
            }
            Err(MinorError::TooLarge) => {
                Err(t.refusal(&Refusal::MoreThanLeft { remaining: payment.remaining() }))
            }
        },
    };
    let reason = REASONS.into_iter().find(|reason| *reason == typed.reason);
    if reason.is_none() {
        wrongs.reason = Some(t.common.required.to_owned());
    }
    let note = typed.note(DESCRIPTION_CHARS_MAX);
    match &note {
        Err(wrong) => wrongs.note = Some(wrong.told(t)),
        Ok(None) if reason == Some("other") => wrongs.note = Some(t.refunding.note_needed.to_owned()),
        Ok(_) => {}
    }
    match (amount, reason, note) {
        (Ok(amount), Some(reason), Ok(note)) if wrongs.note.is_none() => {
            // A form without what was seen, or with nonsense, has seen nothing: it is refused where it is judged.
            let seen = Amount::new(typed.seen.parse().unwrap_or(-1), currency);
            let asked =
                if amount == seen { AskedAmount::Remainder } else { AskedAmount::Minor(amount.minor()) };
            Ok(Wanted { asked, amount, seen, reason: reason.to_owned(), note })
        }
        (amount, ..) => {
            wrongs.amount = amount.err();
            Err(wrongs)
        }
    }
}

/// What would be decided now, of the payment and of the person.
async fn judged(
    who: &Signed,
    scope: Scope,
    payment: &Payment,
    wanted: &Wanted,
) -> Result<Result<Amount, Wrongs>, Stop> {
    let t = who.seen().language.texts();
    match who.seen().engine.judge_refund(payment, &wanted.ask(scope)).await? {
        Err(refusal) => Ok(Err(Wrongs::of_refusal(&refusal, t))),
        Ok(grant) => {
            let act = Act::Refund { amount: grant.amount, given_minor: given_minor(payment) };
            Ok(match who.why_not(&act) {
                None => Ok(grant.amount),
                Some(why) => Err(Wrongs { amount: Some(t.why(&why)), ..Wrongs::default() }),
            })
        }
    }
}

#[cfg(test)]
#[path = "refund_new_tests.rs"]
mod tests;
