//! Changing what an endpoint is told, where and how.

use redress_core::id::{EndpointId, MerchantId};

use super::{Dialect, Endpoint};
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
    /// What whoever wants it was shown: where the endpoint is another by now, nothing is changed. Who says all at once would give
    /// back what somebody else changed meanwhile. `None` where nothing was shown.
    pub seen: Option<SeenEndpoint>,
}

/// What somebody who changes an endpoint was shown of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenEndpoint {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The shape it is told in.
    pub dialect: Dialect,
    /// The kinds of events it wants.
    pub event_mask: i64,
}

impl SeenEndpoint {
    /// What there is to be shown of an endpoint now.
    #[must_use]
    pub fn of(endpoint: &Endpoint) -> Self {
        let Endpoint { name, url, dialect, event_mask, .. } = endpoint;
        Self { name: name.clone(), url: url.clone(), dialect: *dialect, event_mask: *event_mask }
    }
}

/// What came of changing an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointChanging {
    /// It is as was wanted.
    Changed,
    /// It is not as was seen; nothing was changed.
    Overtaken,
    /// The merchant has no such endpoint, or it is revoked.
    Gone,
}

impl std::fmt::Debug for ChangeEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the address, as an endpoint.
        f.debug_struct("ChangeEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// One statement, so that two who change different things lose nothing. Where something was seen, it is still so; or it is as
/// is wanted already, as where a form is sent twice.
const CHANGE: &str = "UPDATE endpoints SET name = COALESCE($1, name), url = COALESCE($2, url), \
     dialect = COALESCE($3, dialect), event_mask = COALESCE($4, event_mask), \
     credential_id = CASE WHEN COALESCE($3, dialect) = dialect THEN credential_id END, \
     failing_since = CASE WHEN COALESCE($2, url) = url THEN failing_since END \
     WHERE merchant_id = $5 AND endpoint_id = $6 AND revoked_at IS NULL \
     AND ((name = COALESCE($7, name) AND url = COALESCE($8, url) AND dialect = COALESCE($9, dialect) \
     AND event_mask = COALESCE($10, event_mask)) \
     OR (name = COALESCE($1, name) AND url = COALESCE($2, url) AND dialect = COALESCE($3, dialect) \
     AND event_mask = COALESCE($4, event_mask)))";

const THERE: &str =
    "SELECT 1 FROM endpoints WHERE merchant_id = $1 AND endpoint_id = $2 AND revoked_at IS NULL";

impl Operation for ChangeEndpoint {
    type Out = EndpointChanging;
    const NAME: &'static str = "change_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<EndpointChanging>, StoreError> {
        let seen = self.seen.as_ref();
        let params = [
            self.name.as_ref().into(),
            self.url.as_ref().into(),
            self.dialect.map(Dialect::as_str).into(),
            self.event_mask.into(),
            self.merchant.as_bytes().into(),
            self.endpoint.as_bytes().into(),
            seen.map(|seen| &seen.name).into(),
            seen.map(|seen| &seen.url).into(),
            seen.map(|seen| seen.dialect.as_str()).into(),
            seen.map(|seen| seen.event_mask).into(),
        ];
        if tx.exec(CHANGE, &params).await? == 0 {
            let there = [self.merchant.as_bytes().into(), self.endpoint.as_bytes().into()];
            let is_there = !tx.rows(THERE, &there).await?.is_empty();
            let why = if is_there { EndpointChanging::Overtaken } else { EndpointChanging::Gone };
            return Ok(Done::Rollback(why));
        }
        bump(tx).await?;
        Ok(Done::Commit(EndpointChanging::Changed))
    }
}
