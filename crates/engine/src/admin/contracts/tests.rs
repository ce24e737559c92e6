use std::sync::Arc;

use futures_util::future::BoxFuture;
use redress_core::environment::Environment::{Live, Sandbox};
use redress_core::id::{AccountId, CaseId, KeyId, MerchantId};
use redress_core::money::{Amount, Currency};
use redress_core::outcome::Outcome;
use redress_core::policy::{Ask, AskedAmount};
use redress_core::refund::Refund;
use redress_core::settle::{Via, Word};
use redress_core::state::RefundState;
use redress_core::time::Timestamp;
use redress_psp::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_store::Store;
use redress_store::ops::settle::Settle;
use redress_store::testing::TestStores;
use secrecy::ExposeSecret;

use super::*;
use crate::accept::{Made, RefundRequest};
use crate::admin::accounts::{AccountEdit, NewAccount};
use crate::admin::payments::{Imported, NewPayment};
use crate::config::EngineConfig;
use crate::engine::EngineParts;
use crate::testing::{SeededRandom, world};
use crate::vault::{Vault, generate_line};

const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

struct Nowhere;

impl Transport for Nowhere {
    fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
        Box::pin(async { Err(TransportError::NotSent("nothing is sent here".into())) })
    }
}

/// An engine over a store, with the master key and the randomness of a seed.
fn engine(store: &Store, seed: u64) -> Engine {
    let line = generate_line(&SeededRandom::new(seed));
    Engine::new(EngineParts {
        store: store.clone(),
        world: world(START, seed).0,
        config: EngineConfig::default(),
        psp_transport: Arc::new(Nowhere),
        notify_transport: Arc::new(Nowhere),
        connectors: redress_psp::registry::by_name,
        vault: Arc::new(Vault::parse(line.expose_secret()).unwrap()),
    })
}

fn credentials(id: &str, password: &str) -> Credentials {
    let pairs = [("merchant_id", id), ("password", password)];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// An account at a bank: its contract has this name there.
fn bank(merchant: MerchantId, id: &str) -> NewAccount {
    NewAccount {
        merchant,
        psp: "mpgs".into(),
        name: "Bank".into(),
        environment: Sandbox,
        max_in_flight: 4,
        base_url: Some("https://bank.example".into()),
        public_url: None,
        credentials: credentials(id, "hush-hush"),
    }
}

async fn change(
    engine: &Engine,
    (merchant, account): (MerchantId, AccountId),
    given: Credentials,
) -> Result<i64, AdminError> {
    let edit = AccountEdit { credentials: Some(given), ..AccountEdit::default() };
    engine.change_account(merchant, account, edit).await
}

async fn pay(engine: &Engine, (merchant, account): (MerchantId, AccountId)) {
    let payment = NewPayment {
        environment: Sandbox,
        order_ref: "o-1".into(),
        merchant_order_ref: None,
        account,
        psp_payment_id: "p-1".into(),
        captured: Amount::new(100, Currency::from_code("SAR").unwrap()),
        refunded_before: 0,
        captured_at: START,
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
    };
    let made = engine.import_payments(merchant, vec![payment]).await.unwrap();
    assert!(matches!(made[..], [Imported::Created(_)]), "{made:?}");
}

/// A refund of the payment that the bank tells of; nothing is sent here.
async fn refund(engine: &Engine, (merchant, account): (MerchantId, AccountId)) -> Refund {
    engine.set_account_state(merchant, account, AccountState::Paused).await.unwrap();
    let request = RefundRequest {
        merchant,
        order_ref: "o-1".into(),
        ask: Ask::of(AskedAmount::Remainder),
        reason: "duplicate".into(),
        description: None,
        merchant_refund_id: None,
        metadata: None,
        asked_by: KeyId::from_bytes([7; 16]).into(),
        idempotency_key: None,
    };
    let refund = match engine.make_refund(request).await.unwrap() {
        Made::New(refund, _) => refund,
        other => panic!("{other:?}"),
    };
    let settle = Settle {
        merchant,
        refund: refund.id,
        word: Word {
            outcome: Outcome::Succeeded { psp_refund_id: None, arn: None },
            via: Via::Notification,
            started_at: START,
            send: 0,
            superseded_by: &[],
        },
        attempt: [1; 16],
        again: false,
        record: "what was said".into(),
        case_ids: [1, 2].map(|n| CaseId::from_bytes([n; 16])),
        timing: engine.config().timing,
        seed: 1,
        now: START,
    };
    engine.parts.store.run(settle).await.unwrap().unwrap().refund
}

#[tokio::test]
async fn an_account_stays_that_of_its_contract_once_something_was_refunded_under_it() {
    TestStores::each(|store| async move {
        let engine = engine(&store, 1);
        let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
        let of = (merchant, engine.add_account(bank(merchant, "SHOP01")).await.unwrap().id);
        pay(&engine, of).await;
        let mistyped = change(&engine, of, credentials("SHOP02", "hush-hush")).await;
        assert_eq!(mistyped, Ok(2), "nothing was refunded under the old one");
        assert_eq!(refund(&engine, of).await.state, RefundState::Succeeded);

        let refused = change(&engine, of, credentials("SHOP01", "hush-hush")).await.unwrap_err();
        assert!(
            matches!(&refused, AdminError::Invalid { field: "merchant_id", problem }
                if problem.code == FaultCode::OtherContract),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("add another account"), "{refused}");
        let elsewhere = AccountEdit {
            base_url: Some(Some("https://other.example".into())),
            credentials: Some(credentials("SHOP02", "new-hush")),
            ..AccountEdit::default()
        };
        assert_eq!(engine.change_account(merchant, of.1, elsewhere).await, Ok(3), "keys and hosts change");
        let renamed = AccountEdit { name: Some("New".into()), ..AccountEdit::default() };
        assert_eq!(engine.change_account(merchant, of.1, renamed).await, Ok(4));
    })
    .await;
}

#[tokio::test]
async fn what_left_under_another_contract_is_asked_about_under_that() {
    TestStores::each(|store| async move {
        let engine = engine(&store, 1);
        let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
        let of = (merchant, engine.add_account(bank(merchant, "SHOP01")).await.unwrap().id);
        assert_eq!(change(&engine, of, credentials("SHOP01", "new-hush")).await, Ok(2));
        assert_eq!(change(&engine, of, credentials("SHOP02", "hush-hush")).await, Ok(3));
        assert_eq!(change(&engine, of, credentials("SHOP02", "new-hush")).await, Ok(4));
        pay(&engine, of).await;
        let made = refund(&engine, of).await;
        let asked_with = async |version, first_sent_at| {
            let mut refund = Refund { account_version: version, ..made.clone() };
            refund.evidence.first_sent_at = first_sent_at;
            let (_, config) = engine.account_to_ask(&refund).await.unwrap();
            let said = |name| config.credentials.get(name).unwrap().to_owned();
            (said("merchant_id"), said("password"))
        };
        let pair = |id: &str, password: &str| (id.to_owned(), password.to_owned());
        assert_eq!(asked_with(1, Some(START)).await, pair("SHOP01", "hush-hush"), "sent in that moment");
        assert_eq!(asked_with(3, Some(START)).await, pair("SHOP02", "new-hush"), "the old key may be dead");
        assert_eq!(asked_with(4, Some(START)).await, pair("SHOP02", "new-hush"));
        assert_eq!(asked_with(1, None).await, pair("SHOP02", "new-hush"), "it never left");
    })
    .await;
}

#[tokio::test]
async fn where_the_master_key_is_lost_secrets_are_given_anew_whatever_they_were() {
    TestStores::each(|store| async move {
        let first = engine(&store, 1);
        let merchant = first.add_merchant("Shop", None).await.unwrap().id;
        let of = (merchant, first.add_account(bank(merchant, "SHOP01")).await.unwrap().id);
        pay(&first, of).await;
        let without = engine(&store, 2);
        assert_eq!(change(&without, of, credentials("SHOP01", "hush-hush")).await, Ok(2));
        refund(&without, of).await;
        let refused = change(&without, of, credentials("SHOP02", "hush-hush")).await;
        assert!(matches!(refused, Err(AdminError::Invalid { field: "merchant_id", .. })), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn two_accounts_of_one_contract_are_told() {
    TestStores::each(|store| async move {
        let engine = engine(&store, 1);
        let merchant = engine.add_merchant("Shop", None).await.unwrap().id;
        let stranger = engine.add_merchant("Other", None).await.unwrap().id;
        let first = engine.add_account(bank(merchant, "SHOP01")).await.unwrap();
        assert_eq!(engine.accounts_of_same_contract(&first).await, Ok(vec![]));
        engine.add_account(bank(merchant, "SHOP02")).await.unwrap();
        engine.add_account(bank(stranger, "SHOP01")).await.unwrap();
        engine.add_account(NewAccount { environment: Live, ..bank(merchant, "SHOP01") }).await.unwrap();
        let ended = engine.add_account(bank(merchant, "SHOP01")).await.unwrap();
        engine.set_account_state(merchant, ended.id, AccountState::Revoked).await.unwrap();
        assert_eq!(engine.accounts_of_same_contract(&first).await, Ok(vec![]));

        let new_key = NewAccount { credentials: credentials("SHOP01", "new-hush"), ..bank(merchant, "") };
        let second = engine.add_account(new_key).await.unwrap();
        assert_eq!(engine.accounts_of_same_contract(&second).await, Ok(vec![first]));
    })
    .await;
}
