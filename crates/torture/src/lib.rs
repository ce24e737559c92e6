//! Redress as real processes: started, loaded, killed, cut off from its database, and judged from outside.
//!
//! Shares no code with the program: clients sign and speak as the documents say, and the judge knows what callers were
//! told, what the PSPs did, and what the merchant's endpoint heard.

#![expect(clippy::unwrap_used, reason = "a harness that cannot go on has failed, and says where")]
#![expect(clippy::missing_panics_doc, reason = "every step of a harness panics when it cannot go on")]

pub mod database;
pub mod dice;
pub mod judge;
pub mod kills;
pub mod load;
pub mod merchant;
pub mod payment;
pub mod process;
pub mod proxy;
pub mod psp_faults;
pub mod receiver;
pub mod report;
pub mod run;
pub mod scene;
pub mod signing;
pub mod site;
pub mod time;
pub mod wire;
