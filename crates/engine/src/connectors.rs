//! What the PSPs that are spoken to can do, as plain data: for the API, the command line and the docs, all of one source.

use redress_core::capabilities::{Capabilities, SumLimit, Unit};
use redress_psp::connector::Connector;
use redress_psp::registry;

pub use redress_psp::profile::{CredentialField, Method, Profile, ProvenBy};

/// One connector, described.
#[derive(Clone, Copy, Debug)]
pub struct ConnectorSheet {
    /// Its name in settings, tables and metrics.
    pub name: &'static str,
    /// What is said of it to people.
    pub profile: &'static Profile,
    /// What it can do.
    pub capabilities: &'static Capabilities,
}

/// All connectors, in the order of their names.
pub fn sheets() -> Vec<ConnectorSheet> {
    registry::all().iter().map(|connector| sheet(*connector)).collect()
}

fn sheet(connector: &'static dyn Connector) -> ConnectorSheet {
    ConnectorSheet {
        name: connector.name(),
        profile: connector.profile(),
        capabilities: connector.capabilities(),
    }
}

/// The table of the docs, in Markdown: one row a connector and method.
pub fn markdown() -> String {
    let mut out = String::from(
        "| connector | method | full | partial | several | window | limits | decimals | idempotency | status query | \
         notification | proven by |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for ConnectorSheet { name, profile, capabilities } in sheets() {
        for method in profile.methods {
            let cells = [
                format!("`{name}` ({})", profile.title),
                format!("`{}`", method.name),
                yes(capabilities.full).to_owned(),
                yes(capabilities.partial).to_owned(),
                several(capabilities).to_owned(),
                window(capabilities),
                limits(capabilities),
                decimals(capabilities),
                profile.idempotency.to_owned(),
                profile.status_query.to_owned(),
                profile.notification.to_owned(),
                proof(method),
            ];
            out.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
    }
    out
}

const fn yes(can: bool) -> &'static str {
    if can { "yes" } else { "no" }
}

const fn several(capabilities: &Capabilities) -> &'static str {
    match (capabilities.several, capabilities.one_in_flight) {
        (false, _) => "no",
        (true, false) => "yes",
        (true, true) => "yes, one after the other",
    }
}

/// That there is none, no PSP states, and of one it is known that there is.
fn window(capabilities: &Capabilities) -> String {
    capabilities
        .window
        .map_or_else(|| "not stated".to_owned(), |window| format!("{} days", window.as_secs() / 86_400))
}

fn limits(capabilities: &Capabilities) -> String {
    let of_money: Vec<String> = capabilities.limits.iter().map(limit).collect();
    let without = capabilities.currencies_excluded.join(" ");
    let currencies = match (capabilities.currencies, without.is_empty()) {
        (None, true) => None,
        (None, false) => Some(format!("any but {without}")),
        (Some(codes), true) => Some(codes.join(" ")),
        (Some(codes), false) => Some(format!("{} but {without}", codes.join(" "))),
    };
    match (of_money.is_empty(), currencies) {
        (true, None) => "none stated".to_owned(),
        (true, Some(codes)) => codes,
        (false, None) => of_money.join("; "),
        (false, Some(codes)) => format!("{codes}; {}", of_money.join("; ")),
    }
}

fn limit(limit: &SumLimit) -> String {
    format!("{} {} to {} minor units", limit.currency, limit.min_minor, limit.max_minor)
}

fn decimals(capabilities: &Capabilities) -> String {
    if capabilities.units.is_empty() {
        return "as ISO 4217".to_owned();
    }
    let own: Vec<String> = capabilities.units.iter().map(unit).collect();
    format!("as ISO 4217, but {}", own.join(", "))
}

fn unit(unit: &Unit) -> String {
    let step = if unit.step_minor == 1 { String::new() } else { format!(" (steps of {})", unit.step_minor) };
    format!("{} {}{step}", unit.currency, unit.decimals)
}

fn proof(method: &Method) -> String {
    let by = proven(method.proven_by);
    method.note.map_or_else(|| by.to_owned(), |note| format!("{by}: {note}"))
}

const fn proven(by: ProvenBy) -> &'static str {
    match by {
        ProvenBy::OfficialVectors => "official vectors",
        ProvenBy::OfficialDescription => "official description",
        ProvenBy::OthersProgram => "others' program",
        ProvenBy::DocumentsOnly => "documents only",
        ProvenBy::ThirdPartyCodeOnly => "third-party code only",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/connectors.md");

    /// After a change, `redress psp-account connectors --markdown` prints the table for the page.
    #[test]
    fn the_docs_have_the_table_as_it_is() {
        assert!(
            PAGE.contains(&markdown()),
            "docs/connectors.md is out of date; the table is now:\n{}",
            markdown()
        );
    }

    #[test]
    fn what_a_proof_or_a_psp_does_not_cover_stands_beside_it() {
        let table = markdown();
        let row = |connector: &str, method: &str| {
            let begins = format!("| `{connector}` ");
            let mut rows = table.lines().filter(|line| line.starts_with(&begins));
            rows.find(|line| line.contains(&format!("| `{method}` |"))).unwrap().to_owned()
        };
        assert!(row("oppwa", "stcpay").contains("no document states that stc pay can be refunded"));
        assert!(
            row("oppwa", "mada").contains("documents only: mostly other resellers' of the same platform")
        );
        assert!(row("stcpay", "stcpay").contains("partial and several are inferred; a reseller warns"));
        assert!(
            row("adyen", "ADYEN").contains("description: not every way of paying can be refunded in part")
        );
        assert!(row("adyen", "card").contains("official description: the decimals of IDR and ISK"));
        assert!(row("mpgs", "mastercard").contains("partial and several where the bank's contract allows"));
        assert!(row("stripe", "STRIPE").contains("| any but CLF IQD LYD UYI UYW |"));
        assert!(row("stripe", "STRIPE").contains("others' program: charges (`ch_…`) only"));
        assert!(row("stripe", "card").contains("of UGX Stripe states two decimals and none"));
        assert!(row("tap", "tap").contains("which refusals may pass, and how a notification"));
        assert!(row("momo", "MOMOPAY").contains("documents only: path and signed text of the look-up"));
        assert!(row("paypal", "PAYPAL").contains("official description: currencies and their decimals"));
        assert!(row("paypal", "PAYPAL").contains("there is a window, and PayPal does not state"));
        assert!(
            row("paypal", "PAYPAL").contains("| yes | yes | yes | not stated | AUD"),
            "and not that there is none"
        );
    }

    #[test]
    fn nothing_is_offered_without_saying_what_proves_it() {
        for sheet in sheets() {
            let Profile { title, credentials, methods, idempotency, status_query, notification } =
                *sheet.profile;
            assert!(!methods.is_empty() && !credentials.is_empty(), "{}", sheet.name);
            for text in [title, idempotency, status_query, notification] {
                assert!(!text.trim().is_empty(), "{}", sheet.name);
            }
            for note in methods.iter().filter_map(|method| method.note) {
                assert!(!note.trim().is_empty(), "{}", sheet.name);
            }
        }
    }
}
