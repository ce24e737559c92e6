//! The lists that people look through: each page goes by an index, in its order, and within its bound.

use redress_core::daily::Day;
use redress_core::payment_status::PaymentStatus;

use super::*;
use crate::ops::case_list::CountOpenCases;
use crate::ops::daily::{CapturedChanges, ReadDailySums, UncountedEvents};
use crate::ops::deliveries::CountTries;
use crate::ops::inbound::InboundOfCase;
use crate::ops::paging::Place;
use crate::ops::payments::search::{PaymentFilter, SEARCH_ROWS_MAX, SearchPayments, Term};
use crate::ops::refund_list::{RefundsAskedBy, SumRefunds};

async fn watched() -> Watched {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    Watched { store, plans: Plans::default() }
}

const TURNS: [Turn; 3] =
    [Turn::First, Turn::Older(Place::of_id([9; 16])), Turn::Newer(Place::of_id([0; 16]))];

/// How the rows of a table are found, each way once, but for single ones by their ids; nothing is sorted, and no table is
/// read as a whole.
fn searches(watched: &Watched, table: &str) -> BTreeSet<String> {
    assert_eq!(watched.scans(), Vec::<String>::new());
    let plans = watched.plans.lock().expect("no test panics here");
    assert!(!plans.iter().any(|line| line.contains("TEMP B-TREE")), "{plans:?}");
    let start = format!("SEARCH {table} USING ");
    let plan = |line: &String| {
        let (_, plan) = line.rsplit_once(" => ")?;
        let how = plan.strip_prefix(&start)?;
        let how = how.trim_start_matches("COVERING ").trim_start_matches("INDEX ");
        Some(how.trim_end_matches(" LEFT-JOIN").to_owned())
    };
    plans.iter().filter_map(plan).filter(|how| !how.contains("(merchant_id=? AND payment_id=?)")).collect()
}

#[tokio::test]
async fn lists_of_payments_are_read_by_an_index_and_in_its_order() {
    const ALL: &str = "payments_of_environment (merchant_id=? AND (environment,payment_id)>(?,?) AND (environment,payment_id)<(?,?))";
    const CAPTURED: &str = "payments_captured (merchant_id=? AND environment=? AND (captured_at,payment_id)>(?,?) AND (captured_at,payment_id)<(?,?))";
    let some = || Some("x".to_owned());
    let none = PaymentFilter::default;
    let by = |name: &str, column: &str| {
        format!(
            "payments_{name} (merchant_id=? AND environment=? AND {column}=? AND payment_id>? AND payment_id<?)"
        )
    };
    for (filter, index) in [
        (none(), ALL.to_owned()),
        (
            PaymentFilter { statuses: vec![PaymentStatus::FullyRefunded], least: Some(1), ..none() },
            ALL.to_owned(),
        ),
        (PaymentFilter { channel: some(), created_from: Some(at(1)), ..none() }, by("channel", "channel")),
        (PaymentFilter { payment_method: some(), ..none() }, by("method", "payment_method")),
        (PaymentFilter { captured_from: Some(at(0)), channel: some(), ..none() }, CAPTURED.to_owned()),
        (
            PaymentFilter { merchant_order_ref: some(), ..none() },
            by("merchant_order_ref", "merchant_order_ref"),
        ),
        (
            PaymentFilter { statuses: vec![PaymentStatus::Disputed], ..none() },
            "payments_disputed (merchant_id=? AND environment=? AND payment_id>? AND payment_id<?)"
                .to_owned(),
        ),
        (
            PaymentFilter { order_ref: some(), ..none() },
            "payments_order_ref (merchant_id=? AND order_ref>? AND order_ref<?)".to_owned(),
        ),
        (
            PaymentFilter { psp_payment_id: some(), ..none() },
            "payments_psp_payment (account_id=? AND psp_payment_id>? AND psp_payment_id<?)".to_owned(),
        ),
    ] {
        let watched = watched().await;
        let (merchant, environment, rows_max) = (MERCHANT, Environment::Sandbox, SEARCH_ROWS_MAX);
        for turn in TURNS {
            let filter = filter.clone();
            let (limit, is_counted) = (10, true);
            watched
                .read(SearchPayments { merchant, environment, filter, turn, limit, is_counted, rows_max })
                .await;
        }
        assert_eq!(searches(&watched, "payments"), BTreeSet::from([index]), "{filter:?}");
    }
}

#[tokio::test]
async fn a_term_is_looked_up_in_four_indexes_and_walked_for_where_it_is_common() {
    for is_beginning in [false, true] {
        let watched = watched().await;
        let term = Some(Term { text: "order-1".to_owned(), is_beginning });
        let (merchant, environment, rows_max) = (MERCHANT, Environment::Sandbox, SEARCH_ROWS_MAX);
        let filter = PaymentFilter { term, ..PaymentFilter::default() };
        let (turn, limit, is_counted) = (Turn::First, 10, true);
        watched
            .read(SearchPayments { merchant, environment, filter, turn, limit, is_counted, rows_max })
            .await;
        let expected = [
            "payments_customer_ref (merchant_id=? AND environment=? AND customer_ref>? AND customer_ref<?)",
            "payments_merchant_order_ref (merchant_id=? AND environment=? AND merchant_order_ref>? AND merchant_order_ref<?)",
            "payments_order_ref (merchant_id=? AND order_ref>? AND order_ref<?)",
            "payments_psp_payment (account_id=? AND psp_payment_id>? AND psp_payment_id<?)",
        ];
        assert_eq!(searches(&watched, "payments"), BTreeSet::from(expected.map(str::to_owned)));
    }
}

#[tokio::test]
async fn lists_of_refunds_read_nothing_of_the_other_environment() {
    let watched = watched().await;
    let (merchant, environment, limit, looked_at_max) = (MERCHANT, Environment::Sandbox, 10, 100);
    let some = || Some("x".to_owned());
    let filter = RefundListFilter {
        states: vec![StateName::Queued],
        account: Some(account("flex")),
        psp: some(),
        reason: some(),
        channel: some(),
        payment_method: some(),
        least: Some(1),
        ..RefundListFilter::default()
    };
    for filter in [RefundListFilter::default(), filter] {
        for turn in TURNS {
            let filter = filter.clone();
            watched.read(ListRefunds { merchant, environment, filter, turn, limit, looked_at_max }).await;
        }
        watched.read(SumRefunds { merchant, environment, filter, looked_at_max }).await;
    }
    watched.read(RefundsAskedBy { merchant, refunds: vec![rf(1)] }).await;
    let index = "refunds_of_environment (merchant_id=? AND (environment,refund_id)>(?,?) AND (environment,refund_id)<(?,?))";
    assert_eq!(searches(&watched, "refunds"), BTreeSet::from([index.to_owned()]));
}

#[tokio::test]
async fn open_cases_are_counted_among_the_open_ones_alone() {
    let watched = watched().await;
    watched.read(CountOpenCases { merchant: MERCHANT, environment: Environment::Sandbox }).await;
    let index = "cases_open_by_kind (merchant_id=? AND environment=? AND kind=?)";
    assert_eq!(searches(&watched, "cases"), BTreeSet::from([index.to_owned()]));
}

#[tokio::test]
async fn the_evidence_of_a_case_is_read_by_an_index_and_in_its_order() {
    let watched = watched().await;
    let case = CaseId::from_bytes([1; 16]);
    watched.read(InboundOfCase { merchant: MERCHANT, case, limit: 20 }).await;
    let index = "inbound_notifications_case (merchant_id=? AND case_id=?)";
    assert_eq!(searches(&watched, "inbound_notifications"), BTreeSet::from([index.to_owned()]));
}

#[tokio::test]
async fn tries_and_daily_sums_are_read_by_their_bounds() {
    let watched = watched().await;
    let (merchant, environment) = (MERCHANT, Environment::Sandbox);
    watched.read(CountTries { merchant, since: at(0), looked_at_max: 10 }).await;
    let (from, to) = (Day::of(at(0)), Day::of(at(1)));
    watched.read(ReadDailySums { merchant, environment, from, to, limit: 10 }).await;
    watched.read(UncountedEvents { merchant, environment, limit: 10 }).await;
    for (table, how) in [
        ("deliveries", "sqlite_autoindex_deliveries_1 (merchant_id=? AND refund_id>?)"),
        ("daily_sums", "sqlite_autoindex_daily_sums_1 (merchant_id=? AND environment=? AND day>? AND day<?)"),
        ("e", "events_feed (merchant_id=? AND environment=? AND position>?)"),
        ("r", "sqlite_autoindex_refunds_1 (merchant_id=? AND refund_id=?)"),
    ] {
        assert_eq!(searches(&watched, table), BTreeSet::from([how.to_owned()]), "{table}");
    }
    // All that is not counted yet, in the order of its key.
    watched.read(CapturedChanges { limit: 10 }).await;
    let plans = watched.plans.lock().expect("no test panics here");
    let scan = "SCAN captured_changes USING INDEX sqlite_autoindex_captured_changes_1";
    assert!(plans.iter().any(|line| line.ends_with(scan)), "{plans:?}");
    assert!(!plans.iter().any(|line| line.contains("TEMP B-TREE")), "{plans:?}");
}
