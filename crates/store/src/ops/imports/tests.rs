use redress_core::money::{Amount, Currency};

use super::*;
use crate::op::Operation;
use crate::ops::claim::{TakeOverLeases, TakenOver};
use crate::ops::fixtures::{MERCHANT, STRANGER, account, at, world};
use crate::ops::payments::{NewPayment, UpsertPayments, Upserted};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};

const IMPORT: ImportId = ImportId::from_bytes([9; 16]);

fn begin(dry_run: bool) -> BeginImport {
    let environment = Environment::Sandbox;
    BeginImport {
        merchant: MERCHANT,
        id: IMPORT,
        environment,
        dry_run,
        author: "key_1".to_owned(),
        now: at(10),
    }
}

fn row(line: u64) -> NewImportRow {
    NewImportRow { line, order_ref: Some(format!("new-{line}")), content: Ok(format!("payment {line}")) }
}

fn wrong(line: u64) -> NewImportRow {
    let (field, detail) = (Some("amount".to_owned()), Some("is no number".to_owned()));
    let refusal = RowRefusal { kind: RefusalKind::Invalid, field, detail };
    NewImportRow { line, order_ref: None, content: Err(refusal) }
}

fn add(rows: Vec<NewImportRow>) -> AddImportRows {
    AddImportRows { merchant: MERCHANT, import: IMPORT, rows, now: at(11) }
}

/// The payment of a line.
fn payment(line: u64, minor: i64) -> NewPayment {
    let n = u8::try_from(line).unwrap();
    NewPayment {
        id: PaymentId::from_bytes([100 + n; 16]),
        environment: Environment::Sandbox,
        order_ref: format!("new-{line}"),
        merchant_order_ref: None,
        account: account("flex"),
        psp_payment_id: format!("at-psp-{line}"),
        captured: Amount::new(minor, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: at(1),
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    }
}

fn pay(line: u64, minor: i64) -> (u64, Ruling) {
    (line, Ruling::Pay(Box::new(payment(line, minor))))
}

fn lease(now: i64, until: i64) -> LeaseImport {
    LeaseImport { merchant: MERCHANT, import: IMPORT, now: at(now), until: at(until) }
}

/// Leases the import at second 30.
async fn take_up(store: &Store) {
    assert!(store.run(lease(30, 60)).await.unwrap().is_some());
}

/// Takes rows in at second 30, under the lease until second 60.
fn take(rows: Vec<(u64, Ruling)>) -> TakeInRows {
    TakeInRows { merchant: MERCHANT, import: IMPORT, until: at(60), rows, now: at(30) }
}

async fn received(store: &Store, dry_run: bool, rows: Vec<NewImportRow>) {
    world(store).await;
    store.run(begin(dry_run)).await.unwrap();
    store.run(add(rows)).await.unwrap();
    store.run(StartImport { merchant: MERCHANT, import: IMPORT, now: at(12) }).await.unwrap();
}

async fn found(store: &Store) -> Import {
    let find = FindImport { merchant: MERCHANT, environment: Environment::Sandbox, import: IMPORT };
    store.read(find).await.unwrap().unwrap()
}

fn all_rows() -> ListImportRows {
    ListImportRows { merchant: MERCHANT, import: IMPORT, outcome: None, after: 0, limit: 100 }
}

/// Line, outcome and refusal of each row.
async fn came(store: &Store) -> Vec<(u64, &'static str, Option<RefusalKind>)> {
    let rows = store.read(all_rows()).await.unwrap();
    let short = |row: ImportRow| {
        (row.line, row.outcome.map_or("", RowOutcome::as_str), row.refusal.map(|refusal| refusal.kind))
    };
    rows.into_iter().map(short).collect()
}

async fn leaves_nothing_when_it_fails<O: Operation>(store: &Store, make: impl Fn() -> O) -> O::Out {
    fail_every_statement(store, make).await.0.unwrap()
}

#[tokio::test]
async fn an_upload_is_received_whole_before_anything_is_due() {
    TestStores::each(async |store| {
        world(&store).await;
        leaves_nothing_when_it_fails(&store, || begin(false)).await;
        leaves_nothing_when_it_fails(&store, || add(vec![row(2), wrong(3)])).await;
        assert_eq!(store.read(DueImport { now: at(1_000) }).await, Ok(None), "more may come");
        let import = found(&store).await;
        assert_eq!((import.state, import.total, import.refused), (ImportState::Receiving, 2, 1));
        let start = || StartImport { merchant: MERCHANT, import: IMPORT, now: at(12) };
        leaves_nothing_when_it_fails(&store, start).await;
        assert_eq!(store.read(DueImport { now: at(11) }).await, Ok(None));
        assert_eq!(store.read(DueImport { now: at(12) }).await, Ok(Some((MERCHANT, IMPORT))));
        assert!(store.run(add(vec![row(4)])).await.is_err(), "nothing more is taken");
        let refused =
            store.read(ListImportRows { outcome: Some(RowOutcome::Refused), ..all_rows() }).await.unwrap();
        assert_eq!((refused.len(), refused[0].line, &refused[0].refusal), (1, 3, &wrong(3).content.err()));
    })
    .await;
}

#[tokio::test]
async fn each_row_is_taken_in_with_its_outcome_and_once() {
    TestStores::each(async |store| {
        received(&store, false, vec![row(2), row(3), row(4), wrong(5)]).await;
        assert!(store.run(lease(20, 60)).await.unwrap().is_some());
        assert_eq!(store.run(lease(21, 61)).await, Ok(None), "somebody has it");
        let open = OpenImportRows { merchant: MERCHANT, import: IMPORT, limit: 2 };
        let texts =
            |lines: &[u64]| lines.iter().map(|line| (*line, format!("payment {line}"))).collect::<Vec<_>>();
        assert_eq!(store.read(open).await, Ok(texts(&[2, 3])));

        // The third has an account that is not there.
        let strange = || {
            let account = redress_core::id::AccountId::from_bytes([77; 16]);
            (3, Ruling::Pay(Box::new(NewPayment { account, ..payment(3, 100) })))
        };
        let came_of_two = leaves_nothing_when_it_fails(&store, || take(vec![pay(2, 100), strange()])).await;
        assert_eq!(came_of_two, TakenIn::More);
        assert_eq!(store.read(open).await, Ok(texts(&[4])));
        let import = found(&store).await;
        assert_eq!((import.state, import.created, import.refused), (ImportState::Running, 1, 2));

        take_up(&store).await;
        let came_of_it = leaves_nothing_when_it_fails(&store, || take(vec![pay(4, 100)])).await;
        assert_eq!(came_of_it, TakenIn::Last);
        let import = found(&store).await;
        assert_eq!((import.state, import.created, import.finished_at), (ImportState::Done, 2, Some(at(30))));
        assert_eq!(
            came(&store).await,
            [
                (2, "created", None),
                (3, "refused", Some(RefusalKind::NoAccount)),
                (4, "created", None),
                (5, "refused", Some(RefusalKind::Invalid)),
            ]
        );
        assert_eq!(store.read(DueImport { now: at(1_000) }).await, Ok(None));
        assert_eq!(store.run(lease(1_000, 2_000)).await, Ok(None), "it is over");
    })
    .await;
}

#[tokio::test]
async fn a_start_goes_on_at_once_with_what_was_being_taken_in() {
    TestStores::each(async |store| {
        received(&store, false, vec![row(2), row(3)]).await;
        assert!(store.run(lease(20, 80)).await.unwrap().is_some());
        assert_eq!(store.read(DueImport { now: at(21) }).await, Ok(None), "somebody has it");
        let take_over = |second| TakeOverLeases { now: at(second) };
        let taken = leaves_nothing_when_it_fails(&store, || take_over(21)).await;
        assert_eq!(taken, TakenOver { refunds: 0, imports: 1 });
        assert_eq!(store.read(DueImport { now: at(21) }).await, Ok(Some((MERCHANT, IMPORT))));
        assert!(store.run(lease(21, 60)).await.unwrap().is_some());
        // One that is over has no lease that could end.
        assert_eq!(store.run(take(vec![pay(2, 100), pay(3, 100)])).await, Ok(TakenIn::Last));
        assert_eq!(store.run(take_over(22)).await, Ok(TakenOver { refunds: 0, imports: 0 }));
        assert_eq!(found(&store).await.state, ImportState::Done);
    })
    .await;
}

/// As one that stood still for longer than its lease: what is put right since stays right.
#[tokio::test]
async fn whoever_has_lost_the_lease_takes_nothing_in() {
    TestStores::each(async |store| {
        received(&store, false, vec![row(2), row(3)]).await;
        assert!(store.run(lease(20, 80)).await.unwrap().is_some());
        let both = || vec![pay(2, 100), pay(3, 100)];
        let late = || TakeInRows { until: at(80), now: at(200), ..take(both()) };
        assert!(store.run(lease(80, 140)).await.unwrap().is_some());
        let before = dump_all(&store).await;
        assert_eq!(store.run(late()).await, Ok(TakenIn::Lost), "another one is at it");
        assert_eq!(dump_all(&store).await, before);
        let theirs = TakeInRows { until: at(140), now: at(81), ..take(both()) };
        assert_eq!(store.run(theirs).await, Ok(TakenIn::Last));
        let right = UpsertPayments { merchant: MERCHANT, rows: vec![payment(2, 150)], now: at(90) };
        assert_eq!(store.run(right).await, Ok(vec![Upserted::Recaptured(payment(2, 150).id)]));
        let before = dump_all(&store).await;
        assert_eq!(store.run(late()).await, Ok(TakenIn::Lost), "it is done");
        assert_eq!(dump_all(&store).await, before);
    })
    .await;
}

#[tokio::test]
async fn the_same_payments_again_are_unchanged_updated_or_a_conflict() {
    TestStores::each(async |store| {
        received(&store, false, vec![row(2), row(3), row(4)]).await;
        let there = UpsertPayments {
            merchant: MERCHANT,
            rows: vec![payment(2, 100), payment(3, 100), payment(4, 100)],
            now: at(5),
        };
        store.run(there).await.unwrap();
        let other = NewPayment { psp_payment_id: "another".to_owned(), ..payment(4, 100) };
        let rows = vec![pay(2, 100), pay(3, 150), (4, Ruling::Pay(Box::new(other)))];
        take_up(&store).await;
        assert_eq!(store.run(take(rows)).await, Ok(TakenIn::Last));
        assert_eq!(
            came(&store).await,
            [(2, "unchanged", None), (3, "updated", None), (4, "refused", Some(RefusalKind::Conflict))]
        );
        let rows = store.read(all_rows()).await.unwrap();
        assert_eq!(rows[0].payment, Some(payment(2, 100).id));
        assert_eq!(rows[2].refusal.as_ref().unwrap().field.as_deref(), Some("psp_payment_id"));
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_come_and_changes_no_payment() {
    TestStores::each(async |store| {
        received(&store, true, vec![row(2), row(3)]).await;
        store
            .run(UpsertPayments { merchant: MERCHANT, rows: vec![payment(3, 100)], now: at(5) })
            .await
            .unwrap();
        let before = dump_all(&store).await;
        let both =
            UpsertPayments { merchant: MERCHANT, rows: vec![payment(2, 100), payment(3, 150)], now: at(30) };
        let judged = store.run(JudgePayments { before: Vec::new(), payments: both }).await.unwrap();
        let said = [Upserted::Created(payment(2, 1).id), Upserted::Recaptured(payment(3, 1).id)];
        assert_eq!(judged.iter().map(|judged| judged.said).collect::<Vec<_>>(), said);
        assert_eq!(judged.iter().map(|judged| judged.is_there).collect::<Vec<_>>(), [false, true]);
        assert_eq!(dump_all(&store).await, before);
        let rows =
            [2, 3].into_iter().zip(judged.into_iter().map(|judged| Ruling::Judged(judged, None))).collect();
        take_up(&store).await;
        assert_eq!(store.run(take(rows)).await, Ok(TakenIn::Last));
        let rows = store.read(all_rows()).await.unwrap();
        let said: Vec<_> = rows.iter().map(|row| (row.outcome.unwrap(), row.payment)).collect();
        let expected = [(RowOutcome::Created, None), (RowOutcome::Updated, Some(payment(3, 1).id))];
        assert_eq!(said, expected, "what was not made has no id");
        let mut after = dump_all(&store).await;
        assert_eq!(before.get("payments"), after.remove("payments").as_ref());
    })
    .await;
}

#[tokio::test]
async fn a_row_is_judged_by_what_the_rows_above_it_would_have_left() {
    TestStores::each(async |store| {
        received(&store, true, vec![row(2), row(3), row(4)]).await;
        let would_be = |line| {
            let names = PaymentNames::of(&payment(line, 1));
            WouldBe { merchant: MERCHANT, import: IMPORT, names: vec![names] }
        };
        let judge = async |before: Vec<NewPayment>, rows: Vec<NewPayment>| {
            let payments = UpsertPayments { merchant: MERCHANT, rows, now: at(30) };
            store.run(JudgePayments { before, payments }).await.unwrap()
        };
        let judged = judge(Vec::new(), vec![payment(2, 100), payment(3, 100)]).await;
        let keep = |line: u64, judged: &Judged| {
            let at_psp = PaymentNames::of(&payment(line, 1)).at_psp;
            (
                line,
                Ruling::Judged(*judged, Some(WouldBePayment { content: format!("judged {line}"), at_psp })),
            )
        };
        take_up(&store).await;
        let kept = take(vec![keep(2, &judged[0]), keep(3, &judged[1])]);
        assert_eq!(store.run(kept).await, Ok(TakenIn::More));
        assert_eq!(store.read(would_be(2)).await, Ok(vec!["judged 2".to_owned()]));
        assert_eq!(store.read(would_be(4)).await, Ok(Vec::new()));
        // By either name, in the order of the lines, each once.
        let mixed = PaymentNames { order_ref: "new-3".to_owned(), ..would_be(2).names.remove(0) };
        let both = WouldBe { names: vec![mixed.clone(), mixed], ..would_be(2) };
        assert_eq!(store.read(both.clone()).await, Ok(vec!["judged 2".to_owned(), "judged 3".to_owned()]));
        let strange = WouldBe { merchant: STRANGER, ..both.clone() };
        assert_eq!(store.read(strange).await, Ok(Vec::new()));
        let other = WouldBe { import: ImportId::from_bytes([8; 16]), ..both };
        assert_eq!(store.read(other).await, Ok(Vec::new()));
        // To be taken in later: page by page, and to nobody else.
        let checked = CheckedRows { merchant: MERCHANT, import: IMPORT, after: 0, limit: 1 };
        let as_read = |line: u64| NewImportRow { content: Ok(format!("judged {line}")), ..row(line) };
        for (after, found) in [(0, vec![as_read(2)]), (2, vec![as_read(3)]), (3, vec![])] {
            assert_eq!(store.read(CheckedRows { after, ..checked }).await, Ok(found), "after {after}");
        }
        let strange = CheckedRows { merchant: STRANGER, ..checked };
        assert_eq!(store.read(strange).await, Ok(Vec::new()));

        let again = NewPayment { id: PaymentId::from_bytes([99; 16]), ..payment(2, 100) };
        let taken = NewPayment { order_ref: "other".to_owned(), ..again.clone() };
        let judged = judge(vec![payment(2, 100)], vec![again, taken]).await;
        assert_eq!(
            judged,
            [
                Judged { said: Upserted::Unchanged(payment(2, 1).id), is_there: false },
                Judged { said: Upserted::Conflict { field: "psp_payment_id" }, is_there: false },
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn imports_are_listed_each_to_its_own_merchant_and_environment() {
    TestStores::each(async |store| {
        world(&store).await;
        let id = |n: u8| ImportId::from_bytes([n; 16]);
        for n in 1..=3 {
            store.run(BeginImport { id: id(n), ..begin(false) }).await.unwrap();
        }
        let list = ListImports {
            merchant: MERCHANT,
            environment: Environment::Sandbox,
            before: ImportId::from_bytes([255; 16]),
            limit: 2,
        };
        let ids = async |list: ListImports| {
            store.read(list).await.unwrap().iter().map(|import: &Import| import.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(list).await, [id(3), id(2)]);
        assert_eq!(ids(ListImports { before: id(2), ..list }).await, [id(1)]);
        assert_eq!(ids(ListImports { merchant: STRANGER, ..list }).await, []);
        assert_eq!(ids(ListImports { environment: Environment::Live, ..list }).await, []);
        let find = FindImport { merchant: STRANGER, environment: Environment::Sandbox, import: id(1) };
        assert_eq!(store.read(find).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn old_ones_are_forgotten_a_part_at_a_time_and_never_one_that_is_taken_in() {
    TestStores::each(async |store| {
        received(&store, false, vec![row(2), row(3), row(4)]).await;
        let prune = |second| PruneImports { before: at(second), rows_max: 2 };
        assert_eq!(store.run(prune(1_000)).await, Ok(false), "it is being taken in");
        take_up(&store).await;
        let all = take(vec![pay(2, 100), pay(3, 100), pay(4, 100)]);
        assert_eq!(store.run(all).await, Ok(TakenIn::Last));
        assert_eq!(store.run(prune(30)).await, Ok(false), "it changed since");
        assert!(leaves_nothing_when_it_fails(&store, || prune(31)).await);
        assert_eq!(came(&store).await.len(), 1);
        assert!(store.run(prune(31)).await.unwrap());
        assert_eq!(store.run(prune(31)).await, Ok(false));
        let find = FindImport { merchant: MERCHANT, environment: Environment::Sandbox, import: IMPORT };
        assert_eq!((came(&store).await.len(), store.read(find).await), (0, Ok(None)));
    })
    .await;
}
