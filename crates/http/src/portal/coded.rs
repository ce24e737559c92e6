//! Codes with their words: people read the words, and whoever looks something up has the code beside them.

use askama::Template;

use super::text::Texts;

/// A code with its words. One without words stands for itself.
#[derive(Clone, Debug, Template)]
#[template(path = "portal/coded.html")]
pub(super) struct Coded {
    words: Option<&'static str>,
    code: String,
}

impl Coded {
    pub(super) fn of(words: Option<&'static str>, code: impl Into<String>) -> Self {
        Self { words, code: code.into() }
    }
}

/// Why a refund ended without effect, or its money came back: in words where the code is one of ours, else as the PSP said
/// it.
#[derive(Clone, Debug, Template)]
#[template(path = "portal/failure.html")]
pub(super) struct FailureTold {
    why: Coded,
    /// What the PSP or a person said, or what was recorded besides.
    text: String,
    /// It was recorded here, in English; what others said is in a language of their own.
    is_ours: bool,
}

impl FailureTold {
    pub(super) fn of(code: &str, text: &str, t: &'static Texts) -> Self {
        let words = t.failure(code);
        let (text, is_ours) = match code {
            // The words say as much.
            "refund_window_closed" | "account_revoked" => ("", true),
            "not_sendable" => (text, true),
            _ => (text, false),
        };
        Self {
            why: Coded::of(Some(words.unwrap_or(t.failures.provider)), code),
            text: text.to_owned(),
            is_ours,
        }
    }

    /// Without what was said, where that stands beside it already.
    pub(super) fn without(mut self, said: Option<&str>) -> Self {
        if said == Some(self.text.as_str()) {
            self.text.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::language::Language;

    #[test]
    fn a_code_without_words_stands_for_itself() {
        assert_eq!(
            Coded::of(Some("Done"), "done").to_string(),
            "Done <bdi><code class=\"small\">done</code></bdi>"
        );
        assert_eq!(Coded::of(None, "<x>").to_string(), "<bdi><code>&#60;x&#62;</code></bdi>");
    }

    #[test]
    fn our_own_failures_are_told_in_every_language_and_what_others_said_is_kept() {
        for t in Language::ALL.map(Language::texts) {
            for (code, text, kept) in [
                ("refund_window_closed", "the time ended", None),
                ("account_revoked", "it was revoked", None),
                (
                    "not_sendable",
                    "the sum is too small",
                    Some("lang=\"en\" dir=\"ltr\">the sum is too small<"),
                ),
                ("closed_by_person", "the desk said so", Some("lang=\"\" dir=\"auto\">the desk said so<")),
                ("card_expired", "expired card", Some("lang=\"\" dir=\"auto\">expired card<")),
            ] {
                let told = FailureTold::of(code, text, t).to_string();
                let words = t.failure(code);
                assert_eq!(words.is_none(), code == "card_expired", "{code}");
                assert!(told.contains(words.unwrap_or(code)), "{told}");
                assert!(told.contains(&format!(">{code}</code>")), "{told}");
                assert_eq!(told.contains(text), kept.is_some(), "{told}");
                assert!(kept.is_none_or(|kept| told.contains(kept)), "{told}");
                assert!(!FailureTold::of(code, text, t).without(Some(text)).to_string().contains(text));
            }
        }
    }
}
