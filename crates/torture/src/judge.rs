//! The judge: compares what callers were told, what the faces show, what the PSPs did, what the merchant heard, and what
//! a person was asked to look at. It only reads; everything it knows is in [`Evidence`].

use std::collections::{BTreeMap, BTreeSet};

use crate::load::{Asked, Told};
use crate::merchant::Refund;
use crate::payment::Payment;
use crate::receiver::Notice;
use crate::signing::is_signed;
use crate::site::Effect;

/// A payment at the end, as PortOne's face shows it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The payment.
    pub payment: Payment,
    /// All its refunds.
    pub refunds: Vec<Refund>,
    /// What can still be asked for.
    pub left: i64,
}

/// Everything there is to judge by.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The payments and their refunds.
    pub shown: Vec<Shown>,
    /// What callers asked and were told.
    pub asked: Vec<Asked>,
    /// What SGate's face answers about the refunds that it acknowledged: its id, and the amount in minor units.
    pub at_sgate: BTreeMap<String, i64>,
    /// What happened at the PSPs.
    pub ledger: Vec<Effect>,
    /// The refunds with an open case, by PortOne's ids.
    pub cases: BTreeSet<String>,
    /// What came to the merchant.
    pub notices: Vec<Notice>,
    /// The secret of the merchant's endpoint.
    pub endpoint_secret: String,
    /// What `redress verify` printed, where it did not find everything in order.
    pub differences: Option<String>,
}

/// What is wrong; empty when nothing is.
pub type Findings = Vec<String>;

/// Judges.
pub fn judge(evidence: &Evidence) -> Findings {
    let mut findings = Vec::new();
    findings.extend(evidence.differences.iter().map(|text| format!("redress verify: {text}")));
    let mut effects: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for effect in &evidence.ledger {
        effects.entry(&effect.payment).or_default().push(effect);
        if !keys.insert(&effect.key) {
            findings.push(format!("two effects of one refund: {effect:?}"));
        }
    }
    let mut asked: BTreeMap<&str, BTreeMap<i64, &Asked>> = BTreeMap::new();
    for one in &evidence.asked {
        asked.entry(&one.order_ref).or_default().insert(one.minor, one);
    }
    for shown in &evidence.shown {
        let effects = effects.remove(shown.payment.psp_payment_id.as_str()).unwrap_or_default();
        let asked = asked.remove(shown.payment.order_ref.as_str()).unwrap_or_default();
        let refunds = books(shown, &asked, &evidence.at_sgate, &mut findings);
        ledger(shown, &refunds, &effects, &mut findings);
        for refund in refunds.values().filter(|it| is_open(it) && !evidence.cases.contains(&it.id)) {
            findings.push(format!("neither ended nor a case: {refund:?} of {}", shown.payment.order_ref));
        }
    }
    for (payment, effects) in effects {
        findings.push(format!("effects on a payment that is not there, {payment}: {effects:?}"));
    }
    for (order_ref, asked) in asked {
        findings.push(format!("requests about a payment that is not there, {order_ref}: {asked:?}"));
    }
    told(evidence, &mut findings);
    findings
}

fn is_open(refund: &Refund) -> bool {
    refund.status == "IN_QUEUE"
}

/// Nothing acknowledged is lost, nothing is there twice, nothing that nobody asked for, and the sums fit.
fn books<'a>(
    Shown { payment, refunds, left }: &'a Shown,
    asked: &BTreeMap<i64, &Asked>,
    at_sgate: &BTreeMap<String, i64>,
    findings: &mut Findings,
) -> BTreeMap<i64, &'a Refund> {
    let mut found = BTreeMap::new();
    for refund in refunds {
        if found.insert(refund.minor, refund).is_some() {
            findings.push(format!("one request made two refunds: {refund:?} of {}", payment.order_ref));
        }
    }
    let held: i64 = refunds.iter().filter(|it| it.status != "FAILED").map(|it| it.minor).sum();
    if held + left != payment.captured {
        findings.push(format!("{held} held and {left} left are not what was captured: {payment:?}"));
    }
    for (minor, one) in asked {
        let refund = found.get(minor);
        let right = match &one.told {
            Told::Accepted(id) if one.face == crate::load::Face::Portone => {
                refund.is_some_and(|refund| refund.id == *id)
            }
            Told::Accepted(id) => refund.is_some() && at_sgate.get(id) == Some(minor),
            Told::RefusedByPsp => refund.is_some_and(|refund| refund.status == "FAILED"),
            // Of requests that were answered to somebody who had gone, one may have come later than its repeat.
            Told::Refused => refund.is_none() || !one.at_once,
            Told::Nothing => true,
        };
        if !right || (one.too_much && refund.is_some()) {
            findings.push(format!("not what the caller was told: {one:?}, and there is {refund:?}"));
        }
    }
    for (minor, refund) in &found {
        if !asked.contains_key(minor) {
            findings.push(format!("nobody asked for {refund:?} of {}", payment.order_ref));
        }
    }
    found
}

/// Each refund has the effect that it says, no effect is without a refund, and never more than was captured.
fn ledger(shown: &Shown, refunds: &BTreeMap<i64, &Refund>, effects: &[&Effect], findings: &mut Findings) {
    let moved: i64 = effects.iter().filter(|it| it.state != "failed").map(|it| it.amount_minor).sum();
    if moved > shown.payment.captured {
        findings.push(format!("{moved} given back of {:?}", shown.payment));
    }
    for effect in effects {
        let ours = refunds.get(&effect.amount_minor).map(|refund| key_of(&refund.id));
        if ours.as_ref() != Some(&effect.key) {
            findings.push(format!("an effect without its refund: {effect:?}, {ours:?}"));
        }
    }
    for refund in refunds.values() {
        let effect = effects.iter().find(|it| it.amount_minor == refund.minor);
        let state = effect.map(|it| it.state.as_str());
        let right = match refund.status.as_str() {
            "SUCCESS" => state == Some("succeeded"),
            "FAILED" => matches!(state, None | Some("failed")),
            "IN_QUEUE" => true,
            _ => false,
        };
        if !right {
            findings.push(format!("{refund:?} of {}, and at the PSP {state:?}", shown.payment.order_ref));
        }
    }
}

/// Every end has reached the merchant, every notification was signed, and none told of an end that is not so.
fn told(evidence: &Evidence, findings: &mut Findings) {
    let mut heard: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for notice in &evidence.notices {
        let Notice { id, timestamp, body, signature, .. } = notice;
        if !is_signed(&evidence.endpoint_secret, id, timestamp, body, signature) {
            findings.push(format!("a notification without a right signature: {notice:?}"));
        }
        if notice.acknowledged {
            heard.entry(&notice.refund).or_default().insert(&notice.kind);
        }
    }
    for refund in evidence.shown.iter().flat_map(|shown| &shown.refunds) {
        let id = key_of(&refund.id).replacen('-', "_", 1);
        let kinds = heard.remove(id.as_str()).unwrap_or_default();
        let (owed, wrong): (&[&str], &[&str]) = match refund.status.as_str() {
            "SUCCESS" => (&["refund.succeeded"], &["refund.failed", "refund.canceled", "refund.reversed"]),
            "FAILED" => (&["refund.failed", "refund.canceled", "refund.reversed"], &[]),
            _ => (&[], &["refund.succeeded", "refund.failed", "refund.canceled", "refund.reversed"]),
        };
        if !owed.is_empty() && !owed.iter().any(|kind| kinds.contains(kind)) {
            findings.push(format!("the merchant never heard the end of {refund:?}, only {kinds:?}"));
        }
        if wrong.iter().any(|kind| kinds.contains(kind)) {
            findings.push(format!("the merchant heard {kinds:?} of {refund:?}"));
        }
    }
    for (refund, kinds) in heard {
        findings.push(format!("the merchant heard {kinds:?} of {refund}, which is not there"));
    }
}

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The reference that PSPs are given for the refund that PortOne's API shows under this id: the same 128 bits, in
/// Crockford's base 32.
pub fn key_of(shown_id: &str) -> String {
    let digit = |letter: u8| match letter {
        b'0'..=b'9' => u128::from(letter - b'0'),
        b'A'..=b'Z' => u128::from(letter - b'A') + 10,
        _ => u128::from(letter.wrapping_sub(b'a')) + 36,
    };
    let bits =
        shown_id.bytes().fold(0_u128, |bits, letter| bits.wrapping_mul(62).wrapping_add(digit(letter)));
    let letter = |place: u32| char::from(BASE32[usize::try_from((bits >> (place * 5)) & 31).unwrap()]);
    format!("rf-{}", (0..26).rev().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests;
