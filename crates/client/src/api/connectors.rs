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
    /// How it is named: the PSP or the method, in lower case.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The payment methods whose refunds it makes.
    pub methods: Vec<Method>,
    /// A payment can be refunded whole.
    pub full: bool,
    /// It can be refunded in part.
    pub partial: bool,
    /// It can be refunded several times.
    pub several: bool,
    /// Refunds of one payment are sent one after the other.
    pub one_in_flight: bool,
    /// The least and the most, where the PSP states them.
    pub limits: Vec<Limit>,
    /// Currencies that the PSP counts otherwise than ISO 4217.
    pub decimals: Vec<Unit>,
    /// How the PSP recognises the same refund.
    pub idempotency: String,
    /// Whether and how the PSP can be asked.
    pub status_query: String,
    /// Whether and how the PSP tells by itself.
    pub notification: String,
    /// The currencies, ISO 4217; `None`: any.
    pub currencies: Option<Vec<String>>,
    /// Of those, the currencies that are not refunded all the same.
    pub currencies_excluded: Vec<String>,
    /// For so long after the capture a payment can be refunded, in seconds.
    pub window_seconds: Option<u64>,
}

/// The least and the most of one refund, in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// ISO 4217.
    pub currency: String,
    /// The least.
    pub min: i64,
    /// The most.
    pub max: i64,
}

/// A payment method, and what proves that refunds of it work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// How it is named: the PSP or the method, in lower case.
    pub name: String,
    /// What proves it.
    pub proven_by: String,
    /// How far the proof goes, where it does not cover everything.
    pub note: Option<String>,
}

/// A currency that the PSP counts otherwise than ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// ISO 4217.
    pub currency: String,
    /// So many decimals the PSP counts.
    pub decimals: u32,
    /// Sums must be multiples of so many minor units.
    pub step: i64,
}
