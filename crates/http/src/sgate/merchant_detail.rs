//! `merchant.detail`, GET `/merchants/{MERCHANT_ID}`: the caller's own merchant; any other does not exist.
//!
//! Facts: <https://docs.sgate.sa/en/payinApi/merchant/merchantQuery.html>. Its table says `currencies`, its sample
//! `currencys`: both are here.

use axum::Json;
use axum::extract::State;
use redress_engine::admin::AdminError;
use redress_engine::admin::merchants::Merchant;
use redress_engine::engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{Method, SignedBy};
use super::error::SgateError;
use super::problems::Problems;
use super::shape::{self, Unknown};
use crate::body::PathText;
use crate::problem::Problem;

/// The operation's name.
pub(crate) struct MerchantDetail;

impl Method for MerchantDetail {
    const NAME: &'static str = "merchant.detail";
}

/// A merchant, in the order of the documented sample.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Merchant)]
pub(crate) struct Detail {
    invoice_prefix: Unknown,
    id: String,
    name: String,
    #[schema(value_type = String, pattern = "^enabled$")]
    status: &'static str,
    owner_id: Unknown,
    #[serde(rename = "name_en")]
    name_en: Unknown,
    #[serde(rename = "CR_file")]
    cr_file: Unknown,
    #[serde(rename = "CR_number")]
    cr_number: Unknown,
    #[serde(rename = "CR_vatNumber")]
    cr_vat_number: Unknown,
    #[serde(rename = "CR_expiredAt")]
    cr_expired_at: Unknown,
    address: Unknown,
    telephone: Unknown,
    scope: Unknown,
    legal_person: Unknown,
    mcc: Unknown,
    agency_id: Unknown,
    currencys: Unknown,
    currencies: Unknown,
    address_file: Unknown,
    vat_file: Unknown,
    national_id: Unknown,
    logo_file: Unknown,
    website: Unknown,
    email: Unknown,
    city: Unknown,
    district: Unknown,
    street: Unknown,
    zipcode: Unknown,
    fee_rate: Unknown,
    statement_status: Unknown,
    bank_card_white_list: Unknown,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    owner: Owner,
}

/// Who owns a merchant.
#[derive(Debug, Default, Serialize, ToSchema)]
struct Owner {
    id: Unknown,
    name: Unknown,
    mobile: Unknown,
}

/// Read the caller's merchant
///
/// Any other does not exist.
#[utoipa::path(
    get,
    path = "/api_v1/merchants/{id}",
    operation_id = "merchant.detail",
    tag = "Merchants",
    params(("id" = String, Path, description = "The caller's own merchant id.", example = "M948164")),
    responses(
        (status = 200, description = "The merchant.", body = Detail),
        Problems,
    )
)]
pub(crate) async fn handle(
    State(engine): State<Engine>,
    signed: SignedBy<MerchantDetail>,
    PathText(id): PathText,
) -> Result<Json<Detail>, SgateError> {
    if id.as_deref() != Some(signed.caller.merchant_code.as_str()) {
        return Err(SgateError::NotFound);
    }
    let found = engine.merchant(signed.merchant()).await.map_err(|error| match error {
        AdminError::Engine(error) => error.into(),
        other => {
            tracing::error!(error = %other, "a merchant could not be read");
            SgateError::Problem(Problem::Broken)
        }
    })?;
    Ok(Json(detail(found.ok_or(SgateError::NotFound)?)))
}

fn detail(merchant: Merchant) -> Detail {
    let created_at = shape::time(merchant.created_at);
    Detail {
        id: merchant.code,
        name: merchant.name,
        status: "enabled",
        updated_at: created_at.clone(),
        created_at,
        ..Detail::default()
    }
}

#[cfg(test)]
#[path = "merchant_detail_tests.rs"]
mod tests;
