//! What people change of their own.

use redress_core::audit::Deed;
use redress_store::ops::portal::users::SetPassword;
use secrecy::{ExposeSecret, SecretString};

use super::passwords::check_password;
use super::{Origin, PortalError, Proved, SignedIn};
use crate::admin::AdminError;
use crate::admin::fault::FaultCode;
use crate::engine::Engine;

impl Engine {
    /// A person chooses another password. The person's other sessions end.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] where it is no password to choose.
    pub async fn change_password(
        &self,
        who: &SignedIn,
        old: &SecretString,
        new: &SecretString,
        origin: &Origin,
    ) -> Result<Proved<()>, PortalError> {
        check_password(new, &who.user.email)?;
        if old.expose_secret() == new.expose_secret() {
            return Err(AdminError::invalid(
                "password",
                FaultCode::Password.told("must not be the one before"),
            )
            .into());
        }
        let (record, forgiven) = match self.prove_password(who, old, origin).await? {
            Proved::Done(proved) => proved,
            Proved::Wrong => return Ok(Proved::Wrong),
            Proved::Wait { until } => return Ok(Proved::Wait { until }),
            Proved::Over => return Ok(Proved::Over),
        };
        let password_hash = self.parts.passwords.hash(&*self.parts.world.random, new).await?;
        let set = SetPassword {
            merchant: who.user.merchant,
            user: who.user.id,
            password_hash,
            old_hash: Some(record.password_hash),
            temporary: false,
            keep: Some(who.session.id),
            forgiven,
            entry: self.entry_of(&who.user, origin, Deed::PasswordChanged),
            now: self.now(),
        };
        Ok(if self.parts.store.run(set).await? { Proved::Done(()) } else { Proved::Over })
    }
}
