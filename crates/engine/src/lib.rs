//! What Redress does: the use cases, the loop that claims what is due, notifications.

pub mod world;
