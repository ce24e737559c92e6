//! What people of a merchant set up: keys, endpoints, PSP accounts, others of them, and another password of one. Whether they may
//! is asked, and the trail has an entry before anything is there; the entry names it, since it is drawn before. Of a person and of a
//! password it has one with it.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::audit_detail;
use redress_core::environment::Environment;
use redress_core::id::{EndpointId, KeyId, MerchantId, UserId};
use redress_core::right::Rights;
use redress_core::role::Act;
use redress_core::time::Timestamp;
use secrecy::SecretString;

use super::audit::By;
use super::forms::FormDone;
use super::people::{NewPassword, NewUser, PortalUser};
use super::{Origin, PortalError, SignedIn};
use crate::admin::AdminError;
use crate::admin::accounts::{Account, NewAccount};
use crate::admin::endpoints::{Endpoint, NewEndpoint, SeenSecret};
use crate::admin::keys::{Credential, CredentialKind};
use crate::engine::Engine;
use crate::once::{Did, Work};

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
    ) -> Result<FormDone<(Credential, SecretString)>, PortalError> {
        self.may(who, &Act::ManageKeys)?;
        let of = environment.map_or("both", Environment::as_str);
        let with = rights.to_string();
        let parts: [&str; 4] = ["make_key", kind.as_str(), of, &with];
        let parts = parts.map(str::to_owned).to_vec();
        let (engine, by) = (self.clone(), (who.clone(), origin.clone()));
        let work = async move {
            let made = engine.make_one_key((&by.0, &by.1), kind, environment, rights).await?;
            let id = made.0.id.to_string();
            Ok::<_, PortalError>((made, id))
        };
        self.do_once(who.user.merchant, form_key, parts, work).await
    }

    async fn make_one_key(
        &self,
        (who, origin): (&SignedIn, &Origin),
        kind: CredentialKind,
        environment: Option<Environment>,
        rights: Rights,
    ) -> Result<(Credential, SecretString), PortalError> {
        let (key, secret) = self.new_key(who.user.merchant, kind, environment, rights)?;
        let of = environment.map_or(audit_detail::BOTH_ENVIRONMENTS, Environment::as_str);
        let detail = format!("{} {of} {rights}", kind.as_str());
        let (id, detail) = (Some(key.id.to_string()), Some(detail.trim_end().to_owned()));
        self.note_wanted((who, origin), &Act::ManageKeys, Deed::KeyAdded, id, detail).await?;
        self.keep_key(Some(who.user.id), &key).await?;
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
        let [before, after] = audit_detail::OVERLAP;
        let detail = Some(format!("{before}{}{after}", overlap.as_secs() / 3_600));
        let (by, object) = ((who, origin), Some(old.to_string()));
        self.note_wanted(by, &Act::ManageKeys, Deed::KeyRotated, object, detail).await?;
        self.rotate_key_wanted(Some(who.user.id), who.user.merchant, old, overlap).await
    }

    /// A person adds an endpoint of their merchant by a form, as [`Engine::make_key`] makes keys; the signing secret is shown
    /// now and never again.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_endpoint`].
    pub async fn set_up_endpoint(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        new: NewEndpoint,
    ) -> Result<FormDone<(Endpoint, SecretString)>, PortalError> {
        self.may(who, &Act::ManageEndpoints)?;
        own(who, new.merchant)?;
        let NewEndpoint { name, url, dialect, environment, event_mask, .. } = &new;
        let mask = event_mask.map_or_else(String::new, |mask| mask.to_string());
        let parts: [&str; 6] = ["set_up_endpoint", name, url, dialect.as_str(), environment.as_str(), &mask];
        let parts = parts.map(str::to_owned).to_vec();
        let (engine, by) = (self.clone(), (who.clone(), origin.clone()));
        let work = move |work: Work| async move {
            if let Some(before) = engine.added_before(new.merchant, &work).await? {
                return Ok(Did::Before(before.to_string()));
            }
            let (endpoint, secret) = engine.new_endpoint(new, &work).await?;
            let id = endpoint.id.to_string();
            let detail = Some(format!("{} {}", endpoint.environment, endpoint.name));
            let (noted, object) = ((&by.0, &by.1), Some(id.clone()));
            engine.note_wanted(noted, &Act::ManageEndpoints, Deed::EndpointAdded, object, detail).await?;
            let added = engine.keep_endpoint(Some(by.0.user.id), &endpoint).await?;
            Ok::<_, PortalError>(if added { Did::Now(((endpoint, secret), id)) } else { Did::Before(id) })
        };
        self.do_known_again(who.user.merchant, form_key, parts, work).await
    }

    /// A person gives an endpoint of their merchant another signing secret by a form, as [`Engine::make_key`] makes keys:
    /// a second time would end the secret which the receiver still checks. So would the form of somebody who did not see that
    /// there is another secret by now. Until when the one before signs too is answered with the new one.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::rotate_endpoint_secret`], and [`AdminError::Conflict`]
    /// where the secret is not the one that was seen.
    pub async fn renew_endpoint_secret(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        endpoint: EndpointId,
        seen: SeenSecret,
    ) -> Result<FormDone<(SecretString, Timestamp)>, PortalError> {
        self.may(who, &Act::ManageEndpoints)?;
        let (merchant, id) = (who.user.merchant, endpoint.to_string());
        let parts = vec!["renew_endpoint_secret".to_owned(), id.clone()];
        let (engine, by) = (self.clone(), (who.clone(), origin.clone()));
        let work = move |work: Work| async move {
            let detail = Some(audit_detail::ANOTHER_SECRET.to_owned());
            let (noted, object) = ((&by.0, &by.1), Some(id.clone()));
            engine.note_wanted(noted, &Act::ManageEndpoints, Deed::EndpointChanged, object, detail).await?;
            let (user, of) = (Some(by.0.user.id), (merchant, endpoint));
            let renewed = engine.rotate_endpoint_secret_wanted(user, of, None, Some(seen), &work).await?;
            Ok::<_, PortalError>(match renewed {
                Did::Now(renewed) => Did::Now((renewed, id)),
                Did::Before(_) => Did::Before(id),
            })
        };
        self.do_known_again(merchant, form_key, parts, work).await
    }

    /// A person adds a PSP account of their merchant by a form, as [`Engine::make_key`] makes keys. Its secrets are no part of
    /// what a repeat is known by: nothing is kept of them but what is sealed.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_account`].
    pub async fn set_up_account(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        new: NewAccount,
    ) -> Result<FormDone<Account>, PortalError> {
        self.may(who, &Act::ManageAccounts)?;
        own(who, new.merchant)?;
        let NewAccount { psp, environment, name, base_url, max_in_flight, .. } = &new;
        let at_once = max_in_flight.to_string();
        let base = base_url.as_deref().unwrap_or_default();
        let parts: [&str; 6] = ["set_up_account", psp, environment.as_str(), name, base, &at_once];
        let parts = parts.map(str::to_owned).to_vec();
        let detail = Some(format!("{psp} {environment} {name}"));
        let (engine, by) = (self.clone(), (who.clone(), origin.clone()));
        let work = async move {
            let add = engine.new_account(new)?;
            let id = add.id.to_string();
            let (noted, object) = ((&by.0, &by.1), Some(id.clone()));
            engine.note_wanted(noted, &Act::ManageAccounts, Deed::AccountAdded, object, detail).await?;
            Ok::<_, PortalError>((engine.keep_account(Some(by.0.user.id), add).await?, id))
        };
        self.do_once(who.user.merchant, form_key, parts, work).await
    }

    /// A person adds another one of their merchant by a form, as [`Engine::make_key`] makes keys: a second time would be told that
    /// somebody has the address, and the password that was drawn would be shown to nobody. It is shown now and never again.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::add_user`].
    pub async fn add_person(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        new: NewUser,
    ) -> Result<FormDone<(PortalUser, Option<SecretString>)>, PortalError> {
        self.may(who, &Act::ManageUsers)?;
        own(who, new.merchant)?;
        let (merchant, limits) = (new.merchant, new.limits.to_string());
        let parts: [&str; 5] = ["add_person", &new.email, &new.name, new.role.as_str(), &limits];
        let parts = parts.map(str::to_owned).to_vec();
        let (engine, who, origin) = (self.clone(), who.clone(), origin.clone());
        let work = async move {
            let by = By::Person(&who, &origin);
            let added = engine.add_user(by, new, NewPassword::Drawn).await?;
            let id = added.0.id.to_string();
            Ok::<_, PortalError>((added, id))
        };
        self.do_once(merchant, form_key, parts, work).await
    }

    /// A person gives one of their merchant another password by a form, as [`Engine::make_key`] makes keys: a second time would
    /// end the one that was handed over. It is drawn, and shown now and never again.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::reset_password`].
    pub async fn give_password(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
        user: UserId,
    ) -> Result<FormDone<Option<SecretString>>, PortalError> {
        self.may(who, &Act::ManageUsers)?;
        let (merchant, id) = (who.user.merchant, user.to_string());
        let parts = vec!["give_password".to_owned(), id.clone()];
        let (engine, who, origin) = (self.clone(), who.clone(), origin.clone());
        let work = async move {
            let by = By::Person(&who, &origin);
            let drawn = engine.reset_password(by, merchant, user, NewPassword::Drawn).await?;
            Ok::<_, PortalError>((drawn, id))
        };
        self.do_once(merchant, form_key, parts, work).await
    }
}

/// Another merchant does not exist.
fn own(who: &SignedIn, merchant: MerchantId) -> Result<(), PortalError> {
    if who.user.merchant == merchant { Ok(()) } else { Err(AdminError::NotFound("merchant").into()) }
}
