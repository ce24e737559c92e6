//! GET `/v1/connectors`: the PSPs that are spoken to, what refunds they can do, and what proves it. Sums are in minor
//! units of ISO 4217; `null` stands for what the PSP does not state.

use axum::Json;
use redress_engine::connectors::{ConnectorSheet, sheets};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::KeyHolder;

/// The PSPs that are spoken to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connectors {
    /// One after the other, by name.
    connectors: Vec<Connector>,
}

/// What refunds at one PSP can do; `null` stands for what the PSP does not state.
#[derive(Debug, Serialize, ToSchema)]
struct Connector {
    name: &'static str,
    title: &'static str,
    methods: Vec<Method>,
    full: bool,
    partial: bool,
    several: bool,
    /// Refunds of one payment are sent one after the other.
    one_in_flight: bool,
    window_seconds: Option<u64>,
    /// `null`: any.
    currencies: Option<&'static [&'static str]>,
    /// Of those, the currencies that are not refunded all the same.
    currencies_excluded: &'static [&'static str],
    limits: Vec<Limit>,
    /// Currencies that the PSP counts otherwise than ISO 4217.
    decimals: Vec<Unit>,
    idempotency: &'static str,
    status_query: &'static str,
    notification: &'static str,
}

/// A payment method, and what proves that refunds of it work.
#[derive(Debug, Serialize, ToSchema)]
struct Method {
    name: &'static str,
    proven_by: &'static str,
    /// How far the proof goes, where it does not cover everything.
    note: Option<&'static str>,
}

/// The least and the most of one refund, in minor units.
#[derive(Debug, Serialize, ToSchema)]
struct Limit {
    currency: &'static str,
    min: i64,
    max: i64,
}

/// A currency that the PSP counts otherwise than ISO 4217.
#[derive(Debug, Serialize, ToSchema)]
struct Unit {
    currency: &'static str,
    decimals: u32,
    /// Sums must be multiples of so many minor units.
    step: i64,
}

/// What each connector can do
///
/// The payment providers that this server speaks to, what refunds they can do, and what proves it.
#[utoipa::path(
    get,
    path = "/v1/connectors",
    operation_id = "listConnectors",
    tag = "Connectors",
    responses(
        (status = 200, description = "Every connector.", body = Connectors),
    )
)]
pub(crate) async fn list(_: KeyHolder) -> Json<Connectors> {
    Json(Connectors { connectors: sheets().into_iter().map(shown).collect() })
}

fn shown(sheet: ConnectorSheet) -> Connector {
    let ConnectorSheet { name, profile, capabilities } = sheet;
    let methods = profile.methods.iter().map(|method| Method {
        name: method.name,
        proven_by: method.proven_by.as_str(),
        note: method.note,
    });
    let limits = capabilities.limits.iter().map(|limit| Limit {
        currency: limit.currency,
        min: limit.min_minor,
        max: limit.max_minor,
    });
    let decimals = capabilities.units.iter().map(|unit| Unit {
        currency: unit.currency,
        decimals: unit.decimals,
        step: unit.step_minor,
    });
    Connector {
        name,
        title: profile.title,
        methods: methods.collect(),
        full: capabilities.full,
        partial: capabilities.partial,
        several: capabilities.several,
        one_in_flight: capabilities.one_in_flight,
        window_seconds: capabilities.window.map(|window| window.as_secs()),
        currencies: capabilities.currencies,
        currencies_excluded: capabilities.currencies_excluded,
        limits: limits.collect(),
        decimals: decimals.collect(),
        idempotency: profile.idempotency,
        status_query: profile.status_query,
        notification: profile.notification,
    }
}

#[cfg(test)]
#[path = "connectors_tests.rs"]
mod tests;
