//! Fuzzing: every parser that reads a stranger's bytes.
//!
//! A [`Target`] is a plain function of bytes that panics where something does not hold that must. The promises are more
//! than "no panic": what is printed is read back, a sum never changes its value, what was not signed is never believed,
//! nothing is taken for a PSP's word that says less. `cargo xtask fuzz` looks for inputs that reach new code, and keeps
//! them in the corpus; the tests replay the corpus.

mod psps;
mod targets;
mod texts;
mod world;

pub use psps::{NOW, Psp, named as psp_named};
pub use targets::TARGETS;

/// One parser, or a few that belong together.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Reads the bytes and judges what was made of them.
    pub run: fn(&[u8]),
}

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
