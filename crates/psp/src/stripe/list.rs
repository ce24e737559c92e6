//! Looking for a refund in the list of a payment's refunds, while Stripe's own id of it is not known
//! (<https://docs.stripe.com/api/refunds/list>).

use super::read::{self, Expected};
use super::wire::{Page, Payment};
use crate::connector::QueryAsk;
use crate::exchange::{is_id, json, send};
use crate::record::Record;
use crate::transport::{HttpRequest, HttpResponse, Transport};
use redress_core::outcome::{Finding, Outcome};

/// Rows of a page; Stripe gives no more (<https://docs.stripe.com/api/refunds/list>).
const PAGE_ROWS: usize = 100;

/// So many pages are read at one look-up.
const PAGES_MAX: usize = 10;

/// Asks page by page; `get` makes the request for a path.
pub(super) async fn look_up(
    transport: &dyn Transport,
    get: &(dyn Fn(&str) -> HttpRequest + Sync),
    ask: &QueryAsk,
    expected: &Expected<'_>,
    record: &mut Record,
) -> Outcome {
    // The ids and meanings of the refunds that carry our key.
    let mut ours = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let request = get(&path(expected.payment, after.as_deref()));
        let response = match send(transport, record, request).await {
            Ok(response) => response,
            Err(outcome) => return outcome,
        };
        match read_page(&response, ask, expected, &mut ours) {
            Ok(Some(last)) if after.as_ref() != Some(&last) => after = Some(last),
            Ok(Some(_)) => return Outcome::Unknown(Finding::NotUnderstood),
            Ok(None) => return verdict(ours, Finding::NotFound),
            Err(finding) => return Outcome::Unknown(finding),
        }
    }
    // A list that was cut short does not show that there is none.
    verdict(ours, Finding::NoAnswer)
}

fn path(payment: Payment<'_>, after: Option<&str>) -> String {
    let Payment { param, id } = payment;
    let after = after.map(|after| format!("&starting_after={after}")).unwrap_or_default();
    format!("?{param}={id}&limit={PAGE_ROWS}{after}")
}

/// Notes what a page shows; gives the id after which the next page begins, if there is one.
fn read_page(
    response: &HttpResponse,
    ask: &QueryAsk,
    expected: &Expected<'_>,
    ours: &mut Vec<(String, Outcome)>,
) -> Result<Option<String>, Finding> {
    if !(200..=299).contains(&response.status) {
        return Err(read::no_word(response.status));
    }
    let page: Page<'_> = json(&response.body).ok_or(Finding::NotUnderstood)?;
    for refund in page.data.iter().filter(|refund| refund.key() == Some(&ask.key)) {
        if ours.iter().any(|(id, _)| *id == refund.id) {
            continue;
        }
        let outcome = if ask.bound_elsewhere.contains(&refund.id) {
            Outcome::Unknown(Finding::Mismatch)
        } else {
            read::state(refund, expected)
        };
        ours.push((refund.id.clone(), outcome));
    }
    match page.data.last() {
        Some(last) if page.has_more && is_id(&last.id) => Ok(Some(last.id.clone())),
        // More is promised, and no way shown to it.
        _ if page.has_more => Err(Finding::NotUnderstood),
        _ => Ok(None),
    }
}

/// A refund with our key decides. One without it is somebody else's, also where it is of the same sum.
fn verdict(mut ours: Vec<(String, Outcome)>, none: Finding) -> Outcome {
    match (ours.len(), ours.pop()) {
        (1, Some((_, outcome))) => outcome,
        (0, _) => Outcome::Unknown(none),
        _ => Outcome::Unknown(Finding::Ambiguous),
    }
}
