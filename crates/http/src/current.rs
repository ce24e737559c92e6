//! The request that is being answered: its id, what its answer gets besides, and whose it is.

use std::cell::RefCell;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use redress_core::id::MerchantId;

/// By this name a request is found in the log; answers carry it too.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    pub(crate) static CURRENT: HeaderValue;
    /// What the answer gets besides.
    pub(crate) static ADDED: RefCell<HeaderMap>;
}

/// Adds a header to the answer of the request that is being answered.
pub(crate) fn adds(name: HeaderName, value: HeaderValue) {
    // Outside of a request there is no answer.
    let _ = ADDED.try_with(|added| added.borrow_mut().insert(name, value));
}

/// The id of the request that is being answered; empty outside of one.
pub(crate) fn current_request_id() -> String {
    CURRENT.try_with(|id| id.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

/// The request that is being answered is logged and traced as this merchant's.
pub(crate) fn is_of(merchant: MerchantId) {
    tracing::Span::current().record("merchant", tracing::field::display(merchant));
}
