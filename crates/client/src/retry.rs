//! When a call is sent again, and after which pause. Whether it may be is the operation's: see [`crate::Call`].

use std::time::Duration;

/// How often a safe call is tried, and how long is waited in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// So many tries altogether; 1 for none but the first.
    pub tries_max: u32,
    /// The pause after the first failed try; each further one is twice as long.
    pub first_pause: Duration,
    /// No pause of the client's own is longer.
    pub pause_max: Duration,
    /// A server that asks for a longer pause (`Retry-After`) is not waited for: its answer is the caller's.
    pub retry_after_max: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries_max: 4,
            first_pause: Duration::from_millis(250),
            pause_max: Duration::from_secs(4),
            retry_after_max: Duration::from_secs(20),
        }
    }
}

impl Retries {
    /// None but the first try.
    #[must_use]
    pub fn none() -> Self {
        Self { tries_max: 1, ..Self::default() }
    }

    /// The pause after so many failed tries, where another one is worth it. `asked` is the server's `Retry-After`, which is
    /// kept at least; of the client's own pause one half is left to chance, so that clients do not come back in step.
    pub(crate) fn pause(&self, failed: u32, asked: Option<Duration>, chance: u64) -> Option<Duration> {
        if failed >= self.tries_max || asked.is_some_and(|asked| asked > self.retry_after_max) {
            return None;
        }
        let doubled = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        let whole = self.first_pause.saturating_mul(doubled).min(self.pause_max);
        let half = whole / 2;
        let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
        let own = half + Duration::from_micros(chance % (micros.saturating_add(1)));
        Some(asked.map_or(own, |asked| asked.max(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded_and_the_servers_word_is_kept() {
        let retries = Retries { tries_max: 40, ..Retries::default() };
        let millis = |failed, chance| retries.pause(failed, None, chance).unwrap().as_millis();
        assert_eq!([1, 2, 3].map(|failed| millis(failed, 0)), [125, 250, 500]);
        assert_eq!(millis(1, 125_000), 250, "all of it at most");
        assert!(millis(1, u64::MAX) <= 250);
        assert_eq!(millis(39, 0), 2_000);
        let asked = |seconds| retries.pause(1, Some(Duration::from_secs(seconds)), 0);
        assert_eq!(asked(7), Some(Duration::from_secs(7)));
        assert_eq!(asked(20), Some(Duration::from_secs(20)));
        assert_eq!(asked(21), None, "too long to wait for");
        assert_eq!(retries.pause(40, None, 0), None);
        assert_eq!(Retries::none().pause(1, None, 0), None);
    }
}
