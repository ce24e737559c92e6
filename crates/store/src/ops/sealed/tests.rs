use std::collections::BTreeSet;

use super::*;
use crate::ops::fixtures::{Cell, MERCHANT, STRANGER, bytes, id, sql, world};
use crate::store::Store;
use crate::testing::{TestStores, fail_every_statement};

/// One secret in each column, and two versions of an account.
async fn secrets(store: &Store) {
    world(store).await;
    let credential = "INSERT INTO api_credentials (merchant_id, credential_id, kind, environment, public_key, \
                      secret_sealed, secret_hash, created_at) VALUES ($1, $2, $3, 'live', 'shown', $4, $5, 0)";
    for (n, kind, sealed, hash) in
        [(1, "sgate", Cell::Bytes(vec![1]), Cell::Null), (2, "api", Cell::Null, Cell::Bytes(vec![9]))]
    {
        let (merchant, row) = (bytes(MERCHANT.as_bytes()), bytes(&id(7, n)));
        sql(store, credential, vec![merchant, row, Cell::Text(kind.to_owned()), sealed, hash]).await;
    }
    let version = "INSERT INTO psp_account_versions (merchant_id, account_id, version, credentials_sealed, created_at) \
                   SELECT merchant_id, account_id, $1, $2, 0 FROM psp_accounts WHERE psp = 'flex'";
    for n in [1, 2] {
        sql(store, version, vec![Cell::Int(n), Cell::Bytes(vec![2, u8::try_from(n).unwrap()])]).await;
    }
    let endpoint = "INSERT INTO endpoints (merchant_id, endpoint_id, name, url, dialect, environment, event_mask, \
                    secret_sealed, old_secret_sealed, created_at) \
                    VALUES ($1, $2, 'E', 'https://e.test/', 'standard', 'live', 1, $3, $4, 0)";
    for (merchant, n, old) in [(MERCHANT, 1, Cell::Bytes(vec![4])), (STRANGER, 2, Cell::Null)] {
        let row = vec![bytes(merchant.as_bytes()), bytes(&id(6, n)), Cell::Bytes(vec![3]), old];
        sql(store, endpoint, row).await;
    }
    let user = "INSERT INTO portal_users (merchant_id, user_id, email, name, role, refund_limits, password_hash, \
                password_temporary, totp_sealed, totp_step, new_totp_sealed, created_at, updated_at) \
                VALUES ($1, $2, $3, 'N', 'viewer', '', 'h', 0, $4, $5, $6, 0, 0)";
    for (n, totp, step, new) in [
        (1, Cell::Bytes(vec![5]), Cell::Int(9), Cell::Bytes(vec![6])),
        (2, Cell::Null, Cell::Null, Cell::Null),
    ] {
        let email = Cell::Text(format!("{n}@shop.example"));
        let row = vec![bytes(MERCHANT.as_bytes()), bytes(&id(11, n)), email, totp, step, new];
        sql(store, user, row).await;
    }
}

/// All of a column, a page a secret.
async fn all(store: &Store, column: SealedColumn) -> Vec<SealedSecret> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(LoadSealed { column, after, limit: 1 }).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = Some(last.at);
        all.extend(page);
    }
}

#[tokio::test]
async fn every_sealed_secret_is_found_and_replaced_where_nobody_changed_it() {
    TestStores::each(|store| async move {
        secrets(&store).await;
        let found = async |column| {
            let of: Vec<_> = all(&store, column).await.into_iter().map(|secret| secret.sealed).collect();
            of
        };
        assert_eq!(found(SealedColumn::Credential).await, [vec![1]], "a hash is not sealed");
        assert_eq!(found(SealedColumn::AccountVersion).await, [vec![2, 1], vec![2, 2]]);
        assert_eq!(found(SealedColumn::Endpoint).await, [vec![3], vec![3]]);
        assert_eq!(found(SealedColumn::OldEndpoint).await, [vec![4]]);
        assert_eq!(found(SealedColumn::SecondFactor).await, [vec![5]]);
        assert_eq!(found(SealedColumn::NewSecondFactor).await, [vec![6]]);
        for column in SealedColumn::ALL {
            let before = all(&store, column).await;
            let anew = |secret: &SealedSecret| Resealed {
                before: secret.clone(),
                sealed: [&[50], &secret.sealed[..]].concat(),
            };
            let make = || Reseal { column, secrets: before.iter().map(anew).collect() };
            let (replaced, statements) = fail_every_statement(&store, make).await;
            assert_eq!((replaced, statements), (Ok(before.len() as u64), before.len()), "{column:?}");
            let after: Vec<_> = before.iter().map(|secret| anew(secret).sealed).collect();
            assert_eq!(found(column).await, after, "{column:?}");
            // Changed since it was read.
            assert_eq!(store.run(make()).await, Ok(0), "{column:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_sealed_column_of_the_tables_is_forgotten() {
    let texts: String = crate::MIGRATIONS.iter().map(|step| step.sql).collect();
    let words: BTreeSet<&str> = texts
        .split(|c: char| !c.is_ascii_lowercase() && c != '_')
        .filter(|word| word.ends_with("_sealed"))
        .collect();
    let known =
        ["credentials_sealed", "new_totp_sealed", "old_secret_sealed", "secret_sealed", "totp_sealed"];
    assert_eq!(words.into_iter().collect::<Vec<_>>(), known, "a new one needs its place in SealedColumn");
}

#[test]
fn nothing_sealed_is_printed() {
    let at = SealedAt { merchant: MERCHANT, row: [1; 16], version: 0 };
    let shown = format!("{:?}", SealedSecret { at, sealed: vec![222, 222] });
    assert!(!shown.contains("222"), "{shown}");
}
