//! `redress refund`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use redress_core::id::RefundId;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_engine::admin::refunds::{Verdict, meaning_of};
use redress_engine::engine::Engine;
use redress_engine::lookup::{AttemptRow, RefundBy, TimelineEvent};
use redress_engine::notify::history::Delivery;
use redress_http::sgate_refund_id;
use serde_json::{Value, json};

use super::options::{DecisionArgs, JsonFlag};
use super::refund_remote::{Cancel, Create, Get, List};
use super::refund_watch::Watch;
use super::{case, refund_remote, refund_watch};
use crate::failure::Failure;
use crate::open;
use crate::output::{one_line, print, print_json, time};
use crate::place::PlaceArgs;

/// Refund a payment and follow refunds over HTTP; look into one beside the server
///
/// create, get, list, cancel and watch speak to a server over its own API, from anywhere, with an API key. show, refresh and
/// close work on the server's store, beside it: they see all merchants, and every exchange with the PSP.
#[derive(Args, Debug)]
pub(crate) struct RefundArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    Get(Get),
    List(List),
    Cancel(Cancel),
    Watch(Watch),
    /// On the store: show how a refund stands, what happened to it, every exchange with the PSP, and who was told
    Show {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        refund: RefundArg,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// On the store: make an open refund due now: the running server asks the PSP about it
    Refresh {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        refund: RefundArg,
    },
    /// On the store: say how a refund ended of which nobody else knows: only after asking the PSP
    ///
    /// Only a refund that is unknown or pending can be closed. "succeeded" counts its amount as given back for ever.
    /// "failed" RELEASES its amount: it can be refunded again, and if the PSP did it after all, or still does, the
    /// customer is paid twice by the next refund. If the PSP says otherwise later, a case is opened.
    Close {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        refund: RefundArg,
        /// How it ended at the PSP
        #[arg(long, value_parser = outcome())]
        outcome: Verdict,
        #[command(flatten)]
        decision: DecisionArgs,
    },
}

#[derive(Args, Debug)]
struct RefundArg {
    /// The refund's id: ours (rf_01k…), PortOne's refund_id (22 letters and digits) or SGate's (…_R1)
    #[arg(value_name = "REFUND", value_parser = refund_name)]
    refund: RefundBy,
}

/// Reads an id as any of the faces shows it.
fn refund_name(text: &str) -> Result<RefundBy, String> {
    if let Ok(id) = RefundId::parse(text).or_else(|_| RefundId::from_base62(text)) {
        return Ok(RefundBy::Id(id));
    }
    let numbered = text.rsplit_once("_R").and_then(|(order, number)| Some((order, number.parse().ok()?)));
    let (order, number) = numbered.ok_or("not an id of a refund")?;
    Ok(RefundBy::Ordinal(order.to_owned(), number))
}

fn outcome() -> impl TypedValueParser<Value = Verdict> {
    PossibleValuesParser::new(["succeeded", "failed"]).map(|text| match text.as_str() {
        "succeeded" => Verdict::Succeeded,
        _ => Verdict::Failed,
    })
}

pub(crate) async fn run(args: RefundArgs) -> Result<(), Failure> {
    match args.action {
        Action::Create(args) => refund_remote::create(args).await,
        Action::Get(args) => refund_remote::get(args).await,
        Action::List(args) => refund_remote::list(args).await,
        Action::Cancel(args) => refund_remote::cancel(args).await,
        Action::Watch(args) => refund_watch::watch(args).await,
        Action::Show { place, refund, json } => show(&engine(&place).await?, refund.refund, json).await,
        Action::Refresh { place, refund } => {
            let engine = engine(&place).await?;
            let (found, _) = engine.any_refund(refund.refund).await?;
            if engine.refresh_refund(found.merchant, found.id).await? {
                return print(&format!(
                    "{} is due now: a running server looks at it within a second",
                    found.id
                ));
            }
            let (id, state) = (found.id, found.state.name());
            if !engine.can_be_looked_up(&found).await? {
                let why = "its PSP cannot be asked about it, and nothing is to be sent to it now";
                return Err(Failure::found(format!("{id} is {state}: {why}")));
            }
            Err(Failure::found(format!("{id} is {state}: there is nothing to look up now")))
        }
        Action::Close { place, refund, outcome, decision } => {
            let engine = engine(&place).await?;
            let (found, _) = engine.any_refund(refund.refund).await?;
            let DecisionArgs { reason, author } = &decision;
            let closed = engine.close_refund(found.merchant, found.id, outcome, author, reason).await?;
            print(&format!("{} is {} now, by {author}", closed.id, closed.state.name()))?;
            print(&meaning_of(outcome, closed.amount))
        }
    }
}

async fn engine(place: &PlaceArgs) -> Result<Engine, Failure> {
    Ok(open::for_tool(&place.settings()?).await?.engine)
}

async fn show(engine: &Engine, by: RefundBy, json: JsonFlag) -> Result<(), Failure> {
    let (refund, payment) = engine.any_refund(by).await?;
    let (events, attempts) = engine.timeline(&refund).await?;
    let deliveries = engine.deliveries(&refund).await?;
    let cases = engine.cases_of_payment(refund.merchant, payment.id).await?;
    if json.json {
        let mut value = shown(&refund, &payment);
        value["events"] = events.iter().map(shown_event).collect();
        value["attempts"] = attempts.iter().map(shown_attempt).collect();
        value["notifications"] = deliveries.iter().map(shown_delivery).collect();
        value["cases_of_payment"] = cases.iter().map(case::of_payment).collect();
        return print_json(&value);
    }
    for (name, value) in facts(&refund, &payment) {
        print(&format!("{name:16} {}", one_line(&value)))?;
    }
    print("\nwhat happened")?;
    for event in &events {
        print(&format!("  {}  {}{}", time(event.at), event.kind.as_str(), because(event)))?;
    }
    print("\nexchanges with the PSP")?;
    if attempts.is_empty() {
        print("  none")?;
    }
    for attempt in &attempts {
        let AttemptRow { via, outcome, record, .. } = attempt;
        print(&format!("  {}  {via}: {outcome}", time(attempt.started_at)))?;
        for line in record.lines() {
            print(&format!("      {}", one_line(line)))?;
        }
    }
    print("\nnotifications")?;
    if deliveries.is_empty() {
        print("  none")?;
    }
    deliveries.iter().try_for_each(print_delivery)?;
    print("\ncases of the payment")?;
    if cases.is_empty() {
        print("  none")?;
    }
    cases.iter().try_for_each(|case| print(&format!("  {}", case::of_payment_line(case))))
}

fn print_delivery(delivery: &Delivery) -> Result<(), Failure> {
    let (number, dialect, state) = (delivery.number, delivery.dialect.as_str(), delivery.state.as_str());
    let next = delivery.due_at.map(|due| format!(", next try {}", time(due))).unwrap_or_default();
    print(&format!("  event {number} to {} ({dialect}): {state}{next}", receiver(delivery)))?;
    for attempt in &delivery.attempts {
        let status = attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        print(&format!("      {}  {status}  {}", time(attempt.started_at), one_line(&attempt.answer)))?;
    }
    Ok(())
}

fn receiver(delivery: &Delivery) -> String {
    delivery.endpoint.map_or_else(|| "the payment's own address".to_owned(), |endpoint| endpoint.to_string())
}

fn facts(refund: &Refund, payment: &Payment) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("refund", refund.id.to_string()),
        ("state", refund.state.name().to_string()),
        ("amount", refund.amount.to_string()),
        ("order_ref", payment.order_ref.clone()),
        ("at PortOne's", refund.id.to_base62()),
        ("at SGate's", sgate_refund_id(&payment.order_ref, refund.ordinal)),
        ("environment", refund.environment.to_string()),
        ("psp account", refund.account.to_string()),
        ("psp payment", payment.psp_payment_id.clone()),
        ("our key", refund.id.psp_key()),
    ];
    let optional = [
        ("psp refund", refund.psp_refund_id.clone()),
        ("arn", refund.arn.clone()),
        ("merchant's id", refund.merchant_refund_id.clone()),
        ("psp says", refund.waits_because().map(str::to_owned)),
        ("failure", failure(refund)),
        ("try anew from", again_at(&refund.state).map(time)),
        ("reason", Some(refund.reason.clone()).filter(|reason| !reason.is_empty())),
        ("created", Some(time(refund.created_at))),
        ("finished", refund.finished_at.map(time)),
        ("due", refund.due_at.map(time)),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let of = |minor| redress_core::money::Amount::new(minor, payment.currency).to_fixed();
    let balance = payment.balance;
    facts.push((
        "payment",
        format!(
            "captured {}, refunded {}, reserved {}, blocked {}",
            payment.captured(),
            of(balance.refunded),
            of(balance.reserved),
            of(balance.blocked)
        ),
    ));
    facts
}

fn failure(refund: &Refund) -> Option<String> {
    match &refund.state {
        RefundState::Failed(failure) | RefundState::Reversed(failure) => {
            Some(format!("{}: {}", failure.code, failure.text))
        }
        _ => None,
    }
}

/// From when on a new refund is worth trying, where the PSP refused only for now.
fn again_at(state: &RefundState) -> Option<Timestamp> {
    state.failure().and_then(|failure| failure.again_at)
}

fn because(event: &TimelineEvent) -> String {
    let failure = event.failure.as_ref().map(|(code, text)| format!(" ({code}: {text})"));
    let author = event.author.as_ref().map(|author| match author.given_reason() {
        Some(reason) => format!(", by {}: {reason}", author.name),
        None => format!(", by {}", author.name),
    });
    let note = event.note.as_ref().map(|note| format!(": {note}"));
    let again = event.again_at.map(|from| format!(", a new refund is worth trying from {} on", time(from)));
    let parts = [note, failure, again, author];
    one_line(&parts.into_iter().flatten().collect::<String>())
}

fn shown(refund: &Refund, payment: &Payment) -> Value {
    json!({
        "id": refund.id.to_string(),
        "merchant": refund.merchant.to_string(),
        "order_ref": payment.order_ref,
        "portone_refund_id": refund.id.to_base62(),
        "sgate_refund_id": sgate_refund_id(&payment.order_ref, refund.ordinal),
        "environment": refund.environment.as_str(),
        "state": refund.state.name().as_str(),
        "amount_minor": refund.amount.minor(),
        "amount": refund.amount.to_fixed(),
        "currency": refund.amount.currency().code(),
        "kind": refund.kind.as_str(),
        "psp_account": refund.account.to_string(),
        "psp_payment_id": payment.psp_payment_id,
        "psp_key": refund.id.psp_key(),
        "psp_refund_id": refund.psp_refund_id,
        "arn": refund.arn,
        "merchant_refund_id": refund.merchant_refund_id,
        "psp_note": refund.waits_because(),
        "failure": failure(refund),
        "retry_at": again_at(&refund.state).map(time),
        "created_at": time(refund.created_at),
        "finished_at": refund.finished_at.map(time),
        "due_at": refund.due_at.map(time),
    })
}

fn shown_event(event: &TimelineEvent) -> Value {
    let failure = event.failure.as_ref().map(|(code, text)| json!({"code": code, "text": text}));
    let author = event.author.as_ref();
    let author = author.map(|author| json!({"name": author.name, "reason": author.given_reason()}));
    json!({
        "number": event.number,
        "type": event.kind.as_str(),
        "failure": failure,
        "note": event.note,
        "retry_at": event.again_at.map(time),
        "author": author,
        "at": time(event.at),
    })
}

fn shown_delivery(delivery: &Delivery) -> Value {
    let attempts = delivery.attempts.iter().map(|attempt| {
        json!({
            "status": attempt.status,
            "answer": attempt.answer,
            "started_at": time(attempt.started_at),
            "finished_at": time(attempt.finished_at),
        })
    });
    json!({
        "event_number": delivery.number,
        "endpoint": delivery.endpoint.map(|endpoint| endpoint.to_string()),
        "dialect": delivery.dialect.as_str(),
        "state": delivery.state.as_str(),
        "due_at": delivery.due_at.map(time),
        "attempts": attempts.collect::<Vec<_>>(),
    })
}

fn shown_attempt(attempt: &AttemptRow) -> Value {
    json!({
        "via": attempt.via,
        "outcome": attempt.outcome,
        "record": attempt.record,
        "started_at": time(attempt.started_at),
        "finished_at": time(attempt.finished_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use redress_core::event::EventKind;
    use redress_engine::lookup::Author;

    #[test]
    fn an_event_says_why_in_the_psps_words() {
        let event = |kind| TimelineEvent {
            number: 2,
            kind,
            failure: None,
            again_at: None,
            note: None,
            author: None,
            at: Timestamp::from_micros(0),
        };
        assert_eq!(because(&event(EventKind::Created)), "");
        let by = |reason: &str| Some(Author { name: "key_1".to_owned(), reason: reason.to_owned() });
        let asked = TimelineEvent { author: by(""), ..event(EventKind::Created) };
        let closed = TimelineEvent { author: by("the desk"), ..event(EventKind::Failed) };
        assert_eq!((because(&asked), because(&closed)), (", by key_1".into(), ", by key_1: the desk".into()));
        let waits = TimelineEvent { note: Some("waits\nfor funds".to_owned()), ..event(EventKind::Pending) };
        assert_eq!(because(&waits), ": waits for funds");
        let refused = TimelineEvent {
            failure: Some(("1080".to_owned(), "later".to_owned())),
            again_at: Some(Timestamp::from_micros(3_600_000_000)),
            ..event(EventKind::Failed)
        };
        let from = time(Timestamp::from_micros(3_600_000_000));
        assert_eq!(because(&refused), format!(" (1080: later), a new refund is worth trying from {from} on"));
        assert_eq!(shown_event(&refused)["retry_at"], from);
    }
}
