//! The one source of chance of a run: numbers that look random and follow from the seed alone.

use std::sync::{Mutex, PoisonError};

/// A generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
pub struct Rng(Mutex<u64>);

impl Rng {
    /// The generator of a seed and a purpose: purposes do not disturb each other's sequences.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0x5851_f42d_4c95_7f2d;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let rng = Self(Mutex::new(state));
        rng.u64();
        rng
    }

    /// Any number.
    pub fn u64(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`; 0 where `end` is 0.
    pub fn below(&self, end: u64) -> u64 {
        let drawn = self.u64();
        if end == 0 { 0 } else { drawn % end }
    }

    /// From `low` to `high`, both included.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in ten thousand.
    pub fn chance(&self, per_10_000: u32) -> bool {
        per_10_000 > 0 && self.below(10_000) < u64::from(per_10_000)
    }

    /// An index into something of this length.
    pub fn index(&self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One of these.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }
}

impl redress_engine::world::Random for Rng {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.u64().to_le_bytes()[..chunk.len()]);
        }
    }
}
