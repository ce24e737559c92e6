//! The commands beside `serve`: each opens the store, calls a use case and prints its answer; some ask a server instead.

pub(crate) mod backup;
pub(crate) mod case;
pub(crate) mod doctor;
pub(crate) mod endpoint;
mod endpoint_deliveries;
pub(crate) mod events;
pub(crate) mod key;
mod manifest;
pub(crate) mod merchant;
pub(crate) mod migrate;
pub(crate) mod options;
pub(crate) mod payments;
pub(crate) mod psp_account;
pub(crate) mod refund;
mod refund_remote;
mod refund_watch;
pub(crate) mod restore;
mod rotate_master;
pub(crate) mod sandbox;
pub(crate) mod settings;
pub(crate) mod user;
pub(crate) mod verify;
