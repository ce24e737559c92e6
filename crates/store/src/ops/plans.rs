//! How SQLite finds the rows: whatever runs for each refund must go through an index, however many rows there are.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use redress_core::environment::Environment;
use redress_core::id::{CaseId, EndpointId};
use redress_core::outcome::{Finding, Outcome};
use redress_core::role::Role;
use redress_core::settle::{Verdict, Via};
use redress_core::state::StateName;

use super::accept::Accept;
use super::accounts::{AccountChanging, ChangeAccount};
use super::audit::{AuditOf, ListAudit};
use super::case_list::ListCases;
use super::cases::HoldingCases;
use super::claim::{Claim, DueAccounts, LeasedBy, TakeOverLeases};
use super::deliveries::{FindDelivery, PageDeliveries, ReplayBatch, Replaying, ResendDelivery};
use super::feed::FeedEnd;
use super::fixtures::{
    ENDPOINT, HERE, MERCHANT, MUTE, Sql, accept, account, add_endpoint, at, bytes, claim, done, id, in_state,
    key, pay, payment, pending, queued, refused, rf, sent, set_account, sql, told, word, world,
};
use super::gauges::CountWaiting;
use super::paging::Turn;
use super::portal::fixtures as people;
use super::portal::sessions::{FindSession, ListSessions, TouchSession};
use super::portal::tries::CountTry;
use super::portal::users::{ListUsers, LoadUser, UserBy};
use super::refund_list::{ListRefunds, RefundListFilter};
use super::refunds::refundable::{LoadRefundable, PaymentBy};
use super::refunds::shown::ShowRefund;
use super::refunds::{BoundElsewhere, LoadOrder, LoadRefund, RefundAtPsp, RefundBy, Timeline};
use super::settle::{CloseRefund, Refresh};
use super::verify::{LoadBooks, LoadStrays};
use super::write::Author;
use crate::error::StoreError;
use crate::op::{Done, Operation, Query};
use crate::sqlite::prepared_again;
use crate::store::Store;
use crate::tx::{Engine, Tx};
use crate::value::{Row, Value};
use redress_core::policy::AccountState;

mod lists;

/// Where the plans of every statement go: `statement => line of its plan`.
type Plans = Arc<Mutex<BTreeSet<String>>>;

/// Runs as ever, and asks for the plan of each statement first.
struct Explained<O> {
    op: O,
    plans: Plans,
}

struct ExplainTx<'t, T> {
    tx: &'t mut T,
    plans: Plans,
}

impl<T: Tx> ExplainTx<'_, T> {
    async fn explain(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
        // Leaked, as the texts of statements live for ever; a test's few kilobytes.
        let explain: &'static str = Box::leak(format!("EXPLAIN QUERY PLAN {sql}").into_boxed_str());
        for row in self.tx.rows(explain, params).await? {
            let line = format!("{sql} => {}", row.text(3)?);
            self.plans.lock().expect("no test panics here").insert(line);
        }
        Ok(())
    }
}

impl<T: Tx> Tx for ExplainTx<'_, T> {
    const ENGINE: Engine = T::ENGINE;

    async fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        self.explain(sql, params).await?;
        self.tx.exec(sql, params).await
    }

    async fn rows(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.explain(sql, params).await?;
        self.tx.rows(sql, params).await
    }
}

impl<O: Operation> Operation for Explained<O> {
    type Out = O::Out;
    const NAME: &'static str = O::NAME;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<O::Out>, StoreError> {
        self.op.run(&mut ExplainTx { tx, plans: Arc::clone(&self.plans) }).await
    }
}

/// A query as an operation.
struct Reading<Q>(Q);

impl<Q: Query> Operation for Reading<Q> {
    type Out = Q::Out;
    const NAME: &'static str = Q::NAME;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Q::Out>, StoreError> {
        self.0.run(tx).await.map(Done::Rollback)
    }
}

struct Watched {
    store: Store,
    plans: Plans,
}

impl Watched {
    async fn run<O: Operation>(&self, op: O) -> O::Out {
        self.store.run(Explained { op, plans: Arc::clone(&self.plans) }).await.expect("it runs")
    }

    async fn read<Q: Query>(&self, query: Q) -> Q::Out {
        self.run(Reading(query)).await
    }

    /// The lines that read a whole table, or sort what an index should have sorted.
    fn scans(&self) -> Vec<String> {
        let plans = self.plans.lock().expect("no test panics here");
        plans.iter().filter(|line| is_scan(line)).cloned().collect()
    }
}

fn is_scan(line: &str) -> bool {
    let Some((_, plan)) = line.rsplit_once(" => ") else { return true };
    let Some(rest) = plan.strip_prefix("SCAN ") else { return plan.contains("AUTOMATIC") };
    // Accounts are few; a scan of nothing is a row of constants; what was found within a bound is counted.
    !["a", "psp_accounts", "CONSTANT", "few", "open"].contains(&rest.split(' ').next().unwrap_or_default())
}

async fn accepts(watched: &Watched) {
    let keyed = |n, hash| Accept { named: key(1, hash), announce: true, ..accept("order-1", "0.10", n) };
    assert_eq!(told(&watched.run(keyed(1, 1)).await), "new queued");
    assert_eq!(told(&watched.run(keyed(2, 1)).await), "repeat queued");
    assert_eq!(told(&watched.run(keyed(2, 2)).await), "key reused");
}

async fn settles(watched: &Watched) {
    sent(&watched.store, "order-1", "0.10", 2).await;
    let ambiguous = Outcome::Unknown(Finding::Ambiguous);
    for (second, outcome) in
        [(20, ambiguous), (21, pending(Some("p"))), (22, done(None)), (23, refused()), (24, done(None))]
    {
        watched.run(word(2, outcome, Via::Query, second)).await.expect("a refund");
    }
    in_state(&watched.store, StateName::Unknown, "0.10", 3).await;
    let author = Author { name: "Mai".to_owned(), reason: "seen".to_owned() };
    let close =
        CloseRefund { merchant: MERCHANT, refund: rf(3), verdict: Verdict::Failed, author, now: at(30) };
    watched.run(close).await;
    watched.run(Refresh { merchant: MERCHANT, refund: rf(1), now: at(10) }).await;
}

async fn claims(watched: &Watched) {
    for (n, state) in [(4, StateName::Unknown), (5, StateName::Pending), (6, StateName::Submitting)] {
        in_state(&watched.store, state, "0.10", n).await;
    }
    watched.run(TakeOverLeases { now: at(12) }).await;
    assert!(!watched.read(DueAccounts { now: at(60) }).await.is_empty());
    let outcome = watched.run(Claim { recipe: &MUTE, ..claim(60) }).await;
    assert!(outcome.cases > 0 && !outcome.claimed.is_empty());
    assert!(!watched.read(LeasedBy { account: account("flex"), holder: HERE }).await.is_empty());
    queued(&watched.store, "order-1", "0.10", 7).await;
    set_account(&watched.store, "flex", AccountState::Revoked).await;
    assert!(!watched.run(claim(61)).await.changed.is_empty());
}

async fn turns(watched: &Watched) {
    pay(&watched.store, 2, "turns", 1000).await;
    for n in 20..23 {
        queued(&watched.store, "order-2", "0.10", n).await;
    }
    let mut claim = Claim { one_in_flight: true, ..claim(60) };
    claim.account.account = account("turns");
    assert_eq!(watched.run(claim).await.claimed.len(), 1);
    watched.run(word(20, done(None), Via::Submit, 61)).await.expect("a refund");
    watched.run(word(21, pending(None), Via::Notification, 62)).await.expect("a refund");
}

async fn reads(watched: &Watched) {
    let order_ref = "order-1".to_owned();
    watched.read(LoadOrder { merchant: MERCHANT, order_ref: order_ref.clone() }).await.expect("an order");
    for by in [
        RefundBy::Id(rf(1)),
        RefundBy::Ordinal(order_ref.clone(), 1),
        RefundBy::Transaction(order_ref.clone(), 2),
    ] {
        let (refund, _) = watched.read(LoadRefund { merchant: MERCHANT, by }).await.expect("a refund");
        watched.read(BoundElsewhere { refund }).await;
    }
    watched.read(ShowRefund { merchant: MERCHANT, refund: rf(1) }).await.expect("a refund");
    for by in [PaymentBy::OrderRef(order_ref), PaymentBy::Id(payment(1))] {
        watched.read(LoadRefundable { merchant: MERCHANT, by }).await.expect("a payment");
    }
    let at_psp = RefundAtPsp { account: account("flex"), psp_refund_id: "p".to_owned() };
    watched.read(at_psp).await.expect("a refund");
    watched
        .read(ListRefunds {
            merchant: MERCHANT,
            environment: Environment::Sandbox,
            filter: RefundListFilter::default(),
            turn: Turn::First,
            limit: 10,
            looked_at_max: 100,
        })
        .await;
    watched.read(Timeline { merchant: MERCHANT, refund: rf(2) }).await;
    watched.read(FeedEnd { merchant: MERCHANT, environment: Environment::Sandbox }).await;
}

#[tokio::test]
async fn nothing_that_runs_for_each_refund_reads_a_whole_table() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    add_endpoint(&store, ENDPOINT).await;
    let watched = Watched { store, plans: Plans::default() };
    accepts(&watched).await;
    settles(&watched).await;
    claims(&watched).await;
    turns(&watched).await;
    reads(&watched).await;
    assert_eq!(watched.scans(), Vec::<String>::new());
    let statements: BTreeSet<String> = {
        let plans = watched.plans.lock().expect("no test panics here");
        plans.iter().filter_map(|line| line.rsplit_once(" => ").map(|(sql, _)| sql.to_owned())).collect()
    };
    assert!(statements.len() >= 25, "only {} statements were looked at", statements.len());
}

#[tokio::test]
async fn verifying_reads_each_row_once_however_many_there_are() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    queued(&store, "order-1", "0.10", 1).await;
    let watched = Watched { store, plans: Plans::default() };
    let books = watched.read(LoadBooks { after: None, limit: 10 }).await;
    assert_eq!(books[0].refunds.len(), 1);
    watched.read(LoadStrays { after: None, limit: 10 }).await;
    assert_eq!(watched.scans(), Vec::<String>::new());
    // What a batch reads is found by its bounds, or by a whole key: never by the merchant alone.
    let plans = watched.plans.lock().expect("no test panics here");
    let searches = plans.iter().filter_map(|line| line.rsplit_once(" => ")).map(|(_, plan)| plan);
    let by: Vec<&str> = searches.filter_map(|plan| plan.strip_prefix("SEARCH ")).collect();
    assert!(by.len() >= 8, "{by:?}");
    for search in by {
        let bounded = ["payment_id>?", "payment_id=?", "refund_id=?", "refund_id)>", "(merchant_id>?)"];
        assert!(bounded.iter().any(|part| search.contains(part)), "{search}");
    }
}

#[tokio::test]
async fn counting_what_waits_reads_what_waits_and_no_more() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    let watched = Watched { store, plans: Plans::default() };
    watched.read(CountWaiting { now: at(60) }).await;
    let plans = watched.plans.lock().expect("no test panics here");
    let reads: Vec<&str> =
        plans.iter().filter_map(|line| line.rsplit_once(" => ")).map(|(_, plan)| plan).collect();
    for read in reads.iter().filter(|plan| plan.starts_with("SCAN ") || plan.starts_with("SEARCH ")) {
        // The indexes of open rows, and the accounts, which are few.
        let open = [
            "INDEX refunds_due",
            "INDEX deliveries_due",
            "INDEX cases_opened",
            "INDEX endpoints_disabled",
            "psp_accounts",
            "SCAN c",
        ];
        assert!(open.iter().any(|part| read.contains(part)), "{read} of {reads:?}");
    }
    // Counting reads no row, and sorts none.
    assert!(reads.contains(&"SCAN refunds USING COVERING INDEX refunds_due"), "{reads:?}");
}

#[tokio::test]
async fn paging_through_deliveries_and_telling_again_read_what_they_look_at_and_sort_nothing() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    add_endpoint(&store, ENDPOINT).await;
    in_state(&store, StateName::Succeeded, "0.10", 1).await;
    let watched = Watched { store, plans: Plans::default() };
    let endpoint = EndpointId::from_bytes(id(6, 1));
    let page = PageDeliveries {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        endpoint: Some(endpoint),
        refund: None,
        state: None,
        after: None,
        limit: 10,
        refunds_max: 100,
    };
    let found = watched.read(page).await.deliveries;
    let delivery = found[0].id;
    watched.read(FindDelivery { merchant: MERCHANT, delivery }).await.expect("a delivery");
    watched.run(ResendDelivery { merchant: MERCHANT, delivery, now: at(60) }).await;
    let (since, before) = (at(0), None);
    let replay = ReplayBatch { merchant: MERCHANT, endpoint, since, before, limit: 10, now: at(60) };
    assert_eq!(watched.run(replay).await, Replaying::Done { due: 2, next: None });
    assert_eq!(watched.scans(), Vec::<String>::new());
    let plans = watched.plans.lock().expect("no test panics here");
    assert!(!plans.iter().any(|line| line.contains("TEMP B-TREE")), "{plans:?}");
    let is_there =
        |start: &str, end: &str| plans.iter().any(|line| line.contains(start) && line.ends_with(end));
    let whole = "refunds_of_environment (merchant_id=? AND (environment,refund_id)>(?,?) AND (environment,refund_id)<(?,?))";
    assert!(
        is_there("SEARCH refunds", whole),
        "the refunds of the other environment are passed over: {plans:?}"
    );
    let bounded = is_there("SEARCH r", "(merchant_id=? AND environment=? AND refund_id>? AND refund_id<?)");
    assert!(bounded, "a page begins where the one before ended: {plans:?}");
    assert!(is_there("SEARCH d", "(merchant_id=? AND refund_id=?)"), "each refund has its own: {plans:?}");
}

#[tokio::test]
async fn lists_of_cases_read_nothing_of_the_other_environment() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    let watched = Watched { store, plans: Plans::default() };
    let (merchant, environment, limit, looked_at_max) = (MERCHANT, Environment::Sandbox, 10, 100);
    let (open, kind, before) = (None, None, CaseId::from_bytes([0xff; 16]));
    watched.read(ListCases { merchant, environment, open, kind, before, limit, looked_at_max }).await;
    let plans = watched.plans.lock().expect("no test panics here");
    let index = "cases_of_environment (merchant_id=? AND (environment,case_id)>(?,?) AND (environment,case_id)<(?,?))";
    let of_list = plans.iter().filter(|line| line.contains("=> SEARCH cases USING"));
    let (bounded, others): (Vec<_>, Vec<_>) = of_list.partition(|line| line.ends_with(index));
    assert_eq!((bounded.len(), others), (2, vec![]), "{plans:?}");
    assert!(!plans.iter().any(|line| line.contains("TEMP B-TREE")), "{plans:?}");
}

#[tokio::test]
async fn who_is_there_and_who_did_what_is_found_by_an_index() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    let watched = Watched { store, plans: Plans::default() };
    watched.run(people::add(1, Role::Admin)).await;
    let subjects = vec![([1; 16], people::THROTTLE), ([2; 16], people::THROTTLE)];
    watched.run(CountTry { subjects, forgotten_before: at(0), now: at(1) }).await;
    assert!(watched.run(people::open(1, 1, 10)).await);
    watched.run(TouchSession { token_hash: people::token(1), now: at(90) }).await;
    watched.read(FindSession(people::token(1))).await.expect("a session");
    let (merchant, user) = (MERCHANT, people::usr(1));
    watched.read(LoadUser(UserBy::Email("p1@shop.example".to_owned()))).await.expect("a person");
    watched.read(ListUsers { merchant, after: None, limit: 10 }).await;
    watched.read(ListSessions { merchant, user }).await;
    for of in [AuditOf::Everybody, AuditOf::User(user), AuditOf::Object(user.to_string())] {
        watched.read(ListAudit { merchant, of, before: None, limit: 10 }).await;
    }
    assert_eq!(watched.scans(), Vec::<String>::new());
    let plans = watched.plans.lock().expect("no test panics here");
    let sorted = plans.iter().filter(|line| line.contains("audit_trail") && line.contains("TEMP B-TREE"));
    assert_eq!(sorted.count(), 0, "{plans:?}");
}

#[tokio::test]
async fn whether_a_contract_was_used_is_read_from_indexes_of_what_tells_of_that() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    sql(
        &store,
        "INSERT INTO psp_account_versions (merchant_id, account_id, version, credentials_sealed, created_at) \
         VALUES ($1, $2, 3, $2, 0)",
        vec![bytes(MERCHANT.as_bytes()), bytes(account("flex").as_bytes())],
    )
    .await;
    let watched = Watched { store, plans: Plans::default() };
    let change = ChangeAccount {
        merchant: MERCHANT,
        account: account("flex"),
        seen_version: 3,
        name: "An account".to_owned(),
        max_in_flight: 4,
        base_url: None,
        notification_url: None,
        credentials_sealed: Some(vec![1]),
        same_host: true,
        other_contract: true,
        now: at(1),
    };
    assert_eq!(watched.run(change).await, AccountChanging::Changed(4));
    assert_eq!(watched.scans(), Vec::<String>::new());
    let plans = watched.plans.lock().expect("no test panics here");
    for index in [
        "INDEX refunds_due (account_id=? AND state=?",
        "INDEX refunds_psp_refund (account_id=?",
        "INDEX refunds_done_without_id (account_id=?)",
        "INDEX late_checks_due (account_id=?)",
        "INDEX cases_booked (merchant_id=?)",
        "INDEX cases_open_by_kind (merchant_id=? AND environment=? AND kind=?)",
        "INDEX sqlite_autoindex_refunds_1 (merchant_id=? AND refund_id=?)",
    ] {
        assert!(plans.iter().any(|line| line.contains(index)), "{index}: {plans:?}");
    }
}

#[tokio::test]
async fn the_cases_that_hold_a_sum_are_found_by_their_payment() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    let watched = Watched { store, plans: Plans::default() };
    watched.read(HoldingCases { merchant: MERCHANT, payment: payment(1), limit: 10 }).await;
    let plans = watched.plans.lock().expect("no test panics here");
    let index = "INDEX cases_payment (merchant_id=? AND payment_id=?)";
    assert!(plans.iter().any(|line| line.contains(index)), "{plans:?}");
}

#[tokio::test]
async fn a_whole_table_read_is_seen() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    let watched = Watched { store, plans: Plans::default() };
    watched.run(Sql("SELECT 1 FROM refunds WHERE reason = 'x'", Vec::new())).await;
    assert_eq!(watched.scans().len(), 1);
}

#[tokio::test]
async fn a_statement_is_prepared_once_whatever_its_parameters_are() {
    let store = Store::in_line_sqlite().expect("in memory");
    store.migrate(crate::MIGRATIONS, 0).await.expect("migrations run");
    world(&store).await;
    pay(&store, 2, "flex", 1000).await;
    // Whatever was prepared for another schema is prepared anew here.
    let round = async |first: u32| {
        for n in first..first + 4 {
            let byte = u8::try_from(n).expect("few");
            queued(&store, "order-1", "0.10", n).await;
            let keyed = Accept { named: key(byte, byte), ..accept("order-2", "0.10", 100 + n) };
            assert_eq!(told(&store.run(keyed).await.expect("it runs")), "new queued");
            let by = RefundBy::Ordinal("order-1".to_owned(), n);
            store.read(LoadRefund { merchant: MERCHANT, by }).await.expect("it runs").expect("a refund");
            let load = LoadOrder { merchant: MERCHANT, order_ref: "order-1".to_owned() };
            store.read(load).await.expect("it runs").expect("an order");
            store.run(claim(60)).await.expect("it runs");
        }
    };
    round(1).await;
    let before = prepared_again();
    round(5).await;
    assert_eq!(prepared_again() - before, 0);
}
