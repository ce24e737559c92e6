use redress_core::case::CaseKind;
use redress_core::id::CaseId;
use redress_core::outcome::{Again, Outcome, PspRefusal};
use redress_core::settle::{Verdict, Via};
use redress_core::state::StateName;

use super::*;
use crate::ops::cancel::{CancelRefund, Canceled};
use crate::ops::cases::{Blocked, CaseClosing, CaseSubject, CloseCase, NewCaseRow, OpenCase, Opened};
use crate::ops::fixtures::{
    MERCHANT, STRANGER, at, bytes, done, hear, in_state, not_sent, payment, rf, sent, sql, word, world,
};
use crate::ops::late_checks::EndLateCheck;
use crate::ops::settings_version::SettingsVersion;
use crate::ops::settle::{CloseRefund, Closed as RefundClosing};
use crate::ops::write::Author;
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

const ID: AccountId = AccountId::from_bytes([0xee; 16]);

fn version(base_url: &str, sealed: &[u8]) -> AccountVersion {
    AccountVersion {
        base_url: Some(base_url.to_owned()),
        notification_url: None,
        credentials_sealed: sealed.to_vec(),
    }
}

fn add() -> AddAccount {
    AddAccount {
        merchant: MERCHANT,
        id: ID,
        psp: "momo".to_owned(),
        name: "MoMo".to_owned(),
        environment: Environment::Live,
        max_in_flight: 4,
        first: version("https://one.test/", b"first"),
        now: at(1),
    }
}

/// Another path on the same host, old credentials.
fn change(seen_version: i64) -> ChangeAccount {
    ChangeAccount {
        merchant: MERCHANT,
        account: ID,
        seen_version,
        name: "MoMo 2".to_owned(),
        max_in_flight: 8,
        base_url: Some("https://one.test/v2".to_owned()),
        notification_url: Some("https://redress.test/".to_owned()),
        credentials_sealed: None,
        same_host: true,
        other_contract: false,
        now: at(2),
    }
}

async fn load(store: &Store, merchant: MerchantId, version: i64) -> Option<AccountVersion> {
    store.read(LoadAccountVersion { merchant, account: ID, version }).await.unwrap()
}

#[tokio::test]
async fn an_account_changes_by_new_versions_and_old_ones_stay() {
    TestStores::each(|store| async move {
        world(&store).await;
        let settings = store.read(SettingsVersion).await.unwrap();
        let nobody = AddAccount { merchant: MerchantId::from_bytes([9; 16]), ..add() };
        assert_eq!(store.run(nobody).await, Ok(AccountAdding::Closed(Closed::NoSuch)));
        let (added, _) = fail_every_statement(&store, add).await;
        assert_eq!(added, Ok(AccountAdding::Added));
        assert_eq!(load(&store, MERCHANT, 1).await, Some(version("https://one.test/", b"first")));
        assert_eq!(load(&store, STRANGER, 1).await, None);

        let (changed, _) = fail_every_statement(&store, || change(1)).await;
        assert_eq!(changed, Ok(AccountChanging::Changed(2)));
        let second = AccountVersion {
            notification_url: Some("https://redress.test/".to_owned()),
            ..version("https://one.test/v2", b"first")
        };
        assert_eq!(load(&store, MERCHANT, 2).await, Some(second));
        assert_eq!(load(&store, MERCHANT, 1).await, Some(version("https://one.test/", b"first")));
        let account = store.read(FindAccount(ID)).await.unwrap().unwrap();
        assert_eq!((account.version, account.max_in_flight, &*account.name), (2, 8, "MoMo 2"));
        assert_eq!((account.merchant, account.created_at), (MERCHANT, at(1)));
        let newest = Some(AsOf { version: settings + 2, found: 2 });
        assert_eq!(store.read(NewestVersion(ID)).await, Ok(newest));
        assert_eq!(store.read(NewestVersion(AccountId::from_bytes([9; 16]))).await, Ok(None));

        assert_eq!(store.run(change(1)).await, Ok(AccountChanging::Outdated));
        let strange = ChangeAccount { merchant: STRANGER, ..change(2) };
        assert_eq!(store.run(strange).await, Ok(AccountChanging::NotFound));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 2));
    })
    .await;
}

#[tokio::test]
async fn old_credentials_never_go_to_another_host() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        let elsewhere =
            ChangeAccount { base_url: Some("https://two.test/".to_owned()), same_host: false, ..change(1) };
        assert_eq!(store.run(elsewhere.clone()).await, Ok(AccountChanging::NeedsCredentials));
        let own_default = ChangeAccount { base_url: None, ..elsewhere.clone() };
        assert_eq!(store.run(own_default).await, Ok(AccountChanging::NeedsCredentials));
        assert_eq!(load(&store, MERCHANT, 2).await, None);

        // The very same address is the same host, whatever the caller says.
        let stays = ChangeAccount { base_url: Some("https://one.test/".to_owned()), ..elsewhere.clone() };
        assert_eq!(store.run(stays).await, Ok(AccountChanging::Changed(2)));
        let with_new =
            ChangeAccount { seen_version: 2, credentials_sealed: Some(b"new".to_vec()), ..elsewhere };
        assert_eq!(store.run(with_new).await, Ok(AccountChanging::Changed(3)));
        assert_eq!(load(&store, MERCHANT, 3).await.unwrap().credentials_sealed, b"new");
    })
    .await;
}

/// Credentials of another contract.
fn other(seen_version: i64) -> ChangeAccount {
    ChangeAccount {
        credentials_sealed: Some(b"other".to_vec()),
        other_contract: true,
        ..change(seen_version)
    }
}

#[tokio::test]
async fn an_account_with_payments_is_put_right_until_its_contract_was_used() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        in_state(&store, StateName::Succeeded, "0.10", 1).await;
        let ids = || vec![bytes(ID.as_bytes()), bytes(MERCHANT.as_bytes())];
        sql(&store, "UPDATE payments SET account_id = $1 WHERE merchant_id = $2", ids()).await;
        let (changed, _) = fail_every_statement(&store, || other(1)).await;
        assert_eq!(changed, Ok(AccountChanging::Changed(2)), "somebody mistyped");
        sql(&store, "UPDATE refunds SET account_id = $1 WHERE merchant_id = $2", ids()).await;
        let settings = store.read(SettingsVersion).await.unwrap();
        assert_eq!(store.run(other(1)).await, Ok(AccountChanging::Outdated));
        assert_eq!(store.run(other(2)).await, Ok(AccountChanging::ContractUsed));
        let moved = ChangeAccount { base_url: None, same_host: false, ..other(2) };
        assert_eq!(store.run(moved).await, Ok(AccountChanging::ContractUsed));
        assert_eq!(load(&store, MERCHANT, 3).await, None);
        assert_eq!(store.read(SettingsVersion).await, Ok(settings));
        let new_key = ChangeAccount { other_contract: false, ..other(2) };
        assert_eq!(store.run(new_key).await, Ok(AccountChanging::Changed(3)));
    })
    .await;
}

/// The account of its own that the n-th refund gets.
fn of_refund(n: u8) -> AccountId {
    AccountId::from_bytes([0xd0 + n; 16])
}

/// What comes of naming another contract in an account that has the n-th refund, and none besides.
async fn renamed(store: &Store, n: u8) -> AccountChanging {
    let account = of_refund(n);
    if store.read(FindAccount(account)).await.unwrap().is_none() {
        let add = AddAccount { id: account, environment: Environment::Sandbox, ..add() };
        store.run(add).await.unwrap();
        for statement in [
            "UPDATE refunds SET account_id = $1 WHERE refund_id = $2",
            "UPDATE late_checks SET account_id = $1 WHERE refund_id = $2",
        ] {
            let params = vec![bytes(account.as_bytes()), bytes(rf(n.into()).as_bytes())];
            sql(store, statement, params).await;
        }
    }
    store.run(ChangeAccount { account, ..other(1) }).await.unwrap()
}

async fn open_case(store: &Store, n: u8, kind: CaseKind) {
    let case = NewCaseRow {
        merchant: MERCHANT,
        id: CaseId::from_bytes([n; 16]),
        kind,
        subject: CaseSubject::Refund(rf(n.into())),
        payment: Some(payment(1)),
        text: "look at this".to_owned(),
        block_minor: 0,
        now: at(40),
    };
    assert!(matches!(store.run(OpenCase(case)).await, Ok(Opened::New { .. })));
}

async fn close_case(store: &Store, case: CaseId, blocked: Blocked) {
    let (author, reason) = ("Mai".to_owned(), "seen".to_owned());
    let close = CloseCase { merchant: MERCHANT, case, author, reason, blocked, now: at(60) };
    assert!(matches!(store.run(close).await, Ok(CaseClosing::Closed { .. })));
}

#[tokio::test]
async fn what_had_no_effect_at_the_psp_keeps_no_account_at_its_contract() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, state) in
            [(1, StateName::Queued), (2, StateName::Failed), (3, StateName::Queued), (5, StateName::Queued)]
        {
            in_state(&store, state, "0.10", n).await;
        }
        let author = Author { name: "Mai".to_owned(), reason: "a mistake".to_owned() };
        let cancel = CancelRefund { merchant: MERCHANT, refund: rf(3), author, now: at(30) };
        assert!(matches!(store.run(cancel).await, Ok(Canceled::Done(_))));
        sent(&store, "order-1", "0.10", 4).await;
        let turned_away = hear(&store, 4, not_sent(), Via::Submit, 20).await;
        assert_eq!(turned_away.refund.state.name(), StateName::Queued);
        open_case(&store, 5, CaseKind::Overdue).await;
        for n in 1..=5 {
            assert_eq!(renamed(&store, n).await, AccountChanging::Changed(2), "{n}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_had_an_effect_or_may_have_had_keeps_an_account_at_its_contract() {
    TestStores::each(|store| async move {
        world(&store).await;
        for (n, state) in [
            (1, StateName::Submitting),
            (2, StateName::Unknown),
            (3, StateName::Pending),
            (4, StateName::Succeeded),
            (5, StateName::Reversed),
            (8, StateName::Failed),
            (9, StateName::Unknown),
            (10, StateName::Queued),
        ] {
            in_state(&store, state, "0.10", n).await;
        }
        let failed = Outcome::Refused(PspRefusal {
            code: "R1".to_owned(),
            text: "card closed".to_owned(),
            again: Again::No,
            psp_refund_id: Some("failed-7".to_owned()),
        });
        for (n, outcome) in [(6, done(Some("done-6"))), (7, failed)] {
            sent(&store, "order-1", "0.10", n).await;
            hear(&store, n, outcome, Via::Submit, 20).await;
        }
        // The PSP says that it did what it had refused, a person says of what nobody knows that it failed, and what was never sent
        // is told of.
        let late = hear(&store, 8, done(None), Via::Query, 30).await;
        assert_eq!((late.refund.state.name(), late.cases), (StateName::Failed, 1));
        let author = Author { name: "Mai".to_owned(), reason: "seen on the statement".to_owned() };
        let (merchant, verdict) = (MERCHANT, Verdict::Failed);
        let close = CloseRefund { merchant, refund: rf(9), verdict, author, now: at(50) };
        assert!(matches!(store.run(close).await, Ok(RefundClosing::Done(_))));
        open_case(&store, 10, CaseKind::Quarantined).await;
        for n in 1..=10 {
            assert_eq!(renamed(&store, n).await, AccountChanging::ContractUsed, "{n}");
            let newest = store.read(NewestVersion(of_refund(n))).await.unwrap().unwrap();
            assert_eq!(newest.found, 1, "{n}");
        }

        // Known again to be nothing.
        close_case(&store, word(8, done(None), Via::Query, 30).case_ids[0], Blocked::Released).await;
        store.run(EndLateCheck { merchant: MERCHANT, refund: rf(9) }).await.unwrap();
        close_case(&store, CaseId::from_bytes([10; 16]), Blocked::Released).await;
        for n in 8..=10 {
            assert_eq!(renamed(&store, n).await, AccountChanging::Changed(2), "{n}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_called_failed_and_was_booked_all_the_same_keeps_an_account_at_its_contract() {
    TestStores::each(|store| async move {
        world(&store).await;
        in_state(&store, StateName::Failed, "0.10", 1).await;
        let late = hear(&store, 1, done(None), Via::Query, 30).await;
        assert_eq!((late.refund.state.name(), late.cases), (StateName::Failed, 1));
        close_case(&store, word(1, done(None), Via::Query, 30).case_ids[0], Blocked::Refunded).await;
        sql(&store, "DELETE FROM late_checks", Vec::new()).await;
        assert_eq!(renamed(&store, 1).await, AccountChanging::ContractUsed);
    })
    .await;
}

#[tokio::test]
async fn accounts_pause_resume_and_end() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(add()).await.unwrap();
        let settings = store.read(SettingsVersion).await.unwrap();
        let set = |to| SetAccountState { merchant: MERCHANT, account: ID, to };
        let (paused, _) = fail_every_statement(&store, || set(AccountState::Paused)).await;
        assert_eq!(paused, Ok(AccountStateSetting::Set));
        assert_eq!(store.read(FindAccount(ID)).await.unwrap().unwrap().state, AccountState::Paused);
        assert_eq!(store.run(set(AccountState::Paused)).await, Ok(AccountStateSetting::Already));
        assert_eq!(store.run(set(AccountState::Active)).await, Ok(AccountStateSetting::Set));
        let strange = SetAccountState { merchant: STRANGER, ..set(AccountState::Revoked) };
        assert_eq!(store.run(strange).await, Ok(AccountStateSetting::NotFound));
        assert_eq!(store.run(set(AccountState::Revoked)).await, Ok(AccountStateSetting::Set));
        assert_eq!(store.run(set(AccountState::Active)).await, Ok(AccountStateSetting::Revoked));
        assert_eq!(store.run(change(1)).await, Ok(AccountChanging::Revoked));
        assert_eq!(store.read(SettingsVersion).await, Ok(settings + 3));
    })
    .await;
}

#[tokio::test]
async fn accounts_are_listed_by_pages_of_one_merchant_or_all() {
    TestStores::each(|store| async move {
        world(&store).await;
        store.run(AddAccount { merchant: STRANGER, ..add() }).await.unwrap();
        let list = async |merchant, after, limit| {
            let found = store.read(ListAccounts { merchant, after, limit }).await.unwrap();
            found.into_iter().map(|account| account.id).collect::<Vec<_>>()
        };
        let all = list(None, None, 100).await;
        assert!(all.is_sorted() && all.contains(&ID));
        assert_eq!(list(None, Some(all[1]), 2).await, all[2..4]);
        assert_eq!(list(Some(STRANGER), None, 100).await, [ID]);
        let own = list(Some(MERCHANT), None, 100).await;
        assert_eq!(own.len(), all.len() - 1);
        assert_eq!(list(Some(MERCHANT), Some(own[0]), 1).await, own[1..2]);
    })
    .await;
}

#[test]
fn credentials_are_not_printed() {
    let said = format!("{:?}", ChangeAccount { credentials_sealed: Some(vec![77, 77]), ..change(1) });
    assert!(!said.contains("77"), "{said}");
    assert!(!format!("{:?}", version("https://one.test/", &[77, 77])).contains("77"));
}
