//! Reading what was uploaded, row by row: what is wrong with one row leaves the others alone.

use axum::http::{HeaderMap, header};
use redress_core::environment::Environment;
use redress_engine::admin::payment_imports::{RowRefusal, UploadedRow};
use redress_engine::admin::payments_csv::Accounts;

use crate::json_object::{FieldProblem, JsonObject};
use crate::limits::REFERENCE_CHARS_MAX;
use crate::payment_upload::{Rows, UploadProblem, csv, invalid};
use crate::v1::code::Code;
use crate::v1::error::OwnError;
use crate::v1::payments;

/// The shape of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// With a header row; sums are decimal text in major units.
    Csv,
    /// One body of `POST /v1/payments` a line; sums are whole numbers of minor units.
    JsonLines,
}

impl Format {
    /// What the caller says that it is.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, OwnError> {
        let named =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/csv" => Ok(Self::Csv),
            "application/x-ndjson" | "application/jsonl" | "application/json-lines" => Ok(Self::JsonLines),
            _ => Err(OwnError::of_field(
                Code::UnsupportedMediaType,
                "Content-Type",
                "Content-Type must be text/csv, application/x-ndjson or application/jsonl",
            )),
        }
    }

    /// One word for each.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// The rows.
    pub(super) fn read(
        self,
        body: &[u8],
        environment: Environment,
        accounts: &Accounts,
    ) -> Result<Vec<UploadedRow>, OwnError> {
        let rows = match self {
            Self::Csv => csv(body, environment, "the API key's", accounts),
            Self::JsonLines => json_lines(body, environment),
        };
        rows.map_err(|problem| match problem {
            UploadProblem::Header(_) | UploadProblem::Unreadable(_) => {
                OwnError::new(Code::Malformed, problem.to_string())
            }
            UploadProblem::Empty | UploadProblem::TooMany => {
                OwnError::new(Code::Invalid, problem.to_string())
            }
        })
    }
}

fn json_lines(body: &[u8], environment: Environment) -> Result<Vec<UploadedRow>, UploadProblem> {
    let mut all = Rows::default();
    // Programs that write a CSV with a byte order mark write these with one too.
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    // Some programs end lines with a carriage return alone, as of a CSV; after another end it is only blank.
    let end = if body.contains(&b'\n') { b'\n' } else { b'\r' };
    for (line, text) in (1..).zip(body.split(|byte| *byte == end)) {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let object = JsonObject::parse(text);
        let order_ref =
            object.as_ref().ok().and_then(|object| object.text("order_ref", REFERENCE_CHARS_MAX).ok()?);
        let payment = object.and_then(|object| payments::read(&object, environment));
        all.add(UploadedRow { line, order_ref, payment: payment.map_err(refusal) })?;
    }
    all.all()
}

/// What is wrong with a line: the field's name stands by itself, also where it is a word of the caller's own.
fn refusal(FieldProblem { field, unknown, repeated, text }: FieldProblem) -> RowRefusal {
    let word = unknown.or(repeated).filter(|word| !word.is_empty());
    let (field, named) = match (field, word) {
        (Some(field), _) => (Some(field.to_owned()), format!("{field} ")),
        (None, Some(word)) => {
            let named = format!("the field {word:?} ");
            (Some(word), named)
        }
        (None, None) => (None, String::new()),
    };
    let own = text.strip_prefix(named.as_str()).map(str::to_owned);
    invalid(field.as_deref(), own.unwrap_or_else(|| text.into_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use redress_core::id::AccountId;

    use super::*;

    const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

    fn format(content_type: &str) -> Option<Format> {
        let value = HeaderValue::from_str(content_type).unwrap();
        Format::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)])).ok()
    }

    #[test]
    fn the_content_type_says_what_it_is() {
        assert_eq!(format("text/csv; charset=utf-8"), Some(Format::Csv));
        assert_eq!(format("Application/X-NDJSON"), Some(Format::JsonLines));
        assert_eq!(format("application/jsonl"), Some(Format::JsonLines));
        assert_eq!((format("application/json"), format("")), (None, None));
    }

    #[test]
    fn a_wrong_row_has_its_line_its_field_and_its_own_words() {
        let accounts = Accounts::from([(ACCOUNT, Environment::Sandbox)]);
        let line = |order: &str, more: &str| {
            format!(
                r#"{{"order_ref":"{order}","psp_account":"{ACCOUNT}","psp_payment_id":"p-{order}","currency":"SAR",{more}
                "captured_at":"2026-01-02T03:04:05Z"}}"#
            )
            .replace('\n', " ")
        };
        let file = format!(
            "\u{feff}{}\n\n{{\n{}\n{}\n{}\n{}\n",
            line("a", r#""amount":100,"#),
            line("b", ""),
            line("c", r#""amount":1,"environment":"live","#),
            line("d", r#""amount":1,"amuont":1,"#),
            line("e", r#""amount":1,"amount":2,"#)
        );
        let rows = Format::JsonLines.read(file.as_bytes(), Environment::Sandbox, &accounts).ok().unwrap();
        let said: Vec<_> = rows
            .iter()
            .map(|row| {
                let refusal = row.payment.as_ref().err();
                (
                    row.line,
                    refusal.and_then(|refusal| refusal.field.as_deref()),
                    refusal.and_then(|refusal| refusal.detail.as_deref()?.split(';').next()),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                (1, None, None),
                (3, None, Some("the body is not JSON: it ends too early")),
                (4, Some("amount"), Some("is required")),
                (5, Some("environment"), Some("must be sandbox, as the API key's")),
                (6, Some("amuont"), Some("is not known here")),
                (7, Some("amount"), Some("is there twice")),
            ]
        );
        let live = Format::Csv.read(
            format!("order_ref,psp_account,psp_payment_id,currency,amount,captured_at\no,{ACCOUNT},p,SAR,1,2026-01-02T03:04:05Z\n").as_bytes(),
            Environment::Live,
            &accounts,
        );
        let live = live.ok().unwrap().remove(0).payment.unwrap_err();
        assert_eq!(live.field.as_deref(), Some("environment"));
        for nothing in ["", "\n\n"] {
            assert!(Format::JsonLines.read(nothing.as_bytes(), Environment::Sandbox, &accounts).is_err());
        }
    }
}
