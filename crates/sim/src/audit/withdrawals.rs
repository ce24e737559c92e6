//! A refund that was withdrawn never leaves, and nothing is withdrawn that nobody withdrew.

use super::Books;
use crate::witness::Withdrawal;

impl Books<'_> {
    /// Who was told that a refund is withdrawn was told the truth; what is withdrawn has no effect at the PSP, whatever
    /// else is known of it, and its merchant asked for it. Its amount and its event are judged as every refund's are.
    pub(super) fn judge_withdrawals(&mut self) {
        let mut said = Vec::new();
        let withdrawals = &self.evidence.withdrawals;
        for asked in withdrawals.iter().filter(|asked| asked.done > 0) {
            let refund = self.own_refund(&asked.refund);
            if refund.is_none_or(|refund| refund.state != "canceled") {
                said.push(format!(
                    "a withdrawal was acknowledged, and it is not withdrawn: {asked:?}, {refund:?}"
                ));
            }
        }
        for refund in self.refunds.iter().filter(|refund| refund.state == "canceled") {
            let id = refund.own_id();
            // Whoever got no answer may have withdrawn it.
            let may_be =
                |asked: &Withdrawal| asked.refund == id && !asked.stranger && asked.asked > asked.refused;
            if !withdrawals.iter().any(may_be) {
                said.push(format!("it is withdrawn, and nobody who may did that: {refund:?}"));
            }
            let key = refund.key();
            let effect = self.effects.iter().find(|effect| effect.key == key && effect.state != "failed");
            if let Some(effect) = effect {
                said.push(format!(
                    "it is withdrawn, and left all the same: {refund:?}, at the PSP {effect:?}"
                ));
            }
        }
        self.found.extend(said);
    }
}
