//! What every endpoint of the face may answer instead of what was asked for, as the description tells it.

use utoipa::IntoResponses;

use super::error::Body;

/// What every endpoint may answer instead of what was asked for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `SgateError` becomes")]
pub(super) enum Problems {
    /// One of the five headers is missing.
    #[response(status = 401)]
    NoAuth(Body<'static>),
    /// The signature proves nothing, or the order does not allow it.
    #[response(status = 403)]
    NotAllowed(Body<'static>),
    /// There is no such thing for this caller.
    #[response(status = 404)]
    NotFound(Body<'static>),
    /// The key has used up what it may ask for, where the server limits rates: the same request is worth a repeat.
    #[response(status = 429, headers(("Retry-After" = u32, description = "When to come back, in seconds.")))]
    TooMany(Body<'static>),
    /// A fault of this server.
    #[response(status = 500)]
    Broken(Body<'static>),
    /// Busy: the same request is worth a repeat. Without `Retry-After` it is not known whether the request was done: look before
    /// you repeat it.
    #[response(status = 503, headers(("Retry-After" = u32, description = "When to come back, in seconds.")))]
    Busy(Body<'static>),
}
