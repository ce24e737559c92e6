//! Reading what a request carries: its body, bounded, and the one parameter of its path.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use redress_engine::engine::Engine;
use redress_engine::uploads::UploadPlace;

use crate::limits::{BODY_BYTES_MAX, IMPORT_BYTES_MAX, PATH_TEXT_CHARS_MAX, storable};
use crate::problem::Problem;

/// The whole body, whatever the content type says. Comes last among a handler's parameters, so that nobody's body is
/// read before they are known.
pub(crate) struct RawBody(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        whole(request, BODY_BYTES_MAX).await.map(Self)
    }
}

/// The same, for uploads, with the place that it takes until it is written.
pub(crate) struct LargeBody(pub(crate) Bytes, pub(crate) UploadPlace);

impl FromRequest<Engine> for LargeBody {
    type Rejection = Problem;

    async fn from_request(request: Request, engine: &Engine) -> Result<Self, Problem> {
        let place = engine.upload_place()?;
        Ok(Self(whole(request, IMPORT_BYTES_MAX).await?, place))
    }
}

async fn whole(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    // Said beforehand, it need not be waited for.
    let declared =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > bytes_max as u64) {
        return Err(Problem::BodyTooLarge);
    }
    let collected = Limited::new(request.into_body(), bytes_max).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        let too_large = error.is::<LengthLimitError>();
        if too_large { Problem::BodyTooLarge } else { Problem::BodyBroken }
    })
}

/// The parameter of a path with one, decoded; `None` where it is not UTF-8, is too long or cannot be in the store.
/// Whoever gets `None` answers as to a name that does not exist.
pub(crate) struct PathText(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let text = Path::<String>::from_request_parts(parts, state).await.ok().map(|Path(text)| text);
        Ok(Self(text.filter(|text| storable(text, PATH_TEXT_CHARS_MAX))))
    }
}
