//! The people who look at what waits for them: they ask the PSP and close it, mostly rightly.

use std::sync::Arc;

use redress_core::id::RefundId;
use redress_engine::admin::AdminError;
use redress_engine::admin::cases::{Blocked, Case};
use redress_engine::admin::refunds::Verdict;
use redress_engine::engine::Engine;
use serde_json::Value;

use crate::drive::Raw;
use crate::merchant::{Payment, now};
use crate::plan::Fault;
use crate::psps::is_nameless;
use crate::state::{Run, lock};
use crate::wire::base32;

impl Run {
    /// People look at what waits for them.
    pub(crate) async fn people(self: &Arc<Self>) {
        for (fault, wrongly) in [(Fault::PersonCloses, false), (Fault::PersonErs, true)] {
            if self.rng.chance(self.plan.rate(fault)) && self.close_one(wrongly).await {
                self.struck(fault);
            }
        }
    }

    async fn close_one(self: &Arc<Self>, wrongly: bool) -> bool {
        let engine = self.operator();
        let Ok(cases) = engine.open_cases(None).await else { return false };
        if cases.is_empty() {
            return false;
        }
        let case = &cases[self.rng.index(cases.len())];
        let Some(refund) = case.refund else { return false };
        let (closed, verdict, key) = self.close_refund_of(&engine, case, refund, wrongly).await;
        if closed && (verdict == Verdict::Failed || wrongly) {
            // What is still on its way may make a right word wrong.
            lock(&self.mistakes).push(key);
        }
        closed
    }

    async fn close_refund_of(
        &self,
        engine: &Engine,
        case: &Case,
        refund: RefundId,
        wrongly: bool,
    ) -> (bool, Verdict, String) {
        let key = psp_key(refund);
        let happened = self.has_happened(refund, &key);
        let verdict = if happened == wrongly { Verdict::Failed } else { Verdict::Succeeded };
        let at = self.exec.now();
        let closed =
            engine.close_refund(case.merchant, refund, verdict, "ann", "as the PSP's desk says").await;
        // Whoever got no answer may have closed it all the same.
        let may_be = !matches!(closed, Err(AdminError::Conflict(_) | AdminError::NotFound(_)));
        if may_be {
            lock(&self.closings).push((key.clone(), at));
            if happened {
                lock(&self.explained).push(key.clone());
            }
        }
        self.note(format_args!("ann closes {key} as {verdict:?}: {}", closed.is_ok()));
        (may_be, verdict, key)
    }

    /// When all has come to rest, people look at everything that is left, and are right: they wait until nothing of a
    /// refund is on its way any more, as one that is sent again and again may be at any time. Says how much they left.
    pub(crate) async fn close_everything(self: &Arc<Self>) -> usize {
        let engine = self.operator();
        let Ok(cases) = engine.open_cases(None).await else { return 0 };
        let mut left = 0;
        for case in cases {
            if let Some(refund) = case.refund {
                if self.may_still_act(refund) {
                    left += 1;
                    continue;
                }
                let _ = self.close_refund_of(&engine, &case, refund, false).await;
            }
            // What blocks something does so because money is gone that Redress did not count.
            let becomes = if self.gone_uncounted(&case) { Blocked::Refunded } else { Blocked::Released };
            let closed = engine.close_case(case.merchant, case.id, "ann", "looked at it", becomes).await;
            self.note(format_args!("ann closes a case of {}: {closed:?}", case.kind.as_str()));
        }
        left
    }

    /// Whether a process is about to send the refund, something of it is on its way, or the PSP is at work on it.
    fn may_still_act(&self, refund: RefundId) -> bool {
        const BEING_SENT: &str = "SELECT refund_id FROM refunds WHERE state = 'submitting'";
        let rows = now(self.store.read(Raw(BEING_SENT))).expect("a statement of the simulator's");
        let being_sent = rows.iter().any(|row| row.id16(0).ok() == Some(*refund.as_bytes()));
        let key = psp_key(refund);
        let nameless = self.place_of(refund).filter(|place| is_nameless(place.payment.kind.psp));
        let of_payment = nameless.is_some_and(|place| self.is_under_way(&place.payment.psp_payment_id));
        being_sent || of_payment || self.is_under_way(&key) || self.effect_in(&key, "pending")
    }

    /// Whether the PSP has given back what a refund asks for, as its desk would say. Where nothing there names a refund of
    /// ours, it is an effect of that amount that no other refund of the payment explains.
    fn has_happened(&self, refund: RefundId, key: &str) -> bool {
        let Some(place) = self.place_of(refund).filter(|place| is_nameless(place.payment.kind.psp)) else {
            return self.effect_in(key, "succeeded");
        };
        let ledger = self.ledger();
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        let of_its_kind = |effect: &&Value| {
            effect["payment"] == place.payment.psp_payment_id.as_str()
                && effect["amount_minor"] == place.amount
        };
        let bound = |effect: &&Value| place.bound.iter().any(|id| effect["refund"] == id.as_str());
        let unbound = effects.iter().filter(of_its_kind).filter(|effect| !bound(effect)).count();
        let explained = lock(&self.explained);
        let others = place.unbound.iter().filter(|other| *other != key && explained.contains(other)).count();
        unbound > others
    }

    /// A refund's payment, and those of its refunds that ask for the same sum.
    fn place_of(&self, refund: RefundId) -> Option<Place<'_>> {
        const REFUNDS: &str = "SELECT r.refund_id, p.order_ref, r.amount, r.psp_refund_id FROM refunds r \
             JOIN payments p ON p.merchant_id = r.merchant_id AND p.payment_id = r.payment_id";
        let rows = now(self.store.read(Raw(REFUNDS))).expect("a statement of the simulator's");
        let row = rows.iter().find(|row| row.id16(0).ok() == Some(*refund.as_bytes()))?;
        let (order_ref, amount) = (row.text(1).ok()?, row.int(2).ok()?);
        let payments = self.merchants().iter().flat_map(|merchant| &merchant.payments);
        let payment = payments.into_iter().find(|payment| payment.order_ref == order_ref)?;
        let mut place = Place { payment, amount, bound: Vec::new(), unbound: Vec::new() };
        let alike = |row: &&redress_store::Row| {
            row.text(1).ok().as_ref() == Some(&order_ref) && row.int(2).ok() == Some(amount)
        };
        for row in rows.iter().filter(alike) {
            match row.opt_text(3).ok().flatten() {
                Some(id) => place.bound.push(id),
                None => place.unbound.push(psp_key(RefundId::from_bytes(row.id16(0).ok()?))),
            }
        }
        Some(place)
    }

    /// Whether more of a case's payment is gone than Redress counts as given back, or will when its refunds are closed.
    fn gone_uncounted(&self, case: &Case) -> bool {
        const COUNTED: &str = "SELECT payment_id, order_ref, refunded - refunded_before FROM payments";
        let rows = now(self.store.read(Raw(COUNTED))).expect("a statement of the simulator's");
        let row = rows.iter().find(|row| row.id16(0).ok() == case.payment.map(|id| *id.as_bytes()));
        let Some(row) = row else { return false };
        let (order_ref, counted) = (row.text(1).unwrap_or_default(), row.int(2).unwrap_or(0));
        let payments = self.merchants().iter().flat_map(|merchant| &merchant.payments);
        let known = payments.into_iter().find(|payment| payment.order_ref == order_ref);
        let ledger = self.ledger();
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        let gone: i64 = effects
            .iter()
            .filter(|effect| known.is_some_and(|known| effect["payment"] == known.psp_payment_id.as_str()))
            .filter(|effect| effect["state"] == "succeeded")
            .filter_map(|effect| effect["amount_minor"].as_i64())
            .sum();
        case.blocked > 0 && gone > counted + self.of_open_refunds(row.id16(0).unwrap_or_default())
    }

    /// How much of a payment is gone for refunds that are not over yet, in minor units.
    fn of_open_refunds(&self, payment: [u8; 16]) -> i64 {
        const OPEN: &str = "SELECT payment_id, refund_id, amount FROM refunds \
             WHERE state NOT IN ('succeeded', 'failed', 'canceled', 'reversed')";
        let rows = now(self.store.read(Raw(OPEN))).expect("a statement of the simulator's");
        let of_payment = rows.iter().filter(|row| row.id16(0).ok() == Some(payment));
        let gone = of_payment.filter_map(|row| {
            let refund = RefundId::from_bytes(row.id16(1).ok()?);
            self.has_happened(refund, &psp_key(refund)).then(|| row.int(2).ok()).flatten()
        });
        gone.sum()
    }

    /// Whether the PSPs' ledger has an effect in this state under this reference.
    fn effect_in(&self, key: &str, state: &str) -> bool {
        let ledger = self.ledger();
        let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
        effects.iter().any(|effect: &Value| effect["key"] == key && effect["state"] == state)
    }
}

/// Where a refund stands among those of its payment that ask for the same sum.
struct Place<'a> {
    payment: &'a Payment,
    /// Minor units.
    amount: i64,
    /// The PSP's ids of those that Redress has heard of.
    bound: Vec<String>,
    /// The references of the others.
    unbound: Vec<String>,
}

fn psp_key(refund: RefundId) -> String {
    format!("rf-{}", base32(*refund.as_bytes()))
}
