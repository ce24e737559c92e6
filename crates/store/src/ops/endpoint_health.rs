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

/// Disables an endpoint on a person's word. No case is opened: whoever did it knows.
#[derive(Clone, Debug)]
pub struct DisableEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// Who disables it, and why.
    pub author: Author,
    /// The time.
    pub now: Timestamp,
}

/// What came of disabling an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabling {
    /// Nothing is sent to it any more.
    Disabled,
    /// It was disabled before.
    Already,
    /// It is revoked, for ever.
    Revoked,
    /// The merchant has no such endpoint.
    NotFound,
}

impl Operation for DisableEndpoint {
    type Out = Disabling;
    const NAME: &'static str = "disable_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Disabling>, StoreError> {
        let (merchant, endpoint) = (self.merchant, self.endpoint);
        let disabled = tx
            .exec(
                "UPDATE endpoints SET disabled_at = $1 WHERE merchant_id = $2 AND endpoint_id = $3 \
                 AND disabled_at IS NULL AND revoked_at IS NULL",
                &[self.now.as_micros().into(), merchant.as_bytes().into(), endpoint.as_bytes().into()],
            )
            .await?;
        let Some(found) = endpoints::find(tx, merchant, endpoint).await? else {
            return Ok(Done::Rollback(Disabling::NotFound));
        };
        if disabled == 0 {
            let revoked = found.revoked_at.is_some();
            return Ok(Done::Rollback(if revoked { Disabling::Revoked } else { Disabling::Already }));
        }
        let (whose, subject) = ((merchant, found.environment), OtherSubject::Endpoint(endpoint));
        let (kind, author) = (OtherEventKind::EndpointDisabled, Some(&self.author));
        insert_other_event(tx, whose, subject, kind, author, self.now).await?;
        bump(tx).await?;
        Ok(Done::Commit(Disabling::Disabled))
    }
}

/// Enables an endpoint again: what is due to it goes out.
#[derive(Clone, Debug)]
pub struct EnableEndpoint {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Which.
    pub endpoint: EndpointId,
    /// Who enables it, and why.
    pub author: Author,
    /// The time.
    pub now: Timestamp,
}

/// What came of enabling an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabling {
    /// It is enabled again.
    Enabled,
    /// It was not disabled.
    Already,
    /// It is revoked, for ever.
    Revoked,
    /// The merchant has no such endpoint.
    NotFound,
}

impl Operation for EnableEndpoint {
    type Out = Enabling;
    const NAME: &'static str = "enable_endpoint";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<Enabling>, StoreError> {
        let (merchant, endpoint) = (self.merchant, self.endpoint);
        // It has all the time again that an endpoint has.
        let enabled = tx
            .exec(
                "UPDATE endpoints SET disabled_at = NULL, failing_since = NULL \
                 WHERE merchant_id = $1 AND endpoint_id = $2 AND disabled_at IS NOT NULL",
                &[merchant.as_bytes().into(), endpoint.as_bytes().into()],
            )
            .await?;
        let Some(found) = endpoints::find(tx, merchant, endpoint).await? else {
            return Ok(Done::Rollback(Enabling::NotFound));
        };
        if enabled == 0 {
            let revoked = found.revoked_at.is_some();
            return Ok(Done::Rollback(if revoked { Enabling::Revoked } else { Enabling::Already }));
        }
        let (whose, subject) = ((merchant, found.environment), OtherSubject::Endpoint(endpoint));
        let (kind, author) = (OtherEventKind::EndpointEnabled, Some(&self.author));
        insert_other_event(tx, whose, subject, kind, author, self.now).await?;
        let ending = Ending { author: &self.author.name, reason: &self.author.reason, now: self.now };
        cases::end_for_endpoint(tx, merchant, endpoint, ending).await?;
        bump(tx).await?;
        Ok(Done::Commit(Enabling::Enabled))
    }
}

#[cfg(test)]
mod tests;
