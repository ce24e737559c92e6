//! The simulator's own promises, and Redress' promises under it.

mod defects;
mod seeds;
