//! The people of a merchant: added, changed, disabled, and given new proofs, by the operator or by an admin.

use redress_core::audit::Deed;
use redress_core::audit_detail::{AND, LIMITS, NAME, ROLE, TO};
use redress_core::id::{MerchantId, UserId};
use redress_core::role::{Act, RefundLimits, Role, Why};
use redress_store::Operation;
use redress_store::ops::portal::second_factor::{BeginSecondFactor, ConfirmSecondFactor, ResetSecondFactor};
use redress_store::ops::portal::sessions::{EndSessions, Ending};
use redress_store::ops::portal::tries::Forgiven;
use redress_store::ops::portal::users::{
    AddUser, ChangeUser, ListUsers, LoadUser, SetPassword, UserAdding, UserBy, UserChanging,
};
use secrecy::SecretString;

pub use redress_store::ops::portal::users::{PortalUser, SeenUser, UserChange};

use super::audit::By;
use super::passwords::{check_password, drawn};
use super::sign_in::{normal, sought};
use super::{PortalError, recovery, totp};
use crate::admin::fault::FaultCode;
use crate::admin::{AdminError, NAME_BYTES_MAX, PAGE_ROWS, check_text};
use crate::engine::Engine;

/// The longest email address, in bytes (RFC 5321, section 4.5.3.1.3, with the brackets left out).
pub const EMAIL_BYTES_MAX: usize = 254;

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The merchant.
    pub merchant: MerchantId,
    /// What the person signs in with.
    pub email: String,
    /// What others call the person.
    pub name: String,
    /// What the person is to the merchant.
    pub role: Role,
    /// How much of one payment the person may give back, where the role is [`Role::Support`].
    pub limits: RefundLimits,
}

/// Where a person's password comes from.
#[derive(Clone, Debug)]
pub enum NewPassword {
    /// It is drawn, shown to whoever asks, and must be changed at the first sign-in.
    Drawn,
    /// The person chose it.
    Chosen(SecretString),
}

/// A second factor that was set up for somebody.
#[derive(Clone, Debug)]
pub struct GivenSecondFactor {
    /// Its secret, in base 32.
    pub secret: SecretString,
    /// What stands in for it, each once.
    pub recovery_codes: Vec<SecretString>,
}

impl Engine {
    /// Adds a person, without a second factor; answers the password where it was drawn.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong; [`AdminError::Conflict`] where somebody has the address. [`PortalError::Refused`] also
    /// where whoever asks lost the role since the request began, as of all that is done to people here.
    pub async fn add_user(
        &self,
        by: By<'_>,
        new: NewUser,
        password: NewPassword,
    ) -> Result<(PortalUser, Option<SecretString>), PortalError> {
        self.may_manage(by, new.merchant)?;
        let email = normal(&new.email);
        check_email(&email)?;
        check_text("name", &new.name, NAME_BYTES_MAX)?;
        let Drawing { hash, temporary, shown } = self.hashed(password, &email).await?;
        let now = self.now();
        let user = PortalUser {
            merchant: new.merchant,
            id: UserId::new(now, self.parts.world.random.bytes10()),
            email,
            name: new.name,
            role: new.role,
            limits: new.limits,
            password_temporary: temporary,
            has_second_factor: false,
            created_at: now,
            updated_at: now,
            signed_in_at: None,
            disabled_at: None,
        };
        let entry = self.entry_by(by, &user, Deed::UserAdded);
        let add = AddUser { user: user.clone(), password_hash: hash, entry };
        match self.run_by(by, new.merchant, add).await? {
            UserAdding::Added => Ok((user, shown)),
            UserAdding::Closed(closed) => Err(AdminError::from(closed).into()),
            UserAdding::EmailTaken => Err(AdminError::conflict(
                FaultCode::EmailTaken.told("somebody has this email address already"),
            )
            .into()),
        }
    }

    /// A person by the email address, of whatever merchant: for the operator.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn user_by_email(&self, email: &str) -> Result<PortalUser, AdminError> {
        let found = self.parts.store.read(LoadUser(UserBy::Email(sought(normal(email))))).await?;
        found.map(|record| record.user).ok_or(AdminError::NotFound("user"))
    }

    /// A person of a merchant.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn user(&self, merchant: MerchantId, user: UserId) -> Result<PortalUser, AdminError> {
        let found = self.parts.store.read(LoadUser(UserBy::Id(merchant, user))).await?;
        found.map(|record| record.user).ok_or(AdminError::NotFound("user"))
    }

    /// All people of a merchant, disabled ones too, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn list_users(&self, merchant: MerchantId) -> Result<Vec<PortalUser>, AdminError> {
        let mut all: Vec<PortalUser> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id);
            let page = self.parts.store.read(ListUsers { merchant, after, limit: PAGE_ROWS }).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }

    /// Changes a person; answers `None` where it was so before. It counts from the person's next request on; disabling
    /// ends the person's sessions. Nobody but the operator takes a merchant's last admin away.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong; [`AdminError::Conflict`] with [`FaultCode::Overtaken`] where the person is not as was
    /// seen. [`PortalError::Refused`] also where whoever asks lost the role since the request began.
    pub async fn change_user(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        user: UserId,
        change: UserChange,
    ) -> Result<Option<PortalUser>, PortalError> {
        self.may_manage(by, merchant)?;
        if let Some(name) = &change.name {
            check_text("name", name, NAME_BYTES_MAX)?;
        }
        let found = self.user(merchant, user).await?;
        let deed = match change.disabled {
            Some(true) => Deed::UserDisabled,
            Some(false) => Deed::UserEnabled,
            None => Deed::UserChanged,
        };
        let mut entry = self.entry_by(by, &found, deed);
        entry.detail = Some(described(&found, &change));
        let change = ChangeUser { merchant, user, change, by: by.person(), entry, now: self.now() };
        match self.parts.store.run(change).await? {
            UserChanging::Changed(user) => Ok(Some(user)),
            UserChanging::Already => Ok(None),
            UserChanging::Overtaken => Err(AdminError::conflict(
                FaultCode::Overtaken.told("somebody changed the person meanwhile: look again"),
            )
            .into()),
            UserChanging::NotAllowed => Err(no_admin_any_more()),
            UserChanging::LastAdmin => Err(AdminError::conflict(
                FaultCode::LastAdmin.told("this is the only admin: make another one first"),
            )
            .into()),
            UserChanging::NotFound => Err(AdminError::NotFound("user").into()),
            UserChanging::Closed(closed) => Err(AdminError::from(closed).into()),
        }
    }

    /// Gives a person another password and ends the person's sessions; answers the password where it was drawn.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong.
    pub async fn reset_password(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        user: UserId,
        password: NewPassword,
    ) -> Result<Option<SecretString>, PortalError> {
        self.may_manage(by, merchant)?;
        let found = self.user(merchant, user).await?;
        let Drawing { hash, temporary, shown } = self.hashed(password, &found.email).await?;
        let set = SetPassword {
            merchant,
            user,
            password_hash: hash,
            old_hash: None,
            temporary,
            keep: None,
            forgiven: Forgiven::default(),
            entry: self.entry_by(by, &found, Deed::PasswordReset),
            now: self.now(),
        };
        if self.run_by(by, merchant, set).await? {
            Ok(shown)
        } else {
            Err(AdminError::NotFound("user").into())
        }
    }

    /// Takes a person's second factor away, as when the authenticator and the recovery codes are lost, and ends the
    /// person's sessions; false where there was none.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn reset_second_factor(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        user: UserId,
    ) -> Result<bool, PortalError> {
        self.may_manage(by, merchant)?;
        let found = self.user(merchant, user).await?;
        let entry = self.entry_by(by, &found, Deed::SecondFactorReset);
        self.run_by(by, merchant, ResetSecondFactor { merchant, user, entry, now: self.now() }).await
    }

    /// Sets up a second factor for a person, in place of the one there is: for whoever sets up a person whole.
    ///
    /// # Errors
    /// [`AdminError`] names what is wrong.
    pub async fn give_second_factor(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        user: UserId,
    ) -> Result<GivenSecondFactor, PortalError> {
        self.may_manage(by, merchant)?;
        let (found, random) = (self.user(merchant, user).await?, &*self.parts.world.random);
        let (secret, recovery_codes) = (totp::new_secret(random), recovery::draw(random));
        let sealed = self.seal_secret(&found, &secret);
        let forgiven = Forgiven::default();
        let begin = BeginSecondFactor { merchant, user, sealed: sealed.clone(), forgiven: forgiven.clone() };
        let confirm = ConfirmSecondFactor {
            merchant,
            user,
            sealed,
            // Before every code that there can be.
            step: 0,
            codes: recovery::hashes(user, &recovery_codes),
            renewed: None,
            forgiven,
            entry: self.entry_by(by, &found, Deed::SecondFactorAdded),
            now: self.now(),
        };
        if self.run_by(by, merchant, begin).await? && self.run_by(by, merchant, confirm).await? {
            return Ok(GivenSecondFactor { secret: totp::base32_of(&secret), recovery_codes });
        }
        let text = "the person was changed meanwhile, or is disabled";
        Err(AdminError::conflict(FaultCode::Overtaken.told(text)).into())
    }

    /// Ends all sessions of a person; answers how many they were.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn end_sessions(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        user: UserId,
    ) -> Result<u64, PortalError> {
        self.may_manage(by, merchant)?;
        let found = self.user(merchant, user).await?;
        let entry = Some(self.entry_by(by, &found, Deed::SessionsEnded));
        self.run_by(by, merchant, EndSessions { merchant, user, which: Ending::All, entry }).await
    }

    /// Does something to people of a merchant while whoever wants it may: hashing a password alone takes long enough to be no
    /// admin any more.
    async fn run_by<O: Operation>(
        &self,
        by: By<'_>,
        merchant: MerchantId,
        op: O,
    ) -> Result<O::Out, PortalError> {
        self.run_wanted(by.person(), merchant, &Act::ManageUsers, op).await
    }

    /// Whether people of a merchant may be managed by somebody. Another merchant's do not exist.
    fn may_manage(&self, by: By<'_>, merchant: MerchantId) -> Result<(), PortalError> {
        let By::Person(who, _) = by else { return Ok(()) };
        self.may(who, &Act::ManageUsers)?;
        if who.user.merchant == merchant { Ok(()) } else { Err(AdminError::NotFound("merchant").into()) }
    }

    async fn hashed(&self, new: NewPassword, email: &str) -> Result<Drawing, PortalError> {
        let random = &*self.parts.world.random;
        let (password, temporary) = match new {
            NewPassword::Drawn => (drawn(random), true),
            NewPassword::Chosen(password) => (password, false),
        };
        check_password(&password, email)?;
        let hash = self.parts.passwords.hash(random, &password).await?;
        Ok(Drawing { hash, temporary, shown: temporary.then_some(password) })
    }
}

/// What whoever lost the role since the request began is told.
fn no_admin_any_more() -> PortalError {
    Why::Role { least: Act::ManageUsers.least_role() }.into()
}

/// A password, hashed.
struct Drawing {
    hash: String,
    temporary: bool,
    shown: Option<SecretString>,
}

/// What was changed, for the audit trail.
fn described(user: &PortalUser, change: &UserChange) -> String {
    let role =
        change.role.filter(|role| *role != user.role).map(|role| format!("{ROLE}{}{TO}{role}", user.role));
    let limits = change.limits.as_ref().filter(|limits| **limits != user.limits);
    let limits = limits.map(|limits| format!("{LIMITS}[{}]{TO}[{limits}]", user.limits));
    let name = change.name.as_ref().filter(|name| **name != user.name);
    let name = name.map(|name| format!("{NAME}{}{TO}{name}", user.name));
    let parts = [Some(user.email.clone()), role, limits, name];
    parts.into_iter().flatten().collect::<Vec<_>>().join(AND)
}

/// One `@` with something on both sides, no spaces: the rest shows when somebody signs in.
fn check_email(email: &str) -> Result<(), AdminError> {
    check_text("email", email, EMAIL_BYTES_MAX)?;
    let good = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(char::is_whitespace)
    });
    if good {
        Ok(())
    } else {
        Err(AdminError::invalid("email", FaultCode::Email.told("must be an email address")))
    }
}
