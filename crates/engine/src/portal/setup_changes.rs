//! What people of a merchant change of what is set up, and end. As of what they set up ([`super::setup`]): whether they may is
//! asked, the trail has an entry before anything is done, and either is done only while they still may.

use redress_core::audit::Deed;
use redress_core::audit_detail;
use redress_core::policy::AccountState;
use redress_core::role::Act;

use super::{Origin, PortalError, SignedIn};
use crate::admin::accounts::{Account, AccountEdit};
use crate::admin::endpoint_edit::EndpointEdit;
use crate::admin::endpoints::Endpoint;
use crate::admin::keys::Credential;
use crate::engine::Engine;

impl Engine {
    /// A person revokes a key of their merchant; answers false when it had been before.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::revoke_key`].
    pub async fn revoke_key_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        key: &Credential,
    ) -> Result<bool, PortalError> {
        let (object, detail) = (Some(key.id.to_string()), Some(key.public_key.clone()));
        self.note_wanted((who, origin), &Act::ManageKeys, Deed::KeyRevoked, object, detail).await?;
        self.revoke_key_wanted(Some(who.user.id), who.user.merchant, key.id).await
    }

    /// A person changes a PSP account of their merchant; answers its new version.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::change_account`].
    pub async fn change_account_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        account: &Account,
        edit: AccountEdit,
    ) -> Result<i64, PortalError> {
        let with = match &edit.credentials {
            Some(_) => audit_detail::OTHER_SECRETS,
            None => audit_detail::SAME_SECRETS,
        };
        let name = edit.name.as_deref().unwrap_or(&account.name);
        let (object, detail) = (Some(account.id.to_string()), Some(format!("{with}: {name}")));
        self.note_wanted((who, origin), &Act::ManageAccounts, Deed::AccountChanged, object, detail).await?;
        self.change_account_wanted(Some(who.user.id), who.user.merchant, account.id, edit).await
    }

    /// A person pauses a PSP account of their merchant, lets it send again, or revokes it; answers false when it was so before.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::set_account_state`].
    pub async fn set_account_state_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        account: &Account,
        to: AccountState,
    ) -> Result<bool, PortalError> {
        let deed = if to == AccountState::Revoked { Deed::AccountRevoked } else { Deed::AccountChanged };
        let detail = Some(format!("{} {}", to.as_str(), account.name));
        let object = Some(account.id.to_string());
        self.note_wanted((who, origin), &Act::ManageAccounts, deed, object, detail).await?;
        self.set_account_state_wanted(Some(who.user.id), who.user.merchant, account.id, to).await
    }

    /// A person changes an endpoint of their merchant; answers it as it is then.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::change_endpoint`].
    pub async fn change_endpoint_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        endpoint: &Endpoint,
        edit: EndpointEdit,
    ) -> Result<Endpoint, PortalError> {
        let name = edit.name.as_deref().unwrap_or(&endpoint.name);
        let detail = Some(format!("{}: {name}", audit_detail::EDITED));
        let object = Some(endpoint.id.to_string());
        self.note_wanted((who, origin), &Act::ManageEndpoints, Deed::EndpointChanged, object, detail).await?;
        let of = (who.user.merchant, endpoint.environment);
        self.change_endpoint_wanted(Some(who.user.id), of, endpoint.id, edit).await
    }

    /// A person enables or disables an endpoint of their merchant; answers false when it was so before.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::enable_endpoint`].
    pub async fn switch_endpoint_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        endpoint: &Endpoint,
        is_on: bool,
        reason: &str,
    ) -> Result<bool, PortalError> {
        let word = if is_on { audit_detail::ENABLED } else { audit_detail::DISABLED };
        let (object, detail) = (Some(endpoint.id.to_string()), Some(format!("{word}: {reason}")));
        self.note_wanted((who, origin), &Act::ManageEndpoints, Deed::EndpointChanged, object, detail).await?;
        let (of, author) = ((who.user.merchant, endpoint.id), (who.user.email.as_str(), reason));
        self.switch_endpoint_wanted(Some(who.user.id), of, is_on, author).await
    }

    /// A person revokes an endpoint of their merchant; answers false when it had been before.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not; as [`Engine::revoke_endpoint`].
    pub async fn revoke_endpoint_by(
        &self,
        (who, origin): (&SignedIn, &Origin),
        endpoint: &Endpoint,
    ) -> Result<bool, PortalError> {
        let (object, detail) = (Some(endpoint.id.to_string()), Some(endpoint.name.clone()));
        self.note_wanted((who, origin), &Act::ManageEndpoints, Deed::EndpointRevoked, object, detail).await?;
        self.revoke_endpoint_wanted(Some(who.user.id), who.user.merchant, endpoint.id).await
    }
}
