//! Where a PSP can tell no two refunds of a payment apart: one of them at a time, and whose an effect is.

use super::{Books, Effect, RefundRow};

impl Books<'_> {
    /// No second refund of a payment is asked for before it is known what became of the first: by the PSP's answer, or by
    /// a person.
    pub(super) fn judge_turns(&mut self) {
        let mut said = Vec::new();
        for (place, next) in self.evidence.submits.iter().enumerate() {
            let of_payment = |it: &&crate::witness::Submit| it.payment == next.payment;
            let Some(before) = self.evidence.submits[..place].iter().rev().find(of_payment) else { continue };
            let answered = before.answered.is_some_and(|answered| answered <= next.left);
            let by_person = self.evidence.closings.iter().any(|(key, at)| {
                (before.left..=next.left).contains(at)
                    && self.refunds.iter().any(|refund| {
                        refund.key() == *key && self.psp_payment_of(refund) == Some(next.payment.as_str())
                    })
            });
            if !answered && !by_person {
                said.push(format!("two refunds of one payment under way at once: {before:?}, {next:?}"));
            }
        }
        self.found.extend(said);
    }

    /// Whether another refund of the payment is before a person, where one waits for the other.
    pub(super) fn waits_behind_a_person(&self, refund: &RefundRow) -> bool {
        let ahead = |other: &&RefundRow| other.payment == refund.payment && other.id != refund.id;
        let is_open = |id| self.cases.iter().any(|case| case.refund == Some(id) && case.open);
        self.psp_payment_of(refund).is_some()
            && self.refunds.iter().filter(ahead).any(|other| !other.over() && is_open(other.id))
    }

    /// Gives the effects that name no refund the one that they can be of: the one that is bound to it, else one of that
    /// payment and amount that nothing else explains, those first of which nobody says that they failed.
    pub(super) fn name_effects(&mut self) {
        let mut named: Vec<String> = Vec::new();
        let mut keys = Vec::new();
        let nameless = || self.effects.iter().filter(|effect| effect.key.is_empty());
        for effect in nameless() {
            let bound = self.refunds.iter().find(|refund| {
                refund.psp_refund_id.as_ref() == Some(&effect.refund) && self.may_be_of(effect, refund)
            });
            keys.push(bound.map(RefundRow::key));
            named.extend(bound.map(RefundRow::key));
        }
        for (effect, key) in nameless().zip(&mut keys).filter(|(_, key)| key.is_none()) {
            let free = |refund: &&RefundRow| {
                refund.psp_refund_id.is_none()
                    && self.may_be_of(effect, refund)
                    && refund.amount == effect.amount_minor
                    && !named.contains(&refund.key())
            };
            let best = self.refunds.iter().filter(free).min_by_key(|refund| self.doubt(refund));
            *key = best.map(RefundRow::key);
            named.extend(best.map(RefundRow::key));
        }
        let effects = self.effects.iter_mut().filter(|effect| effect.key.is_empty());
        for (effect, key) in effects.zip(keys) {
            effect.key = key.unwrap_or_default();
        }
    }

    /// How much speaks against it that a refund of which no PSP has told has happened.
    fn doubt(&self, refund: &RefundRow) -> u8 {
        match refund.state.as_str() {
            "succeeded" => 0,
            _ if self.evidence.mistakes.contains(&refund.key()) => 1,
            _ if !refund.over() => 2,
            _ => 3,
        }
    }

    fn may_be_of(&self, effect: &Effect, refund: &RefundRow) -> bool {
        self.psp_payment_of(refund) == Some(effect.payment.as_str())
    }

    /// The PSP's id of a refund's payment, where nothing at the PSP names a refund of ours.
    fn psp_payment_of(&self, refund: &RefundRow) -> Option<&str> {
        let known = self.payment_row(refund.payment).and_then(|row| self.known_payment(row))?;
        known.nameless.then_some(known.psp_payment_id.as_str())
    }
}
