//! The PSPs of the demo: how its accounts there are set up. The credentials are those that the sandbox takes; the PSPs
//! print them in their documentation, or they are made up.

use redress_engine::admin::accounts::Credentials;
use redress_sandbox::SandboxConfig;

/// One PSP.
pub(super) struct Psp {
    /// The connector's folder.
    pub(super) name: &'static str,
    /// What follows the sandbox's address.
    path: &'static str,
    /// Whether it is told once where its notifications go.
    pub(super) has_webhook: bool,
    credentials: fn(&SandboxConfig) -> Vec<(&'static str, String)>,
}

/// All of them, in the order of their names.
pub(super) const ALL: &[Psp] = &[
    Psp {
        name: "adyen",
        path: "/v71",
        has_webhook: true,
        credentials: |known| {
            let adyen = known.adyen.first();
            adyen.map_or_else(Vec::new, |adyen| {
                vec![
                    ("api_key", adyen.api_key.clone()),
                    ("merchant_account", adyen.merchant_account.clone()),
                    ("hmac_key", adyen.hmac_key.clone()),
                ]
            })
        },
    },
    Psp {
        name: "momo",
        path: "",
        has_webhook: false,
        credentials: |known| {
            let momo = known.momo.first();
            momo.map_or_else(Vec::new, |momo| {
                vec![
                    ("partner_code", momo.partner_code.clone()),
                    ("access_key", momo.access_key.clone()),
                    ("secret_key", momo.secret_key.clone()),
                ]
            })
        },
    },
    Psp {
        name: "mpgs",
        path: "",
        has_webhook: false,
        credentials: |known| {
            let mpgs = known.mpgs.first();
            mpgs.map_or_else(Vec::new, |mpgs| {
                vec![
                    ("merchant_id", mpgs.merchant_id.clone()),
                    ("password", mpgs.password.clone()),
                    ("notification_secret", mpgs.notification_secret.clone()),
                ]
            })
        },
    },
    Psp {
        name: "oppwa",
        path: "",
        has_webhook: true,
        credentials: |known| {
            let oppwa = known.oppwa.first();
            oppwa.map_or_else(Vec::new, |oppwa| {
                vec![
                    ("access_token", oppwa.access_token.clone()),
                    ("entity_id", oppwa.entity_id.clone()),
                    ("webhook_key", oppwa.webhook_key.clone()),
                    ("test_mode", "EXTERNAL".to_owned()),
                ]
            })
        },
    },
    Psp {
        name: "paypal",
        path: "",
        has_webhook: true,
        credentials: |known| {
            let paypal = known.paypal.first();
            paypal.map_or_else(Vec::new, |paypal| {
                vec![
                    ("client_id", paypal.client_id.clone()),
                    ("client_secret", paypal.client_secret.clone()),
                    ("webhook_id", paypal.webhook_id.clone()),
                ]
            })
        },
    },
    Psp {
        name: "stcpay",
        path: "",
        has_webhook: false,
        credentials: |known| {
            known.stcpay.iter().map(|stcpay| ("client_code", stcpay.client_code.clone())).take(1).collect()
        },
    },
    Psp {
        name: "stripe",
        path: "",
        has_webhook: true,
        credentials: |known| {
            let stripe = known.stripe.first();
            stripe.map_or_else(Vec::new, |stripe| {
                vec![
                    ("secret_key", stripe.secret_key.clone()),
                    ("webhook_secret", stripe.webhook_secret.clone()),
                ]
            })
        },
    },
    Psp {
        name: "tap",
        path: "",
        has_webhook: false,
        credentials: |known| {
            known.tap.iter().map(|tap| ("secret_key", tap.secret_key.clone())).take(1).collect()
        },
    },
];

impl Psp {
    /// Where the sandbox plays it.
    pub(super) fn address(&self, sandbox_url: &str) -> String {
        format!("{sandbox_url}{}", self.path)
    }

    pub(super) fn credentials(&self, known: &SandboxConfig) -> Credentials {
        (self.credentials)(known).into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
