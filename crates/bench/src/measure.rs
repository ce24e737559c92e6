//! Time, order and percentiles.

use std::time::{Duration, Instant};

/// The one clock of the benchmarks.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures for a real time")]
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

/// The value that so many of a thousand do not exceed; 0 of nothing.
pub(crate) fn percentile(sorted: &[u32], per_mille: usize) -> u32 {
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() * per_mille).div_ceil(1_000).saturating_sub(1).min(last);
    sorted.get(at).copied().unwrap_or(0)
}

/// The numbers below `count` in an order that follows from `seed` alone, so that two runs do the same.
pub(crate) fn shuffled(count: u32, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    let mut state = seed;
    for i in (1..order.len()).rev() {
        let with = usize::try_from(next(&mut state) % (i as u64 + 1)).unwrap_or(0);
        order.swap(i, with);
    }
    order
}

/// SplitMix64 (Steele, Lea, Flood 2014): spread well enough to choose orders by.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let sorted: Vec<u32> = (1..=100).collect();
        assert_eq!([500, 990, 1_000].map(|p| percentile(&sorted, p)), [50, 99, 100]);
        assert_eq!(percentile(&[7], 990), 7);
        assert_eq!(percentile(&[], 500), 0);
    }

    #[test]
    fn an_order_has_every_number_once_and_is_no_order() {
        let order = shuffled(1_000, 1);
        assert_eq!(order, shuffled(1_000, 1));
        assert_ne!(order, shuffled(1_000, 2));
        let neighbours = order.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
        assert!(neighbours < 10, "{neighbours}");
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1_000));
    }
}
