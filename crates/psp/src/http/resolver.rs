//! DNS behind the address guard: what is connected to is what was judged.

use crate::guard::{GuardError, GuardPolicy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) struct GuardedResolver {
    guard: Arc<GuardPolicy>,
}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<GuardPolicy>) -> Self {
        Self { guard }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            // The port is a placeholder; the connector puts the URL's there.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| guard.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(GuardError::Address.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
