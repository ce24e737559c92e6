//! What is particular to each PSP.

use axum::Router;

use crate::config::SandboxConfig;
use crate::notify::Kept;
use crate::sandbox::Sandbox;
use crate::state::{Refund, State, StateError};
use crate::world::Notification;

/// What a PSP's folder offers.
pub(crate) trait Play: Sync {
    /// The PSP's own routes.
    fn routes(&self) -> Router<Sandbox>;

    /// Whether it tells merchants of what becomes of a refund.
    fn notifies(&self) -> bool {
        false
    }

    /// Whether it has a word for a refusal that may pass, which `refuse_for_now` plays.
    fn refuses_for_now(&self) -> bool {
        true
    }

    /// Whether it says of a refund that it waits for the merchant's funds, which `pend_for_funds` plays.
    fn waits_for_funds(&self) -> bool {
        false
    }

    /// The name that the state has for one of its accounts, by what the PSP itself tells it apart by; `None` where there is
    /// no such account, or where each request says where notifications go.
    fn account_named(&self, config: &SandboxConfig, account: &str) -> Option<String> {
        let _ = (config, account);
        None
    }

    /// Why a payment of these particulars cannot be one of this PSP's, if so.
    fn refuses_payment(&self, payment: &str, currency: &str) -> Option<&'static str> {
        let _ = (payment, currency);
        None
    }

    /// A refund that was coming takes effect, or does not fit any more.
    fn take_effect(&self, state: &State<'_>, refund: Refund, now_ms: i64) -> Result<(), StateError>;

    /// A refund has changed its stage: queue what the PSP tells of it, `copies` times.
    fn tell(&self, state: &State<'_>, refund: &Refund, copies: u32, now_ms: i64) -> Result<(), StateError> {
        let _ = (state, refund, copies, now_ms);
        Ok(())
    }

    /// A kept notification as it is sent, signed; `None` when its account is not configured any more.
    fn sign(&self, sandbox: &Sandbox, kept: Kept) -> Option<Notification> {
        let _ = (sandbox, kept);
        None
    }

    /// [`Play::sign`] for a try of this number, counted from 1: for a PSP that says which try it is.
    fn sign_try(&self, sandbox: &Sandbox, kept: Kept, number: u32) -> Option<Notification> {
        let _ = number;
        self.sign(sandbox, kept)
    }
}
