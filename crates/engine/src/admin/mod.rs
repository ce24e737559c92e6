//! What operators and merchants set up: merchants, keys, PSP accounts, endpoints, payments; and what a person decides.
//!
//! Thin over the store's operations: ids and secrets are drawn here from the randomness that was handed in, secrets
//! are sealed here, and what is written is checked here, so that a command, the API and the portal say the same.

pub mod account_check;
pub mod accounts;
pub mod cases;
mod contracts;
mod csv_lines;
pub mod disputes;
pub mod endpoint_edit;
pub mod endpoints;
pub(crate) mod error;
pub mod fault;
pub mod keys;
pub mod merchant_end;
pub mod merchants;
pub mod payment_imports;
pub mod payments;
pub mod payments_csv;
pub mod refunds;
pub mod restored;
pub mod rotation;
pub mod secrets;
pub mod verify;
pub mod waiting;

#[cfg(test)]
mod tests;

use redress_psp::guard::GuardError;
use redress_psp::transport::Transport;
use redress_store::ops::write::Author;

use crate::engine::Engine;

pub use self::error::AdminError;
use self::fault::FaultCode;

/// The longest name of a merchant, an account or an endpoint, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// The longest reference, as an order's, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 255;

/// The longest address, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// The longest reason that a person gives, in bytes: a thousand characters, of whichever script.
pub const REASON_BYTES_MAX: usize = 4_000;

/// So many rows are read at once where all of a list is wanted.
pub(crate) const PAGE_ROWS: u32 = 500;

/// Checks a text that must be there: not empty, not too long, no control characters.
pub(crate) fn check_text(field: &'static str, text: &str, bytes_max: usize) -> Result<(), AdminError> {
    if text.trim().is_empty() {
        return Err(AdminError::invalid(field, FaultCode::Empty.told("must not be empty")));
    }
    check_characters(field, text, bytes_max)
}

/// Checks a text that may be missing; where it is there it is not empty.
fn check_optional(field: &'static str, text: Option<&str>, bytes_max: usize) -> Result<(), AdminError> {
    text.map_or(Ok(()), |text| check_text(field, text, bytes_max))
}

/// Who does something that a reason is kept of, and why.
fn author_of(name: &str, reason: &str) -> Result<Author, AdminError> {
    check_text("author", name, NAME_BYTES_MAX)?;
    check_text("reason", reason, REASON_BYTES_MAX)?;
    Ok(Author { name: name.to_owned(), reason: reason.to_owned() })
}

fn check_characters(field: &'static str, text: &str, bytes_max: usize) -> Result<(), AdminError> {
    if text.len() > bytes_max {
        let code = FaultCode::TooLong { bytes_max };
        return Err(AdminError::invalid(field, code.told(format!("is longer than {bytes_max} bytes"))));
    }
    // Also because PostgreSQL keeps no NUL in a text.
    if text.chars().any(char::is_control) {
        return Err(AdminError::invalid(
            field,
            FaultCode::ControlCharacters.told("contains control characters"),
        ));
    }
    Ok(())
}

fn check_url(guard: &dyn Transport, field: &'static str, url: &str) -> Result<(), AdminError> {
    check_text(field, url, URL_BYTES_MAX)?;
    guard.check_url(url).map_err(|error| refused_url(field, &error))
}

fn refused_url(field: &'static str, error: &GuardError) -> AdminError {
    let code = match *error {
        GuardError::NotAUrl => FaultCode::UrlForm,
        GuardError::Scheme => FaultCode::UrlScheme,
        GuardError::HttpsOnly => FaultCode::UrlNotHttps,
        GuardError::Userinfo => FaultCode::UrlUser,
        GuardError::Port(port) => FaultCode::UrlPort { port },
        GuardError::Address => FaultCode::UrlNetwork,
    };
    AdminError::invalid(field, code.told(format!("is refused: {error}")))
}

impl Engine {
    /// Checks an address that merchants are told at, by the guard that judges every attempt: what it is sure to refuse is
    /// refused at once. What a name resolves to is judged at each attempt.
    fn check_told_url(&self, field: &'static str, url: &str) -> Result<(), AdminError> {
        check_url(&*self.parts.notify_transport, field, url)
    }
}

#[cfg(test)]
mod checks {
    use futures_util::future::BoxFuture;
    use redress_psp::transport::{HttpRequest, HttpResponse, TransportError};

    use super::*;

    /// Refuses only what is no address.
    struct AnyNetwork;

    impl Transport for AnyNetwork {
        fn send<'a>(&'a self, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, TransportError>> {
            panic!("nothing is sent here")
        }
    }

    #[test]
    fn texts_are_bounded_and_printable() {
        assert_eq!(check_text("name", "Café Sài Gòn", NAME_BYTES_MAX), Ok(()));
        for text in ["", "  ", "a\0b", "a\nb", &"x".repeat(NAME_BYTES_MAX + 1)] {
            assert!(matches!(
                check_text("name", text, NAME_BYTES_MAX),
                Err(AdminError::Invalid { field: "name", .. })
            ));
        }
        assert_eq!(check_optional("channel", None, 1), Ok(()));
        assert!(check_optional("channel", Some(""), 1).is_err());
    }

    #[test]
    fn urls_have_a_host_and_no_user() {
        for url in ["https://merchant.example/hook?x=1", "http://127.0.0.1:9000/", "http://[::1]:9000/"] {
            assert_eq!(check_url(&AnyNetwork, "url", url), Ok(()), "{url}");
        }
        let long = format!("https://merchant.example/{}", "x".repeat(URL_BYTES_MAX));
        for url in ["", "merchant.example", "ftp://merchant.example/", "https://a:b@merchant.example/", &long]
        {
            assert!(check_url(&AnyNetwork, "url", url).is_err(), "{url}");
        }
    }
}
