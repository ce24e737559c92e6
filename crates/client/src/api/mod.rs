//! The operations and their types, a file a part of the API.

pub(crate) mod cases;
pub(crate) mod connectors;
pub(crate) mod deliveries;
pub(crate) mod endpoints;
pub(crate) mod events;
pub(crate) mod payment_imports;
pub(crate) mod payments;
pub(crate) mod psp_accounts;
pub(crate) mod refunds;
