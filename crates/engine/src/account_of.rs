//! With which settings of its account a PSP is spoken to about a refund.

use std::sync::Arc;

use redress_core::refund::Refund;
use redress_psp::account::AccountConfig;
use redress_psp::connector::Connector;
use redress_store::StoreError;

use crate::engine::Engine;

/// A connector, and one version of an account's settings; or why there is none, for the record of the exchange.
pub(crate) type Settings = Result<(&'static dyn Connector, Arc<AccountConfig>), String>;

impl Engine {
    /// To send it: those of the version that is stored on it, so that a re-send has equal bytes.
    pub(crate) async fn account_to_send(&self, refund: &Refund) -> Settings {
        let (directory, timeout) = (&self.parts.directory, self.parts.config.psp_timeout);
        let (merchant, account, version) = (refund.merchant, refund.account, refund.account_version);
        let found = directory.account_version(merchant, account, version, timeout).await;
        let (psp, config) = found.map_err(|error| error.to_string())?;
        Ok((self.connector_of(&psp)?, config))
    }

    /// To ask about it: asking has no effect, so the newest, since the older ones may be dead by now. But what left under
    /// another contract than these name is not known under theirs, and would be taken for what never was: it is asked about
    /// with those that it was sent with. An account is not given another contract once such a refund is there, and no lock
    /// keeps one from being sent in the very moment of the change.
    pub(crate) async fn account_to_ask(&self, refund: &Refund) -> Settings {
        let (directory, timeout) = (&self.parts.directory, self.parts.config.psp_timeout);
        let (merchant, account, version) = (refund.merchant, refund.account, refund.account_version);
        let found = directory.newest_account(merchant, account, timeout).await;
        let (psp, newest) = found.map_err(|error| error.to_string())?;
        let connector = self.connector_of(&psp)?;
        if refund.evidence.first_sent_at.is_none() {
            return Ok((connector, newest));
        }
        match directory.account_version(merchant, account, version, timeout).await {
            Ok((_, sent)) => {
                let other = connector.profile().other_contract(&sent.credentials, &newest.credentials);
                Ok((connector, if other.is_some() { sent } else { newest }))
            }
            // Where the master key was lost, nothing is left to compare with.
            Err(StoreError::Inconsistent { .. }) => Ok((connector, newest)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn connector_of(&self, psp: &str) -> Result<&'static dyn Connector, String> {
        (self.parts.connectors)(psp).ok_or_else(|| "this program has no connector for the PSP".to_owned())
    }
}
