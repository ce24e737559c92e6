//! Ending what a merchant can do here.

use redress_core::id::MerchantId;
use redress_core::policy::AccountState;
use redress_store::ops::credentials::Revoking;
use redress_store::ops::merchants::RevokeMerchant;

use super::AdminError;
use crate::engine::Engine;
use crate::portal::PortalError;
use crate::portal::audit::By;
use crate::portal::people::UserChange;

/// What was taken from a merchant that was revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MerchantRevoked {
    /// People who may not sign in any more.
    pub people: usize,
    /// Keys that open nothing any more.
    pub keys: usize,
    /// PSP accounts through which nothing is sent any more.
    pub accounts: usize,
}

impl Engine {
    /// Takes from a merchant all by which something can be done for it: its people may not sign in, and its keys and PSP
    /// accounts are revoked for ever. That nothing is added to it any more comes first, so that what is there then is all
    /// that there is to take. What was sent before is followed to its end and told: its endpoints stay, but in SGate's dialect
    /// nothing is told without a key to sign with. The same again takes what was left by a try that was cut off.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when there is no such merchant.
    pub async fn revoke_merchant(&self, merchant: MerchantId) -> Result<MerchantRevoked, PortalError> {
        match self.parts.store.run(RevokeMerchant { merchant, now: self.now() }).await? {
            Revoking::Revoked | Revoking::Already => {}
            Revoking::NotFound => return Err(AdminError::NotFound("merchant").into()),
        }
        let mut revoked = MerchantRevoked::default();
        let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
        for person in self.list_users(merchant).await?.iter().filter(|person| person.disabled_at.is_none()) {
            let changed = self.change_user(By::Operator, merchant, person.id, disabled.clone()).await?;
            revoked.people += usize::from(changed.is_some());
        }
        // One that another was put in place of goes on until it ends.
        for key in self.list_keys(merchant).await?.iter().filter(|key| key.counts_at(self.now())) {
            revoked.keys += usize::from(self.revoke_key(merchant, key.id).await?);
        }
        for account in self.list_accounts(Some(merchant)).await? {
            if account.state != AccountState::Revoked {
                let changed = self.set_account_state(merchant, account.id, AccountState::Revoked).await?;
                revoked.accounts += usize::from(changed);
            }
        }
        Ok(revoked)
    }
}
