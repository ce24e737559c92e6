//! `POST /api/merchant/auth-token`.
use crate::portone::error::PortoneError;
pub(crate) async fn handle() -> PortoneError {
    PortoneError::Busy
}
