//! What every endpoint of the face may answer instead of what was asked for, as the description tells it.

use utoipa::IntoResponses;

use super::error::Wire;

/// What every endpoint may answer instead of what was asked for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes what `PortoneError` becomes")]
pub(super) enum Refusals {
    /// Refused: `status_code` and `status_reason` say why.
    #[response(status = 400)]
    Refused(Wire<'static>),
    /// No good credentials.
    #[response(status = 401)]
    Unauthorised(Wire<'static>),
    /// The key has used up what it may ask for, where the server limits rates: the same request is worth a repeat.
    #[response(status = 429, headers(("Retry-After" = u32, description = "When to come back, in seconds.")))]
    TooMany(Wire<'static>),
    /// A fault of this server.
    #[response(status = 500)]
    Broken(Wire<'static>),
    /// Busy: the same request is worth a repeat. Without `Retry-After` it is not known whether the request was done: look before
    /// you repeat it.
    #[response(status = 503, headers(("Retry-After" = u32, description = "When to come back, in seconds.")))]
    Busy(Wire<'static>),
}
