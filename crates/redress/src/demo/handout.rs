//! `demo.json`: what a program needs to drive the demo.

use std::path::Path;

use serde::Serialize;

use super::files;
use super::payments::Payment;
use super::setup::Addresses;
use super::state::{Merchant, Person};
use crate::failure::Failure;

/// In the demo's directory, for its owner only: it holds secrets in clear.
pub(super) const FILE: &str = "demo.json";

#[derive(Serialize)]
struct Handout<'a> {
    base_url: &'a str,
    sandbox_url: &'a str,
    merchant: MerchantIds<'a>,
    portone: Portone<'a>,
    sgate: Sgate<'a>,
    api_key: &'a str,
    psp_accounts: Vec<PspAccount<'a>>,
    portal_users: &'a [Person],
    payments: &'a [Payment],
}

#[derive(Serialize)]
struct MerchantIds<'a> {
    id: &'a str,
    code: &'a str,
}

#[derive(Serialize)]
struct Portone<'a> {
    client_key: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct Sgate<'a> {
    key: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct PspAccount<'a> {
    id: &'a str,
    psp: &'a str,
    environment: &'a str,
}

/// Writes it anew; a reader finds the old one or this one, whole.
pub(super) fn write(
    dir: &Path,
    addresses: &Addresses,
    merchant: &Merchant,
    people: &[Person],
    payments: &[Payment],
) -> Result<(), Failure> {
    let accounts = merchant.accounts.iter();
    let handout = Handout {
        base_url: &addresses.base_url,
        sandbox_url: &addresses.sandbox_url,
        merchant: MerchantIds { id: &merchant.id, code: &merchant.code },
        portone: Portone { client_key: &merchant.portone.key, secret: &merchant.portone.secret },
        sgate: Sgate { key: &merchant.sgate.key, secret: &merchant.sgate.secret },
        api_key: &merchant.api_key,
        psp_accounts: accounts.map(|(psp, id)| PspAccount { id, psp, environment: "sandbox" }).collect(),
        portal_users: people,
        payments,
    };
    let mut text = serde_json::to_vec_pretty(&handout)
        .map_err(|error| Failure::unable(format!("{FILE} cannot be written: {error}")))?;
    text.push(b'\n');
    files::replace(&dir.join(FILE), &text)
}
