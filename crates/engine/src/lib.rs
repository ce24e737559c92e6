//! What Redress does: the use cases, the loop that claims what is due, notifications.

pub mod accept;
mod account_of;
pub mod admin;
pub mod api_key;
pub mod callers;
pub mod config;
pub mod connectors;
#[cfg(test)]
mod counts;
pub mod daily;
pub mod directory;
mod doubt;
pub mod engine;
pub mod error;
mod exchange;
pub mod feed;
mod fence;
pub mod forgeries;
pub mod key_material;
mod key_use_notes;
pub mod key_uses;
mod last_look;
mod late_checks;
pub mod lists;
pub mod lookup;
pub mod notify;
pub mod once;
pub mod permits;
pub mod portal;
pub mod psp_notification;
pub mod rate;
pub mod readiness;
pub mod real_world;
mod repeat;
mod request_hash;
pub mod rfc3339;
#[cfg(test)]
mod shop;
pub mod signing;
#[doc(hidden)]
pub mod testing;
mod to_its_end;
pub mod uploads;
pub mod vault;
mod wait_places;
pub mod watch;
mod work;
pub mod world;
