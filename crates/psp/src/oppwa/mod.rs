//! OPPWA, the platform behind HyperPay (and other resellers): mada, cards, Apple Pay, stc pay.
//!
//! * Refund: `POST /v1/payments/{id}`, form-urlencoded (<https://docs.cardcorp.com/reference/refund-a-payment>). The
//!   payment's PSP id is that of the debit (DB) or of the capture (CP).
//! * Result codes: <https://developers.primeiropay.com/result-codes>.
//! * Query: `GET /v1/query/{id}` and `GET /v1/query?merchantTransactionId=…`
//!   (<https://docs.latam.ppro.com/manage-payments/transactions-status>). HyperPay's own page has since moved the first
//!   to `/v3` (<https://hyperpay.docs.oppwa.com/tutorials/reporting/transaction>), of whose answers only the name of the
//!   list was seen, in others' code. So `query_path` replaces `/v1/query`.
//! * Notification: `decipher`, and <https://hyperpay.docs.oppwa.com/node/127> for what is in it.
//!
//! The refund's PSP key goes out as `merchantTransactionId`. OPPWA takes that for a duplicate check only, for how long
//! is not stated, and does not answer a repetition as it answered the first: so nothing is ever sent twice. Questions
//! are answered for one entity only (seen at HyperPay), and say nothing of what another one's refunds became.
//!
//! An account's credentials are `access_token`, `entity_id` (HyperPay gives mada one of its own), `webhook_key` where
//! notifications are wanted, `query_path`, and in the sandbox environment `test_mode`. Hosts differ by reseller: `base_url`.

mod codes;
mod decipher;
mod read;
#[cfg(test)]
mod tests;
mod wire;

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::exchange::{
    account_unchecked, account_unusable, check_addresses, is_id, json, not_sendable, only_fields, own_path,
    prepare, send, send_check,
};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::{CredentialField, FieldKind, Method as Way, Profile, ProvenBy};
use crate::record::Record;
use crate::transport::{HttpRequest, Reuse, Transport};
use futures_util::future::BoxFuture;
use http::{Method, header};
use read::{Asked, Expected};
use redress_core::capabilities::Capabilities;
use redress_core::environment::Environment;
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use wire::{PayloadKind, REFUND, RefundForm, Told, Transaction};

/// HyperPay's test host (<https://hyperpay.docs.oppwa.com/tutorials/reporting/transaction>).
const BASE_SANDBOX: &str = "https://eu-test.oppwa.com";

/// HyperPay's live host, from third parties' code.
const BASE_LIVE: &str = "https://eu-prod.oppwa.com";

/// Where a reseller of the platform states that refunds are asked about; others may have another version.
const QUERY_PATH: &str = "/v1/query";

/// The reference of no refund, to see whether token and entity are good.
const NO_REFUND: &str = "rf-none";

static CAPABILITIES: Capabilities = Capabilities {
    full: true,
    partial: true,
    // Stated is "a partial or full refund"; that there may be several of them is inferred.
    several: true,
    // Not stated in what could be read; nor are smallest and largest sums, or which currencies can be refunded.
    window: None,
    currencies: None,
    currencies_excluded: &[],
    limits: &[],
    units: wire::UNITS,
    one_in_flight: false,
};

/// Whose the documents are, and what they do not say of any method.
const INFERRED: &str = "mostly other resellers' of the same platform; which codes refuse, how a refund is told of, and that there \
                        may be several, are inferred";

/// And of stc pay's besides.
const STC_PAY: &str = "of the platform: no document states that stc pay can be refunded through it; which codes refuse, how a \
                       refund is told of, and that there may be several, are inferred";

static PROFILE: Profile = Profile {
    title: "HyperPay (OPPWA)",
    credentials: &[
        CredentialField::needed("access_token", FieldKind::Proof),
        CredentialField::needed("entity_id", FieldKind::Contract),
        CredentialField::optional("webhook_key", FieldKind::Proof),
        CredentialField::optional("query_path", FieldKind::Manner),
        CredentialField::optional("test_mode", FieldKind::Manner),
    ],
    methods: &[
        Way::noted("mada", ProvenBy::DocumentsOnly, INFERRED),
        Way::noted("card", ProvenBy::DocumentsOnly, INFERRED),
        Way::noted("applePay", ProvenBy::DocumentsOnly, INFERRED),
        // Seen in others' code that takes payments, and nowhere for refunds: the weakest word that there is.
        Way::noted("stcpay", ProvenBy::ThirdPartyCodeOnly, STC_PAY),
    ],
    idempotency: "none: `merchantTransactionId` is a duplicate check only, so nothing is ever sent twice",
    status_query: "`GET /v1/query` (or `query_path`), by our own `merchantTransactionId` or by OPPWA's id",
    notification: "AES-256-GCM to an address set up at the PSP, proved by its tag; the PSP is asked before it counts",
};

static RECIPE: Recipe =
    Recipe { lookup: Lookup::ByKey, resend: Resend::Never, absence: Absence::ProvesNothing };

/// OPPWA.
#[derive(Debug)]
pub struct Oppwa;

impl Connector for Oppwa {
    /// "Reference id not existing" and "cannot find transaction".
    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        &["700.100.100", codes::NOT_FOUND]
    }

    fn name(&self) -> &'static str {
        "oppwa"
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
        check_account(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        is_id(id)
            .then_some(())
            .ok_or("must be the id of a payment at OPPWA: letters, digits, '-', '_' and '.'")
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

    fn read_notification<'a>(
        &'a self,
        _: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        Box::pin(std::future::ready(read_notification(account, inbound).map(|notice| vec![notice])))
    }

    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        _: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        Box::pin(check(transport, account))
    }
}

/// What opens the door, as every request carries it.
struct Access<'a> {
    token: &'a str,
    entity_id: &'a str,
    query_path: &'a str,
}

impl<'a> Access<'a> {
    fn of(account: &'a AccountConfig) -> Result<Self, AccountConfigError> {
        let credentials = &account.credentials;
        let problem = "must be a path such as /v1/query or /v3/query";
        Ok(Self {
            token: credentials.need("access_token")?,
            entity_id: credentials.need("entity_id")?,
            query_path: own_path(account, "query_path", problem)?.unwrap_or(QUERY_PATH),
        })
    }

    /// Asks what became of refunds; `rest` follows the path.
    fn ask(&self, account: &AccountConfig, rest: &str) -> HttpRequest {
        self.request(account, Method::GET, &format!("{}{rest}", self.query_path))
    }

    fn request(&self, account: &AccountConfig, method: Method, path_and_query: &str) -> HttpRequest {
        let base = account.base_url.as_deref().unwrap_or(match account.environment {
            Environment::Sandbox => BASE_SANDBOX,
            Environment::Live => BASE_LIVE,
        });
        prepare(account, HttpRequest::new(method, format!("{base}{path_and_query}")))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
    }
}

fn check_account(account: &AccountConfig) -> Result<(), AccountConfigError> {
    let malformed = |field, problem| Err(AccountConfigError::Malformed { field, problem });
    let access = Access::of(account)?;
    if !access.token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return malformed("access_token", "must be printable ASCII without blanks");
    }
    if !is_id(access.entity_id) {
        return malformed("entity_id", "must be letters and digits, as OPPWA gave it");
    }
    if account.credentials.get("webhook_key").is_some_and(|key| decipher::key_of(key).is_none()) {
        return malformed("webhook_key", "must be 64 hex digits");
    }
    match (account.credentials.get("test_mode"), account.environment) {
        (None | Some("EXTERNAL" | "INTERNAL"), Environment::Sandbox) | (None, Environment::Live) => {}
        (Some(_), Environment::Sandbox) => return malformed("test_mode", "must be EXTERNAL or INTERNAL"),
        (Some(_), Environment::Live) => {
            return malformed("test_mode", "must not be there in the live environment");
        }
    }
    only_fields(account, &PROFILE)?;
    check_addresses(account)
}

async fn submit(transport: &dyn Transport, account: &AccountConfig, ask: &SubmitAsk) -> Exchange {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unusable(&error),
    };
    if !is_id(&ask.psp_payment_id) {
        return not_sendable("the payment's PSP id is no OPPWA payment id");
    }
    let Some(amount) = wire::amount_text(ask.amount) else {
        return not_sendable("the sum is not positive or has more decimals than OPPWA's two");
    };
    let live = account.environment == Environment::Live;
    let form = RefundForm {
        entity_id: access.entity_id,
        amount: &amount,
        currency: ask.amount.currency().code(),
        merchant_transaction_id: &ask.key,
        test_mode: account.credentials.get("test_mode").filter(|_| !live),
    };
    let path = format!("/v1/payments/{}", ask.psp_payment_id);
    let mut request = access
        .request(account, Method::POST, &path)
        .body("application/x-www-form-urlencoded; charset=UTF-8", form.encoded());
    request.reuse = Reuse::of_submits(&RECIPE);
    let expected = Expected {
        key: &ask.key,
        psp_payment_id: &ask.psp_payment_id,
        amount: ask.amount,
        environment: account.environment,
    };
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, request).await {
        Ok(response) => read::submit(&response, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

async fn query(transport: &dyn Transport, account: &AccountConfig, ask: &QueryAsk) -> Exchange {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unusable(&error),
    };
    let (asked, rest) = match ask.psp_refund_id.as_deref().filter(|id| is_id(id)) {
        Some(id) => (Asked::ById(id), format!("/{id}?{}", wire::question(access.entity_id, None))),
        None => {
            let question = wire::question(access.entity_id, Some(&ask.key));
            (Asked::ByKey(&ask.bound_elsewhere), format!("?{question}"))
        }
    };
    let expected = Expected {
        key: &ask.key,
        psp_payment_id: &ask.psp_payment_id,
        amount: ask.amount,
        environment: account.environment,
    };
    let mut record = Record::new(account);
    let outcome = match send(transport, &mut record, access.ask(account, &rest)).await {
        Ok(response) => read::query(&response, &asked, &expected),
        Err(outcome) => outcome,
    };
    Exchange { outcome, record: record.finish() }
}

fn read_notification(account: &AccountConfig, inbound: &Inbound) -> Result<Notice, NoticeError> {
    let access = Access::of(account).map_err(|_| NoticeError::BadSignature)?;
    let key = account.credentials.get("webhook_key").and_then(decipher::key_of);
    let text = decipher::decipher(&key.ok_or(NoticeError::BadSignature)?, &inbound.headers, &inbound.body)?;
    let told: Told<'_> = json(&text).ok_or(NoticeError::NotUnderstood)?;
    if told.kind != "PAYMENT" {
        return Err(NoticeError::NotARefund);
    }
    let payload = told.payload.ok_or(NoticeError::NotUnderstood)?.get().as_bytes();
    let kind: PayloadKind = json(payload).ok_or(NoticeError::NotUnderstood)?;
    if kind.payment_type != REFUND {
        return Err(NoticeError::NotARefund);
    }
    let refund: Transaction<'_> = json(payload).ok_or(NoticeError::NotUnderstood)?;
    let id = refund.id.clone().filter(|id| is_id(id)).ok_or(NoticeError::NotUnderstood)?;
    let payment = refund.referenced_id.as_deref().unwrap_or_default();
    let meaning = codes::of(&refund.result.code, account.environment);
    let entity = refund.authentication.as_ref().and_then(|whose| whose.entity_id.as_deref());
    let mut record = Record::new(account);
    record.body(&text);
    Ok(Notice {
        key: refund.merchant_transaction_id.clone(),
        psp_refund_id: Some(id),
        psp_payment_ids: refund.referenced_id.clone().into_iter().collect(),
        amount: read::amount_of(&refund),
        outcome: read::outcome(&refund, meaning, payment),
        // Several entities of a merchant may share one key.
        must_confirm: true,
        foreign: entity
            .filter(|entity| *entity != access.entity_id)
            .map(|entity| format!("the entity {}", crate::exchange::psp_text(Some(entity)))),
        superseded_by: &[],
        record: record.finish(),
    })
}

/// Asks for a refund that cannot be: whoever is let in is told that there is none.
async fn check(transport: &dyn Transport, account: &AccountConfig) -> AccountCheck {
    let access = match Access::of(account) {
        Ok(access) => access,
        Err(error) => return account_unchecked(&error),
    };
    let request = access.ask(account, &format!("?{}", wire::question(access.entity_id, Some(NO_REFUND))));
    match send_check(transport, request).await {
        Ok(response) => read::check(&response),
        Err(unanswered) => unanswered,
    }
}
