//! The merchant's endpoint: takes every notification and counts those that it had not seen before.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;

use crate::{Outcome, runtime};

/// The name of a notification, the same at every try.
const ID: &str = "webhook-id";

/// Says where it listens; then, for each line that it is sent, how many different ones came.
pub(crate) fn run() -> Outcome {
    let runtime = runtime::one_thread()?;
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let counted = Arc::clone(&seen);
    let said = |error: std::io::Error| format!("the sink cannot listen: {error}");
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).map_err(said)?;
    println!("{}", listener.local_addr().map_err(said)?);
    let take = move |headers: HeaderMap| {
        let id = headers.get(ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        std::future::ready(StatusCode::NO_CONTENT)
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let router = Router::new().route("/", post(take));
            runtime.block_on(async { axum::serve(listener, router).await })
        });
        for line in std::io::stdin().lines() {
            if line.is_err() {
                break;
            }
            println!("{}", counted.lock().unwrap_or_else(PoisonError::into_inner).len());
        }
        // Whoever asked is gone, and with it the reason to listen.
        std::process::exit(0)
    })
}
