//! Which master keys the secrets in the database need, and sealing them anew with the newest.

use std::collections::BTreeMap;

use redress_store::ops::sealed::{LoadSealed, Reseal, Resealed, SealedAt, SealedColumn, SealedSecret};
use redress_store::{MIGRATIONS, MigrateError, Store};

use super::AdminError;
use crate::directory::{ACCOUNT_COLUMN, CREDENTIAL_COLUMN, ENDPOINT_COLUMN, SECOND_FACTOR_COLUMN};
use crate::engine::Engine;
use crate::vault::{OpenError, SealContext, sealed_with};

/// So many secrets are sealed anew in one transaction: little enough to hold no server up.
pub const RESEAL_AT_ONCE: u32 = 50;

/// So many are looked at in one read.
const LOOK_AT_ONCE: u32 = 500;

/// How many secrets each master key has sealed, by its id, over everything in the database: what was revoked or replaced
/// too. Needs no master key, and no tables that are up to date.
///
/// # Errors
/// [`AdminError::Engine`] when the store cannot be asked, [`AdminError::Conflict`] where a sealed secret does not say, or the
/// tables are not this program's.
pub async fn master_keys_in_use(store: &Store) -> Result<BTreeMap<String, u64>, AdminError> {
    let pending = store.pending(MIGRATIONS).await.map_err(|error| match error {
        MigrateError::Store(error) => AdminError::from(error),
        error => AdminError::conflict(error.to_string()),
    })?;
    let mut in_use = BTreeMap::new();
    for column in SealedColumn::ALL.into_iter().filter(|column| !pending.contains(&column.since())) {
        let mut after = None;
        loop {
            let page = store.read(LoadSealed { column, after, limit: LOOK_AT_ONCE }).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.at);
            for secret in &page {
                let id = sealed_with(&secret.sealed)
                    .map_err(|error| AdminError::conflict(format!("{column:?}: {error}")))?;
                *in_use.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(in_use)
}

/// Where a pass over all sealed secrets stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResealCursor {
    column: usize,
    after: Option<SealedAt>,
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResealBatch {
    /// How many secrets it looked at.
    pub seen: u64,
    /// How many were sealed with another key than the newest: they are sealed anew, or were changed meanwhile.
    pub resealed: u64,
    /// What does not open, and why; it was left as it is. No secret among it.
    pub failed: Vec<String>,
    /// Where to go on; `None` at the end of the pass.
    pub next: Option<ResealCursor>,
}

impl Engine {
    /// Seals the next few secrets anew that are not sealed with the newest master key. Each batch is one transaction, so
    /// whatever ends a pass in its middle leaves every secret open to one key or the other, and the next pass goes on.
    /// What is written meanwhile may be missed: a rotation is over when a whole pass had nothing to do.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn reseal_batch(&self, from: ResealCursor) -> Result<ResealBatch, AdminError> {
        let mut batch = ResealBatch { seen: 0, resealed: 0, failed: Vec::new(), next: None };
        let Some(&column) = SealedColumn::ALL.get(from.column) else { return Ok(batch) };
        let page = LoadSealed { column, after: from.after, limit: RESEAL_AT_ONCE };
        let page = self.parts.store.read(page).await?;
        batch.seen = page.len() as u64;
        batch.next = Some(match page.last() {
            Some(last) => ResealCursor { column: from.column, after: Some(last.at) },
            None => ResealCursor { column: from.column + 1, after: None },
        });
        let mut secrets = Vec::new();
        for before in page {
            match self.sealed_anew(column, &before) {
                Ok(Some(sealed)) => secrets.push(Resealed { before, sealed }),
                Ok(None) => {}
                Err(error) => batch.failed.push(format!("{} {column:?}: {error}", before.at.merchant)),
            }
        }
        batch.resealed = secrets.len() as u64;
        if !secrets.is_empty() {
            self.parts.store.run(Reseal { column, secrets }).await?;
        }
        Ok(batch)
    }

    fn sealed_anew(&self, column: SealedColumn, secret: &SealedSecret) -> Result<Option<Vec<u8>>, OpenError> {
        let vault = &self.parts.vault;
        if !vault.needs_reseal(&secret.sealed)? {
            return Ok(None);
        }
        let context = SealContext {
            merchant: secret.at.merchant,
            row: &secret.at.row,
            column: match column {
                SealedColumn::Credential => CREDENTIAL_COLUMN,
                SealedColumn::AccountVersion => ACCOUNT_COLUMN,
                SealedColumn::Endpoint | SealedColumn::OldEndpoint => ENDPOINT_COLUMN,
                SealedColumn::SecondFactor | SealedColumn::NewSecondFactor => SECOND_FACTOR_COLUMN,
            },
        };
        let plaintext = vault.open(&context, &secret.sealed)?;
        Ok(Some(vault.seal(&*self.parts.world.random, &context, &plaintext)))
    }
}

#[cfg(test)]
mod tests;
