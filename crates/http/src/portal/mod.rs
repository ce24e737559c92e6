//! The portal: pages for a merchant's people, under `/portal`, made by the server and usable without a script.
//!
//! A page holds no rule: it asks the engine, and [`gate::Signed::to`] for every act, when it is shown and when it is
//! done. How a page is added:
//!
//! * texts: an area in [`text`], each in every [`language::Language`];
//! * a file with the handlers: [`gate::Signed`] for a page, [`gate::Posted`] for a form;
//! * a template that extends `portal/page.html`;
//! * a line in the list of [`crate::router`], and one in the gallery of the tests, which looks at every page in every
//!   language.

pub(crate) mod account;
mod address;
pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod case;
mod chart;
pub(crate) mod code;
mod coded;
mod cookies;
mod csv_text;
pub(crate) mod dispute;
mod export;
mod field;
mod form;
mod format;
mod gate;
pub(crate) mod guard;
pub(crate) mod imports;
mod kept;
pub(crate) mod language;
mod list_query;
mod nav;
pub(crate) mod overview;
mod page;
pub(crate) mod password;
pub(crate) mod payment;
pub(crate) mod payments;
pub(crate) mod preferences;
pub(crate) mod problem;
mod qr;
pub(crate) mod refund;
pub(crate) mod refund_acts;
mod refund_form;
mod refund_found;
mod refund_history;
pub(crate) mod refund_live;
pub(crate) mod refund_new;
pub(crate) mod refunds;
mod said;
pub(crate) mod second_factor;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod start;
mod text;
mod upload;

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod gallery_tests;
#[cfg(test)]
mod gate_tests;
#[cfg(test)]
mod html_check;
#[cfg(test)]
mod refund_unasked_tests;
#[cfg(test)]
mod sign_in_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod twice_tests;
