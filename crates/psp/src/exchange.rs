//! What all connectors do alike: send, note, and check an account's addresses.

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Exchange};
use crate::guard::GuardPolicy;
use crate::profile::Profile;
use crate::record::Record;
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use redress_core::environment::Environment;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The code of a refund that cannot be put into this PSP's words: it is refused here, and can never have been sent,
/// because a submit depends on nothing that changes.
pub(crate) const NOT_SENDABLE: &str = "not_sendable";

/// The longest text of a PSP that is kept in an outcome, in bytes.
const PSP_TEXT_BYTES_MAX: usize = 500;

/// The longest id of a PSP that is taken as one, in bytes.
const PSP_ID_BYTES_MAX: usize = 128;

/// Longer paths of an account's own are a slip.
const PATH_BYTES_MAX: usize = 200;

/// Sends once and notes both sides.
pub(crate) async fn send(
    transport: &dyn Transport,
    record: &mut Record,
    request: HttpRequest,
) -> Result<HttpResponse, Outcome> {
    record.request(&request);
    let answer = transport.send(request).await;
    record.answer(&answer);
    answer.map_err(|error| match error {
        TransportError::NotSent(reason) => Outcome::NotSent { reason },
        TransportError::Broken(_) => Outcome::Unknown(Finding::NoAnswer),
    })
}

/// Sets what all requests to PSPs share.
pub(crate) fn prepare(account: &AccountConfig, mut request: HttpRequest) -> HttpRequest {
    request.timeout = account.timeout;
    request.https_only = account.environment == Environment::Live;
    request
}

/// The end of an exchange that never began, because the ask cannot be put into the PSP's words.
pub(crate) fn not_sendable(problem: &str) -> Exchange {
    let refusal = PspRefusal {
        code: NOT_SENDABLE.to_owned(),
        text: problem.to_owned(),
        again: Again::No,
        psp_refund_id: None,
    };
    Exchange { outcome: Outcome::Refused(refusal), record: format!("nothing was sent: {problem}") }
}

/// The PSP did not let the account in: nothing was done, and it is no word about the refund, which may go when the account
/// is in order again (decision 22).
pub(crate) fn not_let_in(psp: &str, said: &str) -> Outcome {
    let reason = format!("{psp} did not let the account in: {said}");
    Outcome::NotSent { reason: reason.trim_end().to_owned() }
}

/// The end of an exchange that never began, because the account is not complete. It may be tried when it is.
pub(crate) fn account_unusable(error: &AccountConfigError) -> Exchange {
    let reason = format!("the PSP account cannot be used: {error}");
    Exchange { record: reason.clone(), outcome: Outcome::NotSent { reason } }
}

/// The end of a check that never began, because the account is not complete.
pub(crate) fn account_unchecked(error: &AccountConfigError) -> AccountCheck {
    AccountCheck::Refused(format!("the PSP account cannot be used: {error}"))
}

/// Sends the question of a check, of which nothing is noted. Where nobody answered, why: a wrong address, a certificate that is
/// not trusted and a time that ran out are mended in different places.
pub(crate) async fn send_check(
    transport: &dyn Transport,
    request: HttpRequest,
) -> Result<HttpResponse, AccountCheck> {
    transport.send(request).await.map_err(|error| {
        AccountCheck::Unclear(match error {
            TransportError::NotSent(reason) => format!("nothing could be sent: {reason}"),
            TransportError::Broken(reason) => format!("no answer came: {reason}"),
        })
    })
}

/// A check that was not let in, in few words: the PSP's code and text, or the status where it gave neither, as what stands
/// before a PSP does.
pub(crate) fn not_accepted(psp: &str, status: u16, code: &str, text: &str) -> AccountCheck {
    let words = format!("{code} {text}");
    AccountCheck::Refused(match words.trim() {
        "" => format!("{psp} answered HTTP {status}"),
        words => format!("{psp} says {words}"),
    })
}

/// A check of which nothing came: the PSP's code and text, or that the answer was none of its. A status alone, of HTTP 200 say,
/// would be read as the PSP's good word, and so would a page of HTTP 200 that has a text and no code of the PSP's.
pub(crate) fn unclear(psp: &str, status: u16, code: &str, text: &str) -> AccountCheck {
    let words = format!("{code} {text}");
    AccountCheck::Unclear(match (code, words.trim()) {
        (_, "") => format!("HTTP {status}, and no answer of {psp}'s"),
        ("", text) if status < 300 => format!("HTTP {status}, and no answer of {psp}'s: {text}"),
        (_, words) => format!("{psp} answered HTTP {status} {words}"),
    })
}

/// Checks the addresses that every account may have.
pub(crate) fn check_addresses(account: &AccountConfig) -> Result<(), AccountConfigError> {
    let live = account.environment == Environment::Live;
    if let Some(base) = &account.base_url {
        check_address("base_url", base, live)?;
        if base.ends_with('/') || base.contains(['?', '#']) {
            let problem = "must end without a slash, a query or a fragment";
            return Err(AccountConfigError::Malformed { field: "base_url", problem });
        }
    }
    account
        .notification_url
        .as_ref()
        .map_or(Ok(()), |address| check_address("notification_url", address, live))
}

/// The form only: whether the network may be reached is judged when it is.
fn check_address(field: &'static str, address: &str, https_only: bool) -> Result<(), AccountConfigError> {
    let form = GuardPolicy { https_only, ..GuardPolicy::any_network() };
    let malformed = |_| AccountConfigError::Malformed {
        field,
        problem: if https_only {
            "must be an https address without user name, on an allowed port"
        } else {
            "must be an http or https address without user name, on an allowed port"
        },
    };
    form.check_url(address).map(|_| ()).map_err(malformed)
}

/// A path of the account's own, where no source of the PSP's states one; `problem` says how it must look.
pub(crate) fn own_path<'a>(
    account: &'a AccountConfig,
    field: &'static str,
    problem: &'static str,
) -> Result<Option<&'a str>, AccountConfigError> {
    let Some(path) = account.credentials.get(field) else { return Ok(None) };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_');
    let segments = path
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(|segment| !segment.is_empty() && !segment.starts_with('.')));
    if segments && path.len() <= PATH_BYTES_MAX && path.bytes().all(plain) {
        return Ok(Some(path));
    }
    Err(AccountConfigError::Malformed { field, problem })
}

/// Refuses credentials that the PSP does not have.
pub(crate) fn only_fields(account: &AccountConfig, profile: &Profile) -> Result<(), AccountConfigError> {
    let is_known = |name: &str| profile.credentials.iter().any(|field| field.name == name);
    match account.credentials.names().find(|name| !is_known(name)) {
        Some(name) => Err(AccountConfigError::Unexpected(name.to_owned())),
        None => Ok(()),
    }
}

/// Reads JSON. It is UTF-8 as a whole (RFC 8259, section 8.1), also where nobody looks.
pub(crate) fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(body).ok()?).ok()
}

/// A PSP's text, cut to what is kept.
pub(crate) fn psp_text(text: Option<&str>) -> String {
    let mut text: String =
        text.unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    crate::record::cut(&mut text, PSP_TEXT_BYTES_MAX);
    text
}

/// Whether a text can be an id of a PSP that is put into addresses and tables: short, and of harmless characters.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=PSP_ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !text.starts_with('.')
}

/// The text of a JSON number, or of a number that was put between quotes; `None` for anything else.
pub(crate) fn number_text(raw: &RawValue) -> Option<&str> {
    let text = raw.get();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    inner.starts_with(|c: char| c.is_ascii_digit() || c == '-').then_some(inner)
}

/// The merchant's reason in a form that a PSP takes: on one line, of so many characters at most. The same reason gives
/// the same text, always.
pub(crate) fn reason_text(reason: &str, chars_max: usize) -> String {
    let one_line: String =
        reason.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(chars_max).collect();
    one_line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_let_in_is_told_what_was_said_or_the_status() {
        for (code, text, told) in [
            ("901", "Invalid Merchant Account", "Adyen says 901 Invalid Merchant Account"),
            ("", "no", "Adyen says no"),
            ("901", "", "Adyen says 901"),
            ("", "", "Adyen answered HTTP 403"),
            ("", " ", "Adyen answered HTTP 403"),
        ] {
            assert_eq!(not_accepted("Adyen", 403, code, text), AccountCheck::Refused(told.to_owned()));
        }
    }

    #[test]
    fn what_is_no_answer_of_the_psp_is_not_told_as_its_own() {
        for (status, code, text, told) in [
            (200, "", "", "HTTP 200, and no answer of Adyen's"),
            (200, "", " ", "HTTP 200, and no answer of Adyen's"),
            (200, "905", "", "Adyen answered HTTP 200 905"),
            (200, "", "ok", "HTTP 200, and no answer of Adyen's: ok"),
            (503, "", "busy", "Adyen answered HTTP 503 busy"),
            (200, "905", "busy", "Adyen answered HTTP 200 905 busy"),
        ] {
            assert_eq!(unclear("Adyen", status, code, text), AccountCheck::Unclear(told.to_owned()));
        }
    }
}
