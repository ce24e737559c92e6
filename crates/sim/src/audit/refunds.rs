//! Refunds against the ledger, the clients' memories, the balances and the table of transitions.

use std::collections::BTreeMap;

use super::{Books, CaseRow, Effect, EventRow, RefundRow};
use crate::wire::{base62, minor};
use crate::witness::{Face, Wish};

/// What may happen after what, by the names of events. What is sent again is told of only when its answer is there.
const MAY_FOLLOW: [(&str, &[&str]); 7] = [
    (
        "refund.created",
        &["refund.pending", "refund.unknown", "refund.succeeded", "refund.failed", "refund.canceled"],
    ),
    // Why it waits is told again where the PSP says it in other words.
    ("refund.pending", &["refund.pending", "refund.succeeded", "refund.failed", "refund.unknown"]),
    // Where no send turned out to have left, it is queued again, and may be withdrawn: that what is withdrawn has no effect
    // is judged at the ledger.
    (
        "refund.unknown",
        &["refund.pending", "refund.unknown", "refund.succeeded", "refund.failed", "refund.canceled"],
    ),
    ("refund.succeeded", &["refund.reversed"]),
    ("refund.failed", &[]),
    ("refund.canceled", &[]),
    ("refund.reversed", &[]),
];

/// Cases by which a contradiction to an end is known.
const LATE_KINDS: [&str; 5] = ["late_success", "mismatch", "foreign_refund", "reversed", "quarantined"];

/// The failures of a refund that are told as an error of the request.
const FAILED_CODES: [&str; 2] = ["4080", "4003"];

impl Books<'_> {
    /// At the PSPs: never more than was captured, never two effects for one refund, none that nobody asked for.
    pub(super) fn judge_ledger(&mut self) {
        let mut by_payment: BTreeMap<String, i64> = BTreeMap::new();
        let mut elsewhere: BTreeMap<String, i64> = BTreeMap::new();
        let mut by_key: BTreeMap<String, u32> = BTreeMap::new();
        let mut said = Vec::new();
        for effect in &self.effects {
            *by_key.entry(effect.key.clone()).or_default() += 1;
            if effect.state != "failed" {
                *by_payment.entry(effect.payment.clone()).or_default() += effect.amount_minor;
            }
            let Some(refund) = self.refunds.iter().find(|refund| refund.key() == effect.key) else {
                let of_others =
                    self.evidence.foreign.contains(&(effect.payment.clone(), effect.amount_minor));
                if of_others && !effect.key.starts_with("rf-") {
                    by_key.remove(&effect.key);
                    if effect.state != "failed" {
                        *elsewhere.entry(effect.payment.clone()).or_default() += effect.amount_minor;
                    }
                    continue;
                }
                said.push(format!("an effect of no refund: {effect:?}"));
                continue;
            };
            let known = self.payment_row(refund.payment).and_then(|row| self.known_payment(row));
            let same = known.is_some_and(|known| {
                known.psp_payment_id == effect.payment && known.currency == effect.currency
            });
            if !same || effect.amount_minor != refund.amount {
                said.push(format!("another effect than was asked for: {effect:?} of {refund:?}"));
            }
        }
        let twice =
            |key: &String, times: u32| times > 1 && !(times == 2 && self.evidence.doubled.contains(key));
        for (key, times) in by_key.iter().filter(|(key, times)| twice(key, **times)) {
            said.push(format!("{times} effects of {key}"));
        }
        for known in self.evidence.merchants.iter().flat_map(|merchant| &merchant.payments) {
            let moved = by_payment.get(&known.psp_payment_id).copied().unwrap_or(0);
            // What somebody gave back in the PSP's dashboard nobody could count before it was told.
            let elsewhere = elsewhere.get(&known.psp_payment_id).copied().unwrap_or(0);
            let ours = moved - elsewhere;
            if ours > known.captured && !self.released_wrongly(&known.psp_payment_id) {
                said.push(format!("{ours} given back of {} for {}", known.captured, known.order_ref));
            }
        }
        self.found.extend(said);
    }

    /// Somebody gave back of this payment elsewhere, or what was released left all the same.
    fn misjudged(&self, psp_payment_id: &str) -> bool {
        self.evidence.foreign.iter().any(|(payment, _)| payment == psp_payment_id)
            || self.released_wrongly(psp_payment_id)
    }

    /// A person released an amount of this payment that left all the same, or the network made two refunds of one.
    fn released_wrongly(&self, psp_payment_id: &str) -> bool {
        let of_payment = || self.effects.iter().filter(|effect| effect.payment == psp_payment_id);
        if of_payment().any(|effect| self.evidence.doubled.contains(&effect.key)) {
            return true;
        }
        self.refunds.iter().any(|refund| {
            let known = self.payment_row(refund.payment).and_then(|row| self.known_payment(row));
            known.is_some_and(|known| known.psp_payment_id == psp_payment_id)
                && self.evidence.mistakes.contains(&refund.key())
        })
    }

    /// Money that left without a refund of ours, and of which Redress was told, is before a person.
    pub(super) fn judge_strangers(&mut self) {
        let mut said = Vec::new();
        // What came back in the end did not leave.
        let left =
            |effect: &&Effect| effect.state != "failed" && self.evidence.told_done.contains(&effect.refund);
        for effect in self.effects.iter().filter(left) {
            let ours = self.refunds.iter().find(|refund| refund.key() == effect.key);
            if ours.is_some_and(|refund| {
                refund.psp_refund_id.as_ref().is_none_or(|bound| *bound == effect.refund)
            }) {
                continue;
            }
            let of_payment = |id| {
                let known = self.payment_row(id).and_then(|row| self.known_payment(row));
                known.is_some_and(|known| known.psp_payment_id == effect.payment)
            };
            let known = self.cases.iter().any(|case| {
                case.kind == "foreign_refund"
                    && (case.payment.is_some_and(of_payment) || case.refund == ours.map(|it| it.id))
            });
            if !known {
                said.push(format!(
                    "money left unasked, Redress was told, and no person is called: {effect:?}"
                ));
            }
        }
        self.found.extend(said);
    }

    /// What clients were told: every acknowledged refund is there, a key made one refund, nonsense made none.
    pub(super) fn judge_wishes(&mut self) {
        let mut said = Vec::new();
        for wish in &self.evidence.wishes {
            self.judge_wish(wish, &mut said);
        }
        let marks: Vec<String> = self.evidence.wishes.iter().map(|wish| self.mark(wish)).collect();
        let wished = |refund: &&RefundRow| marks.iter().any(|mark| mark == refund.mark());
        for refund in self.refunds.iter().filter(|refund| !wished(refund)) {
            said.push(format!("nobody asked for {refund:?}"));
        }
        self.found.extend(said);
    }

    pub(super) fn mark(&self, wish: &Wish) -> String {
        format!("w{} of {}", wish.number, self.evidence.merchants[wish.merchant].code)
    }

    fn judge_wish(&self, wish: &Wish, said: &mut Vec<String>) {
        let number = wish.number;
        let merchant = &self.evidence.merchants[wish.merchant];
        let mark = self.mark(wish);
        let made: Vec<&RefundRow> = self.refunds.iter().filter(|refund| refund.mark() == mark).collect();
        let most = if wish.wrong || wish.owner != wish.merchant {
            0
        } else if wish.key.is_some() {
            1
        } else {
            wish.sent as usize
        };
        if made.len() > most {
            said.push(format!("w{number} made {} refunds, at most {most} are right: {made:?}", made.len()));
        }
        for refund in &made {
            let payment = self.payment_row(refund.payment);
            let right = payment.is_some_and(|payment| {
                payment.order_ref == wish.order_ref && payment.merchant == merchant.id
            }) && wish.minor.is_none_or(|minor| minor == refund.amount);
            if !right {
                said.push(format!("w{number} made another refund: {refund:?} of {payment:?}"));
            }
        }
        for told in &wish.acknowledged {
            let found = made.iter().find(|refund| match wish.face {
                Face::Portone => base62(refund.id) == told.id,
                Face::Sgate => format!("{}_R{}", wish.order_ref, refund.ordinal) == told.id,
                Face::Own => refund.own_id() == told.id,
            });
            let decimals = self.decimals(wish);
            match found {
                None => said.push(format!("w{number} was acknowledged as {told:?}, which is not there")),
                Some(refund) if minor(&told.amount, decimals) != Some(refund.amount) => {
                    said.push(format!("w{number} was acknowledged as {told:?}, which is {refund:?}"));
                }
                Some(_) => {}
            }
        }
        if wish.sent == 1
            && let ([(status, code)], [refund]) = (wish.refused.as_slice(), made.as_slice())
        {
            let failed = FAILED_CODES.contains(&code.as_str()) && refund.state == "failed";
            if !failed {
                said.push(format!("w{number} was told {status} {code}, and there is {refund:?}"));
            }
        }
    }

    fn decimals(&self, wish: &Wish) -> u32 {
        let payments = &self.evidence.merchants[wish.owner].payments;
        payments.iter().find(|payment| payment.order_ref == wish.order_ref).map_or(0, |it| it.decimals)
    }

    /// What is called done happened, what is called failed did not, and what is open is before a person.
    pub(super) fn judge_refunds(&mut self) {
        let mut said = Vec::new();
        for refund in &self.refunds {
            let key = refund.key();
            let of_key = || self.effects.iter().filter(|effect| effect.key == key);
            // Of two, ours is the one that it is bound to.
            let bound = of_key().find(|effect| refund.psp_refund_id.as_ref() == Some(&effect.refund));
            let effect = bound.or_else(|| of_key().next());
            let stands = effect.map(|effect| effect.state.as_str());
            let of_refund = || self.cases.iter().filter(|case| case.refund == Some(refund.id));
            let known_late = of_refund().any(|case| LATE_KINDS.contains(&case.kind.as_str()));
            let by_person = self.closed_by_person(refund);
            let fault = match refund.state.as_str() {
                "succeeded" if by_person => None,
                "succeeded" => match (stands, effect) {
                    (Some("succeeded"), _) => None,
                    (Some("failed"), Some(effect)) if !self.evidence.once_done.contains(&effect.refund) => {
                        Some("it never happened at the PSP")
                    }
                    // The PSP took it back. Whoever was told of that must know it.
                    (Some("failed"), Some(effect)) if self.evidence.told_failed.contains(&effect.refund) => {
                        (!known_late).then_some("the PSP took it back and said so")
                    }
                    (Some("failed"), _) => None,
                    _ => Some("no such effect"),
                },
                "failed" | "canceled" => {
                    // The other of two that the network made of one request to a PSP without keys, and whose end
                    // Redress was never told: no program could know of it.
                    let hidden = |effect: &&Effect| {
                        self.evidence.doubled.contains(&key)
                            && !self.evidence.told_done.contains(&effect.refund)
                    };
                    // The other of two that a person was called for, as one that nobody here asked for.
                    let put_before_a_person = |effect: &&Effect| {
                        // The one that it is bound to may have failed at once, and then moved nothing.
                        let is_other =
                            refund.psp_refund_id.as_ref().is_some_and(|bound| *bound != effect.refund);
                        let of_payment = |case: &&CaseRow| case.payment == Some(refund.payment);
                        is_other
                            && self.cases.iter().filter(of_payment).any(|case| case.kind == "foreign_refund")
                    };
                    let gone = of_key()
                        .filter(|effect| !hidden(effect) && !put_before_a_person(effect))
                        .any(|effect| matches!(effect.state.as_str(), "succeeded" | "pending"));
                    // What comes late to one that a person closed is told too, where it can still be heard.
                    let known = known_late || (by_person && self.evidence.mistakes.contains(&key));
                    (gone && !known).then_some("it has an effect")
                }
                "reversed" => match effect {
                    Some(effect) if effect.state == "failed" => {
                        let done = by_person || self.evidence.once_done.contains(&effect.refund);
                        (!done).then_some("it never happened at the PSP, and so did not come back")
                    }
                    // A person called it done, and the PSP said afterwards that it had refused it.
                    None if by_person => None,
                    _ => Some("the PSP did not take it back"),
                },
                "queued" if self.waits_behind_a_person(refund) => None,
                _ => (!of_refund().any(|case| case.open)).then_some("it is open, and no person is called"),
            };
            if let Some(fault) = fault {
                said.push(format!("{fault}: {refund:?}, at the PSP {effect:?}"));
            }
        }
        self.found.extend(said);
    }

    /// The balances are the sums over refunds and cases.
    pub(super) fn judge_balances(&mut self) {
        let mut said = Vec::new();
        for payment in &self.payments {
            let of_payment = || self.refunds.iter().filter(|refund| refund.payment == payment.id);
            let sum = |states: &[&str]| -> i64 {
                of_payment().filter(|it| states.contains(&it.state.as_str())).map(|it| it.amount).sum()
            };
            let open: i64 = of_payment().filter(|refund| !refund.over()).map(|refund| refund.amount).sum();
            let cases = || self.cases.iter().filter(|case| case.payment == Some(payment.id));
            let blocked: i64 = cases().filter(|case| case.open).map(|case| case.blocked).sum();
            let booked: i64 = cases().map(|case| case.booked).sum();
            let refunded = payment.refunded_before + sum(&["succeeded"]) + booked;
            if (payment.refunded, payment.reserved, payment.blocked) != (refunded, open, blocked) {
                said.push(format!(
                    "the balance should be refunded {refunded}, reserved {open}, blocked {blocked}: {payment:?}"
                ));
            }
            let known = self.known_payment(payment).map(|known| known.captured);
            let used = payment.refunded + payment.reserved + payment.blocked;
            if Some(payment.captured) != known || used > payment.captured {
                said.push(format!("more is used than was captured: {payment:?}"));
            }
        }
        self.found.extend(said);
    }

    /// At the very end nothing is open, and the books are the ledger.
    pub(super) fn judge_end(&mut self) {
        let mut said = Vec::new();
        for case in self.cases.iter().filter(|case| case.open) {
            said.push(format!("a case is open at the end: {case:?}"));
        }
        for refund in self.refunds.iter().filter(|refund| !refund.over()) {
            said.push(format!("a refund is open at the end: {refund:?}"));
        }
        for payment in &self.payments {
            let Some(known) = self.known_payment(payment) else { continue };
            let effects = || self.effects.iter().filter(|effect| effect.payment == known.psp_payment_id);
            let gone: i64 = effects().filter(|it| it.state == "succeeded").map(|it| it.amount_minor).sum();
            let unheard = self.refunds.iter().any(|refund| {
                refund.state == "succeeded"
                    && effects().any(|it| it.key == refund.key() && it.state == "failed")
            });
            let booked = payment.refunded - payment.refunded_before;
            if booked != gone && !unheard && !self.misjudged(&known.psp_payment_id) {
                said.push(format!("{booked} are booked, {gone} are gone: {payment:?}"));
            }
        }
        self.found.extend(said);
    }

    /// Only what may follow has followed.
    pub(super) fn judge_events(&mut self) {
        let mut said = Vec::new();
        for refund in &self.refunds {
            let none = Vec::new();
            let events: &Vec<EventRow> = self.events.get(&refund.id).unwrap_or(&none);
            let numbered = events.iter().zip(1..).all(|(event, number)| event.number == number);
            let counted = i64::try_from(events.len()) == Ok(refund.event_count);
            if !numbered || !counted || events.first().is_none_or(|first| first.kind != "refund.created") {
                said.push(format!("events are missing: {refund:?} {events:?}"));
            }
            for pair in events.windows(2) {
                let may = MAY_FOLLOW.iter().find(|(kind, _)| *kind == pair[0].kind).map(|(_, next)| *next);
                if !may.is_some_and(|next| next.contains(&pair[1].kind.as_str())) {
                    said.push(format!("{} after {}: {refund:?}", pair[1].kind, pair[0].kind));
                }
            }
            let last = events.last().map_or("", |event| event.kind.as_str());
            if refund.over() && last != format!("refund.{}", refund.state) {
                said.push(format!("the last event is {last}: {refund:?}"));
            }
            if refund.state == "failed" && refund.failure_code.as_deref().unwrap_or_default().is_empty() {
                said.push(format!("failed, and nothing says why: {refund:?}"));
            }
        }
        self.found.extend(said);
    }
}
