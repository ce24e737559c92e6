//! An endpoint as it is shown.

use redress_core::event::EventKind;
use redress_engine::admin::endpoints::Endpoint;
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::time::time;

/// Where a merchant is told what happens to its refunds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Endpoint)]
pub(crate) struct EndpointShown {
    /// Its id.
    #[schema(example = "ep_01k00000000000000000000000")]
    id: String,
    /// What people call it.
    name: String,
    /// Where it is.
    #[schema(example = "https://shop.example/hooks")]
    url: String,
    /// The shape it is told in: `standard`, `portone` or `sgate`.
    #[schema(value_type = String, example = "standard")]
    dialect: &'static str,
    /// Whose refunds it is told of: `sandbox` or `live`.
    #[schema(value_type = String, example = "sandbox")]
    environment: &'static str,
    /// The kinds of events it wants.
    #[schema(value_type = Vec<String>, example = json!(["refund.succeeded", "refund.failed"]))]
    events: Vec<&'static str>,
    /// The key whose secret signs in the dialect's own way; `null` for the merchant's newest.
    key: Option<String>,
    /// `enabled`; `disabled`: nothing is sent to it until it is enabled, since it took nothing for too long, or somebody
    /// disabled it; `revoked`: nothing is sent to it any more, for ever.
    #[schema(value_type = String, example = "enabled")]
    status: &'static str,
    /// Until when the secret before the last rotation signs too.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
    /// Since when every try has failed; `null` while the last one was taken.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// When it was disabled.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// When it was added.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was revoked.
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

impl EndpointShown {
    pub(super) fn of(endpoint: Endpoint) -> Self {
        let wanted = EventKind::ALL.into_iter().filter(|kind| endpoint.event_mask & kind.bit() != 0);
        Self {
            id: endpoint.id.to_string(),
            dialect: endpoint.dialect.as_str(),
            environment: endpoint.environment.as_str(),
            events: wanted.map(EventKind::as_str).collect(),
            key: endpoint.credential.map(|key| key.to_string()),
            status: match (endpoint.revoked_at, endpoint.disabled_at) {
                (Some(_), _) => "revoked",
                (None, Some(_)) => "disabled",
                (None, None) => "enabled",
            },
            failing_since: endpoint.failing_since.map(time),
            disabled_at: endpoint.disabled_at.map(time),
            old_secret_until: endpoint.old_secret.map(|(_, until)| time(until)),
            created_at: time(endpoint.created_at),
            revoked_at: endpoint.revoked_at.map(time),
            name: endpoint.name,
            url: endpoint.url,
        }
    }
}
