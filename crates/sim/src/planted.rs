//! Defects planted in what is handed to the engine, and in its store.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::BoxFuture;
use redress_core::capabilities::Capabilities;
use redress_core::money::Amount;
use redress_core::outcome::{Again, Finding, Outcome, PspRefusal};
use redress_core::recipe::{Absence, Lookup, Recipe, Resend};
use redress_psp::account::{AccountConfig, AccountConfigError};
use redress_psp::connector::{AccountCheck, Connector, Exchange, QueryAsk, SubmitAsk};
use redress_psp::notice::{Inbound, Notice, NoticeError};
use redress_psp::profile::Profile;
use redress_psp::registry::by_name;
use redress_psp::transport::Transport;
use redress_store::{Done, Operation, Store, StoreError, Tx};
use serde_json::json;

use crate::defect::Defect;
use crate::merchant::now;
use crate::network::Answer;
use crate::witness::{Face, Wish};

/// The connectors, with the defect where it is one of theirs.
pub(crate) fn connectors(defect: Defect) -> fn(&str) -> Option<&'static dyn Connector> {
    SENDS.set(0);
    match defect {
        Defect::TimeoutIsRefusal => |psp| planted(psp, &TIMEOUT),
        Defect::FreshKeyEverySend => |psp| planted(psp, &FRESH_KEY),
        Defect::NotFoundIsRefusal => |psp| planted(psp, &NOT_FOUND),
        Defect::PendingIsSuccess => |psp| planted(psp, &PENDING),
        Defect::ResendsWithoutKey => |psp| planted(psp, &RESENDS),
        Defect::TurnIgnored => |psp| planted(psp, &TURN),
        Defect::SentIsNotSent => |psp| planted(psp, &NOT_SENT),
        Defect::SumIsAnother => |psp| planted(psp, &ANOTHER_SUM),
        Defect::NoticesUnheard => |psp| planted(psp, &UNHEARD),
        _ => by_name,
    }
}

static TIMEOUT: [Planted; 8] = all(Defect::TimeoutIsRefusal);
static FRESH_KEY: [Planted; 8] = all(Defect::FreshKeyEverySend);
static NOT_FOUND: [Planted; 8] = all(Defect::NotFoundIsRefusal);
static PENDING: [Planted; 8] = all(Defect::PendingIsSuccess);
static RESENDS: [Planted; 8] = all(Defect::ResendsWithoutKey);
static TURN: [Planted; 8] = all(Defect::TurnIgnored);
static NOT_SENT: [Planted; 8] = all(Defect::SentIsNotSent);
static ANOTHER_SUM: [Planted; 8] = all(Defect::SumIsAnother);
static UNHEARD: [Planted; 8] = all(Defect::NoticesUnheard);

static WITHOUT_KEY: Recipe = Recipe {
    lookup: Lookup::ByList,
    resend: Resend::SameKey { window: Duration::from_secs(1_000_000), source: "a defect on purpose" },
    absence: Absence::ProvesNothing,
};

static WITHOUT_TURN: Capabilities = Capabilities {
    full: true,
    partial: true,
    several: true,
    window: None,
    currencies: Some(&["SAR"]),
    currencies_excluded: &[],
    limits: &[],
    units: &[],
    one_in_flight: false,
};

thread_local! {
    /// Sends of the run on this thread.
    static SENDS: Cell<u64> = const { Cell::new(0) };
}

const fn all(defect: Defect) -> [Planted; 8] {
    const fn one(psp: &'static str, defect: Defect) -> Planted {
        Planted { psp, defect }
    }
    [
        one("adyen", defect),
        one("momo", defect),
        one("mpgs", defect),
        one("oppwa", defect),
        one("paypal", defect),
        one("stcpay", defect),
        one("stripe", defect),
        one("tap", defect),
    ]
}

fn planted(psp: &str, all: &'static [Planted; 8]) -> Option<&'static dyn Connector> {
    all.iter().find(|one| one.psp == psp).map(|one| one as &dyn Connector)
}

/// A connector with a defect.
struct Planted {
    psp: &'static str,
    defect: Defect,
}

impl Planted {
    fn inner(&self) -> &'static dyn Connector {
        by_name(self.psp).expect("all are there")
    }
}

fn refusal() -> Outcome {
    Outcome::Refused(PspRefusal {
        code: "planted".into(),
        text: "a defect on purpose".into(),
        again: Again::No,
        psp_refund_id: None,
    })
}

impl Connector for Planted {
    fn name(&self) -> &'static str {
        self.psp
    }

    fn profile(&self) -> &'static Profile {
        self.inner().profile()
    }

    fn capabilities(&self) -> &'static Capabilities {
        match (self.defect, self.psp) {
            (Defect::TurnIgnored, "stcpay") => &WITHOUT_TURN,
            _ => self.inner().capabilities(),
        }
    }

    fn payment_not_known_codes(&self) -> &'static [&'static str] {
        self.inner().payment_not_known_codes()
    }

    fn acknowledgement(&self) -> &'static str {
        self.inner().acknowledgement()
    }

    fn recipe(&self) -> &'static Recipe {
        match (self.defect, self.psp) {
            (Defect::ResendsWithoutKey, "tap") => &WITHOUT_KEY,
            _ => self.inner().recipe(),
        }
    }

    fn check_account(&self, account: &AccountConfig) -> Result<(), AccountConfigError> {
        self.inner().check_account(account)
    }

    fn check_payment_id(&self, id: &str) -> Result<(), &'static str> {
        self.inner().check_payment_id(id)
    }

    fn submit<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a SubmitAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(async move {
            let mut ask = ask.clone();
            SENDS.set(SENDS.get() + 1);
            let is_second = SENDS.get().is_multiple_of(2);
            if self.defect == Defect::FreshKeyEverySend {
                ask.key.truncate(25);
                ask.key.push_str(&format!("{:04}", SENDS.get() % 10_000));
            }
            if self.defect == Defect::SumIsAnother {
                ask.amount = Amount::new(ask.amount.minor() * 2, ask.amount.currency());
            }
            let mut exchange = self.inner().submit(transport, account, &ask).await;
            exchange.outcome = match (self.defect, exchange.outcome) {
                (Defect::TimeoutIsRefusal, Outcome::Unknown(Finding::NoAnswer)) => refusal(),
                (Defect::SentIsNotSent, _) if is_second => {
                    Outcome::NotSent { reason: "a defect on purpose".into() }
                }
                (Defect::PendingIsSuccess, Outcome::Pending { psp_refund_id, .. }) => {
                    Outcome::Succeeded { psp_refund_id, arn: None }
                }
                (_, outcome) => outcome,
            };
            exchange
        })
    }

    fn query<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        ask: &'a QueryAsk,
    ) -> BoxFuture<'a, Exchange> {
        Box::pin(async move {
            let mut exchange = self.inner().query(transport, account, ask).await;
            exchange.outcome = match (self.defect, exchange.outcome) {
                (Defect::NotFoundIsRefusal, Outcome::Unknown(Finding::NotFound)) => refusal(),
                (_, outcome) => outcome,
            };
            exchange
        })
    }

    fn read_notification<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        inbound: &'a Inbound,
    ) -> BoxFuture<'a, Result<Vec<Notice>, NoticeError>> {
        if self.defect == Defect::NoticesUnheard {
            return Box::pin(std::future::ready(Ok(Vec::new())));
        }
        self.inner().read_notification(transport, account, inbound)
    }

    fn check<'a>(
        &'a self,
        transport: &'a dyn Transport,
        account: &'a AccountConfig,
        nonce: [u8; 10],
    ) -> BoxFuture<'a, AccountCheck> {
        self.inner().check(transport, account, nonce)
    }
}

/// What a face hears of a request; one with the defect overlooks its key.
pub(crate) fn heard(defect: Defect, wish: &Wish) -> Wish {
    let key = wish.key.clone().filter(|_| defect != Defect::KeyOverlooked);
    Wish { key, ..wish.clone() }
}

/// What a face answers; PortOne's with the defect says of a refund that there is none.
pub(crate) fn answered(defect: Defect, face: Face, answer: Answer) -> Answer {
    if defect != Defect::RefundDenied || face != Face::Portone || answer.status != 200 {
        return answer;
    }
    let denial =
        json!({"message": "a defect on purpose", "status_code": "4041", "status_reason": "INVALID_AMOUNT"});
    Answer { status: 400, body: denial.to_string().into(), ..answer }
}

/// A statement that makes a defect.
struct Sql(&'static str);

impl Operation for Sql {
    type Out = ();
    const NAME: &'static str = "planted";

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Done<()>, StoreError> {
        tx.exec(self.0, &[]).await?;
        Ok(Done::Commit(()))
    }
}

/// Plants a defect of the store before anything runs.
pub(crate) fn spoil(store: &Store, defect: Defect) {
    let sql = match defect {
        Defect::CapturedTooLarge => "UPDATE payments SET captured = captured * 10",
        Defect::DeliveryForgotten => {
            "CREATE TRIGGER forgets AFTER INSERT ON deliveries WHEN NEW.dialect = 'portone' \
             BEGIN DELETE FROM deliveries WHERE dialect = 'portone'; END"
        }
        _ => return,
    };
    now(store.run(Sql(sql))).expect("a statement of the simulator's");
}

/// Plants a defect of the store when all is done.
pub(crate) fn spoil_late(store: &Store, defect: Defect) {
    const ONE_MORE: &str =
        "UPDATE payments SET refunded = refunded + 1 WHERE captured > refunded + reserved + blocked";
    let statements: &[&'static str] = match defect {
        Defect::RefundForgotten => {
            &["DELETE FROM refunds WHERE refund_id IN (SELECT MAX(refund_id) FROM refunds)"]
        }
        Defect::BalanceWrong => &[ONE_MORE],
        Defect::EventsWrong => {
            &["UPDATE events SET kind = 'refund.reversed' WHERE kind = 'refund.succeeded'"]
        }
        Defect::StrangerForgotten => &["UPDATE cases SET kind = 'mismatch' WHERE kind = 'foreign_refund'"],
        Defect::PersonForgotten => &["UPDATE cases SET closed_at = opened_at, closed_by = 'nobody', \
             close_reason = 'planted', open_key = NULL WHERE closed_at IS NULL"],
        Defect::EventsLost => &["DELETE FROM events WHERE number > 1"],
        Defect::FailureUnexplained => &["UPDATE refunds SET failure_code = '' WHERE state = 'failed'"],
        Defect::WithdrawnByNobody => &["UPDATE refunds SET state = 'canceled', failure_code = NULL, \
             failure_text = NULL WHERE state = 'failed'"],
        Defect::GivenUpTooEarly => {
            &["UPDATE deliveries SET state = 'given_up' WHERE state = 'delivered' AND tries < 6"]
        }
        Defect::DeliveryOwed => {
            &["UPDATE deliveries SET state = 'due', due_at = 0 WHERE state = 'delivered'"]
        }
        Defect::ReasonIsAnother => &["UPDATE refunds SET reason = reason || '!'"],
        // The books fit together: the PSP's ledger alone shows it.
        Defect::BookedForNothing => &[
            "INSERT INTO cases (merchant_id, case_id, kind, payment_id, what, wanted, blocked, booked, opened_at, \
             closed_at, closed_by, close_reason) SELECT merchant_id, payment_id, 'overdue', payment_id, 'planted', \
             1, 1, 1, 0, 1, 'nobody', 'planted' FROM payments WHERE captured > refunded + reserved + blocked",
            ONE_MORE,
        ],
        _ => return,
    };
    for &sql in statements {
        now(store.run(Sql(sql))).expect("a statement of the simulator's");
    }
}
