//! The operations of the API; a test holds the list to the published description.

use crate::api::{
    cases, connectors, deliveries, endpoints, events, payment_imports, payments, psp_accounts, refunds,
};
use crate::operation::Described;

/// Every operation, for the tests.
#[must_use]
pub fn operations() -> Vec<&'static dyn Described> {
    vec![
        &connectors::LIST,
        &psp_accounts::LIST,
        &psp_accounts::GET,
        &payments::LIST,
        &payments::REGISTER,
        &payments::GET,
        &payments::DISPUTE,
        &payments::RELEASE,
        &payments::REFUNDABILITY,
        &refunds::CREATE,
        &refunds::CANCEL,
        &refunds::REFRESH,
        &refunds::CLOSE,
        &refunds::LIST,
        &refunds::GET,
        &refunds::TIMELINE,
        &endpoints::LIST,
        &endpoints::CREATE,
        &endpoints::GET,
        &endpoints::REVOKE,
        &endpoints::CHANGE,
        &endpoints::ROTATE_SECRET,
        &endpoints::ENABLE,
        &endpoints::TEST,
        &endpoints::REPLAY,
        &deliveries::LIST,
        &deliveries::GET,
        &deliveries::RESEND,
        &events::LIST,
        &cases::LIST,
        &cases::GET,
        &cases::CLOSE,
        &payment_imports::CREATE,
        &payment_imports::LIST,
        &payment_imports::GET,
        &payment_imports::ROWS,
    ]
}
