//! A person's second factor: set up, shown at every sign-in and again before what moves money on a person's word.

use redress_core::audit::Deed;
use redress_core::id::{MerchantId, UserId};
use redress_core::role::{Why, second_factor_is_fresh};
use redress_store::ops::portal::second_factor::{
    BeginSecondFactor, ConfirmSecondFactor, CountRecoveryCodes, Renewed, ReplaceRecoveryCodes,
    ShowSecondFactor, Showing, Shown,
};
use redress_store::ops::portal::users::{PortalUser, UserRecord};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::forms::FormDone;
use super::sessions::{AwaitsCode, Session};
use super::sign_in::Tried;
use super::{Origin, PortalError, Proved, SessionToken, SignedIn, Visitor, recovery, totp};
use crate::admin::AdminError;
use crate::directory::SECOND_FACTOR_COLUMN;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::vault::SealContext;

/// What a person puts into an authenticator. Shown once; it counts when the first code was entered.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret, in base 32, to type in.
    pub secret: SecretString,
    /// The same as an `otpauth://` address, for a picture to scan.
    pub uri: SecretString,
}

/// A second factor that counts from now on.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// What the browser shows from now on.
    pub token: SessionToken,
    /// What stands in for a lost authenticator, each once. Shown now and never again.
    pub recovery_codes: Vec<SecretString>,
}

/// A code was taken.
#[derive(Clone, Debug)]
pub struct Entered {
    /// What the browser shows from now on.
    pub token: SessionToken,
    /// It was a recovery code, and so many are left.
    pub recovery_codes_left: Option<u32>,
}

impl Engine {
    /// Takes a code of the authenticator, or a recovery code: of somebody who signs in, or again of somebody who is
    /// signed in. The browser's token changes.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn enter_code(
        &self,
        token: &SessionToken,
        typed: &str,
        origin: &Origin,
    ) -> Result<Proved<Entered>, EngineError> {
        let (user, session) = match self.visitor(token).await? {
            Visitor::Nobody => return Ok(Proved::Over),
            Visitor::AwaitsCode(AwaitsCode { user, session }) => (user, session),
            Visitor::SignedIn(SignedIn { user, session, .. }) => (user, session),
        };
        let tried = Tried::code(user.id, origin);
        if let Some(until) = self.count_try(&tried).await? {
            return Ok(Proved::Wait { until });
        }
        let Some(record) = self.user_record(&user).await? else { return Ok(Proved::Over) };
        let shown = self.read_code(&record, typed)?;
        let showing = match shown {
            Some(shown) => self.show_second_factor(&user, &session, shown, token, &tried, origin).await?,
            None => Proved::Wrong,
        };
        if matches!(showing, Proved::Wrong) {
            self.note_aside(self.entry_of(&user, origin, Deed::SignInFailed));
        }
        Ok(showing)
    }

    /// What was typed, where it can be good.
    fn read_code(&self, record: &UserRecord, typed: &str) -> Result<Option<Shown>, EngineError> {
        // Without a second factor no recovery code counts either.
        let Some(totp) = &record.totp else { return Ok(None) };
        let Some(code) = totp::code(typed) else {
            return Ok(recovery::hash(record.user.id, typed).map(Shown::Recovery));
        };
        let secret = self.open_secret(&record.user, &totp.sealed)?;
        let step = totp::step(&secret, &code, self.now())?;
        Ok(step.map(|step| Shown::Code { sealed: totp.sealed.clone(), step }))
    }

    async fn show_second_factor(
        &self,
        user: &PortalUser,
        session: &Session,
        shown: Shown,
        before: &SessionToken,
        tried: &Tried,
        origin: &Origin,
    ) -> Result<Proved<Entered>, EngineError> {
        let token = self.visitor_token();
        let recovered = matches!(shown, Shown::Recovery(_));
        let signs_in = session.awaits_code;
        let deed = if signs_in { Deed::SignedIn } else { Deed::SecondFactorShown };
        let deeds = recovered.then_some(Deed::RecoveryCodeUsed).into_iter().chain([deed]);
        let show = ShowSecondFactor {
            merchant: user.merchant,
            user: user.id,
            shown,
            renewed: Renewed { session: session.id, before: before.hash(), after: token.hash() },
            forgiven: tried.forgiven(),
            signs_in,
            entries: deeds.map(|deed| self.entry_of(user, origin, deed)).collect(),
            now: self.now(),
        };
        Ok(match self.parts.store.run(show).await? {
            Showing::Taken { codes_left } => {
                Proved::Done(Entered { token, recovery_codes_left: recovered.then_some(codes_left) })
            }
            Showing::NotGood => Proved::Wrong,
            Showing::Over => Proved::Over,
        })
    }

    /// Begins to set up a second factor, or another in place of the one there is, which goes on until
    /// [`Engine::confirm_second_factor`]. It needs the password again: whoever found an open browser must not shut its
    /// owner out.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the password is not the person's own, or where there is a second factor that was
    /// not shown just now.
    pub async fn begin_second_factor(
        &self,
        who: &SignedIn,
        password: &SecretString,
        origin: &Origin,
    ) -> Result<Proved<Enrolment>, PortalError> {
        if who.user.password_temporary {
            return Err(Why::PasswordTemporary.into());
        }
        if who.user.has_second_factor {
            second_factor_is_fresh(who.session.second_factor_at, self.now())?;
        }
        let (user, forgiven) = match self.prove_password(who, password, origin).await? {
            Proved::Done((record, forgiven)) => (record.user, forgiven),
            Proved::Wrong => return Ok(Proved::Wrong),
            Proved::Wait { until } => return Ok(Proved::Wait { until }),
            Proved::Over => return Ok(Proved::Over),
        };
        let secret = totp::new_secret(&*self.parts.world.random);
        let sealed = self.seal_secret(&user, &secret);
        let begin = BeginSecondFactor { merchant: user.merchant, user: user.id, sealed, forgiven };
        if !self.parts.store.run(begin).await? {
            return Ok(Proved::Over);
        }
        let (secret, uri) = (totp::base32_of(&secret), totp::uri(&secret, &user.email));
        Ok(Proved::Done(Enrolment { secret, uri }))
    }

    /// The second factor that is being set up, to show it once more where the first code was mistyped.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] where none is.
    pub async fn enrolment(&self, who: &SignedIn) -> Result<Enrolment, PortalError> {
        let record = self.user_record(&who.user).await?;
        let none = || AdminError::NotFound("second factor being set up");
        let sealed = record.and_then(|record| record.new_totp).ok_or_else(none)?;
        let secret = self.open_secret(&who.user, &sealed)?;
        Ok(Enrolment { secret: totp::base32_of(&secret), uri: totp::uri(&secret, &who.user.email) })
    }

    /// The first code of a second factor: from now on it is asked for. The person's other sessions end, the browser's
    /// token changes.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] where none is being set up.
    pub async fn confirm_second_factor(
        &self,
        who: &SignedIn,
        typed: &str,
        origin: &Origin,
    ) -> Result<Proved<Confirmed>, PortalError> {
        let tried = Tried::code(who.user.id, origin);
        if let Some(until) = self.count_try(&tried).await? {
            return Ok(Proved::Wait { until });
        }
        let Some(record) = self.user_record(&who.user).await? else { return Ok(Proved::Over) };
        let sealed = record.new_totp.ok_or(AdminError::NotFound("second factor being set up"))?;
        let secret = self.open_secret(&who.user, &sealed)?;
        let step = match totp::code(typed) {
            Some(code) => totp::step(&secret, &code, self.now())?,
            None => None,
        };
        let Some(step) = step else { return Ok(Proved::Wrong) };
        let token = self.visitor_token();
        let recovery_codes = recovery::draw(&*self.parts.world.random);
        let confirm = ConfirmSecondFactor {
            merchant: who.user.merchant,
            user: who.user.id,
            sealed,
            step,
            codes: recovery::hashes(who.user.id, &recovery_codes),
            renewed: Some(Renewed { session: who.session.id, before: who.token.hash(), after: token.hash() }),
            forgiven: tried.forgiven(),
            entry: self.entry_of(&who.user, origin, Deed::SecondFactorAdded),
            now: self.now(),
        };
        let confirmed = self.parts.store.run(confirm).await?;
        Ok(if confirmed { Proved::Done(Confirmed { token, recovery_codes }) } else { Proved::Over })
    }

    /// New recovery codes in place of all that a person has, by a form, as [`Engine::make_key`] makes keys: a second time would
    /// end those that were just written down. Shown now and never again.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where no second factor was shown just now.
    pub async fn replace_recovery_codes(
        &self,
        (who, origin): (&SignedIn, &Origin),
        form_key: &str,
    ) -> Result<FormDone<Vec<SecretString>>, PortalError> {
        second_factor_is_fresh(who.session.second_factor_at, self.now())?;
        let (merchant, id) = (who.user.merchant, who.user.id.to_string());
        let parts = vec!["replace_recovery_codes".to_owned(), id.clone()];
        let (engine, who, origin) = (self.clone(), who.clone(), origin.clone());
        let work = async move { Ok::<_, PortalError>((engine.new_recovery_codes(&who, &origin).await?, id)) };
        self.do_once(merchant, form_key, parts, work).await
    }

    async fn new_recovery_codes(
        &self,
        who: &SignedIn,
        origin: &Origin,
    ) -> Result<Vec<SecretString>, PortalError> {
        let now = self.now();
        let codes = recovery::draw(&*self.parts.world.random);
        let replace = ReplaceRecoveryCodes {
            merchant: who.user.merchant,
            user: who.user.id,
            codes: recovery::hashes(who.user.id, &codes),
            entry: self.entry_of(&who.user, origin, Deed::RecoveryCodesReplaced),
            now,
        };
        if self.parts.store.run(replace).await? { Ok(codes) } else { Err(Why::SecondFactorMissing.into()) }
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn recovery_codes_left(&self, merchant: MerchantId, user: UserId) -> Result<u32, EngineError> {
        Ok(self.parts.store.read(CountRecoveryCodes { merchant, user }).await?)
    }

    pub(super) fn seal_secret(&self, user: &PortalUser, secret: &[u8]) -> Vec<u8> {
        self.parts.vault.seal(&*self.parts.world.random, &context(user), secret)
    }

    fn open_secret(&self, user: &PortalUser, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, EngineError> {
        let opened = self.parts.vault.open(&context(user), sealed);
        opened.map_err(|error| EngineError::Broken(format!("the second factor of {}: {error}", user.id)))
    }
}

fn context(user: &PortalUser) -> SealContext<'_> {
    SealContext { merchant: user.merchant, row: user.id.as_bytes(), column: SECOND_FACTOR_COLUMN }
}
