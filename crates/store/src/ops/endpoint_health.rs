//! Endpoints that fail: one that has taken nothing for too long is disabled; a person can disable one too. What is owed to
//! it then stays due and is not looked for, until a person enables it again.

use std::time::Duration;

use redress_core::case::CaseKind;
use redress_core::event::OtherEventKind;
use redress_core::id::{CaseId, EndpointId, MerchantId};
use redress_core::time::Timestamp;

use super::cases::{self, CaseSubject, Ending, NewCaseRow};
use super::endpoints;
use super::settings_version::bump;
use super::write::{Author, OtherSubject, insert_other_event};
use crate::error::StoreError;
use crate::op::{Done, Operation};
use crate::tx::{Touches, Tx};

/// What a failed try may mean for its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointFailure {
    /// An endpoint that has failed every try for so long is disabled.
    pub disable_after: Duration,
    /// The id of the case that is opened then.
    pub case: CaseId,
}

/// The endpoint took something.
pub(super) async fn took<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    endpoint: EndpointId,
) -> Result<(), StoreError> {
    // Most have not failed: then nothing is written.
    tx.exec_ahead(
        "UPDATE endpoints SET failing_since = NULL \
         WHERE merchant_id = $1 AND endpoint_id = $2 AND failing_since IS NOT NULL",
        &[merchant.as_bytes().into(), endpoint.as_bytes().into()],
        Touches::Any,
    )
    .await
}

/// The endpoint did not take something. True when that disabled it.
pub(super) async fn failed<T: Tx>(
    tx: &mut T,
    merchant: MerchantId,
    endpoint: EndpointId,
    failure: EndpointFailure,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (owner, id) = (merchant.as_bytes(), endpoint.as_bytes());
    let first = tx
        .exec(
            "UPDATE endpoints SET failing_since = $1 \
             WHERE merchant_id = $2 AND endpoint_id = $3 AND failing_since IS NULL",
            &[now.as_micros().into(), owner.into(), id.into()],
        )
        .await?;
    if first == 1 {
        return Ok(false);
    }
    let span = i64::try_from(failure.disable_after.as_micros()).unwrap_or(i64::MAX);
    let since = now.as_micros().saturating_sub(span);
    let disabled = tx
        .exec(
            "UPDATE endpoints SET disabled_at = $1 WHERE merchant_id = $2 AND endpoint_id = $3 \
             AND failing_since <= $4 AND disabled_at IS NULL AND revoked_at IS NULL",
            &[now.as_micros().into(), owner.into(), id.into(), since.into()],
        )
        .await?;
    if disabled == 0 {
        return Ok(false);
    }
    let missing = || StoreError::inconsistent("an endpoint that was just disabled is not there");
    let found = endpoints::find(tx, merchant, endpoint).await?.ok_or_else(missing)?;
    let (whose, subject) = ((merchant, found.environment), OtherSubject::Endpoint(endpoint));
    insert_other_event(tx, whose, subject, OtherEventKind::EndpointDisabled, None, now).await?;
    let case = NewCaseRow {
        merchant,
        id: failure.case,
        kind: CaseKind::EndpointDisabled,
        subject: CaseSubject::Endpoint(endpoint),
        payment: None,
        text: format!(
            "the endpoint {endpoint} took nothing for too long: nothing is sent to it until it is enabled"
        ),
        block_minor: 0,
        now,
    };
    cases::open(tx, &case).await?;
    bump(tx).await?;
    Ok(true)
}

/// Enables an endpoint again, or disables it, on a person's word. What is due to one that is enabled goes out. About one that is
/// disabled no case is opened: whoever did it knows.
#[derive(Clone, Debug)]
pub struct SwitchEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// Whether it is enabled, and not disabled.
    pub is_on: bool,
    /// Who does it, and why.
    pub author: Author,
    /// The time.
    pub now: Timestamp,
}

/// What came of enabling or disabling an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switching {
    /// It is enabled again, or nothing is sent to it any more.
    Switched,
    /// It was so before.
    Already,
    /// It is revoked, for ever.
    Revoked,
    /// The merchant has no such endpoint.
    NotFound,
}

/// What is enabled has all the time again that an endpoint has.
const ENABLE: &str = "UPDATE endpoints SET disabled_at = NULL, failing_since = NULL \
     WHERE merchant_id = $1 AND endpoint_id = $2 AND disabled_at IS NOT NULL";

const DISABLE: &str = "UPDATE endpoints SET disabled_at = $1 WHERE merchant_id = $2 AND endpoint_id = $3 \
     AND disabled_at IS NULL AND revoked_at IS NULL";

impl Operation for SwitchEndpoint {
    type Out = Switching;
    const NAME: &'static str = "switch_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Switching>, StoreError> {
        let (merchant, endpoint) = (self.merchant, self.endpoint);
        let (owner, id) = (merchant.as_bytes(), endpoint.as_bytes());
        let switched = if self.is_on {
            tx.exec(ENABLE, &[owner.into(), id.into()]).await?
        } else {
            tx.exec(DISABLE, &[self.now.as_micros().into(), owner.into(), id.into()]).await?
        };
        let Some(found) = endpoints::find(tx, merchant, endpoint).await? else {
            return Ok(Done::Rollback(Switching::NotFound));
        };
        if switched == 0 {
            let revoked = found.revoked_at.is_some();
            return Ok(Done::Rollback(if revoked { Switching::Revoked } else { Switching::Already }));
        }
        let (whose, subject) = ((merchant, found.environment), OtherSubject::Endpoint(endpoint));
        let kind =
            if self.is_on { OtherEventKind::EndpointEnabled } else { OtherEventKind::EndpointDisabled };
        insert_other_event(tx, whose, subject, kind, Some(&self.author), self.now).await?;
        if self.is_on {
            let ending = Ending { author: &self.author.name, reason: &self.author.reason, now: self.now };
            cases::end_for_endpoint(tx, merchant, endpoint, ending).await?;
        }
        bump(tx).await?;
        Ok(Done::Commit(Switching::Switched))
    }
}

#[cfg(test)]
mod tests;
