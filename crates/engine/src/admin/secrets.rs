//! Whether the master key at hand opens what is sealed.

use redress_store::ops::credentials::Proof;
use redress_store::ops::portal::users::{LoadUser, UserBy};

use super::AdminError;
use crate::directory::{ENDPOINT_COLUMN, SECOND_FACTOR_COLUMN, open_credential};
use crate::engine::Engine;
use crate::vault::SealContext;

/// What came of opening every secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretsCheck {
    /// How many opened.
    pub opened: usize,
    /// What did not, and why; no secret among it.
    pub failed: Vec<String>,
}

impl Engine {
    /// Opens every secret that is in use once: keys, those too that soon end, the newest version of each PSP account,
    /// endpoints with what signs for them besides until their rotation is over, people's second factors. Nothing of them is
    /// shown.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn check_secrets(&self) -> Result<SecretsCheck, AdminError> {
        let mut check = SecretsCheck::default();
        for merchant in self.list_merchants().await? {
            for key in self.list_keys(merchant.id).await?.iter().filter(|key| key.counts_at(self.now())) {
                if let Proof::Sealed(sealed) = &key.proof {
                    check.count(&key.id, open_credential(&self.parts.vault, key, sealed));
                }
            }
            for account in self.list_accounts(Some(merchant.id)).await? {
                let version = self.newest_version(&account).await?;
                check.count(&account.id, self.opened_credentials(&account, &version));
            }
            for endpoint in self.list_endpoints(merchant.id, None).await? {
                let (merchant, row) = (endpoint.merchant, endpoint.id.as_bytes());
                let context = SealContext { merchant, row, column: ENDPOINT_COLUMN };
                check.count(&endpoint.id, self.parts.vault.open(&context, &endpoint.secret_sealed));
                if let Some((old, _)) = endpoint.old_secret.as_ref().filter(|(_, until)| *until > self.now())
                {
                    check.count(&endpoint.id, self.parts.vault.open(&context, old));
                }
            }
            for user in self.list_users(merchant.id).await?.iter().filter(|user| user.disabled_at.is_none()) {
                let by = UserBy::Id(user.merchant, user.id);
                let Some(totp) = self.parts.store.read(LoadUser(by)).await?.and_then(|record| record.totp)
                else {
                    continue;
                };
                let (merchant, row) = (user.merchant, user.id.as_bytes());
                let context = SealContext { merchant, row, column: SECOND_FACTOR_COLUMN };
                check.count(&user.id, self.parts.vault.open(&context, &totp.sealed));
            }
        }
        Ok(check)
    }
}

impl SecretsCheck {
    fn count<T, E: std::fmt::Display>(&mut self, of: &dyn std::fmt::Display, opened: Result<T, E>) {
        match opened {
            Ok(_) => self.opened += 1,
            Err(error) => self.failed.push(format!("{of}: {error}")),
        }
    }
}
