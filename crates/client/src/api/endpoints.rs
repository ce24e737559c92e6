//! Endpoints: where a merchant is told what happens.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Client;
use crate::operation::Operation;
use crate::page::{Page, Pager};
use crate::secret::Secret;
use crate::words::words;

pub(crate) static CREATE: Operation<EndpointMade, NewEndpoint> =
    Operation::post("createEndpoint", "/v1/endpoints").keyed();
pub(crate) static GET: Operation<Endpoint> = Operation::get("getEndpoint", "/v1/endpoints/{id}");
pub(crate) static LIST: Operation<Page<Endpoint>> =
    Operation::get("listEndpoints", "/v1/endpoints").query(&["limit", "cursor"]);
pub(crate) static CHANGE: Operation<Endpoint, EndpointChange> =
    Operation::patch("changeEndpoint", "/v1/endpoints/{id}");
pub(crate) static REVOKE: Operation<Endpoint> = Operation::delete("revokeEndpoint", "/v1/endpoints/{id}");
pub(crate) static ROTATE_SECRET: Operation<NewSecret, RotateSecret> =
    Operation::post("rotateEndpointSecret", "/v1/endpoints/{id}/rotate-secret").keyed();
pub(crate) static ENABLE: Operation<Endpoint, Enabling> =
    Operation::post("enableEndpoint", "/v1/endpoints/{id}/enable").keyed();
pub(crate) static TEST: Operation<EndpointTest> =
    Operation::post("testEndpoint", "/v1/endpoints/{id}/test").keyed();
pub(crate) static REPLAY: Operation<Replay, NewReplay> =
    Operation::post("replayToEndpoint", "/v1/endpoints/{id}/replay").keyed();

words! {
    /// Whether an endpoint is told anything.
    EndpointStatus {
        /// It is.
        Enabled = "enabled",
        /// Nothing is sent to it until it is enabled: it took nothing for too long, or somebody disabled it.
        Disabled = "disabled",
        /// Never again.
        Revoked = "revoked",
    }
}

impl NewEndpoint {
    /// At an address, with everything else as it is by itself.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), dialect: None, environment: None, events: None, key: None, name: None }
    }
}

impl Client {
    /// Adds an endpoint. Its signing secret is in the answer, and in those to repeats with the same key.
    pub fn create_endpoint(&self, new: &NewEndpoint) -> Call<EndpointMade> {
        self.call(&CREATE, &[]).body(new)
    }

    /// An endpoint.
    pub fn get_endpoint(&self, id: &str) -> Call<Endpoint> {
        self.call(&GET, &[id])
    }

    /// A page of endpoints, so many at most, after a cursor.
    pub fn list_endpoints(&self, limit: Option<u32>, cursor: Option<&str>) -> Call<Page<Endpoint>> {
        #[derive(Serialize)]
        struct Asked<'a> {
            limit: Option<u32>,
            cursor: Option<&'a str>,
        }
        self.call(&LIST, &[]).query(&Asked { limit, cursor })
    }

    /// All endpoints, page by page.
    #[must_use]
    pub fn endpoints(&self) -> Pager<Endpoint> {
        let client = self.clone();
        Pager::new(move |cursor| client.list_endpoints(None, cursor))
    }

    /// Changes an endpoint; what is left out stays.
    pub fn change_endpoint(&self, id: &str, change: &EndpointChange) -> Call<Endpoint> {
        self.call(&CHANGE, &[id]).body(change)
    }

    /// Sends nothing to it any more, for ever.
    pub fn revoke_endpoint(&self, id: &str) -> Call<Endpoint> {
        self.call(&REVOKE, &[id])
    }

    /// Draws a new signing secret; the old one signs too for a while, or not at all.
    pub fn rotate_endpoint_secret(&self, id: &str, how: &RotateSecret) -> Call<NewSecret> {
        self.call(&ROTATE_SECRET, &[id]).body(how)
    }

    /// Sends to it again after it was disabled.
    pub fn enable_endpoint(&self, id: &str, why: &Enabling) -> Call<Endpoint> {
        self.call(&ENABLE, &[id]).body(why)
    }

    /// Sends it a test, and says what came of it.
    pub fn test_endpoint(&self, id: &str) -> Call<EndpointTest> {
        self.call(&TEST, &[id])
    }

    /// Tells it again what happened since a time.
    pub fn replay_to_endpoint(&self, id: &str, what: &NewReplay) -> Call<Replay> {
        self.call(&REPLAY, &[id]).body(what)
    }
}

/// An endpoint to be added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEndpoint {
    /// Where it is: https, or http. Which networks may be reached is judged at each attempt.
    pub url: String,
    /// The shape it is told in: `standard` where it is left out, `portone` or `sgate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// That of the API key where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The kinds of events it wants; the dialect's own where they are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// The id of the `portone` or `sgate` key whose secret signs in the dialect's own way; the newest where it is left
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What people call it; `endpoint` where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where a merchant is told what happens to its refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The shape it is told in: `standard`, `portone` or `sgate`.
    pub dialect: String,
    /// Whose refunds it is told of: `sandbox` or `live`.
    pub environment: String,
    /// The kinds of events it wants.
    pub events: Vec<String>,
    /// `enabled`; `disabled`: nothing is sent to it until it is enabled, since it took nothing for too long, or somebody
    /// disabled it; `revoked`: nothing is sent to it any more, for ever.
    pub status: EndpointStatus,
    /// When it was added.
    pub created_at: String,
    /// When it was disabled.
    pub disabled_at: Option<String>,
    /// Since when every try has failed; `null` while the last one was taken.
    pub failing_since: Option<String>,
    /// The key whose secret signs in the dialect's own way; `null` for the merchant's newest.
    pub key: Option<String>,
    /// Until when the secret before the last rotation signs too.
    pub old_secret_until: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

/// An endpoint that was added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointMade {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: Endpoint,
    /// What signs notifications to it. It is shown now, and again in answers to repeats: `None` there once it was rotated or
    /// the endpoint revoked.
    pub secret: Option<Secret>,
}

/// What is changed; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointChange {
    /// The shape it is told in: `standard`, `portone` or `sgate`. Another one forgets `key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The kinds of events it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why an endpoint is enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enabling {
    /// Why; it is kept with the id of the key.
    pub reason: String,
}

/// How the secret before ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateSecret {
    /// For so many seconds it signs too: 0 where it has leaked, seven days at most. Left out: as the server is set up, a day
    /// by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<u64>,
}

/// A new signing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    /// The endpoint's id.
    pub id: String,
    /// What signs from now on. It is shown now, and again in answers to repeats: `None` there once it is rotated again.
    pub secret: Option<Secret>,
    /// Until when the secret before signs too.
    pub old_secret_until: String,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointTest {
    /// What was sent as `webhook-id`.
    pub event_id: String,
    /// Whether the endpoint took it, as it must take a notification of its dialect.
    pub taken: bool,
    /// The beginning of what came back, or what went wrong.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The HTTP status that came back; `null` when none came.
    pub status: Option<u16>,
}

/// Since when an endpoint is told everything again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReplay {
    /// RFC 3339.
    pub since: String,
    /// The `next_cursor` of the replay before, to go on with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// How far a replay came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// So many deliveries were made due.
    pub due: u32,
    /// Whether there are more events since then: ask again with the cursor.
    pub has_more: bool,
    /// Where to go on: to be sent as `cursor`, with the same `since`.
    pub next_cursor: Option<String>,
}
