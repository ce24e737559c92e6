//! Proving a PSP account's credentials and address, without any effect on money.

use redress_core::id::{AccountId, MerchantId};
use redress_core::policy::AccountState;
use redress_psp::transport::Transport;

use super::AdminError;
use crate::engine::Engine;

pub use redress_psp::connector::AccountCheck;

impl Engine {
    /// Asks an account's PSP, with its newest credentials, something that moves no money. Nothing is changed here either,
    /// whatever it answers.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn check_account(
        &self,
        id: AccountId,
        transport: &dyn Transport,
    ) -> Result<AccountCheck, AdminError> {
        let account = self.any_account(id).await?;
        if account.state == AccountState::Revoked {
            return Ok(AccountCheck::NotPossible(
                "the account is revoked: nothing is sent through it any more",
            ));
        }
        let timeout = self.parts.config.psp_timeout;
        let (psp, config) = self.parts.directory.newest_account(account.merchant, id, timeout).await?;
        let nonce = self.parts.world.random.bytes10();
        Ok(self.connector(&psp)?.check(transport, &config, nonce).await)
    }

    /// The same of a merchant's own account, by the way that its refunds go.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn check_own_account(
        &self,
        merchant: MerchantId,
        id: AccountId,
    ) -> Result<AccountCheck, AdminError> {
        self.account(merchant, id).await?;
        self.check_account(id, &*self.parts.psp_transport).await
    }
}
