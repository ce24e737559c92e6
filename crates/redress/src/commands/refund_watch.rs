//! `redress refund watch`: a refund, followed to its end.

use std::time::Duration;

use clap::Args;
use redress_client::{Client, Refund};
use redress_engine::world::Clock;

use super::options::JsonFlag;
use super::refund_remote::{json, show, sum};
use crate::failure::{Failure, RemoteEnd};
use crate::open::real_world;
use crate::output::{one_line, print};
use crate::remote::{Away, RemoteArgs, before_asking_again, ended};

/// The server waits so long at most before it says how a refund stands. Shorter than its own bound, so that steps on the
/// way are seen.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// The answer to the last question has so long to come. A server that takes questions and says nothing is not waited for beyond
/// that, whatever the client's own patience with one.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// Over HTTP: follow a refund to its end
///
/// Prints a line when its status changes, and ends with 0 when it succeeded, with 6 when it ended without effect, and with 7
/// when it is still open after --timeout, or was when the server last answered. With --json the refund is printed at each
/// change, on one line. A server that has answered once is waited for where it is away, until --timeout.
#[derive(Args, Debug)]
pub(crate) struct Watch {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The refund's id (rf_01k…)
    #[arg(value_name = "REFUND")]
    refund: String,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    #[command(flatten)]
    json: JsonFlag,
}

pub(super) async fn watch(args: Watch) -> Result<(), Failure> {
    let client = args.remote.client()?;
    let (world, _) = real_world()?;
    let timeout = Duration::from_secs(args.timeout);
    follow(&client, &*world.clock, &args.refund, timeout, args.json).await
}

async fn follow(
    client: &Client,
    clock: &dyn Clock,
    id: &str,
    timeout: Duration,
    json: JsonFlag,
) -> Result<(), Failure> {
    let until = clock.now().plus(timeout);
    let left = || until.since(clock.now());
    let (mut last, mut away) = (None::<Refund>, Away::default());
    loop {
        let asked_at = clock.now();
        // The first look says how it stands; the others wait.
        let call = client.get_refund(id);
        let call = if last.is_some() { call.wait(in_whole_seconds(left()).min(WAIT_MAX)) } else { call };
        let patience = left().saturating_add(LAST_ANSWER);
        let asked = tokio::select! {
            biased;
            asked = call.into_future() => asked,
            () = clock.sleep(patience) => return Err(no_word(last.as_ref(), patience)),
        };
        let refund = match (asked, &last) {
            (Ok(refund), _) => refund,
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(known)) => {
                away.wait(error, left(), clock).await?;
                if left().is_zero() {
                    return Err(open(known));
                }
                continue;
            }
        };
        away.over();
        let is_new = last.as_ref().map(|known| &known.status) != Some(&refund.status);
        if is_new {
            tell(&refund, json)?;
        }
        if refund.status.is_final() || left().is_zero() {
            return ended(&refund, true);
        }
        if !is_new {
            before_asking_again(asked_at, left(), clock).await;
        }
        last = Some(refund);
    }
}

/// The server counts in whole seconds: the part of one that is left counts as one, and not as none.
fn in_whole_seconds(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)))
}

/// The status is another one, or the first.
fn tell(refund: &Refund, as_json: JsonFlag) -> Result<(), Failure> {
    if as_json.json {
        return print(&json(refund)?.to_string());
    }
    if refund.status.is_final() {
        return show(refund, as_json);
    }
    let note = refund.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    let text = format!("{}  {}  {}{note}", refund.updated_at, sum(refund), refund.status);
    print(&one_line(&text))
}

/// The server took the question and said nothing until the time was over.
fn no_word(known: Option<&Refund>, waited: Duration) -> Failure {
    known.map_or_else(
        || {
            Failure::Remote(
                RemoteEnd::Unreachable,
                format!("no answer came within {} s", in_whole_seconds(waited).as_secs()),
            )
        },
        open,
    )
}

/// The time is over while the server is away.
fn open(known: &Refund) -> Failure {
    let text =
        format!("{} was {} when the server last answered: nobody knows its end yet", known.id, known.status);
    Failure::Remote(RemoteEnd::Open, one_line(&text))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::Poll;

    use futures_util::future::{BoxFuture, pending, ready};
    use redress_client::{Config, RealWorld, Retries, Wire, WireAnswer, WireError, WireRequest};
    use redress_core::time::Timestamp;
    use redress_engine::testing::ManualClock;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    /// Answers the first questions with a pending refund, and the others so.
    struct Server {
        answers: Mutex<u32>,
        then: Then,
    }

    #[derive(Clone, Copy)]
    enum Then {
        SaysNothing,
        IsAway,
    }

    impl Wire for Server {
        fn send(&self, _: WireRequest) -> BoxFuture<'_, Result<WireAnswer, WireError>> {
            let mut answers = self.answers.lock().unwrap();
            if let Some(left) = answers.checked_sub(1) {
                *answers = left;
                let refund = serde_json::json!({"id": "rf_1", "payment": "pay_1", "order_ref": "o-1",
                    "amount_minor": 2500, "amount": "25.00", "currency": "SAR", "status": "pending", "kind": "partial",
                    "metadata": {}, "environment": "sandbox", "created_at": "2026-11-18T15:06:40Z",
                    "updated_at": "2026-11-18T15:06:40Z"});
                let body = refund.to_string().into();
                return Box::pin(ready(Ok(WireAnswer {
                    status: 200,
                    headers: http::HeaderMap::new(),
                    body,
                })));
            }
            match self.then {
                Then::SaysNothing => Box::pin(pending()),
                Then::IsAway => Box::pin(ready(Err(WireError::NotSent("refused".to_owned())))),
            }
        }
    }

    fn client(server: &Arc<Server>) -> Client {
        let config = Config { retries: Retries::none(), ..Config::new("https://refunds.example", "rk_1") };
        Client::over(config, Arc::<Server>::clone(server), Arc::new(RealWorld)).unwrap()
    }

    /// How it ends after so long, and not before.
    async fn ends_after(answers: u32, then: Then, span: Duration) -> Failure {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let client = client(&Arc::new(Server { answers: Mutex::new(answers), then }));
        let watched = follow(&client, &clock, "rf_1", TIMEOUT, JsonFlag { json: false });
        tokio::pin!(watched);
        assert!(futures_util::poll!(&mut watched).is_pending());
        let step = Duration::from_millis(500);
        let mut gone = Duration::ZERO;
        while gone + step < span {
            clock.advance(step);
            gone += step;
            assert!(futures_util::poll!(&mut watched).is_pending(), "ended after {gone:?}");
        }
        clock.advance(span - gone);
        let Poll::Ready(ended) = futures_util::poll!(&mut watched) else { panic!("goes on after {span:?}") };
        ended.unwrap_err()
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_not_waited_for_after_the_time() {
        let told = ends_after(1, Then::SaysNothing, TIMEOUT + LAST_ANSWER).await;
        assert!(
            matches!(&told, Failure::Remote(RemoteEnd::Open, text) if text.contains("rf_1 was pending")),
            "{told:?}"
        );
        let told = ends_after(0, Then::SaysNothing, TIMEOUT + LAST_ANSWER).await;
        assert!(
            matches!(&told, Failure::Remote(RemoteEnd::Unreachable, text) if text.contains("65 s")),
            "{told:?}"
        );
    }

    #[tokio::test]
    async fn a_server_where_nobody_may_wait_is_asked_once_a_second() {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let server = Arc::new(Server { answers: Mutex::new(10), then: Then::SaysNothing });
        let client = client(&server);
        let watched = follow(&client, &clock, "rf_1", TIMEOUT, JsonFlag { json: false });
        tokio::pin!(watched);
        for left in [8, 7, 6] {
            assert!(futures_util::poll!(&mut watched).is_pending());
            assert_eq!(*server.answers.lock().unwrap(), left);
            clock.advance(Duration::from_secs(1));
        }
    }

    #[test]
    fn a_part_of_a_second_is_waited_for() {
        let millis = Duration::from_millis;
        let asked = [0, 1, 20, 999, 1_000, 1_001].map(|span| in_whole_seconds(millis(span)).as_secs());
        assert_eq!(asked, [0, 1, 1, 1, 1, 2]);
        assert!(in_whole_seconds(Duration::MAX) <= Duration::MAX);
    }

    #[tokio::test]
    async fn a_server_that_is_away_when_the_time_is_over_leaves_the_end_open() {
        let told = ends_after(1, Then::IsAway, TIMEOUT).await;
        assert!(
            matches!(&told, Failure::Remote(RemoteEnd::Open, text) if text.contains("rf_1 was pending")),
            "{told:?}"
        );
    }
}
