//! MoMo, the Vietnamese wallet (AIO v2).
//!
//! * Refund: <https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>, `POST /v2/gateway/api/refund`.
//! * Look-up: `POST /v2/gateway/api/refund/query`, by the refund's own `orderId`. Its page was not available; the signed
//!   text and `refundTrans` are as MoMo's own sample (<https://github.com/momo-wallet/java>) and several independent
//!   integrations have them, and so is the path, which `query_path` replaces.
//! * Idempotency: <https://developers.momo.vn/v3/docs/payment/api/result-handling/idempotency>.
//!
//! The refund's PSP key is both `orderId` and `requestId`. MoMo sends no notification about refunds and signs no answer.
//! An account's credentials are `partner_code`, `access_key` and `secret_key`, and where wanted `query_path`; a payment's
//! PSP id is MoMo's `transId`.

mod codes;
mod sign;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, json, not_let_in, not_sendable, number_text,
    only_fields, own_path, prepare, psp_text, reason_text, send, send_check,
};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{HttpRequest, HttpResponse, Reuse, Transport};
use codes::Meaning;
use futures_util::future::BoxFuture;
use http::Method;
use redress_core::capabilities::{Capabilities, SumLimit};
use redress_core::decimal::Decimal;
use redress_core::environment::Environment;
use redress_core::outcome::{Finding, Outcome, PspRefusal};
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use serde::Serialize;
use serde_json::value::RawValue;
use sign::Keys;
use std::time::Duration;
use wire::{Answer, QueryRequest, RefundRequest, RefundTrans};

/// Test and production: MoMo's own sample, `environment.properties` in <https://github.com/momo-wallet/java>.
const BASE_SANDBOX: &str = "https://test-payment.momo.vn";
const BASE_LIVE: &str = "https://payment.momo.vn";

/// Where MoMo is asked about a refund, in several independent integrations: no page of MoMo's that could be read has it.
const QUERY_PATH: &str = "/v2/gateway/api/refund/query";

/// MoMo states no limit of `description`; this is well within what its other texts may have.
const REASON_CHARS_MAX: usize = 200;

/// The id of no refund, to see whether the keys are good.
const NO_ORDER: &str = "redress-check";

/// The only currency.
const VND: &str = "VND";

/// MoMo keeps a `requestId` for at least 31 days; a day less, so that no clock's error reaches the end.
const RESEND_WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    // Not stated in what could be read.
    window: None,
    currencies: Some(&[VND]),
    currencies_excluded: &[],
    // <https://developers.momo.vn/v3/docs/payment/api/payment-api/refund>; domestic ATM cards start at 10 000 and
    // tokenised payments end at 30 000 000, which MoMo checks itself.
    limits: &[SumLimit { currency: VND, min_minor: 1_000, max_minor: 50_000_000 }],
    units: &[],
    one_in_flight: false,
};

/// What no page of MoMo's that could be read states.
const SEEN_ELSEWHERE: &str =
    "path and signed text of the look-up, and most result codes, are seen in others' code";

static PROFILE: Profile = Profile {
    title: "MoMo",
    credentials: &[
        CredentialField::needed("partner_code", FieldKind::Contract),
        CredentialField::needed("access_key", FieldKind::Proof),
        CredentialField::needed("secret_key", FieldKind::Proof),
        CredentialField::optional("query_path", FieldKind::Manner),
    ],
    methods: &[Way::noted("MOMOPAY", ProvenBy::DocumentsOnly, SEEN_ELSEWHERE)],
    idempotency: "`requestId`, kept for at least 31 days",
    status_query: "`/v2/gateway/api/refund/query` (or `query_path`), by our own `orderId`",
    notification: "none about refunds",
};

static RECIPE: Recipe = Recipe {
    lookup: Lookup::ByKey,
    resend: Resend::SameKey {
        window: RESEND_WINDOW,
        source: "https://developers.momo.vn/v3/docs/payment/api/result-handling/idempotency: a requestId is kept for \
                 at least 31 days and requests of one requestId are one request",
    },
    absence: Absence::ProvesNothing,
};

/// MoMo.
#[derive(Debug)]
pub struct Momo;

impl Connector for Momo {
    /// 42 in <https://developers.momo.vn/v3/docs/payment/api/result-handling/resultcode>: unknown order or transaction.
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &["42"]
    }

    fn name(&self) -> &'static str {
        "momo"
    }

    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn recipe(&self) -> &'static Recipe {
        &RECIPE
    }

    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError> {
        Keys::of(account)?;
        query_path(account)?;
        only_fields(account, &PROFILE)?;
        check_addresses(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        trans_id_of(id)
            .is_some()
            .then_some(())
            .ok_or("must be a transId of MoMo's: a positive whole number in its shortest form")
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(submit(transport, account, ask))
    }

    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(query(transport, account, ask))
    }

    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        nonce: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        Box::pin(check(transport, account, nonce))
    }
}

async fn submit(transport: &dyn Transport, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    let keys = match Keys::of(account) {
        Ok(keys) => keys,
        Err(error) => return account_unusable(&error),
    };
    let Some(trans_id) = trans_id_of(&ask.psp_payment_id) else {
        return not_sendable("the payment's PSP id is no MoMo transId");
    };
    let amount = ask.amount.minor();
    if ask.amount.currency().code() != VND || amount <= 0 {
        return not_sendable("MoMo refunds positive sums in VND only");
    }
    let description = reason_text(&ask.reason, REASON_CHARS_MAX);
    let mut body = RefundRequest {
        partner_code: keys.partner_code,
        order_id: &ask.key,
        request_id: &ask.key,
        amount,
        trans_id,
        lang: "en",
        description: &description,
        signature: String::new(),
    };
    body.signature = keys.refund(&body);
    let mut request = post(account, "/v2/gateway/api/refund", &body);
    request.reuse = Reuse::of_submits(&RECIPE);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read_submit(&response, ask),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let keys = match Keys::of(account) {
        Ok(keys) => keys,
        Err(error) => return account_unusable(&error),
    };
    let path = match query_path(account) {
        Ok(path) => path,
        Err(error) => return account_unusable(&error),
    };
    let request_id = question_id(ask.nonce);
    let request = question(account, &keys, path, &ask.key, &request_id);
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read_query(&response, ask, &request_id),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

/// Asks for a refund that cannot be: whoever signs rightly is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig, nonce: [u8; 10]) -> AccountCheck {
    let keys = match Keys::of(account) {
        Ok(keys) => keys,
        Err(error) => return account_unchecked(&error),
    };
    let path = match query_path(account) {
        Ok(path) => path,
        Err(error) => return account_unchecked(&error),
    };
    let request = question(account, &keys, path, NO_ORDER, &question_id(nonce));
    let response = match send_check(transport, request).await {
        Ok(response) => response,
        Err(unanswered) => return unanswered,
    };
    match read_answer(&response) {
        Ok((_, 42)) => {
            AccountCheck::Proved("MoMo took the keys and said that it has no such refund".to_owned())
        }
        Ok((answer, 0)) if answer.refund_trans.is_some() => {
            AccountCheck::Proved("MoMo took the keys and listed no such refund".to_owned())
        }
        Ok((answer, code @ 11..=13)) => {
            AccountCheck::Refused(format!("MoMo says {code} {}", psp_text(answer.message.as_deref())))
        }
        Ok((answer, code)) => {
            AccountCheck::Unclear(format!("MoMo says {code} {}", psp_text(answer.message.as_deref())))
        }
        Err(_) => AccountCheck::Unclear(format!("HTTP {}, and no answer of MoMo's", response.status)),
    }
}

/// A question under an id that was used before is refused, or answered as it was then.
fn question_id(nonce: [u8; 10]) -> String {
    format!("q-{}", hex::encode(nonce))
}

fn query_path(account: &AccountConfig) -> Result<&str, AccountConfigError> {
    let problem = "must be a path such as /v2/gateway/api/refund/query";
    Ok(own_path(account, "query_path", problem)?.unwrap_or(QUERY_PATH))
}

fn question(
    account: &AccountConfig,
    keys: &Keys<'_>,
    path: &str,
    order_id: &str,
    request_id: &str,
) -> HttpRequest {
    let body = QueryRequest {
        partner_code: keys.partner_code,
        order_id,
        request_id,
        lang: "en",
        signature: keys.query(order_id, request_id),
    };
    post(account, path, &body)
}

fn post(account: &AccountConfig, path: &str, body: &impl Serialize) -> HttpRequest {
    let base = account.base_url.as_deref().unwrap_or(match account.environment {
        Environment::Sandbox => BASE_SANDBOX,
        Environment::Live => BASE_LIVE,
    });
    let body = serde_json::to_vec(body).expect("texts and integers are JSON");
    prepare(account, HttpRequest::new(Method::POST, format!("{base}{path}")))
        .body("application/json; charset=UTF-8", body)
}

/// MoMo's id of a payment: a positive whole number in its shortest form.
fn trans_id_of(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == text)
}

/// 2xx: MoMo decided; 4xx: our mistake, with a code; all else is no word of MoMo's
/// (<https://developers.momo.vn/v3/docs/payment/api/result-handling/resultcode>).
fn read_answer(response: &HttpResponse) -> Result<(Answer<'_>, i64), Finding> {
    match response.status {
        200..=299 | 400..=499 => {}
        500.. => return Err(Finding::NoAnswer),
        _ => return Err(Finding::NotUnderstood),
    }
    let answer: Answer<'_> = json(&response.body).ok_or(Finding::NotUnderstood)?;
    let code = whole(answer.result_code).ok_or(Finding::NotUnderstood)?;
    Ok((answer, code))
}

fn read_submit(response: &HttpResponse, ask: &SubmitAsk) -> Outcome {
    let (answer, code) = match read_answer(response) {
        Ok(read) => read,
        Err(finding) => return Outcome::Unknown(finding),
    };
    let differs = |echo: &Option<String>| echo.as_ref().is_some_and(|echo| *echo != ask.key);
    if differs(&answer.order_id) || differs(&answer.request_id) {
        return Outcome::Unknown(Finding::Mismatch);
    }
    let meaning = codes::of_submit(code);
    let amount = answer.amount.map(whole);
    let amount_fits = match amount {
        // A refusal may speak of no sum at all (inferred).
        None | Some(Some(0)) => matches!(meaning, Meaning::Refused(_) | Meaning::NotLetIn),
        Some(amount) => amount == Some(ask.amount.minor()),
    };
    let decided = !matches!(meaning, Meaning::Open(_));
    if decided && !amount_fits {
        let absent = amount.is_none();
        return Outcome::Unknown(if absent { Finding::NotUnderstood } else { Finding::Mismatch });
    }
    let done = meaning == Meaning::Done;
    // What says that money moves, or will, must say of which refund.
    let nameless = answer.order_id.is_none() || answer.request_id.is_none();
    if done && response.status >= 400 || (done || meaning == Meaning::InProgress) && nameless {
        return Outcome::Unknown(Finding::NotUnderstood);
    }
    outcome(meaning, code, answer.message.as_deref(), refund_id(answer.trans_id, &ask.psp_payment_id))
}

fn read_query(response: &HttpResponse, ask: &QueryAsk, request_id: &str) -> Outcome {
    let (answer, code) = match read_answer(response) {
        Ok(read) => read,
        Err(finding) => return Outcome::Unknown(finding),
    };
    let other_order = answer.order_id.as_ref().is_some_and(|id| *id != ask.key);
    let other_request = answer.request_id.as_ref().is_some_and(|id| id != request_id);
    if other_order || other_request {
        return Outcome::Unknown(Finding::Mismatch);
    }
    let rows: Vec<&RefundTrans<'_>> =
        answer.refund_trans.iter().flatten().filter(|row| row.order_id == ask.key).collect();
    match (rows.as_slice(), code) {
        ([row], 0) => read_row(row, ask),
        ([], 42) => Outcome::Unknown(Finding::NotFound),
        // Asked and answered, and the list has no such row. Without a list nothing was answered.
        ([], 0) if answer.refund_trans.is_some() => Outcome::Unknown(Finding::NotFound),
        ([_, _, ..], 0) => Outcome::Unknown(Finding::Ambiguous),
        // Whatever else the code says, it says it of the question, not of the refund.
        _ => Outcome::Unknown(Finding::NotUnderstood),
    }
}

fn read_row(row: &RefundTrans<'_>, ask: &QueryAsk) -> Outcome {
    let Some(code) = whole(row.result_code) else { return Outcome::Unknown(Finding::NotUnderstood) };
    if ask.amount.currency().code() != VND || whole(row.amount) != Some(ask.amount.minor()) {
        return Outcome::Unknown(Finding::Mismatch);
    }
    outcome(codes::of_row(code), code, None, refund_id(row.trans_id, &ask.psp_payment_id))
}

fn outcome(meaning: Meaning, code: i64, message: Option<&str>, psp_refund_id: Option<String>) -> Outcome {
    let text = psp_text(message);
    match meaning {
        Meaning::Done => Outcome::Succeeded { psp_refund_id, arn: None },
        // MoMo does not say that the id in an unfinished answer is the one it will keep.
        Meaning::InProgress => Outcome::Pending {
            psp_refund_id: None,
            note: Some(format!("MoMo says {code} {text}").trim_end().to_owned()),
        },
        Meaning::Refused(again) => {
            Outcome::Refused(PspRefusal { code: code.to_string(), text, again, psp_refund_id: None })
        }
        Meaning::NotLetIn => not_let_in("MoMo", &format!("{code} {text}")),
        Meaning::Open(finding) => Outcome::Unknown(finding),
    }
}

/// MoMo's id of the refund: not zero, and not the payment's own id given back.
fn refund_id(trans_id: Option<&RawValue>, payment: &str) -> Option<String> {
    let id = trans_id.and_then(whole).filter(|id| *id > 0)?.to_string();
    (id != payment).then_some(id)
}

fn whole(raw: &RawValue) -> Option<i64> {
    Decimal::from_json_number(number_text(raw)?).ok()?.to_minor_of(0).ok()
}
