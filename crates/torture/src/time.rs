//! The tests' own time: waiting with an end, and measuring.

use std::time::{Duration, Instant, SystemTime};

/// For whatever is waited for. It is for what hangs, not for what is slow: a machine may stand still for most of a minute,
/// while a disk writes or while it is paused as a whole.
pub const LIMIT: Duration = Duration::from_secs(180);

/// So often something is looked at before its limit counts: time that passed while nobody could look says nothing.
const LOOKS_MIN: u32 = 200;

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
    let (start, mut looks) = (stopwatch(), 0_u32);
    loop {
        if let Some(found) = probe() {
            return found;
        }
        looks += 1;
        assert!(start.elapsed() < limit || looks < LOOKS_MIN, "after {limit:?} there is still no {what}");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit was over before the first look, as after a pause of the machine.
    fn looked(times: u32) {
        let mut looks = 0;
        until_at_every(Duration::ZERO, "end", Duration::ZERO, || {
            looks += 1;
            (looks == times).then_some(())
        });
    }

    #[test]
    fn a_limit_does_not_count_before_it_was_looked_often() {
        looked(LOOKS_MIN);
    }

    #[test]
    #[should_panic(expected = "there is still no end")]
    fn what_hangs_is_given_up() {
        looked(LOOKS_MIN + 1);
    }
}
