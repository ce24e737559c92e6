//! Changing what an endpoint is told, where and how.

use redress_core::id::{EndpointId, MerchantId};

use super::Dialect;
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::ops::settings_version::bump;
use crate::tx::Tx;

/// Changes an endpoint; what is `None` stays. What is owed to it already goes to the new address, in the shape in which
/// it was owed.
#[derive(Clone)]
pub struct ChangeEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// What people call it.
    pub name: Option<String>,
    /// Where it is. What another address did not take says nothing of this one.
    pub url: Option<String>,
    /// The shape it is told in. Another one forgets the credential that signed in the way of the one before.
    pub dialect: Option<Dialect>,
    /// The kinds of events it wants.
    pub event_mask: Option<i64>,
}

impl std::fmt::Debug for ChangeEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the address, as an endpoint.
        f.debug_struct("ChangeEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// One statement, so that two who change different things lose nothing.
const CHANGE: &str = "UPDATE endpoints SET name = COALESCE($1, name), url = COALESCE($2, url), \
     dialect = COALESCE($3, dialect), event_mask = COALESCE($4, event_mask), \
     credential_id = CASE WHEN COALESCE($3, dialect) = dialect THEN credential_id END, \
     failing_since = CASE WHEN COALESCE($2, url) = url THEN failing_since END \
     WHERE merchant_id = $5 AND endpoint_id = $6 AND revoked_at IS NULL";

impl Operation for ChangeEndpoint {
    /// False when the merchant has no such endpoint, or it is revoked.
    type Out = bool;
    const NAME: &'static str = "change_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<bool>, StoreError> {
        let params = [
            self.name.as_ref().into(),
            self.url.as_ref().into(),
            self.dialect.map(Dialect::as_str).into(),
            self.event_mask.into(),
            self.merchant.as_bytes().into(),
            self.endpoint.as_bytes().into(),
        ];
        if tx.exec(CHANGE, &params).await? == 0 {
            return Ok(Done::Rollback(false));
        }
        bump(tx).await?;
        Ok(Done::Commit(true))
    }
}
