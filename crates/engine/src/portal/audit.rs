//! Who did what, when, from where.

use redress_core::audit::Deed;
use redress_core::id::{AuditId, MerchantId, UserId};
use redress_core::role::{Act, Why};
use redress_store::Operation;
use redress_store::ops::audit::{ListAudit, NoteDeed};
use redress_store::ops::portal::users::PortalUser;
use redress_store::ops::portal::wanted_by::WantedBy;

pub use redress_store::ops::audit::{AuditEntry, AuditOf};

use super::{Origin, PortalError, SignedIn};
use crate::engine::Engine;
use crate::error::EngineError;

/// The operator's name in the trail.
const OPERATOR: &str = "operator";

/// Who does something to people.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// The operator, at the command line: may do everything, and proves nothing here.
    Operator,
    /// Somebody at the portal.
    Person(&'a SignedIn, &'a Origin),
}

impl By<'_> {
    /// Which person; `None` for the operator.
    pub(super) fn person(self) -> Option<UserId> {
        match self {
            Self::Operator => None,
            Self::Person(who, _) => Some(who.user.id),
        }
    }
}

impl Engine {
    /// Notes what a person is about to do by a use case that keeps no trail of people. Before the deed, so that none goes
    /// unnoted; one that was then refused was at least tried. What moves money is noted with what came of it
    /// ([`super::acts`]).
    ///
    /// # Errors
    /// [`EngineError`] when the store does not answer: then the deed must not be done.
    pub async fn note_deed(
        &self,
        who: &SignedIn,
        origin: &Origin,
        deed: Deed,
        object: Option<String>,
        detail: Option<String>,
    ) -> Result<(), EngineError> {
        let entry = AuditEntry { object, detail, ..self.entry_of(&who.user, origin, deed) };
        Ok(self.parts.store.run(NoteDeed(entry)).await?)
    }

    /// The same of something that takes a role: nothing is noted of whoever may not, or may no more since the request began.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not: then the deed must not be done.
    pub async fn note_wanted(
        &self,
        (who, origin): (&SignedIn, &Origin),
        act: &Act,
        deed: Deed,
        object: Option<String>,
        detail: Option<String>,
    ) -> Result<(), PortalError> {
        self.may(who, act)?;
        let entry = AuditEntry { object, detail, ..self.entry_of(&who.user, origin, deed) };
        self.run_wanted(Some(who.user.id), who.user.merchant, act, NoteDeed(entry)).await
    }

    /// Does something about what is a merchant's while whoever wants it has the role that the act takes: that they may was
    /// judged by what they were when the request began. `by` is `None` for the operator and for a caller with a key.
    pub(crate) async fn run_wanted<O: Operation>(
        &self,
        by: Option<UserId>,
        merchant: MerchantId,
        act: &Act,
        op: O,
    ) -> Result<O::Out, PortalError> {
        let least = act.least_role();
        let done = self.parts.store.run(WantedBy { merchant, by, least, op }).await?;
        done.ok_or_else(|| Why::Role { least }.into())
    }

    /// A page of the merchant's audit trail, the newest first; `before` is the last entry of the page before.
    ///
    /// # Errors
    /// [`PortalError::Refused`] where the person may not see it.
    pub async fn audit_trail(
        &self,
        who: &SignedIn,
        of: AuditOf,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, PortalError> {
        self.may(who, &Act::SeeAudit)?;
        Ok(self.parts.store.read(ListAudit { merchant: who.user.merchant, of, before, limit }).await?)
    }

    /// An entry about a deed of a person's.
    pub(super) fn entry_of(&self, user: &PortalUser, origin: &Origin, deed: Deed) -> AuditEntry {
        AuditEntry {
            user: Some(user.id),
            actor: user.email.clone(),
            address: Some(origin.address.to_string()),
            agent: Some(origin.agent().to_owned()),
            ..self.audit_entry(user.merchant, deed)
        }
    }

    /// An entry about a deed done to somebody.
    pub(super) fn entry_by(&self, by: By<'_>, user: &PortalUser, deed: Deed) -> AuditEntry {
        let entry = match by {
            By::Operator => self.audit_entry(user.merchant, deed),
            By::Person(who, origin) => self.entry_of(&who.user, origin, deed),
        };
        AuditEntry { object: Some(user.id.to_string()), detail: Some(user.email.clone()), ..entry }
    }

    /// Notes a deed without making anybody wait for it: how long an answer takes must not tell whether there is such a
    /// person.
    pub(super) fn note_aside(&self, entry: AuditEntry) {
        let store = self.parts.store.clone();
        let noting = async move {
            let deed = entry.deed.as_str();
            if let Err(error) = store.run(NoteDeed(entry)).await {
                tracing::warn!(deed, %error, "the audit trail lacks an entry");
            }
        };
        self.parts.world.spawner.spawn("audit trail", Box::pin(noting));
    }

    fn audit_entry(&self, merchant: MerchantId, deed: Deed) -> AuditEntry {
        let now = self.now();
        AuditEntry {
            merchant,
            id: AuditId::new(now, self.parts.world.random.bytes10()),
            user: None,
            actor: OPERATOR.to_owned(),
            deed,
            object: None,
            detail: None,
            address: None,
            agent: None,
            happened_at: now,
        }
    }
}
