//! Who is there: sessions looked up, with their limits, and ended.

use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::id::SessionId;
use redress_core::role::{Act, Standing, Why, may};
use redress_core::time::Timestamp;
use redress_store::ops::audit::AuditEntry;
use redress_store::ops::portal::sessions::{EndSessions, Ending, FindSession, ListSessions, TouchSession};

pub use redress_store::ops::portal::sessions::Session;
pub use redress_store::ops::portal::users::PortalUser;

use super::{Origin, SessionToken};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::key_material::letters_and_digits;

/// A session that waits for a code waits no longer than this.
pub const CODE_WAIT: Duration = Duration::from_secs(10 * 60);

/// Use is noted so often at most: a page must not cost a write.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// 22 of 62 characters hold 128 bits.
const FORM_KEY_CHARACTERS: usize = 22;

/// Whom a browser belongs to.
#[derive(Clone, Debug)]
pub enum Visitor {
    /// Nobody who has signed in, or no longer.
    Nobody,
    /// Somebody who showed a good password, and whose code is asked for. Nothing else is shown or done.
    AwaitsCode(AwaitsCode),
    /// Somebody who is signed in.
    SignedIn(SignedIn),
}

/// Somebody whose code is asked for.
#[derive(Clone, Debug)]
pub struct AwaitsCode {
    pub(super) user: PortalUser,
    pub(super) session: Session,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person, as they are now.
    pub user: PortalUser,
    /// The session.
    pub session: Session,
    pub(super) token: SessionToken,
}

impl SignedIn {
    /// Who it is, for judging what they may do.
    pub fn standing(&self) -> Standing {
        Standing {
            role: self.user.role,
            limits: self.user.limits.clone(),
            password_temporary: self.user.password_temporary,
            second_factor_at: self.session.second_factor_at,
        }
    }

    /// Whether the person may do something at a time.
    ///
    /// # Errors
    /// [`Why`] not.
    pub fn may(&self, act: &Act, now: Timestamp) -> Result<(), Why> {
        may(&self.standing(), act, now)
    }

    /// The token that the browser showed: forms are made and proved with it.
    pub fn token(&self) -> &SessionToken {
        &self.token
    }
}

impl Engine {
    /// A token for a browser without a session, so that its first forms can be proved to be ours.
    pub fn visitor_token(&self) -> SessionToken {
        SessionToken::generate(&*self.parts.world.random)
    }

    /// What a form carries, so that [`SessionToken::made_form`] knows it for one of this token's.
    pub fn form_proof(&self, token: &SessionToken) -> String {
        token.form_proof(&*self.parts.world.random)
    }

    /// A key for a form, by which what it does is done once, however often it is sent.
    pub fn form_key(&self) -> String {
        letters_and_digits(&*self.parts.world.random, FORM_KEY_CHARACTERS).as_str().to_owned()
    }

    /// Whether a person may do something now.
    ///
    /// # Errors
    /// [`Why`] not.
    pub fn may(&self, who: &SignedIn, act: &Act) -> Result<(), Why> {
        who.may(act, self.now())
    }

    /// Whom a token belongs to now; notes that the session was used.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn visitor(&self, token: &SessionToken) -> Result<Visitor, EngineError> {
        let visitor = self.visitor_of_open_page(token).await?;
        let now = self.now();
        if let Visitor::SignedIn(who) = &visitor
            && now.since(who.session.seen_at) >= NOTED_EVERY
        {
            let touched = self.parts.store.run(TouchSession { token_hash: token.hash(), now }).await;
            // With a full disk people can still look.
            if let Err(error) = touched {
                tracing::warn!(%error, "the use of a session was not noted");
            }
        }
        Ok(visitor)
    }

    /// The same for what an open page asks for by itself. That is no use of the session: nobody may be there any more.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn visitor_of_open_page(&self, token: &SessionToken) -> Result<Visitor, EngineError> {
        let found = self.parts.store.read(FindSession(token.hash())).await?;
        let now = self.now();
        let alive = found.filter(|(session, user)| user.disabled_at.is_none() && self.is_alive(session, now));
        let Some((session, user)) = alive else { return Ok(Visitor::Nobody) };
        if session.awaits_code {
            return Ok(Visitor::AwaitsCode(AwaitsCode { user, session }));
        }
        Ok(Visitor::SignedIn(SignedIn { user, session, token: token.clone() }))
    }

    fn is_alive(&self, session: &Session, now: Timestamp) -> bool {
        let limits = &self.config().portal;
        let (age, idle) = (now.since(session.created_at), now.since(session.seen_at));
        if session.awaits_code { age < CODE_WAIT } else { age < limits.session && idle < limits.idle }
    }

    /// Ends the session of a token, signed in or not.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer: the session goes on.
    pub async fn sign_out(&self, token: &SessionToken, origin: &Origin) -> Result<(), EngineError> {
        let Some((session, user)) = self.parts.store.read(FindSession(token.hash())).await? else {
            return Ok(());
        };
        let entry = (!session.awaits_code).then(|| self.entry_of(&user, origin, Deed::SignedOut));
        self.end_which(&user, Ending::One(session.id), entry).await.map(|_| ())
    }

    /// Ends all sessions of a person, this one too; answers how many they were.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer: the sessions go on.
    pub async fn sign_out_everywhere(&self, who: &SignedIn, origin: &Origin) -> Result<u64, EngineError> {
        let entry = self.entry_of(&who.user, origin, Deed::SessionsEnded);
        self.end_which(&who.user, Ending::All, Some(entry)).await
    }

    /// Ends one of a person's own sessions; false where there is no such one.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer: the session goes on.
    pub async fn end_own_session(
        &self,
        who: &SignedIn,
        session: SessionId,
        origin: &Origin,
    ) -> Result<bool, EngineError> {
        let entry = AuditEntry {
            object: Some(session.to_string()),
            ..self.entry_of(&who.user, origin, Deed::SessionsEnded)
        };
        Ok(self.end_which(&who.user, Ending::One(session), Some(entry)).await? > 0)
    }

    /// A person's sessions that are not over, the newest first.
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer.
    pub async fn sessions_of(&self, user: &PortalUser) -> Result<Vec<Session>, EngineError> {
        let now = self.now();
        let list = ListSessions { merchant: user.merchant, user: user.id };
        let mut sessions = self.parts.store.read(list).await?;
        sessions.retain(|session| self.is_alive(session, now));
        Ok(sessions)
    }

    async fn end_which(
        &self,
        user: &PortalUser,
        which: Ending,
        entry: Option<AuditEntry>,
    ) -> Result<u64, EngineError> {
        let ending = EndSessions { merchant: user.merchant, user: user.id, which, entry };
        Ok(self.parts.store.run(ending).await?)
    }
}
