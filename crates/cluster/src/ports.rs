//! Ports that nobody listens on, for what must be found at the same address after it was down.

use std::{
    net::TcpListener,
    ops::Range,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use crate::Outcome;

/// A port of these on 127.0.0.1 on which nobody listens. Each call looks further on, and each process begins elsewhere.
///
/// # Errors
/// Where none is free.
pub fn free_port(ports: &Range<u16>) -> Outcome<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(ports.end.saturating_sub(ports.start));
    (0..count)
        .filter_map(|_| {
            let step = NEXT.fetch_add(1, Relaxed).wrapping_add(std::process::id().wrapping_mul(37)) % count;
            u16::try_from(u32::from(ports.start) + step).ok()
        })
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| format!("no port of {ports:?} is free on 127.0.0.1"))
}
