//! The corpus: replayed, and where its first inputs come from.

mod corpus;
mod played;
mod replay;
mod seeds;
