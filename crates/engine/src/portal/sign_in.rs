//! Signing in by a password, slowed down for whoever guesses.

use std::net::IpAddr;
use std::time::Duration;

use redress_core::audit::Deed;
use redress_core::id::{SessionId, UserId};
use redress_core::retry::Backoff;
use redress_core::throttle::Throttle;
use redress_core::time::Timestamp;
use redress_store::ops::portal::sessions::{OpenSession, Session};
use redress_store::ops::portal::tries::{CountTry, Forgiven, Subject};
use redress_store::ops::portal::users::{LoadUser, PortalUser, UserBy, UserRecord};
use secrecy::SecretString;

use super::{Origin, Proved, SessionToken, SignedIn, earlier};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::request_hash::hash;

const DAY: Duration = Duration::from_secs(24 * 3_600);
const WAIT: Backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_secs(15 * 60) };

/// Tries of one account, and of one person's codes.
const OF_ACCOUNT: Throttle = Throttle { free: 5, wait: WAIT, forget: DAY };

/// Tries from one address, of whatever account: several people may share one.
const OF_ADDRESS: Throttle = Throttle { free: 20, wait: WAIT, forget: DAY };

/// So often a session is begun for one good password, each time by what the person has to show as of then.
const OPENED_TRIES_MAX: u32 = 3;

/// Somebody showed a good password.
#[derive(Clone, Debug)]
pub enum PasswordShown {
    /// The person is signed in.
    SignedIn(SessionToken),
    /// The person's code is needed too: see [`Engine::enter_code`].
    CodeNeeded(SessionToken),
}

impl Engine {
    /// Signs in by a password. `shown` is what the browser showed before: that session ends. Whether there is such an
    /// account shows in nothing: neither in the answer nor in how long it takes.
    ///
    /// # Errors
    /// [`EngineError::Busy`] also when too many passwords are being checked.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &SecretString,
        origin: &Origin,
        shown: Option<&SessionToken>,
    ) -> Result<Proved<PasswordShown>, EngineError> {
        let email = normal(email);
        let tried = Tried { proof: account(&email), address: address(origin.address) };
        if let Some(until) = self.count_try(&tried).await? {
            return Ok(Proved::Wait { until });
        }
        let found = self.parts.store.read(LoadUser(UserBy::Email(sought(email)))).await?;
        let hash = found.as_ref().map(|record| record.password_hash.clone());
        let good = self.parts.passwords.is_good(hash, password).await?;
        let Some(mut record) = found else { return Ok(Proved::Wrong) };
        let token = self.visitor_token();
        for _ in 0..OPENED_TRIES_MAX {
            if !good || record.user.disabled_at.is_some() {
                break;
            }
            if self.open_session(&record, &token, origin, shown, &tried).await? {
                return Ok(Proved::Done(match record.totp {
                    Some(_) => PasswordShown::CodeNeeded(token),
                    None => PasswordShown::SignedIn(token),
                }));
            }
            // Where a second factor was set up or taken away meanwhile, the password is still the right one.
            match self.user_record(&record.user).await? {
                Some(now) if now.password_hash == record.password_hash => record = now,
                _ => break,
            }
        }
        self.note_aside(self.entry_of(&record.user, origin, Deed::SignInFailed));
        Ok(Proved::Wrong)
    }

    async fn open_session(
        &self,
        record: &UserRecord,
        token: &SessionToken,
        origin: &Origin,
        shown: Option<&SessionToken>,
        tried: &Tried,
    ) -> Result<bool, EngineError> {
        let (user, now) = (&record.user, self.now());
        let awaits_code = record.totp.is_some();
        let session = Session {
            id: SessionId::new(now, self.parts.world.random.bytes10()),
            merchant: user.merchant,
            user: user.id,
            awaits_code,
            second_factor_at: None,
            address: origin.address.to_string(),
            agent: origin.agent().to_owned(),
            created_at: now,
            seen_at: now,
        };
        let open = OpenSession {
            session,
            token_hash: token.hash(),
            password_hash: record.password_hash.clone(),
            replaces: shown.map(SessionToken::hash),
            forgiven: tried.forgiven(),
            over_before: earlier(now, self.config().portal.session),
            entry: (!awaits_code).then(|| self.entry_of(user, origin, Deed::SignedIn)),
        };
        Ok(self.parts.store.run(open).await?)
    }

    /// Checks the password of somebody who is signed in, before something that needs it again.
    pub(super) async fn prove_password(
        &self,
        who: &SignedIn,
        password: &SecretString,
        origin: &Origin,
    ) -> Result<Proved<(UserRecord, Forgiven)>, EngineError> {
        let tried = Tried { proof: account(&who.user.email), address: address(origin.address) };
        if let Some(until) = self.count_try(&tried).await? {
            return Ok(Proved::Wait { until });
        }
        let Some(record) = self.user_record(&who.user).await? else { return Ok(Proved::Over) };
        if self.parts.passwords.is_good(Some(record.password_hash.clone()), password).await? {
            return Ok(Proved::Done((record, tried.forgiven())));
        }
        self.note_aside(self.entry_of(&who.user, origin, Deed::SignInFailed));
        Ok(Proved::Wrong)
    }

    /// The person as the store has them now; `None` where they may not sign in.
    pub(super) async fn user_record(&self, user: &PortalUser) -> Result<Option<UserRecord>, EngineError> {
        let found = self.parts.store.read(LoadUser(UserBy::Id(user.merchant, user.id))).await?;
        Ok(found.filter(|record| record.user.disabled_at.is_none()))
    }

    /// Counts a try before it is judged. Answers when the next may be, where this one may not.
    pub(super) async fn count_try(&self, tried: &Tried) -> Result<Option<Timestamp>, EngineError> {
        let now = self.now();
        let subjects = vec![(tried.proof, OF_ACCOUNT), (tried.address, OF_ADDRESS)];
        let count = CountTry { subjects, forgotten_before: earlier(now, DAY), now };
        Ok(self.parts.store.run(count).await?)
    }
}

/// What a try is counted of.
pub(super) struct Tried {
    proof: Subject,
    address: Subject,
}

impl Tried {
    /// A try of a person's code.
    pub(super) fn code(user: UserId, origin: &Origin) -> Self {
        Self { proof: hash(&[b"portal code", user.as_bytes()]), address: address(origin.address) }
    }

    /// What is forgotten of it once it turned out good.
    pub(super) fn forgiven(&self) -> Forgiven {
        Forgiven { cleared: vec![self.proof], given_back: vec![self.address] }
    }
}

/// An address of a person as it is kept: people write it with a capital or a space now and then.
pub(super) fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The address under which to look for whoever wrote this one, as [`normal`] made it. PostgreSQL takes no NUL in a text, not
/// even to compare: nobody has such an address, and in its place one is looked for that nobody has either, so that no less
/// is done.
pub(super) fn sought(email: String) -> String {
    if email.contains('\0') { String::new() } else { email }
}

fn account(email: &str) -> Subject {
    hash(&[b"portal account", email.as_bytes()])
}

/// Of version 6 the network: one customer has all of it.
fn address(address: IpAddr) -> Subject {
    match address.to_canonical() {
        IpAddr::V4(v4) => hash(&[b"portal address", &v4.octets()]),
        IpAddr::V6(v6) => hash(&[b"portal network", &v6.octets()[..8]]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_looked_for_that_no_store_keeps() {
        assert_eq!(sought(normal(" Mai@Shop.example")), "mai@shop.example");
        assert_eq!(sought(normal("mai@shop.example\0")), "");
    }

    #[test]
    fn an_address_counts_as_its_network() {
        let of = |text: &str| address(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }
}
