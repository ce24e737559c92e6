mod races;

use std::sync::Arc;
use std::time::Duration;

use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Finding;
use redress_core::policy::{AccountState, Ask, Refusal};
use redress_core::refund::RefundKind;
use redress_core::settle::Via;
use redress_core::state::{Lease, RefundState, StateName};

use super::{Accept, Accepted, Reused};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::fixtures::{
    ENDPOINT, Endpoint, HERE, Hand, Permits, STRANGER, TIMING, accept, account, add_endpoint, ask, at, audit,
    balance, done, hear, in_state, key, load, new_one, pay, queued, refused, rf, rows, sent, set_account,
    told, world,
};
use crate::store::Store;
use crate::testing::{TestStores, dump_all, fail_every_statement};
use crate::tx::Tx;

fn with_permits(permits: &Arc<Permits>, accept: Accept) -> Accept {
    Accept { permits: Arc::new(Hand(Arc::clone(permits))), ..accept }
}

/// Runs an Accept that must change nothing, and says what it answered.
async fn changes_nothing(store: &Store, accept: Accept) -> Accepted {
    let before = dump_all(store).await;
    let answer = store.run(accept).await.expect("an answer");
    assert_eq!(before, dump_all(store).await, "{} changed something", told(&answer));
    answer
}

#[tokio::test]
async fn without_a_right_to_send_it_is_queued_and_due() {
    TestStores::each(async |store| {
        world(&store).await;
        let (refund, payment, permit) = new_one(store.run(accept("order-1", "4", 1)).await.unwrap());
        assert!(permit.is_none());
        assert_eq!((&refund.state, refund.due_at), (&RefundState::Queued, Some(at(10))));
        assert_eq!((refund.ordinal, refund.transaction_number, refund.account_version), (1, 2, 3));
        assert_eq!(
            (refund.amount.minor(), refund.kind, refund.account),
            (400, RefundKind::Partial, account("flex"))
        );
        assert_eq!(
            (refund.reason.as_str(), refund.description.as_deref()),
            ("broken", Some("a description"))
        );
        assert_eq!(refund.evidence.sends, 0);
        assert_eq!((refund, payment), load(&store, 1).await, "what is answered is what is stored");
        assert_eq!(rows(&store, "SELECT number, kind, amount FROM events").await, ["1 refund.created 400"]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn with_a_right_to_send_it_is_leased_to_this_process() {
    TestStores::each(async |store| {
        world(&store).await;
        let permits = Permits::new(1);
        let (refund, payment, permit) =
            new_one(store.run(with_permits(&permits, accept("order-1", "4", 1))).await.unwrap());
        let until = at(10).plus(TIMING.lease);
        assert_eq!(refund.state, RefundState::Submitting(Lease { owner: HERE, until }));
        assert_eq!((refund.due_at, refund.evidence.sends), (Some(until), 1));
        assert_eq!(
            (refund.evidence.first_sent_at, refund.evidence.last_sent_at),
            (Some(at(10)), Some(at(10)))
        );
        assert_eq!((refund, payment), load(&store, 1).await);
        assert_eq!(permits.free(), 0, "the right is held until the exchange is settled");
        drop(permit);
        assert_eq!(permits.free(), 1);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_paused_account_takes_no_right_and_queues() {
    TestStores::each(async |store| {
        world(&store).await;
        set_account(&store, "flex", AccountState::Paused).await;
        let permits = Permits::new(1);
        let accepted = store.run(with_permits(&permits, accept("order-1", "4", 1))).await.unwrap();
        assert!(matches!(accepted, Accepted::New { waits: true, .. }), "nobody is woken for it");
        let (refund, _, permit) = new_one(accepted);
        assert_eq!((refund.state, permit.is_none(), permits.free()), (RefundState::Queued, true, 1));
        set_account(&store, "flex", AccountState::Active).await;
        let accepted = store.run(accept("order-1", "4", 2)).await.unwrap();
        assert!(matches!(accepted, Accepted::New { waits: false, .. }), "somebody is to be woken");
    })
    .await;
}

#[tokio::test]
async fn full_is_what_is_left() {
    TestStores::each(async |store| {
        world(&store).await;
        in_state(&store, StateName::Succeeded, "1.50", 1).await;
        queued(&store, "order-1", "2", 2).await;
        let (refund, payment, _) = new_one(store.run(accept("order-1", "full", 3)).await.unwrap());
        assert_eq!((refund.amount.minor(), refund.kind), (650, RefundKind::Full));
        assert_eq!((payment.remaining().minor(), balance(&store).await), (0, (150, 850, 0)));
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_repeat_gets_the_refund_as_it_is_now_and_writes_nothing() {
    TestStores::each(async |store| {
        world(&store).await;
        let permits = Permits::new(2);
        let make =
            |n, amount| with_permits(&permits, Accept { named: key(1, 1), ..accept("order-1", amount, n) });
        new_one(store.run(make(1, "4")).await.unwrap());
        hear(&store, 1, done(Some("psp-1")), Via::Submit, 12).await;
        for amount in ["4", "full"] {
            // The hash decides, not the sum: what must be equal in a repeat is the face's to say.
            let Accepted::Repeat { refund, payment } = changes_nothing(&store, make(2, amount)).await else {
                panic!("no repeat")
            };
            assert_eq!((refund.id, &refund.state), (rf(1), &RefundState::Succeeded));
            let stored = load(&store, 1).await;
            assert_eq!((*refund, *payment), stored);
        }
        assert_eq!(permits.free(), 2, "a right taken for a repeat is given back");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_repeat_is_answered_although_nothing_is_left_or_the_account_is_revoked() {
    TestStores::each(async |store| {
        world(&store).await;
        let make = |n| Accept { named: key(1, 1), ..accept("order-1", "full", n) };
        new_one(store.run(make(1)).await.unwrap());
        assert_eq!(told(&changes_nothing(&store, make(2)).await), "repeat queued");
        set_account(&store, "flex", AccountState::Revoked).await;
        assert_eq!(told(&changes_nothing(&store, make(3)).await), "repeat queued");
        let other = Accept { named: key(2, 1), ..accept("order-1", "full", 4) };
        assert_eq!(told(&changes_nothing(&store, other).await), "NotRefundable");
    })
    .await;
}

#[tokio::test]
async fn a_key_serves_one_request_only() {
    TestStores::each(async |store| {
        world(&store).await;
        pay(&store, 2, "flex", 1000).await;
        new_one(store.run(Accept { named: key(1, 1), ..accept("order-1", "4", 1) }).await.unwrap());
        for (order, amount) in [("order-1", "4"), ("order-1", "full"), ("order-1", "99"), ("order-2", "4")] {
            let other = Accept { named: key(1, 2), ..accept(order, amount, 2) };
            assert_eq!(told(&changes_nothing(&store, other).await), "key reused", "{order} {amount}");
        }
        // Even a hash that forgot the order must not answer with another order's refund.
        let same_hash = Accept { named: key(1, 1), ..accept("order-2", "4", 2) };
        assert_eq!(told(&changes_nothing(&store, same_hash).await), "key reused");
        // Whether its key is taken in the other environment is not told.
        let live = Ask { environment: Some(Environment::Live), ..ask("4") };
        for hash in [1, 2] {
            let other = Accept { named: key(1, hash), ask: live.clone(), ..accept("order-1", "4", 2) };
            assert_eq!(told(&changes_nothing(&store, other).await), "WrongEnvironment");
        }
        // A repeat with another key, and one without, are new refunds.
        new_one(store.run(Accept { named: key(2, 1), ..accept("order-1", "4", 3) }).await.unwrap());
        new_one(store.run(accept("order-1", "1", 4)).await.unwrap());
        audit(&store).await;
    })
    .await;
}

/// A request may have the merchant's own id of the refund and an idempotency key: each finds it, wherever it stands.
#[tokio::test]
async fn both_keys_of_a_request_find_its_refund() {
    TestStores::each(async |store| {
        world(&store).await;
        let both = |named, keyed, n| Accept { named, keyed, ..accept("order-1", "1", n) };
        new_one(store.run(both(key(1, 1), key(2, 2), 1)).await.unwrap());
        for (named, keyed, answer) in [
            (key(1, 1), key(2, 2), "repeat queued"),
            (key(1, 1), None, "repeat queued"),
            (None, key(2, 2), "repeat queued"),
            (key(1, 1), key(3, 3), "repeat queued"),
            (None, key(2, 9), "key reused"),
            (key(1, 9), None, "key reused"),
            // The idempotency key stands for all of the request: with it nothing else may be another.
            (key(4, 4), key(2, 9), "key reused"),
            (key(1, 9), key(3, 3), "key reused"),
        ] {
            let told = told(&changes_nothing(&store, both(named, keyed, 2)).await);
            assert_eq!(told, answer, "{named:?} {keyed:?}");
        }
        // The idempotency key of a request that named nothing stands in the first column.
        new_one(store.run(both(None, key(5, 5), 3)).await.unwrap());
        for (named, keyed, answer) in [
            (None, key(5, 5), "repeat queued"),
            (key(6, 6), key(5, 5), "repeat queued"),
            (key(6, 6), key(5, 9), "key reused"),
        ] {
            let told = told(&changes_nothing(&store, both(named, keyed, 4)).await);
            assert_eq!(told, answer, "{named:?} {keyed:?}");
        }
        let reused = |named, keyed| both(named, keyed, 5);
        for (ask, what) in [
            (reused(key(1, 9), key(7, 7)), Reused::MerchantRefundId),
            (reused(key(7, 7), key(2, 9)), Reused::IdempotencyKey),
        ] {
            let Accepted::KeyReused(which) = store.run(ask).await.unwrap() else { panic!("{what:?}") };
            assert_eq!(which, what);
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_of_nobody_or_of_another_merchant_is_not_there() {
    TestStores::each(async |store| {
        world(&store).await;
        assert_eq!(told(&changes_nothing(&store, accept("order-9", "1", 1)).await), "no payment");
        let stranger = Accept { merchant: STRANGER, ..accept("order-1", "1", 1) };
        assert_eq!(told(&changes_nothing(&store, stranger).await), "no payment");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_leaves_no_row_and_shows_the_payment_as_it_is() {
    let sar = |minor| Amount::new(minor, Currency::from_code("SAR").unwrap());
    let cases = [
        (1, ask("0"), Refusal::NotPositive),
        (1, ask("-1"), Refusal::NotPositive),
        (1, ask("1.001"), Refusal::TooPrecise { decimals: 2 }),
        (1, ask("6.01"), Refusal::MoreThanLeft { remaining: sar(600) }),
        (1, ask("99999999999999999999"), Refusal::MoreThanLeft { remaining: sar(600) }),
        (1, Ask { environment: Some(Environment::Live), ..ask("1") }, Refusal::WrongEnvironment),
        (1, Ask { channel: Some("WALLET".to_owned()), ..ask("1") }, Refusal::WrongChannel),
        (2, ask("1"), Refusal::SeveralNotAllowed),
        (3, ask("9.99"), Refusal::PartialNotAllowed),
        (4, ask("full"), Refusal::NotRefundable),
        (5, ask("0.99"), Refusal::LessThanMin { min: sar(100) }),
        (5, ask("5.01"), Refusal::MoreThanMax { max: sar(500) }),
        (6, ask("1"), Refusal::WindowClosed),
        (7, ask("1"), Refusal::NotRefundable),
        (8, ask("0.01"), Refusal::NothingLeft),
        (8, ask("full"), Refusal::NothingLeft),
    ];
    TestStores::each(async |store| {
        world(&store).await;
        for (n, psp) in [(2, "once"), (3, "whole"), (4, "parts"), (5, "bounded"), (6, "windowed"), (7, "vnd")]
        {
            pay(&store, n, psp, 1000).await;
        }
        pay(&store, 8, "flex", 1000).await;
        queued(&store, "order-1", "4", 1).await;
        queued(&store, "order-2", "4", 2).await;
        queued(&store, "order-8", "full", 3).await;
        for (n, ask, expected) in cases.clone() {
            let order_ref = format!("order-{n}");
            // The window of 1000 seconds is over; nothing else of the cases depends on the time.
            let refused = Accept { ask, now: at(1000), ..accept(&order_ref, "1", 9) };
            let Accepted::Refused { refusal, payment } = changes_nothing(&store, refused).await else {
                panic!("not refused: {expected:?}")
            };
            assert_eq!((refusal, payment.order_ref), (expected, order_ref));
            assert_eq!(payment.refund_count, u32::from([1, 2, 8].contains(&n)), "as if never drawn");
            assert_eq!(payment.transaction_count, payment.refund_count + 1);
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn numbers_have_no_gap_after_refusals_and_repeats() {
    TestStores::each(async |store| {
        world(&store).await;
        for n in 1..=4 {
            let make = || Accept { named: key(u8::try_from(n).unwrap(), 0), ..accept("order-1", "1", n) };
            let refund = new_one(store.run(make()).await.unwrap()).0;
            assert_eq!((refund.ordinal, refund.transaction_number), (n, n + 1));
            assert_eq!(told(&store.run(make()).await.unwrap()), "repeat queued");
            assert!(told(&store.run(accept("order-1", "50", 90)).await.unwrap()).starts_with("MoreThanLeft"));
        }
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_new_refund_is_announced_to_those_who_want_to_hear() {
    TestStores::each(async |store| {
        world(&store).await;
        for endpoint in [
            ENDPOINT,
            Endpoint { n: 2, mask: EventKind::Created.bit(), dialect: "portone", ..ENDPOINT },
            Endpoint { n: 3, mask: EventKind::all_bits() & !EventKind::Created.bit(), ..ENDPOINT },
            Endpoint { n: 4, environment: Environment::Live, ..ENDPOINT },
            Endpoint { n: 5, revoked: true, ..ENDPOINT },
        ] {
            add_endpoint(&store, endpoint).await;
        }
        queued(&store, "order-1", "1", 1).await;
        assert!(dump_all(&store).await["deliveries"].is_empty(), "nobody was said to want it");
        store.run(Accept { announce: true, ..accept("order-1", "1", 2) }).await.unwrap();
        let found =
            rows(&store, "SELECT number, dialect, state, tries, due_at FROM deliveries ORDER BY endpoint_id")
                .await;
        let due = at(10).as_micros();
        assert_eq!(found, [format!("1 standard due 0 {due}"), format!("1 portone due 0 {due}")]);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn failed_anywhere_it_leaves_nothing_and_gives_the_right_back() {
    TestStores::each(async |store| {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        let permits = Permits::new(1);
        let make = |n, amount: &str| {
            let whole = Accept { announce: true, named: key(1, 1), ..accept("order-1", amount, n) };
            with_permits(&permits, whole)
        };
        let (made, statements) = fail_every_statement(&store, || make(1, "full")).await;
        let permit = new_one(made.unwrap()).2;
        // On PostgreSQL a repeat is looked for first.
        let (most, repeat) = if store.engine() == crate::Engine::Postgres { (6, 2) } else { (5, 3) };
        assert_eq!((statements, permits.free(), permit.is_some()), (most, 0, true));
        drop(permit);
        let (repeated, statements) = fail_every_statement(&store, || make(2, "1")).await;
        assert_eq!((told(&repeated.unwrap()), statements), ("repeat submitting".to_owned(), 2));
        hear(&store, 1, refused(), Via::Submit, 12).await;
        let (repeated, statements) = fail_every_statement(&store, || make(2, "1")).await;
        assert_eq!((told(&repeated.unwrap()), statements), ("repeat failed".to_owned(), repeat));
        assert_eq!(permits.free(), 1, "none is lost");
        audit(&store).await;
    })
    .await;
}

/// Does all of an operation and then wants nothing kept, as a group that is undone.
struct Undone<O>(O);

impl<O: Operation> Operation for Undone<O> {
    type Out = ();
    const NAME: &'static str = O::NAME;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        self.0.run(tx).await.map(|_| Done::Rollback(()))
    }
}

#[tokio::test]
async fn an_operation_that_is_undone_gives_its_right_back() {
    TestStores::each(async |store| {
        world(&store).await;
        let permits = Permits::new(1);
        let before = dump_all(&store).await;
        store.run(Undone(with_permits(&permits, accept("order-1", "1", 1)))).await.unwrap();
        assert_eq!((before, permits.free()), (dump_all(&store).await, 1));
    })
    .await;
}

#[tokio::test]
async fn what_ended_without_effect_is_refundable_again_and_what_is_unknown_is_not() {
    TestStores::each(async |store| {
        world(&store).await;
        sent(&store, "order-1", "full", 1).await;
        let refuses = async |store: &Store| told(&store.run(accept("order-1", "1", 9)).await.unwrap());
        assert_eq!(refuses(&store).await, "NothingLeft");
        hear(&store, 1, redress_core::outcome::Outcome::Unknown(Finding::NoAnswer), Via::Submit, 12).await;
        assert_eq!(refuses(&store).await, "NothingLeft");
        hear(&store, 1, refused(), Via::Query, 14).await;
        let again = Accept { now: at(0).plus(Duration::from_secs(20)), ..accept("order-1", "full", 2) };
        assert_eq!(new_one(store.run(again).await.unwrap()).0.amount.minor(), 1000);
        audit(&store).await;
    })
    .await;
}

/// Else the key would make a second refund of the next request that has it.
#[tokio::test]
async fn a_key_that_repeats_a_named_refund_stands_for_that_request() {
    TestStores::each(async |store| {
        world(&store).await;
        new_one(store.run(Accept { named: key(1, 1), ..accept("order-1", "4", 1) }).await.unwrap());
        let again = || Accept { named: key(1, 1), keyed: key(2, 2), ..accept("order-1", "4", 2) };
        let (repeated, _) = fail_every_statement(&store, again).await;
        assert!(matches!(repeated, Ok(Accepted::Repeat { .. })));
        let other = Accept { keyed: key(2, 3), ..accept("order-1", "2", 3) };
        assert!(matches!(store.run(other).await, Ok(Accepted::KeyReused(Reused::IdempotencyKey))));
        let same = Accept { keyed: key(2, 2), ..accept("order-1", "4", 4) };
        assert!(matches!(store.run(same).await, Ok(Accepted::Repeat { .. })));
        assert_eq!(balance(&store).await, (0, 400, 0));
        audit(&store).await;
    })
    .await;
}

/// What is right then is done then, with the same key.
#[tokio::test]
async fn a_repeat_by_name_in_another_currency_is_refused_and_keeps_no_key() {
    TestStores::each(async |store| {
        world(&store).await;
        new_one(store.run(Accept { named: key(1, 1), ..accept("order-1", "4", 1) }).await.unwrap());
        let other = Ask { currency: Some(Currency::from_code("USD").unwrap()), ..ask("4") };
        let wrong = Accept { named: key(1, 1), keyed: key(2, 2), ask: other, ..accept("order-1", "4", 2) };
        let answer = changes_nothing(&store, wrong).await;
        let is_refused = matches!(answer, Accepted::Refused { refusal: Refusal::WrongCurrency { .. }, .. });
        assert!(is_refused, "{}", told(&answer));
        let right = Accept { named: key(1, 1), keyed: key(2, 3), ..accept("order-1", "4", 3) };
        assert_eq!(told(&store.run(right).await.unwrap()), "repeat queued");
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_key_that_repeats_one_named_refund_stands_for_no_other() {
    TestStores::each(async |store| {
        world(&store).await;
        let named = |name, n| Accept { named: key(name, name), ..accept("order-1", "1", n) };
        for n in [1_u32, 2] {
            new_one(store.run(named(u8::try_from(n).unwrap(), n)).await.unwrap());
        }
        for n in [1_u8, 2] {
            let again = Accept { keyed: key(n + 4, n + 4), ..named(n, 9) };
            assert_eq!(told(&store.run(again).await.unwrap()), "repeat queued", "{n}");
        }
        for n in [1_u8, 2] {
            let by_key = Accept { keyed: key(n + 4, n + 4), ..accept("order-1", "1", 9) };
            let Accepted::Repeat { refund, .. } = changes_nothing(&store, by_key).await else {
                panic!("{n}")
            };
            assert_eq!(refund.id, rf(n.into()));
        }
        audit(&store).await;
    })
    .await;
}
