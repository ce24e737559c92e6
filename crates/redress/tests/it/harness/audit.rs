//! What must hold after anything: compared are what callers were told, the faces, the sandbox's ledger, the merchant's
//! notifications, the cases, and the program's own `verify`.

use std::collections::{BTreeMap, BTreeSet};

use redress_core::id::RefundId;

use super::merchant::{Merchant, Refund};
use super::payment::Payment;
use super::receiver::Receiver;
use super::time::{LIMIT, until};
use super::{Effect, Server, Site};

/// What was asked of one payment. Every refund of it has another amount, so that none can be taken for another.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Amounts whose refund was acknowledged: it must be there.
    pub(crate) acknowledged: BTreeSet<i64>,
    /// Amounts that were asked for and may be there.
    pub(crate) perhaps: BTreeSet<i64>,
}

/// All that is compared.
pub(crate) struct Audit<'a> {
    pub(crate) site: &'a Site,
    pub(crate) server: &'a Server,
    pub(crate) merchant: &'a Merchant,
    pub(crate) receiver: &'a Receiver,
}

/// How a refund stands at the end: as the faces show it.
pub(crate) type Ends = BTreeMap<i64, Refund>;

impl Audit<'_> {
    /// Waits until every refund of these payments has ended or stands as an open case, then compares everything.
    /// Answers the ends by payment, in the order given.
    pub(crate) fn pass(&self, asked: &[(Payment, Asked)]) -> Vec<Ends> {
        let ends: Vec<_> = asked.iter().map(|(payment, asked)| self.ends(payment, asked)).collect();
        let ledger = self.site.ledger();
        let keys: BTreeSet<_> = ledger.iter().map(|effect| &effect.key).collect();
        assert_eq!(keys.len(), ledger.len(), "two effects of one key: {ledger:#?}");
        for ((payment, _), ends) in asked.iter().zip(&ends) {
            let effects: Vec<_> = ledger.iter().filter(|it| it.payment == payment.psp_payment_id).collect();
            fits_the_ledger(payment, ends, &effects);
        }
        self.everybody_was_told(ends.iter().flat_map(BTreeMap::values));
        self.site.verify();
        ends
    }

    fn ends(&self, payment: &Payment, asked: &Asked) -> Ends {
        let name = format!("end of all refunds of {}", payment.order_ref);
        let (refunds, left) = until(&name, LIMIT, || {
            let (refunds, left) = self.merchant.refunds(self.server, payment);
            let cases = self.waiting_for_a_person();
            let open = |refund: &&Refund| refund.status == "IN_QUEUE" && !cases.contains(&refund.id);
            (!refunds.iter().any(|refund| open(&refund))).then_some((refunds, left))
        });
        let held: i64 = refunds.iter().filter(|it| it.status != "FAILED").map(|it| it.minor).sum();
        assert_eq!(held + left, payment.captured, "{payment:?}: {refunds:#?}");
        let ends: Ends = refunds.iter().map(|refund| (refund.minor, refund.clone())).collect();
        assert_eq!(ends.len(), refunds.len(), "one request made two refunds: {refunds:#?}");
        for amount in &asked.acknowledged {
            assert!(ends.contains_key(amount), "acknowledged and gone: {amount} of {payment:?}");
        }
        for amount in ends.keys() {
            let known = asked.acknowledged.contains(amount) || asked.perhaps.contains(amount);
            assert!(known, "nobody asked for {amount} of {payment:?}");
        }
        ends
    }

    /// The refunds with an open case, as PortOne's API names them.
    pub(crate) fn waiting_for_a_person(&self) -> BTreeSet<String> {
        let cases = self.site.json("case list");
        let refunds = cases.as_array().unwrap().iter().filter_map(|case| case["refund"].as_str());
        refunds.map(shown_id).collect()
    }

    /// Every end reached the merchant at least once.
    fn everybody_was_told<'a>(&self, ends: impl Iterator<Item = &'a Refund>) {
        let mut owed: BTreeSet<(String, String)> = ends
            .filter_map(|refund| match refund.status.as_str() {
                "SUCCESS" => Some((refund.id.clone(), "refund.succeeded".to_owned())),
                "FAILED" => Some((refund.id.clone(), "refund.failed".to_owned())),
                _ => None,
            })
            .collect();
        until("notification of every end", LIMIT, || {
            for notice in self.receiver.notices().iter().filter(|notice| notice.acknowledged) {
                owed.remove(&(shown_id(&notice.refund), notice.kind.clone()));
            }
            owed.is_empty().then_some(())
        });
    }
}

/// A refund's id as PortOne's API shows it.
pub(crate) fn shown_id(id: &str) -> String {
    RefundId::parse(id).unwrap().to_base62()
}

/// Each refund has the effect that it says, and no effect is without a refund.
fn fits_the_ledger(payment: &Payment, ends: &Ends, effects: &[&Effect]) {
    let moved: i64 = effects.iter().filter(|it| it.state != "failed").map(|it| it.amount_minor).sum();
    assert!(moved <= payment.captured, "{moved} given back of {payment:?}");
    for effect in effects {
        let id = RefundId::from_psp_key(&effect.key).map(|id| id.to_base62());
        let refund = ends.get(&effect.amount_minor);
        assert_eq!(refund.map(|refund| refund.id.clone()), id, "{effect:?} of {ends:#?}");
    }
    for refund in ends.values() {
        let found = effects.iter().find(|effect| effect.amount_minor == refund.minor);
        let state = found.map(|effect| effect.state.as_str());
        match refund.status.as_str() {
            "SUCCESS" => assert_eq!(state, Some("succeeded"), "{refund:?}"),
            "FAILED" => assert!(matches!(state, None | Some("failed")), "{refund:?} and {state:?}"),
            // A person decides about it.
            _ => {}
        }
    }
}
