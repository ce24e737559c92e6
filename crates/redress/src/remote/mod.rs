//! Commands that speak to a server over its own API: which server, with which key, and how they end.

mod choice;
mod profiles;
pub(crate) mod variables;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use redress_client::{Client, Config, Error, Refund, RefundStatus};
use redress_core::time::Timestamp;
use redress_engine::world::Clock;

use self::choice::Asked;
use crate::failure::{Failure, RemoteEnd};
use crate::output::note;

/// Apart from a command's own options in its help.
const HEADING: &str = "Server and key";

/// So long is waited until a server that is away is asked again, by what follows something there; longer where it says so.
const AWAY_PAUSE: Duration = Duration::from_secs(1);

/// So long lies between two questions of what follows something, where the first brought nothing new.
const AGAIN_PAUSE: Duration = Duration::from_secs(1);

/// Waits, `at_most` so long, before what follows something asks again: a server where too many wait already answers at once, and
/// whoever came back as fast would keep it busy for nothing.
pub(crate) async fn before_asking_again(asked_at: Timestamp, at_most: Duration, clock: &dyn Clock) {
    let took = clock.now().since(asked_at);
    clock.sleep(AGAIN_PAUSE.saturating_sub(took).min(at_most)).await;
}

/// A server that answered before and is away now: it is being restarted, say. Whoever follows something there waits for it, and
/// says so once.
#[derive(Debug, Default)]
pub(crate) struct Away {
    told: bool,
}

impl Away {
    /// Waits a little, and `at_most` so long, where the failure is one that passes. A success that is not understood is none: it is the same when it
    /// is asked for again, so that nobody would ever hear of it.
    ///
    /// # Errors
    /// The failure, where it does not.
    pub(crate) async fn wait(
        &mut self,
        error: Error,
        at_most: Duration,
        clock: &dyn Clock,
    ) -> Result<(), Failure> {
        let asked = error.problem().and_then(|problem| problem.retry_after).unwrap_or_default();
        let is_success = matches!(error, Error::Unexpected { status: 200..=299, .. });
        let failure = Failure::from(error);
        if is_success || !matches!(failure, Failure::Remote(RemoteEnd::Unreachable, _)) {
            return Err(failure);
        }
        if !self.told {
            note(&format!("{failure}; it is asked again until it is back"));
        }
        self.told = true;
        clock.sleep(asked.max(AWAY_PAUSE).min(at_most)).await;
        Ok(())
    }

    /// It is back.
    pub(crate) fn over(&mut self) {
        self.told = false;
    }
}

/// Which server is spoken to. There is no option with a key: whoever lists processes would see it.
#[derive(Args, Clone, Debug)]
pub(crate) struct RemoteArgs {
    /// Speak to the server of this profile, with its key; else REDRESS_URL, REDRESS_PROFILE, or the default profile
    #[arg(long, value_name = "NAME", help_heading = HEADING, conflicts_with = "url")]
    profile: Option<String>,
    /// Speak to the server at this address; the key is in REDRESS_API_KEY
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    url: Option<String>,
    /// The profiles; else $XDG_CONFIG_HOME/redress/profiles.toml, or ~/.config/redress/profiles.toml
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    profiles: Option<PathBuf>,
}

impl RemoteArgs {
    /// A client of that server.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let asked = Asked { url: self.url.as_deref(), profile: self.profile.as_deref() };
        let usual = profiles::usual_place(&variables);
        // A file that somebody names must be right, also where nothing of it is needed.
        let named = self.profiles.as_deref().map(|file| profiles::read(Some(file), None)).transpose()?;
        let read = || named.map_or_else(|| profiles::read(None, usual.as_deref()), Ok);
        let server = choice::choose(asked, &variables, read)?;
        let config = Config { plain_http: server.plain_http, ..Config::new(server.url, server.api_key) };
        Ok(Client::new(config)?)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = crate::output::one_line(&error.to_string());
        match &error {
            Error::Problem(problem) => match problem.status {
                401 | 403 => Self::Remote(RemoteEnd::Unauthorized, text),
                404 => Self::Remote(RemoteEnd::NotFound, text),
                429 | 500.. => Self::Remote(RemoteEnd::Unreachable, text),
                _ => Self::Found(text),
            },
            Error::NotSent(_) | Error::NoAnswer { .. } | Error::Unexpected { .. } => {
                Self::Remote(RemoteEnd::Unreachable, text)
            }
            Error::Setup(_) => Self::Unable(text),
        }
    }
}

/// Why something that changes a refund failed: where it may have been done all the same, `then` says how to find out.
pub(crate) fn of_a_change(error: Error, then: &str) -> Failure {
    if !error.leaves_open() {
        return error.into();
    }
    let text = crate::output::one_line(&error.to_string());
    Failure::Remote(RemoteEnd::Open, format!("{text}. Whether it was done is not known: {then}"))
}

/// How a command ends that has a refund as its answer; `awaited` where its end was waited for.
pub(crate) fn ended(refund: &Refund, awaited: bool) -> Result<(), Failure> {
    let (id, status) = (&refund.id, &refund.status);
    match status {
        RefundStatus::Succeeded => Ok(()),
        RefundStatus::Failed | RefundStatus::Canceled | RefundStatus::Reversed => {
            let failure = refund.failure.as_ref();
            let why =
                failure.map(|failure| format!(" ({}: {})", failure.code, failure.text)).unwrap_or_default();
            let text = crate::output::one_line(&format!("{id} is {status}{why}"));
            Err(Failure::Remote(RemoteEnd::Failed, text))
        }
        _ if awaited => {
            let text = format!("{id} is still {status}: nobody knows its end yet");
            Err(Failure::Remote(RemoteEnd::Open, crate::output::one_line(&text)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use redress_client::Problem;
    use redress_engine::testing::ManualClock;

    use super::*;

    fn problem(status: u16, code: &str) -> Error {
        Error::Problem(Box::new(Problem {
            about: format!("/docs/errors/{code}"),
            title: "T".to_owned(),
            status,
            code: code.to_owned(),
            detail: "what is wrong".to_owned(),
            field: None,
            request_id: "req_1".to_owned(),
            retry_after: None,
        }))
    }

    #[tokio::test]
    async fn a_success_that_is_not_understood_is_not_waited_for() {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        let page = |status| Error::Unexpected { status, text: "a page".to_owned(), idempotency_key: None };
        let mut away = Away::default();
        let told = away.wait(page(200), Duration::MAX, &clock).await;
        assert!(matches!(told, Err(Failure::Remote(RemoteEnd::Unreachable, _))), "{told:?}");
        let passes = async {
            clock.advance(AWAY_PAUSE);
        };
        // What a proxy says without a server.
        let (waited, ()) = tokio::join!(away.wait(page(502), Duration::MAX, &clock), passes);
        assert_eq!(waited, Ok(()));
    }

    #[tokio::test]
    async fn who_is_told_when_to_come_back_comes_no_earlier_and_not_after_its_own_time() {
        let clock = ManualClock::new(Timestamp::from_micros(0));
        for (asked, at_most, pause) in [(30, 60, 30), (30, 10, 10), (0, 60, 1)] {
            let Error::Problem(limited) = problem(429, "rate_limited") else { unreachable!("it is one") };
            let limited = Box::new(Problem { retry_after: Some(Duration::from_secs(asked)), ..*limited });
            let mut away = Away::default();
            let waits = away.wait(Error::Problem(limited), Duration::from_secs(at_most), &clock);
            tokio::pin!(waits);
            assert!(futures_util::poll!(&mut waits).is_pending());
            clock.advance(Duration::from_secs(pause) - Duration::from_millis(1));
            assert!(futures_util::poll!(&mut waits).is_pending(), "{asked} {at_most}");
            clock.advance(Duration::from_millis(1));
            assert_eq!(waits.await, Ok(()), "{asked} {at_most}");
        }
    }

    #[test]
    fn a_change_that_may_have_been_done_ends_as_open_and_says_how_to_find_out() {
        let lost = Error::NoAnswer { text: "it broke".to_owned(), idempotency_key: None };
        for error in
            [lost, problem(503, "busy"), problem(500, "internal"), problem(409, "idempotency_key_in_use")]
        {
            let shown = error.to_string();
            let Failure::Remote(RemoteEnd::Open, text) = of_a_change(error, "ask") else { panic!("{shown}") };
            assert!(text.contains(&shown) && text.ends_with("is not known: ask"), "{text}");
        }
        for (error, end) in [
            (Error::NotSent("refused".to_owned()), RemoteEnd::Unreachable),
            (problem(429, "rate_limited"), RemoteEnd::Unreachable),
            (problem(401, "unauthorized"), RemoteEnd::Unauthorized),
            (problem(404, "not_found"), RemoteEnd::NotFound),
        ] {
            let shown = error.to_string();
            assert!(
                matches!(of_a_change(error, "ask"), Failure::Remote(found, _) if found == end),
                "{shown}"
            );
        }
        assert!(matches!(of_a_change(problem(409, "conflict"), "ask"), Failure::Found(_)));
    }
}
