//! The corpus: replayed, and where its first inputs come from.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod corpus;
mod played;
mod replay;
mod seeds;
