//! The PSPs that are spoken to.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;

pub(crate) static LIST: Operation<Connectors> = Operation::get("listConnectors", "/v1/connectors");

impl Client {
    /// What refunds at each PSP can do.
    pub fn list_connectors(&self) -> Call<Connectors> {
        self.call(&LIST, &[])
    }
}

/// The PSPs that are spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connectors {
    /// One after the other, by name.
    pub connectors: Vec<Connector>,
}

/// What refunds at one PSP can do; `null` stands for what the PSP does not state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connector {
    /// Name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Methods.
    pub methods: Vec<Method>,
    /// Full.
    pub full: bool,
    /// Partial.
    pub partial: bool,
    /// Several.
    pub several: bool,
    /// Refunds of one payment are sent one after the other.
    pub one_in_flight: bool,
    /// Limits.
    pub limits: Vec<Limit>,
    /// Currencies that the PSP counts otherwise than ISO 4217.
    pub decimals: Vec<Unit>,
    /// Idempotency.
    pub idempotency: String,
    /// Status query.
    pub status_query: String,
    /// Notification.
    pub notification: String,
    /// `null`: any.
    pub currencies: Option<Vec<String>>,
    /// Window seconds.
    pub window_seconds: Option<u64>,
}

/// The least and the most of one refund, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Currency.
    pub currency: String,
    /// Min.
    pub min: i64,
    /// Max.
    pub max: i64,
}

/// A payment method, and what proves that refunds of it work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Name.
    pub name: String,
    /// Proven by.
    pub proven_by: String,
}

/// A currency that the PSP counts otherwise than ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Currency.
    pub currency: String,
    /// Decimals.
    pub decimals: u32,
    /// Sums must be multiples of so many minor units.
    pub step: i64,
}
