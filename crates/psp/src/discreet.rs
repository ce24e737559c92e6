//! A connector whose word about an exchange never holds a secret of the account, whatever the PSP gave back.

use crate::account::{AccountConfig, AccountConfigError};
use crate::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use crate::notice::{Inbound, Notice, NoticeError};
use crate::profile::Profile;
use crate::secrets::Secrets;
use crate::transport::Transport;
use futures_util::future::BoxFuture;
use redress_core::capabilities::Capabilities;
use redress_core::outcome::{Outcome, PspRefusal};
use redress_core::recipe::Recipe;

/// Any connector, and what it says without secrets. The registry gives out no other.
pub(crate) struct Discreet(pub(crate) &'static dyn Connector);

impl Connector for Discreet {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn profile(&self) -> &'static Profile {
        self.0.profile()
    }

    fn capabilities(&self) -> &'static Capabilities {
        self.0.capabilities()
    }

    fn recipe(&self) -> &'static Recipe {
        self.0.recipe()
    }

    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        self.0.payment_not_known_codes()
    }

    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError> {
        self.0.check_account(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        self.0.check_payment_id(id)
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(async move { discreet(account, self.0.submit(transport, account, ask).await) })
    }

    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(async move { discreet(account, self.0.query(transport, account, ask).await) })
    }

    fn read_notification<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        Box::pin(async move {
            let notices = self.0.read_notification(transport, account, inbound).await?;
            let secrets = account.secrets();
            let discreet = notices.into_iter().map(|notice| Notice {
                outcome: hide_in(&secrets, notice.outcome),
                foreign: notice.foreign.map(|of| secrets.hide(&of)),
                record: secrets.hide(&notice.record),
                ..notice
            });
            Ok(discreet.collect())
        })
    }

    fn acknowledgement(&self) -> &'static str {
        self.0.acknowledgement()
    }

    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        nonce: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        Box::pin(async move {
            let check = self.0.check(transport, account, nonce).await;
            hide_in_check(&account.secrets(), check)
        })
    }
}

fn discreet(account: &AccountConfig, exchange: Exchange) -> Exchange {
    let secrets = account.secrets();
    Exchange { outcome: hide_in(&secrets, exchange.outcome), record: secrets.hide(&exchange.record) }
}

/// What was understood, without them in the PSP's words. Ids stay as they are.
pub(crate) fn hide_in(secrets: &Secrets, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::NotSent { reason } => Outcome::NotSent { reason: secrets.hide(&reason) },
        Outcome::Refused(refusal) => Outcome::Refused(PspRefusal {
            code: secrets.hide(&refusal.code),
            text: secrets.hide(&refusal.text),
            ..refusal
        }),
        Outcome::Pending { psp_refund_id, note } => {
            Outcome::Pending { psp_refund_id, note: note.map(|note| secrets.hide(&note)) }
        }
        known @ (Outcome::Succeeded { .. } | Outcome::Unknown(_)) => known,
    }
}

/// What a check found, without them.
fn hide_in_check(secrets: &Secrets, check: AccountCheck) -> AccountCheck {
    match check {
        AccountCheck::Proved(text) => AccountCheck::Proved(secrets.hide(&text)),
        AccountCheck::Refused(text) => AccountCheck::Refused(secrets.hide(&text)),
        AccountCheck::Unclear(text) => AccountCheck::Unclear(secrets.hide(&text)),
        AccountCheck::NotPossible(why) => AccountCheck::NotPossible(why),
    }
}
