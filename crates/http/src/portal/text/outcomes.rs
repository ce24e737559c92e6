//! What exchanges with a provider came to, and why a refund ended without effect.

use redress_core::outcome::Finding;

use super::{Texts, texts};

texts!(
    /// What an exchange with a provider came to.
    Outcomes {
        not_sent: "Did not leave", "لم يُرسل";
        refused: "Refused", "رُفض";
        pending: "Accepted", "قُبل";
        succeeded: "Done", "نُفّذ";
        no_answer: "No whole answer came", "لم يصل رد كامل";
        not_understood: "The answer was not understood", "لم يُفهم الرد";
        not_found: "The provider does not show it", "لا يعرضه المزود";
        ambiguous: "Several could be it", "قد تطابقه عدة عمليات";
        mismatch: "The provider shows something else", "يعرض المزود شيئًا آخر";
        key_in_use: "The provider knows the reference already", "المرجع معروف لدى المزود بالفعل";
        refused_again: "Refused when it was sent again", "رُفض عند إعادة إرساله";
    }
);

texts!(
    /// Why a refund ended without effect.
    Failures {
        provider: "The provider's answer:", "رد المزود:";
        window_closed: "The time in which the provider refunds this payment ended before it was sent.",
            "انتهت المدة التي يرد فيها المزود هذه الدفعة قبل إرسال العملية.";
        account_revoked: "The account at the provider was revoked before it was sent.",
            "أُلغي الحساب لدى المزود قبل إرسال العملية.";
        by_person: "A person said that it did not happen.", "حدد شخص أنها لم تُنفَّذ.";
        not_sendable: "It cannot be sent to the provider as it is.", "لا يمكن إرسالها إلى المزود كما هي.";
    }
);

impl Texts {
    /// What an exchange came to, by its code; `None` for a code that is none of ours.
    pub(crate) fn outcome(&self, code: &str) -> Option<&'static str> {
        let t = &self.outcomes;
        let found = |finding| match finding {
            Finding::NoAnswer => t.no_answer,
            Finding::NotUnderstood => t.not_understood,
            Finding::NotFound => t.not_found,
            Finding::Ambiguous => t.ambiguous,
            Finding::Mismatch => t.mismatch,
            Finding::KeyInUse => t.key_in_use,
            Finding::RefusedAgain => t.refused_again,
        };
        match code {
            "not_sent" => Some(t.not_sent),
            "refused" => Some(t.refused),
            "pending" => Some(t.pending),
            "succeeded" => Some(t.succeeded),
            other => Finding::parse(other).map(found),
        }
    }

    /// Why a refund ended without effect, by its code; `None` for a provider's own.
    pub(crate) fn failure(&self, code: &str) -> Option<&'static str> {
        let t = &self.failures;
        match code {
            "refund_window_closed" => Some(t.window_closed),
            "account_revoked" => Some(t.account_revoked),
            "closed_by_person" => Some(t.by_person),
            "not_sendable" => Some(t.not_sendable),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::portal::language::Language;

    #[test]
    fn every_outcome_has_words_of_its_own_in_every_language() {
        let mut seen = BTreeSet::new();
        let findings = Finding::ALL.map(Finding::as_str);
        let codes = ["not_sent", "refused", "pending", "succeeded"].into_iter().chain(findings);
        for code in codes {
            for t in Language::ALL.map(Language::texts) {
                let words = t.outcome(code);
                assert!(words.is_some_and(|words| seen.insert(words)), "{code}: {words:?}");
            }
        }
        assert_eq!(Language::English.texts().outcome("lost"), None);
    }
}
