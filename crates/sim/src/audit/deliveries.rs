//! Every event reached everybody who wanted it, at least once.

use super::{Books, Id, RefundRow};
use crate::wire::base32;

/// Events that the dialect `portone` tells of.
const ENDS: [&str; 4] = ["refund.succeeded", "refund.failed", "refund.canceled", "refund.reversed"];

impl Books<'_> {
    pub(super) fn judge_deliveries(&mut self) {
        let mut said = Vec::new();
        for refund in &self.refunds {
            for event in self.events.get(&refund.id).into_iter().flatten() {
                for (name, endpoint) in self.wanted_by(refund, &event.kind) {
                    if let Some(fault) = self.delivered(refund, event.number, name, endpoint) {
                        said.push(format!("{} to {name}: {fault}, of {refund:?}", event.kind));
                    }
                }
            }
        }
        self.found.extend(said);
    }

    fn wanted_by(&self, refund: &RefundRow, kind: &str) -> Vec<(&'static str, Id)> {
        let Some(merchant) = self.evidence.merchants.iter().find(|it| it.id == refund.merchant) else {
            return Vec::new();
        };
        let own = self
            .payment_row(refund.payment)
            .and_then(|row| self.known_payment(row))
            .is_some_and(|payment| payment.own_address);
        let endpoints = merchant.endpoints.iter().map(|endpoint| (endpoint.name, endpoint.id));
        let all = endpoints.chain([("own", [0; 16])]);
        all.filter(|(name, _)| match *name {
            "standard" => true,
            "portone" => ENDS.contains(&kind),
            "sgate" => kind == "refund.succeeded" && !own,
            _ => kind == "refund.succeeded" && own,
        })
        .collect()
    }

    fn delivered(&self, refund: &RefundRow, number: i64, name: &str, endpoint: Id) -> Option<String> {
        let row = self
            .deliveries
            .iter()
            .find(|it| it.refund == refund.id && it.number == number && it.endpoint == endpoint);
        let Some(row) = row else { return Some("nothing is owed".into()) };
        let id = format!("evt_rf_{}_{number}", base32(refund.id));
        let merchant = self.evidence.merchants.iter().position(|it| it.id == refund.merchant);
        let came = self.evidence.received.iter().any(|received| {
            Some(received.merchant) == merchant
                && received.endpoint == name
                && received.taken
                && received.headers.iter().any(|(header, value)| header == "webhook-id" && *value == id)
        });
        match row.state.as_str() {
            "delivered" if came => None,
            "delivered" => Some(format!("recorded as made, and it never came: {row:?}")),
            "given_up" if row.tries >= self.evidence.tries_max => None,
            "given_up" => Some(format!("given up too early: {row:?}")),
            _ => Some(format!("still owed: {row:?}")),
        }
    }
}
