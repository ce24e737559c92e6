//! What people of a merchant set up: keys, endpoints and PSP accounts. Whether they may is asked, and the trail has an entry
//! before anything is there; the entry names it, since it is drawn before.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::environment::Environment;
use redress_core::id::{KeyId, MerchantId};
use redress_core::right::Rights;
use redress_core::role::Act;
use secrecy::SecretString;

use super::{Origin, PortalError, SignedIn};
use crate::admin::AdminError;
use crate::admin::accounts::{Account, NewAccount};
use crate::admin::endpoints::{Endpoint, NewEndpoint};
use crate::admin::keys::{Credential, CredentialKind};
use crate::engine::Engine;
use crate::once::{Begun, KeyedRun};

/// A form is the same in whichever environment it is sent again: its key is remembered in one.
const FORMS: Environment = Environment::Sandbox;

/// What came of a form that makes a key.
#[derive(Clone, Debug)]
pub enum KeyMade {
    /// The key, with its secret, which is shown now and never again.
    Now(Credential, SecretString),
    /// The same form made this one before.
    Before(KeyId),
    /// The same form is making one in another request.
    Meanwhile,
    /// The form was sent before with something else in it.
    Reused,
}

impl Engine {
    /// A person makes a key of their merchant by a form, which makes one alone however often it is sent, also twice at
    /// once: `form_key` is drawn with it ([`Engine::form_key`]). Work that was begun is brought to its end where the browser
    /// leaves.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_key_with`].
    pub async fn make_key(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        kind: CredentialKind,
        environment: Option<Environment>,
        rights: Rights,
    ) -> Result<KeyMade, PortalError> {
        self.may(who, &Act::ManageKeys)?;
        let (engine, who, origin) = (self.clone(), who.clone(), origin.clone());
        let name = format!("portal-form-{form_key}");
        let work = async move {
            let (of, with) = (environment.map_or("both", Environment::as_str), rights.to_string());
            let parts: [&[u8]; 4] = [b"make_key", kind.as_str().as_bytes(), of.as_bytes(), with.as_bytes()];
            let (begun, run) = engine.begin_keyed(who.user.merchant, FORMS, &name, &parts).await?;
            match begun {
                Begun::First => {
                    let made =
                        Box::pin(engine.make_one_key((&who, &origin), kind, environment, rights)).await;
                    let object = made.as_ref().ok().map(|(key, _)| key.id.to_string());
                    engine.end_form(run, object).await;
                    made.map(|(key, secret)| KeyMade::Now(key, secret))
                }
                Begun::Repeat { object } => {
                    Ok(KeyId::parse(&object).map_or(KeyMade::Reused, KeyMade::Before))
                }
                Begun::InUse => Ok(KeyMade::Meanwhile),
                Begun::Reused => Ok(KeyMade::Reused),
            }
        };
        self.to_its_end("form", work).await
    }

    /// The work of a form was done, or refused. What was made is shown although the store cannot be told: its secret
    /// would be lost.
    async fn end_form(&self, run: KeyedRun, object: Option<String>) {
        if let Err(error) = self.end_keyed(run, object).await {
            tracing::warn!(%error, "the key of a form stays in use for a while");
        }
    }

    async fn make_one_key(
        &self,
        (who, origin): (&SignedIn, &Origin),
        kind: CredentialKind,
        environment: Option<Environment>,
        rights: Rights,
    ) -> Result<(Credential, SecretString), PortalError> {
        let (key, secret) = self.new_key(who.user.merchant, kind, environment, rights)?;
        let of = environment.map_or("both environments", Environment::as_str);
        let detail = format!("{} {of} {rights}", kind.as_str());
        let (id, detail) = (Some(key.id.to_string()), Some(detail.trim_end().to_owned()));
        self.note_deed(who, origin, Deed::KeyAdded, id, detail).await?;
        self.keep_key(&key).await?;
        Ok((key, secret))
    }

    /// A person puts a key in the place of another of their merchant.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::rotate_key`].
    pub async fn replace_key(
        &self,
        (who, origin): (&SignedIn, &Origin),
        old: KeyId,
        overlap: Duration,
    ) -> Result<(Credential, SecretString), PortalError> {
        self.may(who, &Act::ManageKeys)?;
        let detail = format!("the old one goes on for {} h", overlap.as_secs() / 3_600);
        self.note_deed(who, origin, Deed::KeyRotated, Some(old.to_string()), Some(detail)).await?;
        Ok(self.rotate_key(who.user.merchant, old, overlap).await?)
    }

    /// A person adds an endpoint of their merchant; the signing secret is shown now and never again.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_endpoint`].
    pub async fn set_up_endpoint(
        &self,
        (who, origin): (&SignedIn, &Origin),
        new: NewEndpoint,
    ) -> Result<(Endpoint, SecretString), PortalError> {
        self.may(who, &Act::ManageEndpoints)?;
        own(who, new.merchant)?;
        let (endpoint, secret) = self.new_endpoint(new).await?;
        let Endpoint { id, environment, name, .. } = &endpoint;
        let detail = format!("{environment} {name}");
        self.note_deed(who, origin, Deed::EndpointAdded, Some(id.to_string()), Some(detail)).await?;
        self.keep_endpoint(&endpoint).await?;
        Ok((endpoint, secret))
    }

    /// A person adds a PSP account of their merchant.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_account`].
    pub async fn set_up_account(
        &self,
        (who, origin): (&SignedIn, &Origin),
        new: NewAccount,
    ) -> Result<Account, PortalError> {
        self.may(who, &Act::ManageAccounts)?;
        own(who, new.merchant)?;
        let NewAccount { psp, environment, name, .. } = &new;
        let detail = format!("{psp} {environment} {name}");
        let add = self.new_account(new)?;
        self.note_deed(who, origin, Deed::AccountAdded, Some(add.id.to_string()), Some(detail)).await?;
        Ok(self.keep_account(add).await?)
    }
}

/// Another merchant does not exist.
fn own(who: &SignedIn, merchant: MerchantId) -> Result<(), PortalError> {
    if who.user.merchant == merchant { Ok(()) } else { Err(AdminError::NotFound("merchant").into()) }
}
