//! Finding endpoints for a caller who belongs to one environment, and changing them.

use redress_core::environment::Environment;
use redress_core::id::{EndpointId, MerchantId, UserId};
use redress_core::role::Act;
use redress_store::ops::endpoints::{
    ChangeEndpoint, Dialect, Endpoint, EndpointChanging, FindEndpoint, ListEndpoints,
};

pub use redress_store::ops::endpoints::SeenEndpoint;

use super::endpoints::{check_events, revoked};
use super::fault::FaultCode;
use super::{AdminError, NAME_BYTES_MAX, check_text};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::portal::PortalError;

/// What is changed of an endpoint; what is `None` stays.
#[derive(Clone, Default)]
pub struct EndpointEdit {
    /// What people call it.
    pub name: Option<String>,
    /// Where it is.
    pub url: Option<String>,
    /// The shape it is told in. Another one forgets the credential that signed in the way of the one before.
    pub dialect: Option<Dialect>,
    /// The kinds of events it wants, a sum of [`redress_core::event::EventKind::bit`].
    pub event_mask: Option<i64>,
    /// What whoever wants it was shown: where the endpoint is another by now, nothing is changed.
    pub seen: Option<SeenEndpoint>,
}

impl Engine {
    /// An endpoint, revoked or not. One of the other environment does not exist for the caller.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn endpoint(
        &self,
        merchant: MerchantId,
        environment: Environment,
        endpoint: EndpointId,
    ) -> Result<Endpoint, AdminError> {
        let found = self.parts.store.read(FindEndpoint { merchant, endpoint }).await?;
        found.filter(|found| found.environment == environment).ok_or(AdminError::NotFound("endpoint"))
    }

    /// A page of a merchant's endpoints in one environment, revoked ones too, oldest first.
    ///
    /// # Errors
    /// [`EngineError`] when the store cannot be asked.
    pub async fn endpoints_page(
        &self,
        merchant: MerchantId,
        environment: Environment,
        after: Option<EndpointId>,
        limit: u32,
    ) -> Result<Vec<Endpoint>, EngineError> {
        let page = ListEndpoints { merchant, environment: Some(environment), after, limit };
        Ok(self.parts.store.read(page).await?)
    }

    /// Changes an endpoint; answers it as it is then. What is owed to it already goes to the new address, in the shape
    /// in which it was owed.
    ///
    /// # Errors
    /// [`AdminError`] names the field that is wrong; [`AdminError::Conflict`] when the endpoint is revoked, and with
    /// [`FaultCode::Overtaken`] where it is not as was seen.
    pub async fn change_endpoint(
        &self,
        merchant: MerchantId,
        environment: Environment,
        endpoint: EndpointId,
        edit: EndpointEdit,
    ) -> Result<Endpoint, AdminError> {
        let changed = self.change_endpoint_wanted(None, (merchant, environment), endpoint, edit).await;
        changed.map_err(PortalError::unjudged)
    }

    /// The same, while whoever wants it may.
    pub(crate) async fn change_endpoint_wanted(
        &self,
        by: Option<UserId>,
        (merchant, environment): (MerchantId, Environment),
        endpoint: EndpointId,
        edit: EndpointEdit,
    ) -> Result<Endpoint, PortalError> {
        self.endpoint(merchant, environment, endpoint).await?;
        let EndpointEdit { name, url, dialect, event_mask, seen } = edit;
        name.as_deref().map_or(Ok(()), |name| check_text("name", name, NAME_BYTES_MAX))?;
        url.as_deref().map_or(Ok(()), |url| self.check_told_url("url", url))?;
        event_mask.map_or(Ok(()), check_events)?;
        let change = ChangeEndpoint { merchant, endpoint, name, url, dialect, event_mask, seen };
        let changed = self.run_wanted(by, merchant, &Act::ManageEndpoints, change).await;
        // It may want to hear of new refunds now: of the very next one.
        self.parts.directory.forget();
        match changed? {
            EndpointChanging::Changed => Ok(self.endpoint(merchant, environment, endpoint).await?),
            EndpointChanging::Overtaken => Err(AdminError::conflict(
                FaultCode::Overtaken.told("somebody changed the endpoint meanwhile: look again"),
            )
            .into()),
            EndpointChanging::Gone => Err(revoked().into()),
        }
    }
}
