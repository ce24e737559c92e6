//! Whose contract an account is, by what its credentials say: it is that of what was refunded through it, and of one account.

use redress_core::policy::AccountState;
use redress_psp::account::Credentials;
use redress_psp::profile::Profile;

use super::AdminError;
use super::accounts::{Account, AccountVersion};
use super::fault::FaultCode;
use crate::engine::Engine;

impl Engine {
    /// The field by which new credentials name another contract than a version's.
    pub(super) fn other_contract(
        &self,
        profile: &Profile,
        (account, version): (&Account, &AccountVersion),
        new: &Credentials,
    ) -> Option<&'static str> {
        // Where the master key is lost every account is given its secrets anew, and nothing is left to compare them with.
        let old = self.opened_credentials(account, version).ok()?;
        profile.other_contract(&old, new)
    }

    /// The merchant's other accounts of the same environment that are known to be of the same contract, and not revoked: one
    /// payment may be told of under each of them, and be given back twice.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn accounts_of_same_contract(&self, account: &Account) -> Result<Vec<Account>, AdminError> {
        let profile = self.connector(&account.psp)?.profile();
        let version = self.newest_version(account).await?;
        let ours = self.opened_credentials(account, &version)?;
        let mut same = Vec::new();
        for other in self.list_accounts(Some(account.merchant)).await? {
            let may_be = other.id != account.id
                && other.psp == account.psp
                && other.environment == account.environment
                && other.state != AccountState::Revoked;
            if !may_be {
                continue;
            }
            let version = self.newest_version(&other).await?;
            // Of one that does not open nothing is known.
            if let Ok(theirs) = self.opened_credentials(&other, &version)
                && profile.is_same_contract(&ours, &theirs)
            {
                same.push(other);
            }
        }
        Ok(same)
    }
}

/// Names the field that is to blame.
pub(super) fn other_contract_refused(field: Option<&'static str>) -> AdminError {
    let told = "names another contract, and a refund took effect under the one that the account is for, or may have: add \
                another account, or see first how that refund ended";
    AdminError::invalid(field.unwrap_or("credentials"), FaultCode::OtherContract.told(told))
}

#[cfg(test)]
mod tests;
