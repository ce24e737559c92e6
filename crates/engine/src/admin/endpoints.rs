//! Where merchants want to be told: adding, listing, revoking, and changing the secret that signs.

use std::time::Duration;

use redress_core::daily::Day;
use redress_core::environment::Environment;
use redress_core::event::EventKind;
use redress_core::id::{EndpointId, KeyId, MerchantId, UserId};
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_store::ops::credentials::{CredentialKind, LoadCredential, Revoking};
use redress_store::ops::deliveries::{CountTries, TRIES_LOOKED_AT_MAX};
use redress_store::ops::endpoint_health::{SwitchEndpoint, Switching};
use redress_store::ops::endpoints::{
    AddEndpoint, EndpointAdding, FindEndpoint, ListEndpoints, RevokeEndpoint, RotateSecret, Rotating,
};
use secrecy::{ExposeSecret, SecretString};

pub use redress_store::ops::deliveries::{Tries, TriesCounted};
pub use redress_store::ops::endpoints::{Dialect, ENDPOINTS_MAX, Endpoint, SeenSecret};

use super::fault::FaultCode;
use super::{AdminError, NAME_BYTES_MAX, PAGE_ROWS, author_of, check_text};
use crate::directory::ENDPOINT_COLUMN;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::once::{Did, Work};
use crate::portal::PortalError;
use crate::signing::standard_webhooks::generate_secret;
use crate::vault::SealContext;

/// An endpoint to be added.
#[derive(Clone)]
pub struct NewEndpoint {
    /// Whose it will be.
    pub merchant: MerchantId,
    /// What people call it.
    pub name: String,
    /// Where it is: http or https, with a host and without a user, at most [`super::URL_BYTES_MAX`], and no address that the
    /// guard of addresses is sure to refuse.
    pub url: String,
    /// The shape it is told in.
    pub dialect: Dialect,
    /// Whose refunds it is told of.
    pub environment: Environment,
    /// The kinds of events it wants, a sum of [`EventKind::bit`]; `None` for [`default_events`].
    pub event_mask: Option<i64>,
    /// The credential whose secret signs in the dialect's own way; `None` for the merchant's newest.
    pub credential: Option<KeyId>,
}

/// The kinds of events that a dialect tells unless it is asked for others: what its original tells.
pub fn default_events(dialect: Dialect) -> i64 {
    let kinds: &[EventKind] = match dialect {
        Dialect::Portone => {
            &[EventKind::Succeeded, EventKind::Failed, EventKind::Canceled, EventKind::Reversed]
        }
        Dialect::Sgate => &[EventKind::Succeeded],
        Dialect::Standard => &EventKind::ALL,
    };
    kinds.iter().map(|kind| kind.bit()).sum()
}

fn too_many() -> AdminError {
    let text = format!("there are {ENDPOINTS_MAX} endpoints already: revoke one first");
    AdminError::conflict(FaultCode::EndpointsMax { max: ENDPOINTS_MAX }.told(text))
}

/// What is answered to whoever wants something of an endpoint that is revoked.
pub(crate) fn revoked() -> AdminError {
    AdminError::conflict(FaultCode::EndpointRevoked.told("the endpoint is revoked"))
}

pub(super) fn check_events(mask: i64) -> Result<(), AdminError> {
    if mask <= 0 || mask & !EventKind::all_bits() != 0 {
        return Err(AdminError::invalid(
            "events",
            FaultCode::Events.told("must name at least one kind of event, and known ones only"),
        ));
    }
    Ok(())
}

/// The longest that the secret before a rotation may be asked to sign beside the new one.
pub const SECRET_OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

impl Engine {
    /// Adds an endpoint; answers it with its signing secret, which is shown now and never again but to a repeat.
    ///
    /// # Errors
    /// [`AdminError`] names the field that is wrong.
    pub async fn add_endpoint(&self, new: NewEndpoint) -> Result<(Endpoint, SecretString), AdminError> {
        Ok(self.add_endpoint_once(new, &self.work_without_key()).await?.now()?)
    }

    /// The same of a request with a key, in whichever of its runs.
    ///
    /// # Errors
    /// As [`Engine::add_endpoint`].
    pub async fn add_endpoint_once(
        &self,
        new: NewEndpoint,
        work: &Work,
    ) -> Result<Did<(Endpoint, SecretString), EndpointId>, AdminError> {
        if let Some(id) = self.added_before(new.merchant, work).await? {
            return Ok(Did::Before(id));
        }
        let (endpoint, secret) = self.new_endpoint(new, work).await?;
        let added = self.keep_endpoint(None, &endpoint).await.map_err(PortalError::unjudged)?;
        Ok(if added { Did::Now((endpoint, secret)) } else { Did::Before(endpoint.id) })
    }

    /// The endpoint that a run before has added, asked before anything is checked or noted: what would refuse it now, as that
    /// there are as many as there may be, is no answer to what was done.
    pub(crate) async fn added_before(
        &self,
        merchant: MerchantId,
        work: &Work,
    ) -> Result<Option<EndpointId>, AdminError> {
        let Some(endpoint) = work.endpoint().filter(|_| work.before) else { return Ok(None) };
        let found = self.parts.store.read(FindEndpoint { merchant, endpoint }).await?;
        Ok(found.map(|endpoint| endpoint.id))
    }

    /// An endpoint to be kept, checked, with its secret; nothing is written.
    pub(crate) async fn new_endpoint(
        &self,
        new: NewEndpoint,
        work: &Work,
    ) -> Result<(Endpoint, SecretString), AdminError> {
        check_text("name", &new.name, NAME_BYTES_MAX)?;
        self.check_told_url("url", &new.url)?;
        let event_mask = new.event_mask.unwrap_or_else(|| default_events(new.dialect));
        check_events(event_mask)?;
        self.check_signer(&new).await?;
        // So that nothing is noted of what cannot be; whether it may be kept is decided where it is.
        let there = self.list_endpoints(new.merchant, Some(new.environment)).await?;
        if there.iter().filter(|endpoint| endpoint.revoked_at.is_none()).count() >= ENDPOINTS_MAX {
            return Err(too_many());
        }
        let now = self.now();
        let id = work.endpoint().unwrap_or_else(|| EndpointId::new(now, self.parts.world.random.bytes10()));
        let (secret, secret_sealed) = self.new_endpoint_secret(new.merchant, id);
        let endpoint = Endpoint {
            merchant: new.merchant,
            id,
            name: new.name,
            url: new.url,
            dialect: new.dialect,
            environment: new.environment,
            event_mask,
            credential: new.credential,
            secret_sealed,
            old_secret: None,
            created_at: now,
            revoked_at: None,
            failing_since: None,
            disabled_at: None,
        };
        Ok((endpoint, secret))
    }

    /// Keeps an endpoint, while whoever wants it may add one. False where it was there before.
    pub(crate) async fn keep_endpoint(
        &self,
        by: Option<UserId>,
        endpoint: &Endpoint,
    ) -> Result<bool, PortalError> {
        let (merchant, add) = (endpoint.merchant, AddEndpoint(endpoint.clone()));
        let added = self.run_wanted(by, merchant, &Act::ManageEndpoints, add).await;
        // Whoever adds one and makes a refund next is told of it from its beginning.
        self.parts.directory.forget();
        match added? {
            EndpointAdding::Added => Ok(true),
            EndpointAdding::Already => Ok(false),
            EndpointAdding::Closed(closed) => Err(AdminError::from(closed).into()),
            EndpointAdding::NoCredential => Err(AdminError::NotFound("key").into()),
            EndpointAdding::TooMany => Err(too_many().into()),
        }
    }

    /// The credential must be one that can sign in the dialect's own way, in the endpoint's environment.
    async fn check_signer(&self, new: &NewEndpoint) -> Result<(), AdminError> {
        let Some(credential) = new.credential else { return Ok(()) };
        let kind = match new.dialect {
            Dialect::Portone => CredentialKind::Portone,
            Dialect::Sgate => CredentialKind::Sgate,
            Dialect::Standard => {
                return Err(AdminError::invalid("key", "is not used by the dialect standard: leave it out"));
            }
        };
        let found = self.parts.store.read(LoadCredential { merchant: new.merchant, credential }).await?;
        let found = found.filter(|found| found.revoked_at.is_none()).ok_or(AdminError::NotFound("key"))?;
        let serves = found.environment.is_none_or(|environment| environment == new.environment);
        if found.kind == kind && serves {
            return Ok(());
        }
        let problem = format!("must be a {} key that serves {}", kind.as_str(), new.environment);
        Err(AdminError::invalid("key", problem))
    }

    /// All endpoints of a merchant, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`].
    pub async fn list_endpoints(
        &self,
        merchant: MerchantId,
        environment: Option<Environment>,
    ) -> Result<Vec<Endpoint>, AdminError> {
        let mut all: Vec<Endpoint> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id);
            let page = ListEndpoints { merchant, environment, after, limit: PAGE_ROWS };
            let page = self.parts.store.read(page).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// How often a merchant's endpoints did not take what they were told of the refunds of today and so many days before, some thousands of
    /// the newest deliveries at most.
    ///
    /// # Errors
    /// [`AdminError::Engine`].
    pub async fn count_tries(&self, merchant: MerchantId, days: u32) -> Result<TriesCounted, AdminError> {
        let since = Day::of(self.now()).minus(days).start();
        let looked_at_max = TRIES_LOOKED_AT_MAX;
        Ok(self.parts.store.read(CountTries { merchant, since, looked_at_max }).await?)
    }

    /// Revokes an endpoint for ever; answers false when it had been before.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the merchant has no such endpoint.
    pub async fn revoke_endpoint(
        &self,
        merchant: MerchantId,
        endpoint: EndpointId,
    ) -> Result<bool, AdminError> {
        self.revoke_endpoint_wanted(None, merchant, endpoint).await.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn revoke_endpoint_wanted(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        endpoint: EndpointId,
    ) -> Result<bool, PortalError> {
        let revoke = RevokeEndpoint { merchant, endpoint, now: self.now() };
        match self.run_wanted(by, merchant, &Act::ManageEndpoints, revoke).await? {
            Revoking::Revoked => Ok(true),
            Revoking::Already => Ok(false),
            Revoking::NotFound => Err(AdminError::NotFound("endpoint").into()),
        }
    }

    /// Enables an endpoint that was disabled because it took nothing for too long: what is due to it goes out. Who did it
    /// and why is kept. Answers false when it was not disabled.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the merchant has no such endpoint; [`AdminError::Conflict`] when it is revoked.
    pub async fn enable_endpoint(
        &self,
        merchant: MerchantId,
        endpoint: EndpointId,
        author: &str,
        reason: &str,
    ) -> Result<bool, AdminError> {
        let enabled = self.switch_endpoint_wanted(None, (merchant, endpoint), true, (author, reason)).await;
        enabled.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may; or disables it: then nothing is sent to it until it is enabled again, and what is
    /// owed to it stays due. Answers false when it was so before.
    pub(crate) async fn switch_endpoint_wanted(
        &self,
        by: Option<UserId>,
        (merchant, endpoint): (MerchantId, EndpointId),
        is_on: bool,
        (author, reason): (&str, &str),
    ) -> Result<bool, PortalError> {
        let author = author_of(author, reason)?;
        let switch = SwitchEndpoint { merchant, endpoint, is_on, author, now: self.now() };
        match self.run_wanted(by, merchant, &Act::ManageEndpoints, switch).await? {
            Switching::Switched => {
                if is_on {
                    self.parts.deliveries_due.notify_one();
                }
                Ok(true)
            }
            Switching::Already => Ok(false),
            Switching::Revoked => Err(revoked().into()),
            Switching::NotFound => Err(AdminError::NotFound("endpoint").into()),
        }
    }

    /// Gives an endpoint a new signing secret; the old one signs too until the time that is answered with it: for `overlap`
    /// from now, not at all where that is zero, or for as long as is configured.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] when the merchant has no such endpoint; [`AdminError::Conflict`] when it is revoked;
    /// [`AdminError::Invalid`] when the overlap is longer than [`SECRET_OVERLAP_MAX`].
    pub async fn rotate_endpoint_secret(
        &self,
        merchant: MerchantId,
        endpoint: EndpointId,
        overlap: Option<Duration>,
    ) -> Result<(SecretString, Timestamp), AdminError> {
        let work = self.work_without_key();
        Ok(self.rotate_endpoint_secret_once(merchant, endpoint, overlap, &work).await?.now()?)
    }

    /// The same of a request with a key, in whichever of its runs: the overlap counts from the first one, so that the end of
    /// the old secret is the same in each. Where it was rotated since then, also by another request, it is not again: that
    /// would end the secret which the receiver still checks.
    ///
    /// # Errors
    /// As [`Engine::rotate_endpoint_secret`].
    pub async fn rotate_endpoint_secret_once(
        &self,
        merchant: MerchantId,
        endpoint: EndpointId,
        overlap: Option<Duration>,
        work: &Work,
    ) -> Result<Did<(SecretString, Timestamp), Timestamp>, AdminError> {
        let renewed =
            self.rotate_endpoint_secret_wanted(None, (merchant, endpoint), overlap, None, work).await;
        renewed.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may, and the secret is the one that was seen, where one was.
    pub(crate) async fn rotate_endpoint_secret_wanted(
        &self,
        by: Option<UserId>,
        (merchant, endpoint): (MerchantId, EndpointId),
        overlap: Option<Duration>,
        seen: Option<SeenSecret>,
        work: &Work,
    ) -> Result<Did<(SecretString, Timestamp), Timestamp>, PortalError> {
        if overlap.is_some_and(|overlap| overlap > SECRET_OVERLAP_MAX) {
            let problem = format!("must be 0 to {}: seven days at most", SECRET_OVERLAP_MAX.as_secs());
            return Err(AdminError::invalid("overlap_seconds", problem).into());
        }
        let (secret, secret_sealed) = self.new_endpoint_secret(merchant, endpoint);
        let old_until = work.since.plus(overlap.unwrap_or(self.parts.config.delivery.secret_overlap));
        let unless_since = work.before.then_some(work.since);
        // Not before the request was begun, whatever the clock was set to meanwhile.
        let now = self.now().max(work.since);
        let rotate = RotateSecret { merchant, endpoint, secret_sealed, old_until, unless_since, seen, now };
        match self.run_wanted(by, merchant, &Act::ManageEndpoints, rotate).await? {
            Rotating::Rotated => return Ok(Did::Now((secret, old_until))),
            Rotating::Already => return Ok(Did::Before(old_until)),
            Rotating::Overtaken => {
                let told = "somebody gave the endpoint another secret meanwhile: look again";
                return Err(AdminError::conflict(FaultCode::Overtaken.told(told)).into());
            }
            Rotating::NotThere => {}
        }
        let why = match self.parts.store.read(FindEndpoint { merchant, endpoint }).await? {
            Some(_) => revoked(),
            None => AdminError::NotFound("endpoint"),
        };
        Err(why.into())
    }

    /// An endpoint's signing secret, for a repeat of the request that made it: where the answer was lost, nobody knows it.
    /// `made_it` tells that request by the end of the secret before, `None` where there was none. Nothing once another
    /// rotation came, or the endpoint is revoked.
    ///
    /// # Errors
    /// [`AdminError::Engine`] where it cannot be opened.
    pub fn secret_again(
        &self,
        endpoint: &Endpoint,
        made_it: impl FnOnce(Option<Timestamp>) -> bool,
    ) -> Result<Option<SecretString>, AdminError> {
        let old_until = endpoint.old_secret.as_ref().map(|(_, until)| *until);
        if endpoint.revoked_at.is_some() || !made_it(old_until) {
            return Ok(None);
        }
        let (merchant, row) = (endpoint.merchant, endpoint.id.as_bytes());
        let context = SealContext { merchant, row, column: ENDPOINT_COLUMN };
        let opened = self.parts.vault.open_text(&context, &endpoint.secret_sealed);
        opened.map(Some).map_err(|error| EngineError::Broken(format!("an endpoint's secret: {error}")).into())
    }

    fn new_endpoint_secret(&self, merchant: MerchantId, endpoint: EndpointId) -> (SecretString, Vec<u8>) {
        let random = &*self.parts.world.random;
        let secret = generate_secret(random);
        let context = SealContext { merchant, row: endpoint.as_bytes(), column: ENDPOINT_COLUMN };
        let sealed = self.parts.vault.seal(random, &context, secret.expose_secret().as_bytes());
        (secret, sealed)
    }
}
