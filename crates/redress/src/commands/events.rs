//! `redress events`: the feed of events, over HTTP.

use std::time::Duration;

use clap::{Args, Subcommand};
use redress_client::{Event, EventData, Feed, FeedStart};
use serde_json::json as json_of;

use super::options::JsonFlag;
use super::refund_remote::json;
use crate::failure::Failure;
use crate::open::real_world;
use crate::output::{one_line, print_while_read};
use crate::remote::{Away, RemoteArgs, before_asking_again};

/// How long the server waits for an event; its own bound.
const WAIT: Duration = Duration::from_secs(30);

/// Read what happened, over HTTP
#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Tail(Tail),
}

/// Follow the feed of events: a line an event, in the order of commits
///
/// With --json each line is {"event", "cursor"}. A cursor comes with the last event of each page, and is null before: keep
/// the last one that is not, once its events are dealt with, and go on with --from. Then nothing is missed; a page that was
/// not finished comes again, and its events have the same ids. A server that has answered once is waited for where it is away.
#[derive(Args, Debug)]
struct Tail {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Where to begin: beginning, now, or a cursor
    #[arg(long, value_name = "CURSOR", default_value = "now", value_parser = start)]
    from: FeedStart,
    /// Only events of this type, as refund.succeeded; of several with commas between
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
    /// End when all that is there was printed; with --json the last line is then the cursor alone
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    json: JsonFlag,
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of an option may fail")]
fn start(text: &str) -> Result<FeedStart, String> {
    Ok(match text {
        "beginning" => FeedStart::Beginning,
        "now" => FeedStart::Now,
        cursor => FeedStart::Cursor(cursor.to_owned()),
    })
}

pub(crate) async fn run(args: EventsArgs) -> Result<(), Failure> {
    let Action::Tail(args) = args.action;
    let mut feed = args.remote.client()?.feed(args.from, args.r#type);
    let done = follow(&mut feed, args.no_follow, args.json).await;
    match (done, feed.cursor()) {
        (Err(Failure::Remote(end, text)), Some(cursor)) => {
            Err(Failure::Remote(end, format!("{text}. Go on with --from {}", one_line(cursor))))
        }
        (done, _) => done,
    }
}

/// Prints until the end that was asked for, or until nobody reads any more.
async fn follow(feed: &mut Feed, no_follow: bool, as_json: JsonFlag) -> Result<(), Failure> {
    let (world, _) = real_world()?;
    let began = feed.cursor().map(str::to_owned);
    let (mut more, mut reached, mut away) = (false, false, Away::default());
    loop {
        let asked_at = world.clock.now();
        let page = feed.next_page(if no_follow || more { Duration::ZERO } else { WAIT }).await;
        // The first answer of one that begins now is no page, but the cursor.
        reached |= page.is_ok() || feed.cursor() != began.as_deref();
        let (events, has_more) = match page {
            Ok(page) => page,
            Err(error) if reached && !no_follow => {
                away.wait(error, Duration::MAX, &*world.clock).await?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        away.over();
        more = has_more;
        for (at, event) in events.iter().enumerate() {
            let last = at + 1 == events.len();
            let cursor = feed.cursor().filter(|_| last);
            let line = match as_json.json {
                true => json_of!({"cursor": cursor, "event": json(event)?}).to_string(),
                false => line(event),
            };
            if !print_while_read(&line)? {
                return Ok(());
            }
        }
        if no_follow && !more {
            if as_json.json {
                print_while_read(&json_of!({"cursor": feed.cursor(), "event": null}).to_string())?;
            }
            return Ok(());
        }
        if events.is_empty() && !more {
            before_asking_again(asked_at, Duration::MAX, &*world.clock).await;
        }
    }
}

fn line(event: &Event) -> String {
    let about = match &event.data {
        EventData::Refund(refund) => {
            let failure =
                refund.failure.as_ref().map(|failure| format!("  {}: {}", failure.code, failure.text));
            let (id, order, amount, currency) =
                (&refund.id, &refund.order_ref, &refund.amount, &refund.currency);
            format!("{id}  {order}  {amount} {currency}{}", failure.unwrap_or_default())
        }
        EventData::Payment(payment) => format!("{}  {}", payment.payment, payment.order_ref),
        EventData::Endpoint(endpoint) => endpoint.endpoint.clone(),
        EventData::Other(_) => String::new(),
    };
    one_line(&format!("{}  {:24} {about}", event.timestamp, event.kind))
}
