use redress_core::environment::Environment;
use redress_core::id::RefundId;
use redress_core::money::{Amount, Currency};
use redress_core::state::StateName;
use redress_core::time::Timestamp;

use super::*;
use crate::ops::accept::Accept;
use crate::ops::fixtures::{
    ASKED_BY, MERCHANT, STRANGER, accept, account, bytes, in_state, new_one, pay, queued, rf, sql, text,
    world,
};
use crate::store::Store;
use crate::testing::TestStores;

fn all() -> ListRefunds {
    list(RefundListFilter::default())
}

fn list(filter: RefundListFilter) -> ListRefunds {
    ListRefunds {
        merchant: MERCHANT,
        environment: Environment::Sandbox,
        filter,
        turn: Turn::First,
        limit: 100,
        looked_at_max: 1_000,
    }
}

fn before(id: RefundId) -> Turn {
    Turn::Older(Place::of_id(*id.as_bytes()))
}

async fn ids(store: &Store, list: ListRefunds) -> (Vec<RefundId>, Option<RefundId>) {
    let page = store.read(list).await.unwrap();
    assert!(page.items.iter().all(|(refund, payment)| refund.payment == payment.id));
    let older = page.older.map(|place| RefundId::from_bytes(place.id));
    (page.items.into_iter().map(|(refund, _)| refund.id).collect(), older)
}

#[tokio::test]
async fn the_newest_come_first_page_by_page_and_each_once() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        for n in 1..=7 {
            queued(&store, if n % 2 == 0 { "order-1" } else { "order-2" }, "0.10", n).await;
        }
        let newest_first: Vec<RefundId> = (1..=7).rev().map(rf).collect();
        assert_eq!(ids(&store, all()).await, (newest_first.clone(), None));
        for looked_at_max in [2, 3, 1_000] {
            let (mut seen, mut turn, mut pages) = (Vec::new(), Turn::First, 0);
            loop {
                let page = ListRefunds { limit: 3, turn, looked_at_max, ..all() };
                let (found, next) = ids(&store, page).await;
                seen.extend(found);
                pages += 1;
                let Some(next) = next else { break };
                turn = before(next);
            }
            assert_eq!(seen, newest_first, "{looked_at_max}");
            assert!(pages <= 5, "{pages}");
        }
        let newer = ListRefunds { turn: Turn::Newer(Place::of_id(*rf(3).as_bytes())), limit: 2, ..all() };
        let page = store.read(newer).await.unwrap();
        assert_eq!(page.items.iter().map(|(refund, _)| refund.id).collect::<Vec<_>>(), [rf(4), rf(3)]);
        let ends = (page.newer.map(|place| place.id), page.older.map(|place| place.id));
        assert_eq!(ends, (Some(*rf(5).as_bytes()), Some(*rf(3).as_bytes())));
    })
    .await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_there_and_only_so_much_is_looked_at() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Unknown, "0.10", 1).await;
        for n in 2..=5 {
            queued(&store, "order-1", "0.10", n).await;
        }
        let filter = RefundListFilter { states: vec![StateName::Unknown], ..RefundListFilter::default() };
        let unknown = |looked_at_max| ListRefunds { looked_at_max, ..list(filter.clone()) };
        assert_eq!(ids(&store, unknown(1_000)).await, (vec![rf(1)], None));
        // Nothing is found among the first two, and it goes on behind them.
        assert_eq!(ids(&store, unknown(2)).await, (vec![], Some(rf(4))));
        for other in [
            ListRefunds { environment: Environment::Live, ..all() },
            ListRefunds { merchant: STRANGER, ..all() },
        ] {
            assert_eq!(ids(&store, other).await, (vec![], None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_looks_at_one_environment_and_names_nothing_of_the_other() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=6 {
            queued(&store, "order-1", "0.10", n).await;
        }
        for n in [1, 2, 4, 6] {
            let update = "UPDATE refunds SET environment = 'live' WHERE refund_id = $1";
            sql(&store, update, vec![bytes(rf(n).as_bytes())]).await;
        }
        let filter = RefundListFilter { states: vec![StateName::Unknown], ..RefundListFilter::default() };
        let unknown = ListRefunds { looked_at_max: 1, ..list(filter) };
        assert_eq!(ids(&store, unknown).await, (vec![], Some(rf(5))), "not 6, which is the newest");
        let one = ListRefunds { limit: 1, looked_at_max: 1, ..all() };
        assert_eq!(ids(&store, one.clone()).await, (vec![rf(5)], Some(rf(5))));
        assert_eq!(
            ids(&store, ListRefunds { turn: before(rf(5)), ..one.clone() }).await,
            (vec![rf(3)], Some(rf(3)))
        );
        assert_eq!(ids(&store, ListRefunds { turn: before(rf(3)), ..one }).await, (vec![], None));
    })
    .await;
}

/// Six refunds of two payments: by `flex` in SAR, by `once` in KWD.
async fn six(store: &Store) {
    world(store).await;
    pay(store, 2, "once", 1000).await;
    sql(store, "UPDATE payments SET currency = 'KWD', channel = 'SHOP', payment_method = 'tap' WHERE order_ref = 'order-2'", vec![]).await;
    in_state(store, StateName::Succeeded, "1.00", 1).await;
    in_state(store, StateName::Failed, "2.00", 2).await;
    queued(store, "order-1", "3.00", 3).await;
    queued(store, "order-2", "0.400", 4).await;
    in_state(store, StateName::Pending, "0.50", 5).await;
    sql(
        store,
        "UPDATE refunds SET reason = $1 WHERE refund_id = $2",
        vec![text(""), bytes(rf(3).as_bytes())],
    )
    .await;
}

#[tokio::test]
async fn each_filter_finds_its_own_and_adds_it_up() {
    TestStores::each(async |store| {
        six(&store).await;
        let none = RefundListFilter::default;
        let some = |text: &str| Some(text.to_owned());
        let kwd = Currency::from_code("KWD").ok();
        for (filter, expected) in [
            (none(), vec![5, 4, 3, 2, 1]),
            (RefundListFilter { states: vec![StateName::Queued], ..none() }, vec![4, 3]),
            (RefundListFilter { states: vec![StateName::Failed, StateName::Pending], ..none() }, vec![5, 2]),
            (RefundListFilter { states: StateName::ALL.to_vec(), ..none() }, vec![5, 4, 3, 2, 1]),
            (RefundListFilter { account: Some(account("once")), ..none() }, vec![4]),
            (RefundListFilter { psp: some("flex"), ..none() }, vec![5, 3, 2, 1]),
            (RefundListFilter { psp: some("none"), ..none() }, vec![]),
            (RefundListFilter { reason: some("broken"), ..none() }, vec![5, 4, 2, 1]),
            (RefundListFilter { reason: some(""), ..none() }, vec![3]),
            (RefundListFilter { channel: some("SHOP"), ..none() }, vec![4]),
            (RefundListFilter { payment_method: some("tap"), ..none() }, vec![4]),
            (RefundListFilter { payment_method: some("tap"), channel: some("CARD"), ..none() }, vec![]),
            (RefundListFilter { currency: kwd, ..none() }, vec![4]),
            (RefundListFilter { least: Some(100), most: Some(300), ..none() }, vec![3, 2, 1]),
            (RefundListFilter { created_to: Some(Timestamp::from_micros(0)), ..none() }, vec![]),
        ] {
            let expected: Vec<RefundId> = expected.into_iter().map(rf).collect();
            let count = Count::Exact(u32::try_from(expected.len()).unwrap());
            assert_eq!(ids(&store, list(filter.clone())).await, (expected, None), "{filter:?}");
            let (merchant, environment, looked_at_max) = (MERCHANT, Environment::Sandbox, 1_000);
            let sums = SumRefunds { merchant, environment, filter: filter.clone(), looked_at_max };
            assert_eq!(store.read(sums).await.unwrap().count, count, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn totals_are_a_currency_each_and_say_when_they_are_of_the_newest_alone() {
    TestStores::each(async |store| {
        six(&store).await;
        let (merchant, environment) = (MERCHANT, Environment::Sandbox);
        let sum = |looked_at_max| SumRefunds {
            merchant,
            environment,
            filter: RefundListFilter::default(),
            looked_at_max,
        };
        let of = |code, minor| Amount::new(minor, Currency::from_code(code).unwrap());
        let kwd = RefundTotal { count: 1, asked: of("KWD", 400), succeeded: of("KWD", 0) };
        let sar = RefundTotal { count: 4, asked: of("SAR", 650), succeeded: of("SAR", 100) };
        let all = RefundSums { count: Count::Exact(5), totals: vec![kwd, sar], back_to: None };
        assert_eq!(store.read(sum(6)).await.unwrap(), all);
        let back_to = Place::of_id(*rf(4).as_bytes()).time();
        let sar = RefundTotal { count: 1, asked: of("SAR", 50), succeeded: of("SAR", 0) };
        let two = RefundSums {
            count: Count::Since { found: 2, back_to },
            totals: vec![kwd, sar],
            back_to: Some(back_to),
        };
        assert_eq!(store.read(sum(2)).await.unwrap(), two);
    })
    .await;
}

#[tokio::test]
async fn who_asked_for_refunds_is_told_in_the_order_asked_about_and_to_their_merchant_alone() {
    TestStores::each(async |store| {
        world(&store).await;
        queued(&store, "order-1", "0.10", 1).await;
        let mai = "mai@shop.example".to_owned();
        let asked = Accept { asked_by: mai.clone(), ..accept("order-1", "0.20", 2) };
        new_one(store.run(asked).await.unwrap());
        let about = |merchant| RefundsAskedBy { merchant, refunds: vec![rf(2), rf(9), rf(1)] };
        let names = [Some(mai), None, Some(ASKED_BY.to_string())];
        assert_eq!(store.read(about(MERCHANT)).await.unwrap(), names);
        assert_eq!(store.read(about(STRANGER)).await.unwrap(), [None::<String>, None, None]);
    })
    .await;
}

#[test]
fn totals_stay_at_the_end_of_the_numbers() {
    let of = |minor| Amount::new(minor, Currency::from_code("SAR").unwrap());
    let refunds =
        [(i64::MAX, StateName::Succeeded), (1, StateName::Succeeded), (i64::MAX, StateName::Failed)];
    let total = RefundTotal { count: 3, asked: of(i64::MAX), succeeded: of(i64::MAX) };
    assert_eq!(RefundTotal::of(refunds.into_iter().map(|(minor, state)| (of(minor), state))), [total]);
}
