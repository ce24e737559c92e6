//! The tests' own time: waiting with an end, and measuring.

use std::time::{Duration, Instant, SystemTime};

/// Between two looks at something that is waited for.
const PAUSE: Duration = Duration::from_millis(25);

/// Waits a moment.
pub fn pause() {
    pass(PAUSE);
}

/// Lets so much time pass, for what cannot be seen from outside.
pub fn pass(span: Duration) {
    let start = stopwatch();
    while start.elapsed() < span {
        std::thread::park_timeout(span);
    }
}

/// Looks until `probe` answers something, for at most about `limit`.
pub fn until<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    until_at_every(PAUSE, what, limit, probe)
}

/// The same with another pause between two looks.
pub fn until_at_every<T>(
    pause: Duration,
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> T {
    let start = stopwatch();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < limit, "after {limit:?} there is still no {what}");
        pass(pause);
    }
}

/// Starts to measure.
#[expect(clippy::disallowed_methods, reason = "processes run by the machine's clock; so are they measured")]
pub fn stopwatch() -> Instant {
    Instant::now()
}

/// Now, in seconds since 1970, as signatures have it.
#[expect(clippy::disallowed_methods, reason = "the server compares signatures with the machine's clock")]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}
