//! What Redress' own API says besides: which request made the refund, and how the refund ended.

use super::{Books, RefundRow};
use crate::witness::Face;

/// The states that no refund leaves, but that a success may come back.
const ENDS: [(&str, &[&str]); 4] = [
    ("succeeded", &["succeeded", "reversed"]),
    ("failed", &["failed"]),
    ("canceled", &["canceled"]),
    ("reversed", &["reversed"]),
];

impl Books<'_> {
    /// One request with a key is told that it made the refund, and who is told of an end is told the truth.
    pub(super) fn judge_own_answers(&mut self) {
        let mut said = Vec::new();
        for wish in self.evidence.wishes.iter().filter(|wish| wish.face == Face::Own) {
            if wish.key.is_some() && wish.made > 1 {
                said.push(format!("w{} was told {} times that it is new", wish.number, wish.made));
            }
            for told in &wish.acknowledged {
                let Some(refund) = self.own_refund(&told.id) else { continue };
                let end = ENDS.iter().find(|(state, _)| *state == told.status);
                if end.is_some_and(|(_, later)| !later.contains(&refund.state.as_str())) {
                    said.push(format!("w{} was told {told:?}, which is {refund:?}", wish.number));
                }
            }
        }
        self.found.extend(said);
    }

    /// The refund with this id in the own API.
    pub(super) fn own_refund(&self, id: &str) -> Option<&RefundRow> {
        self.refunds.iter().find(|refund| refund.own_id() == id)
    }
}
