//! The pages that are asked for, each time about something else: which, a number drawn for each question says.

use super::loaded::Loaded;
use super::sql::{
    DISPUTED, UNKNOWN, captured_minor, customer_ref, merchant_order_ref, order_ref, psp_payment_id,
};

/// A page, and its addresses.
pub(super) struct Page {
    pub(super) name: &'static str,
    /// It is asked for by somebody who is signed in.
    pub(super) signed_in: bool,
    /// Its address by a number below [`Loaded::rows`].
    pub(super) address: fn(&Loaded, u32) -> String,
}

const fn page(name: &'static str, address: fn(&Loaded, u32) -> String) -> Page {
    Page { name, signed_in: true, address }
}

/// Every page that only looks, and the filters of lists.
pub(super) fn all() -> impl Iterator<Item = &'static Page> {
    [START, PAYMENTS, REFUNDING, REFUNDS, CASES, SETTINGS].into_iter().flatten()
}

const START: &[Page] = &[
    Page { name: "sign in", signed_in: false, address: |_, _| "/portal/sign-in".to_owned() },
    page("start", |_, _| "/portal".to_owned()),
    page("start, nothing found", |_, n| format!("/portal?find=none-{n}")),
    page("own account", |_, _| "/portal/account".to_owned()),
    page("overview, 7 days", |_, _| "/portal/overview?days=7".to_owned()),
    page("overview, 30 days", |_, _| "/portal/overview?days=30".to_owned()),
    page("overview, 90 days", |_, _| "/portal/overview?days=90".to_owned()),
    page("overview, 90 days, a rare currency", |_, _| "/portal/overview?days=90&currency=KWD".to_owned()),
];

const PAYMENTS: &[Page] = &[
    page("payments", |_, _| "/portal/payments".to_owned()),
    page("payments, second page", |of, _| older_payments(of, "", of.rows - 50)),
    page("payments, a page in the middle", |of, n| older_payments(of, "", middle(of, n))),
    page("payments, back from the middle", |of, n| {
        format!("/portal/payments?newer={}", of.payment_place(middle(of, n)))
    }),
    page("payments, last page", |of, _| older_payments(of, "", 50)),
    page("payments, order reference", |_, n| exactly(&order_ref(n))),
    page("payments, PSP's reference", |_, n| exactly(&psp_payment_id(n))),
    page("payments, merchant's reference", |_, n| exactly(&merchant_order_ref(n))),
    page("payments, customer", |of, n| exactly(&customer_ref(n, of.rows))),
    page("payments, no such reference", |_, n| exactly(&format!("none-{n}"))),
    page("payments, beginning, few", |_, n| beginning(&order_ref(n), "ORD-123456".len())),
    page("payments, beginning, hundreds", |_, n| beginning(&order_ref(n), "ORD-1234".len())),
    page("payments, beginning, many", |_, n| beginning(&order_ref(n), "ORD-12".len())),
    page("payments, beginning, all", |_, _| beginning("ORD-", "ORD-".len())),
    page("payments, beginning, none", |_, n| format!("/portal/payments?term=none-{n}")),
    page("payments, beginning and status", |_, n| {
        format!("{}&status=fully_refunded", beginning(&order_ref(n), "ORD-12".len()))
    }),
    page("payments, beginning of customers", |_, n| format!("/portal/payments?term=cust-{}", n % 90 + 10)),
    page("payments, not refunded", |of, n| older_payments(of, "status=not_refunded&", middle(of, n))),
    page("payments, partly refunded", |of, n| older_payments(of, "status=partly_refunded&", middle(of, n))),
    page("payments, fully refunded", |of, n| older_payments(of, "status=fully_refunded&", middle(of, n))),
    page("payments, under way", |_, _| "/portal/payments?status=under_way".to_owned()),
    page("payments, under way, middle", |of, n| older_payments(of, "status=under_way&", middle(of, n))),
    page("payments, disputed", |_, _| "/portal/payments?status=disputed".to_owned()),
    page("payments, a channel", |of, n| older_payments(of, "channel=CARD&", middle(of, n))),
    page("payments, a rare channel", |_, _| "/portal/payments?channel=RARE".to_owned()),
    page("payments, no such channel", |_, n| format!("/portal/payments?channel=none-{n}")),
    page("payments, a method", |of, n| older_payments(of, "method=mada&", middle(of, n))),
    page("payments, channel and status", |_, _| "/portal/payments?channel=BANK&status=under_way".to_owned()),
    page("payments, a rare currency", |of, n| older_payments(of, "currency=KWD&", middle(of, n))),
    page("payments, no such currency", |of, n| older_payments(of, "currency=JPY&", middle(of, n))),
    page("payments, a sum", |of, n| older_payments(of, "currency=SAR&least=299&most=300&", middle(of, n))),
    page("payments, no such sum", |_, _| "/portal/payments?currency=SAR&least=5000".to_owned()),
    page("payments, a day", |of, n| format!("/portal/payments?from={0}&to={0}", of.day(n))),
    page("payments, since a day", |of, n| format!("/portal/payments?from={}", of.day(n))),
    page("payments, a day and a status", |of, n| {
        format!("/portal/payments?from={0}&to={0}&status=under_way", of.day(n))
    }),
    page("payments, since a day, no such sum", |of, n| {
        format!("/portal/payments?from={}&currency=SAR&most=1", of.day(n))
    }),
];

const REFUNDING: &[Page] = &[
    page("a payment", |of, n| format!("/portal/payments/{}", of.payment(n))),
    page("a payment by its reference", |_, n| format!("/portal/payments/{}", order_ref(n))),
    page("a payment with two refunds", |of, n| format!("/portal/payments/{}", of.payment(n / 10 * 10))),
    page("refund form", |of, n| format!("/portal/payments/{}/refund", of.payment(not_refunded(of, n)))),
    page("refund summary", |of, n| {
        let number = not_refunded(of, n);
        let (payment, seen) = (of.payment(number), captured_minor(number));
        format!("/portal/payments/{payment}/refund/summary?key=k{n}&seen={seen}&amount=1.50&reason=duplicate")
    }),
];

const REFUNDS: &[Page] = &[
    page("refunds", |_, _| "/portal/refunds".to_owned()),
    page("refunds, second page", |of, _| older_refunds(of, "", of.rows - 50)),
    page("refunds, a page in the middle", |of, n| older_refunds(of, "", middle(of, n))),
    page("refunds, back from the middle", |of, n| {
        format!("/portal/refunds?newer={}", of.refund_place(middle(of, n)))
    }),
    page("refunds, last page", |of, _| older_refunds(of, "", 50)),
    page("refunds, succeeded", |of, n| older_refunds(of, "status=succeeded&", middle(of, n))),
    page("refunds, failed", |of, n| older_refunds(of, "status=failed&", middle(of, n))),
    page("refunds, unknown", |_, _| "/portal/refunds?status=unknown".to_owned()),
    page("refunds, queued", |_, _| "/portal/refunds?status=queued".to_owned()),
    page("refunds, pending", |of, n| older_refunds(of, "status=pending&", middle(of, n))),
    page("refunds, reversed", |_, _| "/portal/refunds?status=reversed".to_owned()),
    page("refunds, canceled: none", |of, n| older_refunds(of, "status=canceled&", middle(of, n))),
    page("refunds, a reason", |of, n| older_refunds(of, "reason=duplicate&", middle(of, n))),
    page("refunds, a channel", |of, n| older_refunds(of, "channel=CARD&", middle(of, n))),
    page("refunds, a rare channel", |_, _| "/portal/refunds?channel=RARE".to_owned()),
    page("refunds, no such channel", |_, n| format!("/portal/refunds?channel=none-{n}")),
    page("refunds, a method", |of, n| older_refunds(of, "method=mada&", middle(of, n))),
    page("refunds, a PSP", |of, n| older_refunds(of, "psp=tap&", middle(of, n))),
    page("refunds, a PSP and a status", |_, _| "/portal/refunds?psp=tap&status=unknown".to_owned()),
    page("refunds, no such PSP", |_, _| "/portal/refunds?psp=none".to_owned()),
    page("refunds, a rare currency", |of, n| older_refunds(of, "currency=KWD&", middle(of, n))),
    page("refunds, a sum", |of, n| older_refunds(of, "currency=SAR&least=299&", middle(of, n))),
    page("refunds, a day", |of, n| format!("/portal/refunds?from={0}&to={0}", of.day(n))),
    page("refunds, since a day", |of, n| format!("/portal/refunds?from={}", of.day(n))),
    page("refunds, since a day, failed", |of, n| format!("/portal/refunds?from={}&status=failed", of.day(n))),
    page("a refund", |of, n| format!("/portal/refunds/{}", of.refund(n))),
    page("an unknown refund", |of, n| format!("/portal/refunds/{}", of.refund(unknown(of, n)))),
    page("close an unknown refund", |of, n| format!("/portal/refunds/{}/close", of.refund(unknown(of, n)))),
];

const CASES: &[Page] = &[
    page("work queue", |_, _| "/portal/cases".to_owned()),
    page("work queue, a kind", |_, _| "/portal/cases?kind=reversed".to_owned()),
    page("work queue, no such kind", |_, _| "/portal/cases?kind=overdue".to_owned()),
    page("work queue, another page", |of, n| format!("/portal/cases?after={}", of.case(unknown(of, n)))),
    page("a case", |of, n| format!("/portal/cases/{}", of.case(unknown(of, n)))),
];

const SETTINGS: &[Page] = &[
    page("imports", |_, _| "/portal/imports".to_owned()),
    page("settings", |_, _| "/portal/settings".to_owned()),
    page("keys", |_, _| "/portal/settings/keys".to_owned()),
    page("a new key", |_, _| "/portal/settings/keys/new".to_owned()),
    page("a key", |of, _| format!("/portal/settings/keys/{}", of.key)),
    page("endpoints", |_, _| "/portal/settings/endpoints".to_owned()),
    page("a new endpoint", |_, _| "/portal/settings/endpoints/new".to_owned()),
    page("an endpoint", |of, _| format!("/portal/settings/endpoints/{}", of.endpoint)),
    page("PSP accounts", |_, _| "/portal/settings/accounts".to_owned()),
    page("a new PSP account", |_, _| "/portal/settings/accounts/new".to_owned()),
    page("a new PSP account's fields", |_, _| "/portal/settings/accounts/new?psp=stripe".to_owned()),
    page("a PSP account", |of, _| format!("/portal/settings/accounts/{}", of.account)),
    page("people", |_, _| "/portal/settings/people".to_owned()),
    page("a new person", |_, _| "/portal/settings/people/new".to_owned()),
    page("a person", |of, _| format!("/portal/settings/people/{}", of.person)),
    page("audit trail", |_, _| "/portal/audit".to_owned()),
    page("audit trail, a page in the middle", |of, n| format!("/portal/audit?before={}", of.audit_entry(n))),
    page("audit trail, a person", |of, _| format!("/portal/audit?person={}", of.person)),
    page("audit trail, a thing", |_, n| format!("/portal/audit?object={}", order_ref(n / 10 * 10))),
];

fn exactly(reference: &str) -> String {
    format!("/portal/payments?term={reference}&match=all")
}

fn beginning(reference: &str, characters: usize) -> String {
    let term: String = reference.chars().take(characters).collect();
    format!("/portal/payments?term={term}")
}

fn older_payments(of: &Loaded, filter: &str, than: u32) -> String {
    format!("/portal/payments?{filter}older={}", of.payment_place(than))
}

fn older_refunds(of: &Loaded, filter: &str, than: u32) -> String {
    format!("/portal/refunds?{filter}older={}", of.refund_place(than))
}

/// A number that has many before and behind it.
fn middle(of: &Loaded, number: u32) -> u32 {
    of.rows / 4 + number % (of.rows / 2)
}

/// A refund of which nobody knows, with an open case.
fn unknown(of: &Loaded, number: u32) -> u32 {
    let (of_so_many, at) = UNKNOWN;
    let number = number / of_so_many * of_so_many + at;
    if number < of.rows { number } else { at }
}

/// A payment that can be refunded whole, of the newer half: PSPs have a time for refunds.
fn not_refunded(of: &Loaded, number: u32) -> u32 {
    let number = of.rows / 2 + number % (of.rows / 2);
    let number = number / 10 * 10 + 9;
    if number % DISPUTED.0 == DISPUTED.1 { number - 10 } else { number }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_pages_have_one_name() {
        let names: BTreeSet<_> = all().map(|page| page.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
