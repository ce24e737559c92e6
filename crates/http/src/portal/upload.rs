//! Forms with a file: `multipart/form-data` (RFC 7578).

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use futures_util::stream;
use multer::{Multipart, parse_boundary};
use redress_engine::engine::Engine;
use redress_engine::uploads::UploadPlace;

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
    /// To be kept until what is in it is written.
    pub(crate) place: UploadPlace,
}

impl<C: Caller> FromRequest<Engine> for Uploaded<C> {
    type Rejection = Stop;

    async fn from_request(request: Request, engine: &Engine) -> Result<Self, Stop> {
        let (parts, body) = request.into_parts();
        let language = Language::of(&parts.headers);
        let from_here = gate::is_from_here(&parts.headers);
        if from_here == Some(false) {
            return Err(problem::foreign(language).into());
        }
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| parse_boundary(kind).ok());
        let (who, LargeBody(body, place)) = gate::sender::<C, LargeBody>(parts, body, engine).await?;
        let read = match boundary {
            Some(boundary) => read(body, boundary).await.ok(),
            None => None,
        };
        let (form, file) = read.unwrap_or_default();
        if who.token().made_form(form.typed(PROOF)) {
            return Ok(Self { who, form, file, place });
        }
        // No browser fills a file in again: its page is shown anew.
        let Some(true) = from_here else { return Err(problem::foreign(language).into()) };
        Err(problem::typed_again(who.seen()).into())
    }
}

/// The fields and the file.
async fn read(body: Bytes, boundary: String) -> Result<(Form, Bytes), multer::Error> {
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
    let mut parts = Multipart::new(whole, boundary);
    let (mut fields, mut file, mut count) = (Vec::new(), Bytes::new(), 0);
    // To the end, so that what is broken off is no form.
    while let Some(part) = parts.next_field().await? {
        count += 1;
        let name = part.name().unwrap_or_default().to_owned();
        if count > PARTS_MAX {
            continue;
        }
        if part.file_name().is_some() {
            file = part.bytes().await?;
        } else {
            fields.push((name, part.text().await?));
        }
    }
    Ok((Form::of(fields), file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"proof\"\r\n\r\np\r\n\
                        --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
                        Content-Type: text/csv\r\n\r\none\r\n--two\r\n\r\n--b--\r\n";

    async fn read_text(body: &str) -> Result<(Form, Bytes), multer::Error> {
        read(Bytes::copy_from_slice(body.as_bytes()), "b".to_owned()).await
    }

    #[tokio::test]
    async fn fields_and_the_file_are_told_apart() {
        let (form, file) = read_text(BODY).await.unwrap();
        assert_eq!((form.typed("proof"), &*file), ("p", &b"one\r\n--two\r\n"[..]));
        let empty = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--";
        assert_eq!(read_text(empty).await.unwrap().0.typed("a"), "");
    }

    #[tokio::test]
    async fn a_file_may_be_called_as_it_likes() {
        for name in ["a;b.csv", "a=b; name=c.csv", "\u{645}\u{644}\u{641}.csv", ""] {
            let (form, file) = read_text(&BODY.replace("a.csv", name)).await.unwrap();
            assert_eq!((form.typed("proof"), file.len()), ("p", 12), "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_broken_off_is_no_form() {
        for end in 0..BODY.len() - "--\r\n".len() {
            assert!(read_text(&BODY[..end]).await.is_err(), "{end}");
        }
    }
}
