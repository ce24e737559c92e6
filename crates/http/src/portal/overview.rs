//! GET `/portal/overview`: what was given back in the last days, in pictures and numbers.

use std::time::Duration;

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;
use redress_core::daily::Day;
use redress_core::money::{Amount, Currency};
use redress_core::role::Act;
use redress_core::time::Timestamp;
use redress_engine::daily::{
    ChannelOverview, CurrencyOverview, DayOverview, DayTotals, Overviewed, Ratio, Sum, TookAtMost,
};

use super::chart::{Bar, Chart};
use super::form::Form;
use super::format;
use super::gate::{Caller, Signed};
use super::language::Language;
use super::nav::Area;
use super::page::{Shell, show};
use super::problem::Stop;
use super::text::{Texts, fill};

/// The spans that can be chosen, in days; the first where none is.
const SPANS: [u32; 3] = [30, 7, 90];

/// So many channels are drawn; the table has all.
const CHANNELS_DRAWN_MAX: usize = 10;

/// All of it, in hundredths of a percent.
const ALL_POINTS: i64 = 10_000;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct Page {
    s: Shell,
    told: String,
    is_whole: bool,
    spans: Vec<Choice>,
    /// One row a currency.
    totals: Vec<TotalRow>,
    shown: Option<Shown>,
}

/// Something to choose, by a link.
struct Choice {
    text: String,
    to: String,
    is_chosen: bool,
}

struct TotalRow {
    currency: Choice,
    captured: Cell,
    refunded: Cell,
    reversed: Cell,
    asked: String,
    failed: String,
    canceled: String,
    by_sum: String,
    by_count: String,
    success: String,
}

/// How many, and how much.
struct Cell {
    count: String,
    sum: Amount,
}

impl Cell {
    fn of(sum: Sum, currency: Currency) -> Self {
        Self { count: count(sum.count), sum: Amount::new(sum.minor, currency) }
    }
}

/// How many; less than none where more was taken back than there was.
fn count(count: i64) -> String {
    let sign = if count < 0 { "-" } else { "" };
    format!("{sign}{}", format::count(count.unsigned_abs()))
}

/// The currency that the pictures are of.
struct Shown {
    refunds: Option<Chart>,
    rate: Option<Chart>,
    success: Option<Chart>,
    is_short: bool,
    days: Vec<DayRow>,
    channels: Vec<ChannelRow>,
}

struct DayRow {
    at: Timestamp,
    day: String,
    captured: Cell,
    refunded: Cell,
    rate: String,
}

struct ChannelRow {
    channel: String,
    refunded: Cell,
    failed: String,
    success: String,
    half: String,
    most: String,
}

/// Shows it.
pub(crate) async fn show_it(who: Signed, RawQuery(query): RawQuery) -> Result<Response, Stop> {
    let scope = who.to(&Act::View)?;
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let asked = query.typed("days").parse().ok();
    let days = asked.filter(|days| SPANS.contains(days)).unwrap_or(SPANS[0]);
    let found = who.seen().engine.overview(scope.merchant, scope.environment, days).await?;
    let page = page(Shell::of(&who, Area::Overview), days, query.typed("currency"), found);
    Ok(show(StatusCode::OK, &page.s, &page))
}

fn page(s: Shell, days: u32, currency: &str, found: Overviewed) -> Page {
    let t = &s.t.overview;
    let Overviewed { overview, is_whole } = found;
    let of = |day: Day| format::day(day.start(), s.lang);
    let chosen = overview.currencies.iter().find(|one| one.currency.code() == currency);
    // Where none was chosen, the one with the most refunds; the first of them where there are several.
    let most = overview.currencies.iter().rev().max_by_key(|one| one.total.asked.count);
    let chosen = chosen.or(most);
    let code = chosen.map_or("", |one| one.currency.code());
    let spans = [(7, t.days_7), (30, t.days_30), (90, t.days_90)].map(|(span, text)| Choice {
        text: text.to_owned(),
        to: format!("/portal/overview?days={span}&currency={code}"),
        is_chosen: span == days,
    });
    Page {
        told: fill(t.told, &[("from", &of(overview.from)), ("to", &of(overview.to))]),
        is_whole,
        spans: spans.into_iter().collect(),
        totals: overview.currencies.iter().map(|one| TotalRow::of(one, days, code, s.t)).collect(),
        shown: chosen.map(|one| Shown::of(one, &s)),
        s,
    }
}

impl TotalRow {
    fn of(one: &CurrencyOverview, days: u32, chosen: &str, t: &Texts) -> Self {
        let CurrencyOverview { currency, total, .. } = one;
        let code = currency.code();
        Self {
            currency: Choice {
                text: code.to_owned(),
                to: format!("/portal/overview?days={days}&currency={code}"),
                is_chosen: code == chosen,
            },
            captured: Cell::of(total.captured, *currency),
            refunded: Cell::of(total.succeeded, *currency),
            reversed: Cell::of(total.reversed, *currency),
            asked: count(total.asked.count),
            failed: count(total.failed.count),
            canceled: count(total.canceled.count),
            by_sum: percent(total.refund_rate(), t),
            by_count: percent(total.refund_rate_by_count(), t),
            success: percent(total.success_rate(), t),
        }
    }
}

impl Shown {
    fn of(one: &CurrencyOverview, s: &Shell) -> Self {
        let day = |day: &DayOverview| DayRow {
            at: day.day.start(),
            day: format::day(day.day.start(), s.lang),
            captured: Cell::of(day.totals.captured, one.currency),
            refunded: Cell::of(day.totals.succeeded, one.currency),
            rate: percent(day.totals.refund_rate(), s.t),
        };
        let channel = |channel: &ChannelOverview| ChannelRow {
            channel: channel.channel.clone(),
            refunded: Cell::of(channel.totals.succeeded, one.currency),
            failed: count(channel.totals.failed.count),
            success: percent(channel.totals.success_rate(), s.t),
            half: took(channel.median, s.t),
            most: took(channel.percentile_95, s.t),
        };
        Self {
            refunds: refunds_chart(one, s),
            rate: rate_chart(one, s),
            success: success_chart(one, s),
            is_short: one.days.len() <= 7,
            days: one.days.iter().rev().map(day).collect(),
            channels: one.channels.iter().map(channel).collect(),
        }
    }
}

/// What was given back each day; nothing where nothing was.
fn refunds_chart(one: &CurrencyOverview, s: &Shell) -> Option<Chart> {
    let t = &s.t.overview;
    let words = |minor| format::amount(Amount::new(minor, one.currency));
    let value = |totals: &DayTotals| totals.succeeded.minor;
    day_chart(one, s, "refunds", (t.refunds_a_day, t.refunds_a_day_told), &value, &words)
}

/// What was given back each day of what was captured on it.
fn rate_chart(one: &CurrencyOverview, s: &Shell) -> Option<Chart> {
    let t = &s.t.overview;
    let value = |totals: &DayTotals| totals.refund_rate().map_or(0, Ratio::basis_points);
    day_chart(one, s, "rate", (t.rate_a_day, t.rate_a_day_told), &value, &format::percent)
}

fn day_chart(
    one: &CurrencyOverview,
    s: &Shell,
    id: &'static str,
    (title, told): (&str, &str),
    value: &dyn Fn(&DayTotals) -> i64,
    words: &dyn Fn(i64) -> String,
) -> Option<Chart> {
    // The earliest of the largest.
    let largest = one.days.iter().rev().max_by_key(|day| value(&day.totals))?;
    let most = value(&largest.totals);
    if most <= 0 {
        return None;
    }
    let bar = |day: &DayOverview| {
        let (start, value) = (day.day.start(), value(&day.totals));
        let told = format!("{}: {}", format::day(start, s.lang), words(value));
        Bar { value, label: format::short_day(start, s.lang), told }
    };
    let day = format::day(largest.day.start(), s.lang);
    Some(Chart {
        id,
        title: fill(title, &[("currency", one.currency.code())]),
        told: fill(told, &[("most", &words(most)), ("day", &day)]),
        bars: one.days.iter().map(bar).collect(),
        most,
        most_told: words(most),
        is_rtl: s.lang == Language::Arabic,
    })
}

/// The success rate of the channels with the most refunds; nothing where none ended.
fn success_chart(one: &CurrencyOverview, s: &Shell) -> Option<Chart> {
    let t = &s.t.overview;
    let mut rates: Vec<_> =
        one.channels.iter().filter_map(|channel| Some((channel, channel.totals.success_rate()?))).collect();
    rates.sort_by_key(|(_, rate)| std::cmp::Reverse(rate.whole));
    rates.truncate(CHANNELS_DRAWN_MAX);
    if rates.is_empty() {
        return None;
    }
    let told = |(channel, rate): &(&ChannelOverview, Ratio)| {
        format!("{} {}", channel.channel, format::percent(rate.basis_points()))
    };
    let all = rates.iter().map(told).collect::<Vec<_>>().join(", ");
    let bar = |one: &(&ChannelOverview, Ratio)| Bar {
        value: one.1.basis_points(),
        label: one.0.channel.chars().take(12).collect(),
        told: told(one),
    };
    Some(Chart {
        id: "success",
        title: fill(t.success_by_channel, &[("currency", one.currency.code())]),
        told: fill(t.success_by_channel_told, &[("channels", &all)]),
        bars: rates.iter().map(bar).collect(),
        most: ALL_POINTS,
        most_told: format::percent(ALL_POINTS),
        is_rtl: s.lang == Language::Arabic,
    })
}

fn percent(ratio: Option<Ratio>, t: &Texts) -> String {
    ratio.map_or_else(|| t.overview.none.to_owned(), |ratio| format::percent(ratio.basis_points()))
}

/// How long refunds took, in the largest unit that is whole.
fn took(took: Option<TookAtMost>, t: &Texts) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let t = &t.overview;
    let within = |span: Duration| {
        let seconds = span.as_secs();
        let (text, unit) = match seconds {
            0..MINUTE => (t.seconds, 1),
            MINUTE..HOUR => (t.minutes, MINUTE),
            HOUR..DAY => (t.hours, HOUR),
            _ => (t.whole_days, DAY),
        };
        fill(text, &[("n", &(seconds / unit).to_string())])
    };
    match took {
        None => t.none.to_owned(),
        Some(TookAtMost::Longer) => t.longer.to_owned(),
        Some(TookAtMost::Within(span)) => within(span),
    }
}

#[cfg(test)]
#[path = "overview_tests.rs"]
mod tests;
