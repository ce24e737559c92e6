//! The targets, one file a parser. A target more is a file and a line in [`TARGETS`].

mod amounts;
mod answers;
mod api_keys;
mod bodies;
mod ids;
mod notifications;
mod payments_csv;
mod portone_token;
mod requests;
mod settings;
mod sgate_signature;

use crate::Target;

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "amounts", run: amounts::run },
    Target { name: "ids", run: ids::run },
    Target { name: "api-keys", run: api_keys::run },
    Target { name: "portone-token", run: portone_token::run },
    Target { name: "sgate-signature", run: sgate_signature::run },
    Target { name: "bodies", run: bodies::run },
    Target { name: "requests", run: requests::run },
    Target { name: "payments-csv", run: payments_csv::run },
    Target { name: "settings", run: settings::run },
    Target { name: "answers-adyen", run: |input| answers::run("adyen", input) },
    Target { name: "answers-momo", run: |input| answers::run("momo", input) },
    Target { name: "answers-mpgs", run: |input| answers::run("mpgs", input) },
    Target { name: "answers-oppwa", run: |input| answers::run("oppwa", input) },
    Target { name: "answers-paypal", run: |input| answers::run("paypal", input) },
    Target { name: "answers-stcpay", run: |input| answers::run("stcpay", input) },
    Target { name: "answers-stripe", run: |input| answers::run("stripe", input) },
    Target { name: "answers-tap", run: |input| answers::run("tap", input) },
    Target { name: "notifications-adyen", run: |input| notifications::run("adyen", input) },
    Target { name: "notifications-momo", run: |input| notifications::run("momo", input) },
    Target { name: "notifications-mpgs", run: |input| notifications::run("mpgs", input) },
    Target { name: "notifications-oppwa", run: |input| notifications::run("oppwa", input) },
    Target { name: "notifications-paypal", run: |input| notifications::run("paypal", input) },
    Target { name: "notifications-stcpay", run: |input| notifications::run("stcpay", input) },
    Target { name: "notifications-stripe", run: |input| notifications::run("stripe", input) },
    Target { name: "notifications-tap", run: |input| notifications::run("tap", input) },
];
