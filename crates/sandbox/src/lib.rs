//! The payment service providers, played: each PSP's own protocol over HTTP, with state that outlives the process,
//! scripted faults, and a ledger of every effect.
//!
//! It is written from the PSPs' documents alone and knows no other crate of Redress, so that a mistake in a connector
//! is not repeated here and hidden by it. What each PSP states, what had to be inferred, and what the steps below mean
//! there is told at the head of each folder.
//!
//! # Steering it
//!
//! * `POST /control/payment {"psp","payment","currency","amount_minor"}` makes a captured payment known
//!   (`amount_minor` in ISO 4217 minor units). The same again changes nothing; other content is a 409.
//! * `POST /control/script {"psp","payment","steps":[…]}` says what happens to the next submits for this payment, in
//!   the place of what was left of an earlier script. A submit takes a step when it is valid in itself and fits into
//!   what is left of the payment; queries take none.
//! * `POST /control/finish {"psp","refund","state"}` ends a pending refund (`refund`: the PSP's id of it, or our key;
//!   `state`: `succeeded` or `failed`).
//! * `POST /control/webhook {"psp","url"}` says where the notifications of a PSP go that takes no address with a
//!   request; until then it sends none. With `"account"` it is for one account, by what the PSP itself tells it apart by
//!   (Adyen's merchant account, OPPWA's entity, PayPal's client id, Stripe's secret key), and the others keep theirs.
//! * `GET /control/ledger` → `{"effects":[{"psp","payment","refund","key","amount_minor","currency","state"}]}`: one
//!   row for each refund that moved or reserved money, oldest first. A row that failed had existed before. A refused
//!   submit leaves none. `key` is MoMo's refund `orderId`, Mastercard Gateway's
//!   transaction id, Tap's `reference.merchant`.
//!
//! Errors are `{"error": "…"}` with 400, 404 (no such payment, refund or account) or 409.
//!
//! # The steps
//!
//! | step | effect at the PSP | what the caller gets | what follows |
//! |---|---|---|---|
//! | none, `succeed` | at once | MoMo: 0. Tap: `PENDING` | Tap: `REFUNDED` after 0.3 s, one notification |
//! | `refuse` | none | MoMo: 1088, final, given again when repeated. Tap: HTTP 200 with `DECLINED`, code 501 | nothing |
//! | `refuse_for_now` (not Adyen, not stc pay) | none | MoMo: 1080. Tap: `DECLINED`, code 502. Others: below | nothing |
//! | `pend` | reserved at once | MoMo: 7002; a repetition gets 40; a query says 7002. Tap: `PENDING` | nothing until `/control/finish`; then MoMo's query says 0 or 1080, Tap says `REFUNDED` or `FAILED` and notifies |
//! | `pend_for_funds` (Stripe) | reserved at once | `pending`, for `insufficient_funds` | as `pend` |
//! | `timeout_before_effect` | none, and nothing is remembered | no answer | the same request may come again and is new |
//! | `timeout_after_effect` | at once | no answer | as `succeed`; MoMo gives the recorded answer to a repetition |
//! | `effect_after:MS` | after MS, also when the caller is gone | no answer | until then queries do not find it and MoMo answers a repetition with HTTP 422, 7000; then as `succeed`. If it does not fit any more by then: MoMo records 1081, at Tap it never was |
//! | `error500_before_effect` | none, and nothing is remembered | HTTP 500 | as `timeout_before_effect` |
//! | `error500_after_effect` | at once | HTTP 500 | as `succeed` |
//! | `reset_after_effect` | at once | the connection is reset | as `succeed` |
//! | `garbage` | at once (the worse of the two) | HTTP 200 with a body that is not JSON | as `succeed` |
//! | `slow:MS` | at once | the usual answer, after MS; at Tap it tells of the refund as it was made, `PENDING` | as `succeed` |
//! | `duplicate_notification` (Tap) | at once | `PENDING` | `REFUNDED`, the same notification twice |
//! | `notify_before_answer` (Tap) | at once, and `REFUNDED` at once | `PENDING`, after the notification was tried once | nothing |
//! | `succeed_then_fail` (Tap) | at once | `PENDING` | `REFUNDED`, and 1 s later `FAILED`, a notification each |
//! | `succeed_then_reverse` (Adyen) | at once | `received` | `REFUND`, and 1 s later `REFUNDED_REVERSED` |
//!
//! Stripe: a refund is `succeeded` in the answer itself and told once as `refund.created`; `refuse` is HTTP 400 with
//! `charge_disputed`, `refuse_for_now` with `balance_insufficient`; `pend` is `pending`, and its end is told as `refund.updated` or `refund.failed`; all of the steps
//! about notifications are played, `succeed_then_fail` with `refund.failed` 1 s later. Its answers, an HTTP 500 after
//! the effect too, are given again for 24 hours; a request that is running is a 409.
//!
//! "No answer" means that the caller is held until it goes, at most two minutes. "Nothing until" and "after" are rows
//! of the state with a time, not timers of a request: they happen although the caller has hung up, and after a
//! restart. A notification is tried three times; a sandbox that dies between sending one and noting it sends it
//! again.
//!
//! # Without a network
//!
//! [`Sandbox::send`] and [`Sandbox::router`] work in process. Time, tasks and the outgoing side are handed in as a
//! [`World`]; [`Sandbox::run_due`] does what is due by the clock as it stands. There a broken connection is a
//! response with a [`Fault`] among its extensions and in the header [`FAULT_HEADER`], to be turned into an error of
//! the transport.

mod adyen;
mod config;
mod control;
mod due;
mod momo;
mod money;
mod mpgs;
mod notify;
mod oppwa;
mod paypal;
mod play;
mod players;
mod psp;
pub mod real;
mod reply;
mod router;
mod rows;
mod sandbox;
mod script;
mod server;
mod state;
mod stcpay;
mod stripe;
mod tap;
#[cfg(test)]
mod testing;
pub mod world;

pub use config::{
    AdyenAccount, MomoAccount, MpgsAccount, OppwaAccount, PayPalAccount, SandboxConfig, StcPayAccount,
    StripeAccount, TapAccount,
};
pub use reply::{FAULT_HEADER, Fault};
pub use sandbox::Sandbox;
pub use state::{Place, StateError};
pub use world::World;
