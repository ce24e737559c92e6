//! The refund that an address of the portal names.

use redress_core::id::RefundId;
use redress_core::payment::Payment;
use redress_core::refund::Refund;
use redress_engine::lookup::RefundBy;

use super::gate::{Scope, Seen};
use super::problem::Stop;
use crate::body::PathText;
use crate::problem::Problem;

/// The refund that a path names; one of another merchant or environment does not exist.
pub(super) async fn found(
    seen: &Seen,
    scope: Scope,
    PathText(id): PathText,
) -> Result<(Refund, Payment), Stop> {
    let id = id.and_then(|id| RefundId::parse(&id).ok()).ok_or(Problem::NoRoute)?;
    let found = seen.engine.refund(scope.merchant, Some(scope.environment), RefundBy::Id(id)).await?;
    Ok(found.ok_or(Problem::NoRoute)?)
}
