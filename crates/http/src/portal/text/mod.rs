//! Every text of the portal, in every language: one file an area, one line a text with all its languages beside each
//! other. A text that lacks a language does not compile; another language is one more column.
//!
//! What is filled in stands in braces: `{amount}`; [`fill`] puts it there.

mod acts;
mod audit;
mod audit_detail;
mod cases;
mod common;
mod credentials;
mod endpoints;
mod faults;
mod imports;
mod lists;
mod outcomes;
mod overview;
mod payments;
mod people;
mod psp_accounts;
mod refunds;
mod settings;
mod team;
mod words;

use acts::Acts;
use audit::{Audit, Deeds};
use audit_detail::AuditDetails;
pub(crate) use audit_detail::Told;
use cases::{Cases, CasesToDo, CasesTold};
use common::Common;
use credentials::Credentials;
use endpoints::Endpoints;
use faults::Faults;
use imports::{Imports, RowRefusals};
use lists::Lists;
use outcomes::{Failures, Outcomes};
use overview::Overview;
use payments::{Dispute, Payment, Refusals};
use people::{Account, Code, Password, SecondFactor, SignIn};
use psp_accounts::PspAccounts;
use refunds::{Refund, Refunding};
use settings::{Keys, Settings};
use team::Team;
use words::{Reasons, Saids, States, Whys};

/// Declares an area: a struct with one field a text, and its value in each language.
macro_rules! texts {
    ($(#[$doc:meta])* $area:ident { $($key:ident: $en:literal, $ar:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $area {
            $(pub(crate) $key: &'static str,)+
        }

        impl $area {
            pub(super) const EN: Self = Self { $($key: $en,)+ };
            pub(super) const AR: Self = Self { $($key: $ar,)+ };

            /// Each text's name, and the text in each language.
            #[cfg(test)]
            pub(super) const ALL: &'static [(&'static str, [&'static str; 2])] =
                &[$((concat!(stringify!($area), ".", stringify!($key)), [$en, $ar]),)+];
        }
    };
}
use texts;

/// All areas, in one language.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) common: Common,
    pub(crate) sign_in: SignIn,
    pub(crate) code: Code,
    pub(crate) password: Password,
    pub(crate) second_factor: SecondFactor,
    pub(crate) account: Account,
    pub(crate) payment: Payment,
    pub(crate) dispute: Dispute,
    pub(crate) refusals: Refusals,
    pub(crate) refunding: Refunding,
    pub(crate) refund: Refund,
    pub(crate) acts: Acts,
    pub(crate) cases: Cases,
    pub(crate) cases_told: CasesTold,
    pub(crate) cases_to_do: CasesToDo,
    pub(crate) lists: Lists,
    pub(crate) imports: Imports,
    pub(crate) row_refusals: RowRefusals,
    pub(crate) reasons: Reasons,
    pub(crate) states: States,
    pub(crate) whys: Whys,
    pub(crate) faults: Faults,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) endpoints: Endpoints,
    pub(crate) psp_accounts: PspAccounts,
    pub(crate) credentials: Credentials,
    pub(crate) team: Team,
    pub(crate) audit: Audit,
    pub(crate) deeds: Deeds,
    pub(crate) audit_details: AuditDetails,
    pub(crate) overview: Overview,
    pub(crate) saids: Saids,
    pub(crate) outcomes: Outcomes,
    pub(crate) failures: Failures,
}

macro_rules! all_areas {
    ($language:ident) => {
        Texts {
            common: Common::$language,
            sign_in: SignIn::$language,
            code: Code::$language,
            password: Password::$language,
            second_factor: SecondFactor::$language,
            account: Account::$language,
            payment: Payment::$language,
            dispute: Dispute::$language,
            refusals: Refusals::$language,
            refunding: Refunding::$language,
            refund: Refund::$language,
            acts: Acts::$language,
            cases: Cases::$language,
            cases_told: CasesTold::$language,
            cases_to_do: CasesToDo::$language,
            lists: Lists::$language,
            imports: Imports::$language,
            row_refusals: RowRefusals::$language,
            reasons: Reasons::$language,
            states: States::$language,
            whys: Whys::$language,
            faults: Faults::$language,
            settings: Settings::$language,
            keys: Keys::$language,
            endpoints: Endpoints::$language,
            psp_accounts: PspAccounts::$language,
            credentials: Credentials::$language,
            team: Team::$language,
            audit: Audit::$language,
            deeds: Deeds::$language,
            audit_details: AuditDetails::$language,
            overview: Overview::$language,
            saids: Saids::$language,
            outcomes: Outcomes::$language,
            failures: Failures::$language,
        }
    };
}

/// English.
pub(crate) static ENGLISH: Texts = all_areas!(EN);

/// Arabic.
pub(crate) static ARABIC: Texts = all_areas!(AR);

/// First-strong isolate and its end (Unicode Standard Annex 9): what is filled in, an amount or a reference, must not
/// change the order of a right-to-left text around it.
const ISOLATE: char = '\u{2068}';
const ISOLATE_END: char = '\u{2069}';

/// A text with its braces filled: `("amount", "12.00 SAR")` in place of `{amount}`.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), &format!("{ISOLATE}{value}{ISOLATE_END}"));
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(&'static str, [&'static str; 2])> {
        [
            Common::ALL,
            SignIn::ALL,
            Code::ALL,
            Password::ALL,
            SecondFactor::ALL,
            Account::ALL,
            Payment::ALL,
            Dispute::ALL,
            Refusals::ALL,
            Refunding::ALL,
            Refund::ALL,
            Acts::ALL,
            Cases::ALL,
            CasesTold::ALL,
            CasesToDo::ALL,
            Lists::ALL,
            Imports::ALL,
            RowRefusals::ALL,
            Reasons::ALL,
            States::ALL,
            Whys::ALL,
            Faults::ALL,
            Settings::ALL,
            Keys::ALL,
            Endpoints::ALL,
            PspAccounts::ALL,
            Credentials::ALL,
            Team::ALL,
            Audit::ALL,
            Deeds::ALL,
            AuditDetails::ALL,
            Overview::ALL,
            Saids::ALL,
            Outcomes::ALL,
            Failures::ALL,
        ]
        .concat()
    }

    fn holes(text: &str) -> Vec<&str> {
        let mut holes: Vec<_> =
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(hole, _)| hole).collect();
        holes.sort_unstable();
        holes
    }

    /// What of a text stands outside of isolates.
    fn outside(text: &str) -> String {
        let mut depth = 0;
        let is_outside = |c: &char| {
            match *c {
                ISOLATE => depth += 1,
                ISOLATE_END => depth -= 1,
                _ => {}
            }
            depth == 0
        };
        text.chars().filter(is_outside).collect()
    }

    /// Names that are the same in every language, and texts without words.
    const SAME: [&str; 2] = ["Common.product", "Refund.delivery_attempt"];

    #[test]
    fn every_text_is_there_in_every_language_and_fills_the_same() {
        for (key, [en, ar]) in all() {
            assert!(!en.trim().is_empty() && !ar.trim().is_empty(), "{key}");
            assert_eq!(holes(en), holes(ar), "{key}");
            let is_arabic = ar.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
            assert!(is_arabic || SAME.contains(&key), "{key}: {ar}");
            // In a text from right to left the end of it would stand before it.
            assert!(!outside(ar).contains("://"), "{key}: an address is set apart: {ar}");
            // Behind Arabic letters the parts of a date change places.
            let parts =
                |three: &[u8]| three[0].is_ascii_digit() && three[1] == b'-' && three[2].is_ascii_digit();
            assert!(!outside(ar).as_bytes().windows(3).any(parts), "{key}: a date is set apart: {ar}");
            assert!(en.is_ascii() || SAME.contains(&key), "{key}: plain quotes and dashes: {en}");
        }
    }

    #[test]
    fn what_is_filled_in_is_set_apart() {
        assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "2")]), "\u{2068}1\u{2069} of \u{2068}2\u{2069}");
    }
}
