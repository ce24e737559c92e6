//! What stands beside a deed in the audit trail, in words: read from what was recorded ([`redress_core::audit_detail`]).

use redress_core::audit::Deed;
use redress_core::audit_detail as recorded;
use redress_core::environment::Environment;
use redress_core::payment_status::PaymentStatus;
use redress_core::policy::AccountState;
use redress_core::right::Right;
use redress_core::role::{RefundLimits, Role};
use redress_core::state::StateName;
use redress_engine::admin::keys::CredentialKind;

use super::{Texts, fill, texts};
use crate::portal::form::Form;
use crate::portal::format;
use crate::portal::settings::accounts::sheet;

texts!(
    /// What stands beside a deed.
    AuditDetails {
        form_used: "Another refund was made from the same form before.", "أُنشئت عملية رد أخرى من النموذج نفسه من قبل.";
        succeeded: "The provider did it", "نفّذه المزود";
        failed: "The provider did not do it", "لم ينفّذه المزود";
        released: "What was blocked can be refunded again", "ما كان محجوبًا صار رده ممكنًا من جديد";
        refunded: "What was blocked counts as given back", "ما كان محجوبًا يُحتسب مردودًا";
        nothing_blocked: "It blocked nothing", "لم تكن تحجب أي مبلغ";
        role: "Role: {from}, now {to}", "الدور: كان {from} وصار {to}";
        limits: "Limits: {from}, now {to}", "الحدود: كانت {from} وصارت {to}";
        name: "Name: {from}, now {to}", "الاسم: كان {from} وصار {to}";
        no_limits: "none", "بلا حدود مسجلة";
        key: "{kind}, {environment}", "{kind}، {environment}";
        key_right: "{key}. May also: {rights}", "{key}. يُسمح له أيضًا: {rights}";
        overlap: "The old one goes on for {hours} hours", "يستمر القديم لمدة {hours} ساعة";
        no_overlap: "The old one ended at once", "انتهى القديم فورًا";
        another_secret: "It got another signing secret", "حصل على مفتاح سري آخر للتوقيع";
        enabled: "Enabled", "تفعيل";
        disabled: "Disabled", "تعطيل";
        other_secrets: "With other secrets", "ببيانات سرية أخرى";
        same_secrets: "With the same secrets", "بالبيانات السرية نفسها";
        account: "{psp}, {environment}", "{psp}، {environment}";
        rows: "Rows: {count}", "الصفوف: {count}";
    }
);

/// What stands beside a deed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// In words; empty where what was said says it all.
    pub(crate) words: String,
    /// What somebody typed or is called, as it is; empty where there is nothing of it.
    pub(crate) said: String,
}

impl Told {
    fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), said: String::new() }
    }

    fn with(words: impl Into<String>, said: &str) -> Self {
        Self { words: words.into(), said: said.to_owned() }
    }
}

impl Texts {
    /// What was recorded beside a deed done to something, in words. What has no words stands as it is: reasons, names,
    /// addresses, and what an older version recorded.
    pub(crate) fn audit_detail(&self, deed: Deed, object: Option<&str>, text: &str) -> Told {
        self.detail_words(deed, object, text).unwrap_or_else(|| Told::with("", text))
    }

    fn detail_words(&self, deed: Deed, object: Option<&str>, text: &str) -> Option<Told> {
        let t = &self.audit_details;
        match deed {
            Deed::RefundMade | Deed::RefundRepeated => {
                Some(Told::words(format::amount(recorded::amount(text)?)))
            }
            Deed::RefundRefused => self.refused_words(text),
            Deed::RefundClosed | Deed::RefundCloseInVain | Deed::CaseClosed | Deed::CaseCloseInVain => {
                self.word_told(text)
            }
            Deed::UserChanged => self.change_words(text),
            Deed::KeyAdded => self.key_words(text),
            Deed::KeyRotated => {
                let [before, behind] = recorded::OVERLAP;
                let hours: u64 = text.strip_prefix(before)?.strip_suffix(behind)?.parse().ok()?;
                Some(Told::words(match hours {
                    0 => t.no_overlap.to_owned(),
                    hours => fill(t.overlap, &[("hours", &format::count(hours))]),
                }))
            }
            Deed::EndpointChanged if text == recorded::ANOTHER_SECRET => Some(Told::words(t.another_secret)),
            Deed::EndpointChanged => self.word_told(text),
            Deed::EndpointAdded => {
                let (environment, name) = text.split_once(' ')?;
                Some(Told::with(self.environment_word(environment)?, name))
            }
            Deed::AccountAdded => {
                let mut parts = text.splitn(3, ' ');
                let (psp, environment, name) = (parts.next()?, parts.next()?, parts.next()?);
                let values = [
                    ("psp", sheet(psp)?.profile.title),
                    ("environment", self.environment_word(environment)?),
                ];
                Some(Told::with(fill(t.account, &values), name))
            }
            Deed::AccountChanged | Deed::AccountRevoked => self.word_told(text).or_else(|| {
                let (state, name) = text.split_once(' ')?;
                Some(Told::with(self.account_state(AccountState::parse(state)?), name))
            }),
            Deed::PaymentsChecked | Deed::PaymentsImported => {
                let count = text.strip_suffix(recorded::ROWS)?.parse().ok()?;
                Some(Told::words(fill(t.rows, &[("count", &format::count(count))])))
            }
            Deed::ListExported => Some(Told::words(self.filter_words(object, text))),
            _ => None,
        }
    }

    /// A word that was recorded, with what somebody typed, or a name, behind it.
    fn word_told(&self, text: &str) -> Option<Told> {
        let t = &self.audit_details;
        let (word, said) = text.split_once(": ")?;
        let words = match word {
            recorded::SUCCEEDED => t.succeeded,
            recorded::FAILED => t.failed,
            recorded::RELEASED => t.released,
            recorded::REFUNDED => t.refunded,
            recorded::NOTHING_BLOCKED => t.nothing_blocked,
            recorded::ENABLED => t.enabled,
            recorded::DISABLED => t.disabled,
            // The deed itself says it.
            recorded::EDITED => "",
            recorded::OTHER_SECRETS => t.other_secrets,
            recorded::SAME_SECRETS => t.same_secrets,
            _ => return None,
        };
        Some(Told::with(words, said))
    }

    fn environment_word(&self, environment: &str) -> Option<&'static str> {
        match Environment::parse(environment)? {
            Environment::Sandbox => Some(self.common.sandbox),
            Environment::Live => Some(self.common.live),
        }
    }

    fn refused_words(&self, text: &str) -> Option<Told> {
        let t = &self.audit_details;
        let (amount, why) = text.split_once(": ")?;
        let why = if why == recorded::FORM_USED {
            t.form_used.to_owned()
        } else {
            self.refusal(&recorded::refusal(why)?)
        };
        let amount = format::amount(recorded::amount(amount)?);
        Some(Told::words(fill("{amount}. {why}", &[("amount", &amount), ("why", &why)])))
    }

    /// Whose it is, then a part for everything that became another.
    fn change_words(&self, text: &str) -> Option<Told> {
        let t = &self.audit_details;
        let (email, mut rest) = text.split_once(recorded::AND)?;
        let mut words = Vec::new();
        let limits = |text: &str| {
            let limits = RefundLimits::parse(text.strip_prefix('[')?.strip_suffix(']')?)?;
            let sums: Vec<String> = limits.amounts().iter().copied().map(format::amount).collect();
            Some(if sums.is_empty() { t.no_limits.to_owned() } else { sums.join(", ") })
        };
        while !rest.is_empty() {
            // A name is the last part, and may have in it what stands between parts.
            let (part, behind) = match rest.split_once(recorded::AND) {
                Some(parts) if !rest.starts_with(recorded::NAME) => parts,
                _ => (rest, ""),
            };
            rest = behind;
            if let Some(roles) = part.strip_prefix(recorded::ROLE) {
                let (from, to) = roles.split_once(recorded::TO)?;
                let (from, to) = (self.role(Role::parse(from)?), self.role(Role::parse(to)?));
                words.push(fill(t.role, &[("from", from), ("to", to)]));
            } else if let Some(both) = part.strip_prefix(recorded::LIMITS) {
                let (from, to) = both.split_once(recorded::TO)?;
                words.push(fill(t.limits, &[("from", &limits(from)?), ("to", &limits(to)?)]));
            } else {
                let (from, to) = part.strip_prefix(recorded::NAME)?.split_once(recorded::TO)?;
                words.push(fill(t.name, &[("from", from), ("to", to)]));
            }
        }
        Some(Told::with(words.join(". "), email))
    }

    fn key_words(&self, text: &str) -> Option<Told> {
        let t = &self.audit_details;
        let (kind, rest) = text.split_once(' ')?;
        let (environment, rights) = match rest.strip_prefix(recorded::BOTH_ENVIRONMENTS) {
            Some(rights) => (self.settings.both, rights.trim_start()),
            None => {
                let (environment, rights) = rest.split_once(' ').unwrap_or((rest, ""));
                (self.environment_word(environment)?, rights)
            }
        };
        let kind = self.key_kind(CredentialKind::parse(kind)?);
        let key = fill(t.key, &[("kind", kind), ("environment", environment)]);
        let rights = rights.split_whitespace().map(|right| Some(self.right(Right::parse(right)?)));
        let rights = rights.collect::<Option<Vec<_>>>()?.join(". ");
        if rights.is_empty() {
            return Some(Told::words(key));
        }
        Some(Told::words(fill(t.key_right, &[("key", &key), ("rights", &rights)])))
    }

    /// What a list that was taken as a file had been narrowed by: its fields' labels with what stood in them.
    fn filter_words(&self, list: Option<&str>, query: &str) -> String {
        let (t, is_payments) = (&self.lists, list == Some("payments"));
        let form = Form::parse(query.as_bytes());
        let told = form.all().map(|(name, value)| {
            let label = match name {
                "term" => t.term,
                "match" => t.matches,
                "status" => t.status,
                "reason" => self.refund.reason,
                "from" if is_payments => t.from_captured,
                "from" => t.from_made,
                "to" if is_payments => t.to_captured,
                "to" => t.to_made,
                "currency" => t.currency,
                "least" => t.least,
                "most" => t.most,
                "channel" => t.channel,
                "method" => t.method,
                "psp" => t.psp,
                other => other,
            };
            let words = match (name, value) {
                ("match", "beginning") => t.matches_beginning,
                ("match", "all") => t.matches_all,
                ("status", value) if is_payments => {
                    PaymentStatus::parse(value).map_or(value, |status| self.payment_status(status))
                }
                ("status", value) => StateName::parse(value).map_or(value, |state| self.state(state)),
                ("reason", value) => self.reason(value),
                (_, value) => value,
            };
            // What was typed must not change the order of what stands around it.
            fill("{label}: {value}", &[("label", label), ("value", words)])
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::language::Language;

    /// As it is seen: without the signs that keep what was filled in apart.
    fn seen(told: &str) -> String {
        told.replace(['\u{2068}', '\u{2069}'], "")
    }

    fn told(language: Language, deed: Deed, text: &str) -> (String, String) {
        let object = Some("payments");
        let Told { words, said } = language.texts().audit_detail(deed, object, text);
        (seen(&words), said)
    }

    #[test]
    fn what_is_recorded_is_told_in_words() {
        for (deed, text, words, said) in [
            (Deed::RefundMade, "1000.00 SAR", "1,000.00 SAR", ""),
            (
                Deed::RefundRefused,
                "20.00 SAR: the form made another refund before",
                "20.00 SAR. Another refund was made from the same form before.",
                "",
            ),
            (
                Deed::RefundRefused,
                "20.00 SAR: nothing is left to refund",
                "20.00 SAR. Nothing is left to refund.",
                "",
            ),
            (
                Deed::RefundClosed,
                "failed: no trace: asked twice",
                "The provider did not do it",
                "no trace: asked twice",
            ),
            (Deed::RefundCloseInVain, "succeeded: seen", "The provider did it", "seen"),
            (Deed::CaseClosed, "refunded: seen", "What was blocked counts as given back", "seen"),
            (Deed::CaseClosed, "released: seen", "What was blocked can be refunded again", "seen"),
            (Deed::CaseClosed, "nothing blocked: seen", "It blocked nothing", "seen"),
            (
                Deed::UserChanged,
                "m@x.example; role viewer to support; limits [] to [KWD:1000 SAR:5000]; name A; B to C",
                "Role: Viewer, now Support. Limits: none, now 1.000 KWD, 50.00 SAR. Name: A; B, now C",
                "m@x.example",
            ),
            (Deed::UserAdded, "m@x.example", "", "m@x.example"),
            (Deed::KeyAdded, "portone both environments", "PortOne's API, Sandbox and live", ""),
            (
                Deed::KeyAdded,
                "api live close_cases",
                "Redress's own API, Live. May also: Say how refunds ended, and close cases",
                "",
            ),
            (Deed::KeyRotated, "the old one goes on for 24 h", "The old one goes on for 24 hours", ""),
            (Deed::KeyRotated, "the old one goes on for 0 h", "The old one ended at once", ""),
            (Deed::EndpointAdded, "sandbox My shop", "Sandbox", "My shop"),
            (Deed::EndpointChanged, "another secret", "It got another signing secret", ""),
            (Deed::EndpointChanged, "disabled: it is broken", "Disabled", "it is broken"),
            (Deed::EndpointChanged, "edited: enabled: x", "", "enabled: x"),
            (Deed::AccountAdded, "tap live Tap of the shop", "Tap Payments, Live", "Tap of the shop"),
            (Deed::AccountChanged, "paused Tap", "Paused", "Tap"),
            (Deed::AccountChanged, "with other secrets: Tap", "With other secrets", "Tap"),
            (Deed::PaymentsChecked, "1200 rows", "Rows: 1,200", ""),
            (Deed::PaymentsImported, "3 rows", "Rows: 3", ""),
            (
                Deed::ListExported,
                "term=a%2Fb&match=all&status=disputed&from=2026-11-01",
                "Reference: a/b; Compared: All of it; Status: Disputed; Captured from: 2026-11-01",
                "",
            ),
            (Deed::ListExported, "", "", ""),
        ] {
            let expected = (words.to_owned(), said.to_owned());
            assert_eq!(told(Language::English, deed, text), expected, "{deed:?} {text}");
            let (arabic, said_too) = told(Language::Arabic, deed, text);
            assert_eq!(said_too, said, "{deed:?} {text}");
            // Sums, names and what was typed stand in it as they are; the words around them do not.
            let is_arabic = arabic.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
            assert_eq!(is_arabic, !words.is_empty() && deed != Deed::RefundMade, "{deed:?} {text}: {arabic}");
            for word in
                words.split(' ').filter(|word| word.len() > 3 && word.chars().all(char::is_alphabetic))
            {
                assert!(!arabic.contains(word), "{deed:?}: {arabic}");
            }
        }
    }

    #[test]
    fn what_has_no_words_stands_as_it_was_recorded() {
        for deed in Deed::ALL.iter().filter(|deed| **deed != Deed::ListExported) {
            for text in
                ["something else", "a: b", "succeeded", "x to y; role", "role viewer to nobody", "rows"]
            {
                let (words, said) = told(Language::Arabic, *deed, text);
                assert_eq!((words.as_str(), said.as_str()), ("", text), "{deed:?}");
            }
        }
    }
}
