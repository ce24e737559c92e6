//! The pages on which a refund is made: the form and the summary.

use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::look_alike::look_alike;
use redress_core::money::Amount;
use redress_core::payment::Payment;
use redress_core::policy::{AccountState, Refusal};
use redress_core::refund::Refund;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::lookup::{Order, Through};

use super::field::{Field, Wrong};
use super::form::Form;
use super::format;
use super::gate::{Caller, Signed};
use super::nav::Area;
use super::page::{Shell, query_value, see_other, show};
use super::payment::given_minor;
use super::problem::Stop;
use super::text::{Texts, fill};
use crate::problem::Problem;
use crate::v1::refund_create::REASONS;

/// What was typed in the form, and what it carries.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) key: String,
    /// What was left when the form was shown, in minor units.
    pub(super) seen: String,
    pub(super) amount: String,
    pub(super) reason: String,
    note: String,
    /// A refund that looks the same, which the summary told of.
    alike: String,
    /// The person's word that this is another one.
    another: String,
}

impl Typed {
    pub(super) fn of(form: &Form) -> Self {
        let of = |name: &str| form.typed(name).to_owned();
        Self {
            key: of("key"),
            seen: of("seen"),
            amount: of("amount"),
            reason: of("reason"),
            note: of("note"),
            alike: of("alike"),
            another: of("another"),
        }
    }

    /// The note, in one line.
    pub(super) fn note(&self, chars_max: usize) -> Result<Option<String>, Wrong> {
        Form::one_line(&self.note, chars_max)
    }

    /// The summary told of a refund that looks the same, and the person has not said that this is another one.
    pub(super) fn lacks_word_of_another(&self) -> bool {
        !self.alike.is_empty() && self.another != "yes"
    }

    /// The form's address with all of this.
    pub(super) fn address(&self, payment: &Payment) -> String {
        let Self { amount, reason, note, .. } = self;
        let (amount, reason, note) = (query_value(amount), query_value(reason), query_value(note));
        format!("/portal/payments/{}/refund?amount={amount}&reason={reason}&note={note}", payment.id)
    }
}

/// What is wrong beside each field.
#[derive(Debug, Default)]
pub(super) struct Wrongs {
    /// With all of it.
    pub(super) whole: Option<String>,
    pub(super) amount: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) note: Option<String>,
}

impl Wrongs {
    /// What the amount has to do with goes beside it.
    pub(super) fn of_refusal(refusal: &Refusal, t: &Texts) -> Self {
        let told = Some(t.refusal(refusal));
        match refusal {
            Refusal::NotPositive
            | Refusal::TooPrecise { .. }
            | Refusal::NotAMultiple { .. }
            | Refusal::MoreThanLeft { .. }
            | Refusal::LessThanMin { .. }
            | Refusal::MoreThanMax { .. }
            | Refusal::PartialNotAllowed => Self { amount: told, ..Self::default() },
            Refusal::WrongEnvironment
            | Refusal::WrongChannel
            | Refusal::WrongCurrency { .. }
            | Refusal::Disputed
            | Refusal::RefundableChanged { .. }
            | Refusal::NotRefundable
            | Refusal::WindowClosed
            | Refusal::NothingLeft
            | Refusal::SeveralNotAllowed => Self { whole: told, ..Self::default() },
        }
    }
}

#[derive(Template)]
#[template(path = "portal/refund_form.html")]
struct FormPage {
    s: Shell,
    title: String,
    payment: Payment,
    problem: Option<String>,
    key: String,
    seen: i64,
    refundable: Amount,
    amount: Field,
    reason: Field,
    note: Field,
    what_happens: WhatHappens,
}

#[derive(Template)]
#[template(path = "portal/refund_summary.html")]
struct SummaryPage {
    s: Shell,
    payment: Payment,
    problem: Option<String>,
    typed: Typed,
    amount: Amount,
    leaves: Amount,
    reason: String,
    confirm: String,
    change: String,
    alike: Option<Alike>,
    what_happens: WhatHappens,
}

struct Alike {
    id: String,
    told: String,
}

/// What will happen, and by when.
struct WhatHappens {
    sends: String,
    by_when: String,
}

impl WhatHappens {
    fn of(s: &Shell, now: Timestamp, through: &Through, overdue: Duration) -> Self {
        let t = &s.t.refunding;
        let sends = if through.state == AccountState::Paused {
            t.will_wait.to_owned()
        } else {
            fill(t.will_send, &[("psp", through.profile.title)])
        };
        Self { sends, by_when: fill(t.by_when, &[("time", &s.time(&now.plus(overdue)))]) }
    }
}

/// The form, with a new key and what is left now. Where nothing can be refunded, the payment's page says why.
pub(super) async fn form_page(
    who: &Signed,
    status: StatusCode,
    payment: &Payment,
    typed: Typed,
    wrongs: Wrongs,
) -> Result<Response, Stop> {
    let engine = &who.seen().engine;
    let through = engine.refundable_through(payment).await?.ok_or(Problem::NoRoute)?;
    let now = &through.refundability;
    let (least, most) = match (now.partial, now.full) {
        (Ok(parts), Ok(full)) => (parts.least, full),
        (Ok(parts), Err(_)) => (parts.least, parts.most),
        (Err(_), Ok(full)) => (full, full),
        (Err(_), Err(_)) => return Ok(see_other(&format!("/portal/payments/{}", payment.id))),
    };
    who.to(&Act::Refund { amount: least, given_minor: given_minor(payment) })?;
    let s = Shell::of(who, Area::Payments);
    let t = &s.t.refunding;
    // What is more than the person's own limit would be refused at the next step: nothing is proposed then.
    let all = Act::Refund { amount: most, given_minor: given_minor(payment) };
    let over = who.why_not(&all).map(|why| s.t.why(&why)).filter(|_| wrongs.amount.is_none());
    let is_proposed = typed.amount.is_empty() && wrongs.amount.is_none() && over.is_none();
    let preset = if is_proposed { most.to_fixed() } else { typed.amount };
    let decimals = payment.currency.decimals();
    let hint = if decimals == 0 { t.amount_hint_whole } else { t.amount_hint };
    let hint = fill(
        hint,
        &[
            ("least", &format::amount(least)),
            ("most", &format::amount(most)),
            ("decimals", &decimals.to_string()),
            ("example", &most.to_fixed()),
        ],
    );
    let hint = match now.partial {
        Err(refusal) => fill(s.t.payment.partial_off, &[("why", &s.t.refusal(&refusal))]),
        Ok(_) => hint,
    };
    let hint = [Some(hint), over].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let label = fill(t.amount, &[("currency", payment.currency.code())]);
    let reasons = REASONS.map(|reason| (reason.to_owned(), s.t.reason(reason).to_owned()));
    let reasons = [(String::new(), t.choose.to_owned())].into_iter().chain(reasons).collect();
    let mut amount = Field::line("amount", "text", &label)
        .inputmode("decimal")
        .ltr()
        .value(&preset)
        .hint(hint)
        .wrong(wrongs.amount)
        .focused();
    let mut reason = Field::choice("reason", t.reason, reasons).value(&typed.reason).wrong(wrongs.reason);
    let note_hint = fill(t.note_hint, &[("other", s.t.reason("other"))]);
    let mut note =
        Field::lines("note", t.note).value(&typed.note).hint(note_hint).wrong(wrongs.note).optional();
    Field::focus_wrong([&mut amount, &mut reason, &mut note].into_iter());
    let page = FormPage {
        title: fill(t.title, &[("reference", &payment.order_ref)]),
        problem: wrongs.whole,
        key: engine.form_key(),
        seen: payment.remaining().minor(),
        refundable: payment.remaining(),
        amount,
        reason,
        note,
        what_happens: WhatHappens::of(&s, engine.now(), &through, engine.config().timing.overdue),
        payment: payment.clone(),
        s,
    };
    Ok(show(status, &page.s, &page))
}

/// The summary, to be confirmed.
pub(super) async fn summary_page(
    who: &Signed,
    status: StatusCode,
    order: &Order,
    typed: Typed,
    amount: Amount,
    problem: Option<String>,
) -> Result<Response, Stop> {
    let (engine, payment) = (&who.seen().engine, &order.payment);
    let through = engine.refundable_through(payment).await?.ok_or(Problem::NoRoute)?;
    let s = Shell::of(who, Area::Payments);
    let t = &s.t.refunding;
    let holding = engine.holding_cases(payment).await?;
    let is_held = |refund: &Refund| holding.iter().any(|case| case.refund == Some(refund.id));
    let like = look_alike(order.refunds.iter(), payment.id, amount, engine.now(), is_held);
    let alike = like.map(|refund| Alike {
        id: refund.id.to_string(),
        told: fill(t.look_alike, &[("time", &s.time(&refund.created_at))]),
    });
    let remaining = payment.remaining();
    let page = SummaryPage {
        confirm: fill(t.confirm, &[("amount", &format::amount(amount))]),
        change: typed.address(payment),
        leaves: remaining.checked_sub(amount).unwrap_or(remaining),
        reason: s.t.reason(&typed.reason).to_owned(),
        what_happens: WhatHappens::of(&s, engine.now(), &through, engine.config().timing.overdue),
        payment: payment.clone(),
        problem,
        typed,
        amount,
        alike,
        s,
    };
    Ok(show(status, &page.s, &page))
}
