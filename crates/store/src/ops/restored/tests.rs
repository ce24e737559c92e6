use redress_core::environment::Environment;
use redress_core::outcome::Finding;
use redress_core::policy::AccountState;

use super::super::claim::Task;
use super::*;
use crate::ops::accounts::FindAccount;
use crate::ops::feed::{FeedKinds, ReadFeed};
use crate::ops::fixtures::{
    ASK_ONLY, ENDPOINT, MERCHANT, SAME_KEY, TIMING, account, add_endpoint, at, audit, bytes, claim, hear,
    in_state, load, not_sent, pay, payment, queued, rf, rows, run_claim, sent, set_account, sql, world,
};
use crate::ops::history::LatestOf;
use crate::ops::sequence::NumberEvents;
use crate::ops::verify::{LoadBooks, check_payment};
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};
use redress_core::settle::Via;

fn doubt(after: Option<(MerchantId, RefundId)>, limit: u32) -> DoubtOpen {
    DoubtOpen { copied_at: at(25), timing: TIMING, now: at(100), after, limit }
}

async fn differences(store: &Store) -> Vec<String> {
    let books = store.read(LoadBooks { after: None, limit: 100 }).await.unwrap();
    books.iter().flat_map(check_payment).map(|difference| difference.what).collect()
}

#[tokio::test]
async fn what_was_open_in_the_copy_is_looked_up_before_anything_is_sent() {
    TestStores::each(|store| async move {
        world(&store).await;
        add_endpoint(&store, ENDPOINT).await;
        for (n, state) in (1..).zip([
            StateName::Queued,
            StateName::Submitting,
            StateName::Unknown,
            StateName::Pending,
            StateName::Succeeded,
            StateName::Failed,
        ]) {
            in_state(&store, state, "1.00", n).await;
        }
        // One that went back to its queue: it never left, as far as the copy knows.
        sent(&store, "order-1", "1.00", 7).await;
        hear(&store, 7, not_sent(), Via::Submit, 20).await;

        let (first, _) = fail_every_statement(&store, || doubt(None, 2)).await;
        let first = first.unwrap();
        assert_eq!((first.unknown, first.last), (2, Some((MERCHANT, rf(2)))));
        let rest = store.run(doubt(first.last, 100)).await.unwrap();
        assert_eq!((rest.unknown, rest.pending, rest.last), (2, 1, Some((MERCHANT, rf(7)))));
        assert_eq!(store.run(doubt(rest.last, 100)).await.unwrap(), Doubted::default());

        for n in [1, 2, 3, 7] {
            let refund = load(&store, n).await.0;
            assert_eq!((refund.state.name(), refund.due_at), (StateName::Unknown, Some(at(100))), "{n}");
            assert_eq!(refund.evidence.finding, Some(Finding::NoAnswer));
            assert_eq!(refund.evidence.last_sent_at, Some(at(100)));
        }
        assert_eq!(load(&store, 1).await.0.account_version, 3, "as it would have been sent");
        assert_eq!(load(&store, 4).await.0.due_at, Some(at(100)));
        let told = "SELECT kind FROM events WHERE number = 2 AND happened_at >= $1 ORDER BY refund_id";
        let since = vec![crate::ops::fixtures::Cell::Int(at(100).as_micros())];
        assert_eq!(sql(&store, told, since).await.len(), 3, "of what was not unknown before");
        let claimed = run_claim(&store, crate::ops::claim::Claim { recipe: &SAME_KEY, ..claim(100) }).await;
        let tasks: Vec<_> = claimed.claimed.iter().map(|claimed| claimed.task).collect();
        assert_eq!(tasks, [Task::Query; 5], "nothing is sent");
        audit(&store).await;
        assert_eq!(differences(&store).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn several_of_a_payment_may_be_under_way_after_it_and_the_turn_is_held() {
    TestStores::each(|store| async move {
        world(&store).await;
        pay(&store, 2, "turns", 1000).await;
        for n in 1..=3 {
            queued(&store, "order-2", "1.00", n).await;
        }
        sql(&store, "UPDATE refunds SET takes_turns = 1", Vec::new()).await;
        store.run(doubt(None, 100)).await.unwrap();
        let turn = "SELECT turn_refund_id FROM payments WHERE payment_id = $1";
        let holder = sql(&store, turn, vec![bytes(payment(2).as_bytes())]).await[0].opt_id16(0).unwrap();
        assert_eq!(holder, Some(*rf(1).as_bytes()), "the oldest has it");
        assert_eq!(differences(&store).await, Vec::<String>::new(), "which is no mistake in the books");
        // Had they come to be so in any other way, it would be one.
        sql(&store, "UPDATE refunds SET restored_at = NULL", Vec::new()).await;
        assert_eq!(differences(&store).await.len(), 1);
        audit(&store).await;
    })
    .await;
}

#[tokio::test]
async fn at_the_end_every_account_waits_and_the_restore_is_remembered() {
    TestStores::each(|store| async move {
        world(&store).await;
        set_account(&store, "once", AccountState::Revoked).await;
        let before = rows(&store, "SELECT version FROM settings_version").await;
        let entry = HistoryEntry { happened_at: at(100), copied_at: at(25) };
        let (paused, statements) = fail_every_statement(&store, || FinishRestore(entry)).await;
        assert_eq!((paused, statements), (Ok(7), 6));
        let state = async |psp| store.read(FindAccount(account(psp))).await.unwrap().unwrap().state;
        assert_eq!(state("flex").await, AccountState::Paused);
        assert_eq!(state("once").await, AccountState::Revoked, "for ever");
        assert_eq!(store.read(LatestOf(HistoryKind::Restore)).await, Ok(Some(entry)));
        assert_ne!(rows(&store, "SELECT version FROM settings_version").await, before);
        // And a paused account's unknown refunds are looked up, and not sent again.
        queued(&store, "order-1", "1.00", 1).await;
        store.run(doubt(None, 100)).await.unwrap();
        let wanted = crate::ops::claim::Claim { recipe: &ASK_ONLY, ..claim(200) };
        let claimed = run_claim(&store, wanted).await.claimed;
        assert_eq!(claimed.iter().map(|one| one.task).collect::<Vec<_>>(), [Task::Query]);
    })
    .await;
}

/// A reader of the feed read on in what the copy does not have: what happens from now on must come behind its cursor.
#[tokio::test]
async fn places_of_the_feed_are_not_given_out_again() {
    TestStores::each(|store| async move {
        world(&store).await;
        queued(&store, "order-1", "1.00", 1).await;
        let feed = async |after| {
            while store.run(NumberEvents { limit: 9 }).await.unwrap() > 0 {}
            let environment = Environment::Sandbox;
            let page = ReadFeed { merchant: MERCHANT, environment, after, kinds: FeedKinds::ALL, limit: 9 };
            store.read(page).await.unwrap()
        };
        let lost = feed(0).await.next + 1_000;
        store.run(FinishRestore(HistoryEntry { happened_at: at(100), copied_at: at(25) })).await.unwrap();
        queued(&store, "order-1", "1.00", 2).await;
        let told = feed(lost).await;
        assert_eq!(told.events.len(), 2, "the newest of the copy once more, and what came since");
        assert!(feed(told.next).await.events.is_empty());
    })
    .await;
}
