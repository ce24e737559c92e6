//! Forms with a file: `multipart/form-data` (RFC 7578).

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use redress_engine::engine::Engine;

use super::form::{Form, PROOF};
use super::gate::Caller;
use super::problem::Stop;
use super::{gate, problem};
use crate::body::LargeBody;
use crate::portal::language::Language;

/// The most parts of a form that are read.
const PARTS_MAX: usize = 16;

/// A form with a file that was sent from a page of ours; what stands in front of [`gate::Posted`] stands here too.
pub(crate) struct Uploaded<C> {
    pub(crate) who: C,
    pub(crate) form: Form,
    /// What is in the file; empty where none was chosen.
    pub(crate) file: Bytes,
}

impl<C: Caller> FromRequest<Engine> for Uploaded<C> {
    type Rejection = Stop;

    async fn from_request(request: Request, engine: &Engine) -> Result<Self, Stop> {
        let (mut parts, body) = request.into_parts();
        let language = Language::of(&parts.headers);
        let from_here = gate::is_from_here(&parts.headers);
        if from_here == Some(false) {
            return Err(problem::foreign(language).into());
        }
        let who = C::from_request_parts(&mut parts, engine).await?;
        let boundary = boundary(&parts.headers);
        let LargeBody(body) = LargeBody::from_request(Request::from_parts(parts, body), engine).await?;
        let (form, file) = boundary.and_then(|boundary| read(&body, &boundary)).unwrap_or_default();
        if who.token().made_form(form.typed(PROOF)) {
            return Ok(Self { who, form, file });
        }
        // No browser fills a file in again: its page is shown anew.
        let Some(true) = from_here else { return Err(problem::foreign(language).into()) };
        Err(problem::typed_again(who.seen()).into())
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = kind.split(';').map(str::trim);
    let is_multipart = parts.next()?.eq_ignore_ascii_case("multipart/form-data");
    let boundary = parts.find_map(|part| part.strip_prefix("boundary="))?.trim_matches('"');
    (is_multipart && !boundary.is_empty()).then(|| boundary.to_owned())
}

/// The fields and the file; `None` where it is not well-formed.
fn read(body: &Bytes, boundary: &str) -> Option<(Form, Bytes)> {
    let delimiter = format!("--{boundary}");
    let between = format!("\r\n{delimiter}");
    let mut at = find(body, delimiter.as_bytes(), 0)? + delimiter.len();
    let (mut fields, mut file) = (Vec::new(), Bytes::new());
    for _ in 0..PARTS_MAX {
        if body.get(at..at + 2)? == b"--" {
            return Some((Form::of(fields), file));
        }
        let head_end = find(body, b"\r\n\r\n", at)?;
        let end = find(body, between.as_bytes(), head_end + 2)?;
        let head = String::from_utf8_lossy(&body[at..head_end]);
        // Where nothing is in it, its end is the end of its head.
        let content = body.slice((head_end + 4).min(end)..end);
        let name = parameter(&head, "name")?;
        if parameter(&head, "filename").is_some() {
            file = content;
        } else {
            fields.push((name, String::from_utf8_lossy(&content).into_owned()));
        }
        at = end + between.len();
    }
    None
}

fn parameter(head: &str, name: &str) -> Option<String> {
    let disposition = head.lines().find(|line| {
        line.get(..20).is_some_and(|start| start.eq_ignore_ascii_case("content-disposition:"))
    })?;
    let value = disposition.split(';').map(str::trim).find_map(|part| {
        part.strip_prefix(name)
            .and_then(|rest| rest.strip_prefix("=\""))
            .and_then(|rest| rest.strip_suffix('"'))
    });
    value.map(str::to_owned)
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"proof\"\r\n\r\np\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
                        Content-Type: text/csv\r\n\r\none\r\n--two\r\n\r\n--b--\r\n";

    #[test]
    fn fields_and_the_file_are_told_apart() {
        let (form, file) = read(&Bytes::from_static(BODY.as_bytes()), "b").unwrap();
        assert_eq!((form.typed("proof"), &*file), ("p", &b"one\r\n--two\r\n"[..]));
        let empty = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--";
        assert_eq!(read(&Bytes::from_static(empty.as_bytes()), "b").unwrap().0.typed("a"), "");
    }

    #[test]
    fn what_is_broken_off_is_no_form() {
        for end in 0..BODY.len() - "--\r\n".len() {
            assert!(read(&Bytes::copy_from_slice(&BODY.as_bytes()[..end]), "b").is_none(), "{end}");
        }
    }

    #[test]
    fn the_boundary_is_told_by_the_content_type() {
        let of =
            |kind: &str| boundary(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]));
        assert_eq!(of("multipart/form-data; boundary=x-y"), Some("x-y".into()));
        assert_eq!(of("Multipart/Form-Data; charset=utf-8; boundary=\"x\""), Some("x".into()));
        assert_eq!((of("multipart/form-data"), of("text/csv; boundary=x")), (None, None));
    }
}
