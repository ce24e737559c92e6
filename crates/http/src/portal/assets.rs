//! The portal's style and script. Their addresses change with their content, so that browsers may keep them.
//!
//! They are not compressed: together with the longest page they stay below 100 KB as they are (`gallery_tests` holds both
//! to it), and each browser loads them once. A proxy in front may compress them, as it may any page.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::extract::RawQuery;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Browsers keep what has its hash in its address for a year without asking.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A file that pages load.
pub(super) struct Asset {
    /// Its address, with a hash of its content.
    pub(super) address: String,
    hash: String,
    kind: HeaderValue,
    text: &'static str,
}

/// The style.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::of("portal.css", "text/css; charset=utf-8", include_str!("../../templates/portal/portal.css"))
});

/// The script.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::of("portal.js", "text/javascript; charset=utf-8", include_str!("../../templates/portal/portal.js"))
});

impl Asset {
    fn of(name: &str, kind: &'static str, text: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = format!("{:016x}", hasher.finish());
        let address = format!("/portal/{name}?{hash}");
        Self { address, hash, kind: HeaderValue::from_static(kind), text }
    }

    /// An address with another hash is an older page's: it gets what there is now, and does not keep it.
    fn serve(&self, query: Option<&str>) -> Response {
        let mut response = self.text.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.kind.clone());
        if query == Some(&self.hash) {
            headers.insert(header::CACHE_CONTROL, KEPT);
        }
        response
    }
}

/// GET `/portal/portal.css`.
pub(crate) async fn style(RawQuery(query): RawQuery) -> Response {
    STYLE.serve(query.as_deref())
}

/// GET `/portal/portal.js`.
pub(crate) async fn script(RawQuery(query): RawQuery) -> Response {
    SCRIPT.serve(query.as_deref())
}
