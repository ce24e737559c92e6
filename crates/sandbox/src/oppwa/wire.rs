//! OPPWA's parameters and its JSON.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Detail, unreadable};
use crate::money;
use crate::reply::Reply;
use crate::state::{Refund, Stage, StateError};

/// How many decimals a sum has, whatever its currency.
const DECIMALS: u32 = 2;

/// A result code and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    description: &'static str,
}

impl Code {
    const DONE: Code = code("000.000.000", "Transaction succeeded");
    const FOUND: Code = code("000.000.100", "successful request");
    const DONE_INTERNAL: Code =
        code("000.100.110", "Request successfully processed in 'Merchant in Integrator Test Mode'");
    const DONE_EXTERNAL: Code =
        code("000.100.112", "Request successfully processed in 'Merchant in Connector Test Mode'");
    const PENDING: Code = code("000.200.000", "transaction pending");
    const FAILED: Code = code("800.100.100", "transaction declined for unknown reason");
    pub(crate) const DECLINED: Code = code("800.100.152", "transaction declined by authorization system");
    pub(crate) const NOT_NOW: Code = code(
        "800.100.176",
        "transaction declined (account temporarily not available. Please try again later)",
    );
    pub(crate) const OVER_REFUND: Code =
        code("700.400.200", "cannot refund (refund volume exceeded or tx reversed or invalid workflow?)");

    /// What a refund says of itself.
    fn of(refund: &Refund) -> Result<Code, StateError> {
        let detail = Detail::of(refund)?;
        Ok(match (refund.stage, detail.test_mode.as_deref()) {
            (Stage::Coming | Stage::Pending, _) => Code::PENDING,
            (Stage::Succeeded, Some("EXTERNAL")) => Code::DONE_EXTERNAL,
            (Stage::Succeeded, Some(_)) => Code::DONE_INTERNAL,
            (Stage::Succeeded, None) => Code::DONE,
            (Stage::Failed, _) => Code::FAILED,
            (Stage::Refused, _) => match detail.refused.as_deref() {
                Some(code) if code == Code::OVER_REFUND.code => Code::OVER_REFUND,
                Some(code) if code == Code::NOT_NOW.code => Code::NOT_NOW,
                _ => Code::DECLINED,
            },
        })
    }
}

const fn code(code: &'static str, description: &'static str) -> Code {
    Code { code, description }
}

/// A request that makes no transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: Code,
}

impl Refusal {
    pub(crate) const BAD_TOKEN: Refusal = Refusal {
        status: StatusCode::UNAUTHORIZED,
        code: code("800.900.300", "invalid authentication information"),
    };
    pub(crate) const NO_ACCESS: Refusal =
        Refusal { status: StatusCode::FORBIDDEN, code: code("800.900.303", "no access to the entity") };
    pub(crate) const NOT_FOUND: Refusal =
        Refusal { status: StatusCode::NOT_FOUND, code: code("700.400.580", "cannot find transaction") };
    pub(crate) const BAD_PARAMETER: Refusal = bad("200.300.404", "invalid or missing parameter");
    pub(crate) const BAD_TYPE: Refusal = bad("600.200.400", "Unsupported Payment Type");
    pub(crate) const NO_AMOUNT: Refusal = bad("100.550.300", "request contains no amount or too low amount");
    pub(crate) const BAD_AMOUNT: Refusal =
        bad("100.550.303", "amount format invalid (only two decimals allowed).");
    pub(crate) const NO_CURRENCY: Refusal = bad("100.550.400", "request contains no currency");
    pub(crate) const BAD_CURRENCY: Refusal = bad("100.550.401", "invalid currency");
    pub(crate) const DUPLICATE: Refusal = bad("800.110.100", "duplicate transaction");
    pub(crate) const NO_PAYMENT: Refusal = bad("700.100.100", "reference id not existing");
    pub(crate) const OTHER_CURRENCY: Refusal =
        bad("700.100.500", "referenced payment currency does not match with requested payment currency");
    pub(crate) const OVER_REFUND: Refusal =
        Refusal { status: StatusCode::BAD_REQUEST, code: Code::OVER_REFUND };

    pub(crate) fn reply(self) -> Reply {
        let Code { code, description } = self.code;
        let body = format!(
            r#"{{"result":{{"code":"{code}","description":"{description}"}},"buildNumber":"sandbox"}}"#
        );
        Reply::new(self.status, body)
    }
}

const fn bad(number: &'static str, description: &'static str) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, code: code(number, description) }
}

/// What OPPWA says with an HTTP 500.
pub(crate) const ERROR_500: &str = r#"{"result":{"code":"600.100.100","description":"Unexpected Integrator Error (Request could not be processed)"}}"#;

/// Parameters as a form or an address carries them.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads form-urlencoded text; only these names may be in it.
    pub(crate) fn read(text: &str, names: &[&str]) -> Result<Fields, Refusal> {
        let uri: Uri = format!("/?{text}").parse().map_err(|_| Refusal::BAD_PARAMETER)?;
        let Query(fields) =
            Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| Refusal::BAD_PARAMETER)?;
        let known = fields.iter().all(|(name, _)| names.contains(&name.as_str()));
        if known { Ok(Fields(fields)) } else { Err(Refusal::BAD_PARAMETER) }
    }

    /// The value of a name that may be there once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        match (values.next().filter(|value| !value.is_empty()), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Refusal::BAD_PARAMETER),
        }
    }
}

/// Minor units of a sum with exactly two decimals; `None` for any other form, and for what the currency does not have.
pub(crate) fn parse_amount(text: &str, exponent: u32) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let formed = digits(whole) && digits(fraction) && fraction.len() == DECIMALS as usize;
    money::parse_major(text, exponent).filter(|_| formed)
}

/// A sum with exactly two decimals. One that was taken has no more than two.
fn print_amount(refund: &Refund) -> String {
    let exponent = money::exponent(&refund.currency).unwrap_or(DECIMALS);
    if exponent == 0 {
        return format!("{}.00", refund.amount_minor);
    }
    let excess = 10_i64.pow(exponent.saturating_sub(DECIMALS));
    money::print_major(refund.amount_minor / excess, exponent.min(DECIMALS))
}

#[derive(Debug, Serialize)]
struct ResultPart {
    code: &'static str,
    description: &'static str,
}

impl From<Code> for ResultPart {
    fn from(code: Code) -> ResultPart {
        ResultPart { code: code.code, description: code.description }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Authentication<'a> {
    entity_id: &'a str,
}

/// A transaction, in an answer, a list or a notification.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    id: &'a str,
    referenced_id: &'a str,
    payment_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    merchant_transaction_id: &'a str,
    result: ResultPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication: Option<Authentication<'a>>,
    build_number: &'static str,
    ndc: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    result: ResultPart,
    build_number: &'static str,
    payments: Vec<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct Told {
    #[serde(rename = "type")]
    kind: &'static str,
    payload: Box<RawValue>,
}

fn object(refund: &Refund, authentication: Option<Authentication<'_>>) -> Result<Box<RawValue>, StateError> {
    let declined = matches!(refund.stage, Stage::Failed | Stage::Refused);
    let object = Object {
        id: &refund.refund,
        referenced_id: &refund.payment,
        payment_type: "RF",
        amount: (!declined).then(|| print_amount(refund)),
        currency: (!declined).then_some(&refund.currency),
        merchant_transaction_id: &refund.key,
        result: Code::of(refund)?.into(),
        authentication,
        build_number: "sandbox",
        ndc: format!("{}_{:032x}", refund.account, refund.seq),
    };
    serde_json::value::to_raw_value(&object).map_err(|error| unreadable(&error))
}

/// A refund as it shows itself, at the stage it has.
pub(crate) fn show(refund: &Refund) -> Result<String, StateError> {
    Ok(object(refund, None)?.get().to_owned())
}

/// The list of what was found.
pub(crate) fn list(refunds: &[Refund]) -> Result<String, StateError> {
    let payments = refunds.iter().map(|refund| object(refund, None)).collect::<Result<_, _>>()?;
    let list = List { result: Code::FOUND.into(), build_number: "sandbox", payments };
    serde_json::to_string(&list).map_err(|error| unreadable(&error))
}

/// What is told of a refund.
pub(crate) fn told(refund: &Refund) -> Result<String, StateError> {
    let payload = object(refund, Some(Authentication { entity_id: &refund.account }))?;
    serde_json::to_string(&Told { kind: "PAYMENT", payload }).map_err(|error| unreadable(&error))
}
