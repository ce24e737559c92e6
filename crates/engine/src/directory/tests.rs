//! What is kept in memory beside a command that changes the file.

use std::path::Path;

use redress_store::ops::accounts::{AccountChanging, AccountVersion, AddAccount, ChangeAccount};
use redress_store::ops::credentials::{AddCredential, RevokeCredential, Revoking};
use redress_store::ops::merchants::{AddMerchant, Merchant};
use redress_store::{MIGRATIONS, Role, SqliteConfig};

use super::*;
use crate::testing::SeededRandom;
use crate::vault::generate_line;

const MERCHANT: MerchantId = MerchantId::from_bytes([1; 16]);
const KEY: KeyId = KeyId::from_bytes([2; 16]);
const ACCOUNT: AccountId = AccountId::from_bytes([3; 16]);
const LONG: Duration = Duration::from_secs(3_600);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_014_400_000_000 + seconds * 1_000_000)
}

/// Two connections for brief reads, each of which keeps its snapshot.
fn opened(path: &Path, role: Role) -> Store {
    let mut config = SqliteConfig::at(path);
    (config.brief_reads, config.snapshot_kept, config.snapshot_idle) = (2, LONG, LONG);
    Store::open_sqlite(&config, role).unwrap()
}

/// A key that is shown as `shown`, and an account in its first version.
async fn fill(store: &Store, vault: &Vault) {
    store.migrate(MIGRATIONS, 0).await.unwrap();
    let merchant = Merchant {
        id: MERCHANT,
        code: "M948164".into(),
        name: "Shop".into(),
        created_at: at(0),
        revoked_at: None,
    };
    store.run(AddMerchant(merchant)).await.unwrap();
    let key = Credential {
        merchant: MERCHANT,
        id: KEY,
        kind: CredentialKind::Api,
        environment: Some(Environment::Sandbox),
        public_key: "shown".into(),
        proof: Proof::Hash(vec![7; 32]),
        rights: Rights::NONE,
        created_at: at(0),
        revoked_at: None,
    };
    store.run(AddCredential(key)).await.unwrap();
    let context = SealContext { merchant: MERCHANT, row: ACCOUNT.as_bytes(), column: ACCOUNT_COLUMN };
    let credentials: Credentials = [("secret_key".to_owned(), "sk_test_1".to_owned())].into_iter().collect();
    let json = credentials.to_json();
    let sealed = vault.seal(&SeededRandom::new(2), &context, json.expose_secret().as_bytes());
    let first = AccountVersion {
        base_url: Some("https://psp.test/1".into()),
        notification_url: None,
        credentials_sealed: sealed,
    };
    let add = AddAccount {
        merchant: MERCHANT,
        id: ACCOUNT,
        psp: "tap".into(),
        name: "Tap".into(),
        environment: Environment::Sandbox,
        max_in_flight: 4,
        first,
        now: at(0),
    };
    store.run(add).await.unwrap();
}

/// What a command does beside the server; answers the count of changes then.
async fn revoke_and_change(command: &Store) -> i64 {
    let revoke = RevokeCredential { merchant: MERCHANT, credential: KEY, now: at(5) };
    assert_eq!(command.run(revoke).await, Ok(Revoking::Revoked));
    let change = ChangeAccount {
        merchant: MERCHANT,
        account: ACCOUNT,
        seen_version: 1,
        name: "Tap".into(),
        max_in_flight: 4,
        base_url: Some("https://psp.test/2".into()),
        notification_url: None,
        credentials_sealed: None,
        same_host: true,
        other_contract: false,
        now: at(5),
    };
    assert_eq!(command.run(change).await, Ok(AccountChanging::Changed(2)));
    command.read(SettingsVersion).await.unwrap()
}

async fn opens(directory: &Directory) -> bool {
    directory.caller(CredentialKind::Api, "shown", at(10)).await.unwrap().is_some()
}

/// Where the account's PSP is.
async fn address(directory: &Directory) -> String {
    let (_, config) = directory.newest_account(MERCHANT, ACCOUNT, LONG).await.unwrap();
    config.base_url.clone().unwrap()
}

/// Does something on another thread. Threads take the connections in turn, so that it may be one with the connection of this
/// one: then `work` answers nothing, and the next one tries.
fn elsewhere<T: Send + 'static, F: Future<Output = Option<T>>>(work: impl Fn() -> F + Sync) -> T {
    let on_a_thread = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(work())
    };
    let found = (0..100).find_map(|_| {
        std::thread::scope(|scope| scope.spawn(on_a_thread).join().expect("the thread went to its end"))
    });
    found.expect("a thread with the other connection")
}

#[tokio::test]
async fn what_a_command_changed_is_used_once_as_it_was_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("redress.db");
    let vault = Arc::new(Vault::parse(generate_line(&SeededRandom::new(1)).expose_secret()).unwrap());
    // By a handle of its own: what the server has written itself might begin a checkpoint, which ends what is kept.
    fill(&opened(&path, Role::Server), &vault).await;
    let (server, command) = (opened(&path, Role::Server), opened(&path, Role::Tool));
    let directory = Directory::new(server.clone(), vault);
    let (server, directory) = (&server, &directory);

    // From here on this thread's connection sees no change of another process.
    directory.refresh().await.unwrap();
    let before = server.read(SettingsVersion).await.unwrap();
    let after = revoke_and_change(&command).await;
    assert_eq!((server.read(SettingsVersion).await, after), (Ok(before), before + 2));
    // Another one does, and everything is forgotten.
    elsewhere(|| async move {
        let is_seen = server.read(SettingsVersion).await == Ok(after);
        if is_seen {
            directory.refresh().await.unwrap();
        }
        is_seen.then_some(())
    });

    assert!(opens(directory).await, "read as it was before");
    assert_eq!(address(directory).await, "https://psp.test/1");
    let now = elsewhere(|| async move {
        let is_seen = server.read(SettingsVersion).await == Ok(after);
        let found = (opens(directory).await, address(directory).await);
        is_seen.then_some(found)
    });
    assert_eq!(now, (false, "https://psp.test/2".to_owned()), "and not kept");
}

#[tokio::test]
async fn what_is_read_is_kept_until_something_changes() {
    let store = Store::in_line_sqlite().unwrap();
    let vault = Arc::new(Vault::parse(generate_line(&SeededRandom::new(1)).expose_secret()).unwrap());
    fill(&store, &vault).await;
    let directory = Directory::new(store.clone(), vault);
    let is_kept = async || {
        let before = store.stats().reads;
        assert!(opens(&directory).await);
        store.stats().reads == before
    };
    // Before anybody has looked for changes, after a look, and after a change that this process knows of.
    assert!(!is_kept().await && is_kept().await);
    directory.refresh().await.unwrap();
    assert!(is_kept().await, "nothing has changed");
    directory.forget();
    assert!(!is_kept().await && is_kept().await);
    directory.refresh().await.unwrap();
    assert!(is_kept().await, "it was read of what is there now");

    revoke_and_change(&store).await;
    assert!(is_kept().await, "until the next look");
    directory.refresh().await.unwrap();
    assert!(!opens(&directory).await);
}

#[test]
fn what_was_being_read_when_all_was_forgotten_is_not_kept() {
    let mut kept = Kept::default();
    assert!(kept.takes(5, 0) && kept.takes(5, 0));
    assert!(!kept.takes(4, 0) && !kept.takes(6, 0), "of another count");
    kept.forget();
    assert!(!kept.takes(5, 0) && !kept.takes(6, 0), "begun before");
    assert!(kept.takes(6, 1) && !kept.takes(5, 1));
}
