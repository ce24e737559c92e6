//! What Redress does: the use cases, the loop that claims what is due, notifications.

pub mod real_world;
pub mod signing;
#[doc(hidden)]
pub mod testing;
pub mod world;
