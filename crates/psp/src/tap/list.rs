//! Looking for a refund in Tap's list: the only way while Tap's own id of it is not known.

use super::read::{self, Expected};
use super::wire::{Dates, ListRequest, Page, Period, Refund};
use super::{expected, post};
use crate::account::AccountConfig;
use crate::connector::QueryAsk;
use crate::exchange::{is_id, json, send};
use crate::record::Record;
use crate::transport::{HttpResponse, Transport};
use redress_core::outcome::{Finding, Outcome};
use std::time::Duration;

/// Rows of a page; Tap gives no more (code 1162 in <https://developers.tap.company/reference/charge-response-codes>).
const PAGE_ROWS: usize = 50;

/// So many pages are read at one look-up.
const PAGES_MAX: usize = 10;

/// Tap lists at most 30 days at once (<https://developers.tap.company/docs/commerce-platform-reports>).
const PERIOD_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The list begins so much before our send and ends so much after now: Tap's clock is not ours.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(60 * 60);

/// What the pages so far have shown.
#[derive(Default)]
struct Found {
    /// The ids and meanings of the refunds that carry our reference.
    ours: Vec<(String, Outcome)>,
    /// A refund without any reference could be this one.
    candidate: bool,
}

pub(super) async fn look_up(
    transport: &dyn Transport,
    account: &AccountConfig,
    secret_key: &str,
    ask: &QueryAsk,
    record: &mut Record,
) -> Outcome {
    let mut found = Found::default();
    let mut after = String::new();
    for _ in 0..PAGES_MAX {
        let request = post(account, secret_key, "/list", &question(ask, &after));
        let response = match send(transport, record, request).await {
            Ok(response) => response,
            Err(outcome) => return outcome,
        };
        match read_page(&response, ask, &mut found) {
            Ok(Some(last)) if last != after => after = last,
            Ok(Some(_)) => return Outcome::Unknown(Finding::NotUnderstood),
            Ok(None) => return verdict(found, true),
            Err(finding) => return Outcome::Unknown(finding),
        }
    }
    verdict(found, false)
}

fn question<'a>(ask: &'a QueryAsk, after: &'a str) -> ListRequest<'a> {
    let margin = i64::try_from(CLOCKS_APART_MAX.as_millis()).unwrap_or(i64::MAX);
    let period = i64::try_from(PERIOD_MAX.as_millis()).unwrap_or(i64::MAX);
    let from = ask.first_sent_at.as_millis() - margin;
    let to = ask.now.as_millis().max(ask.first_sent_at.as_millis()) + margin;
    let dates = Dates { from, to: to.min(from + period) };
    let charges = [ask.psp_payment_id.as_str()];
    ListRequest { period: Period { date: dates }, charges, starting_after: after, limit: PAGE_ROWS }
}

/// Notes what a page shows; gives the id after which the next page begins, if there is one.
fn read_page(response: &HttpResponse, ask: &QueryAsk, found: &mut Found) -> Result<Option<String>, Finding> {
    if !matches!(read::kind(response.status)?, read::Kind::Good) {
        return Err(Finding::NotUnderstood);
    }
    let page: Page<'_> = json(&response.body).ok_or(Finding::NotUnderstood)?;
    let expected = expected(ask);
    for refund in &page.refunds {
        note(refund, ask, &expected, found);
    }
    let more = page.has_more.unwrap_or(page.refunds.len() >= PAGE_ROWS);
    match page.refunds.last() {
        Some(last) if more && is_id(&last.id) => Ok(Some(last.id.clone())),
        // More is promised, and no way shown to it.
        _ if more => Err(Finding::NotUnderstood),
        _ => Ok(None),
    }
}

fn note(refund: &Refund<'_>, ask: &QueryAsk, expected: &Expected<'_>, found: &mut Found) {
    let bound = ask.bound_elsewhere.contains(&refund.id);
    match read::key_of(refund) {
        Some(key) if key == ask.key => {
            let seen = found.ours.iter().any(|(id, _)| *id == refund.id);
            let outcome =
                if bound { Outcome::Unknown(Finding::Mismatch) } else { read::state(refund, expected) };
            if !seen {
                found.ours.push((refund.id.clone(), outcome));
            }
        }
        Some(_) => {}
        None => found.candidate |= !bound && read::is_same_money(refund, expected),
    }
}

/// A row with our reference decides; without one, a list that was cut short says nothing.
fn verdict(mut found: Found, whole: bool) -> Outcome {
    match (found.ours.len(), found.ours.pop()) {
        (1, Some((_, outcome))) => outcome,
        (0, _) if found.candidate => Outcome::Unknown(Finding::Ambiguous),
        (0, _) if whole => Outcome::Unknown(Finding::NotFound),
        (0, _) => Outcome::Unknown(Finding::NoAnswer),
        _ => Outcome::Unknown(Finding::Ambiguous),
    }
}
