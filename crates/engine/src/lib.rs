//! What Redress does: the use cases, the loop that claims what is due, notifications.

pub mod api_key;
pub mod key_material;
pub mod real_world;
pub mod signing;
#[doc(hidden)]
pub mod testing;
pub mod vault;
pub mod world;
