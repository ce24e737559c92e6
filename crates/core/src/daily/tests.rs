use std::time::Duration;

use super::*;

fn sar() -> Currency {
    Currency::from_code("SAR").unwrap()
}

fn at(day: i64, seconds: i64) -> Timestamp {
    Timestamp::from_micros(day * DAY_MICROS + seconds * 1_000_000)
}

fn event(kind: EventKind, happened_at: Timestamp, minor: i64) -> CountedEvent {
    CountedEvent {
        kind,
        happened_at,
        minor,
        currency: sar(),
        asked_at: at(100, 0),
        channel: "tap".to_owned(),
    }
}

#[test]
fn a_day_begins_at_midnight_by_utc_also_before_1970() {
    for (micros, number) in [(0, 0), (DAY_MICROS - 1, 0), (DAY_MICROS, 1), (-1, -1), (-DAY_MICROS, -1)] {
        assert_eq!(Day::of(Timestamp::from_micros(micros)).number(), number, "{micros}");
    }
    assert_eq!(Day::of(Day::from_number(20_000).start()), Day::from_number(20_000));
    assert_eq!(Day::from_number(20_000).minus(30).number(), 19_970);
}

#[test]
fn measures_have_numbers_of_their_own() {
    let took = (0..=24).map(|number| Measure::Took(Took::from_number(number).unwrap()));
    let others = [
        EventKind::Created,
        EventKind::Succeeded,
        EventKind::Failed,
        EventKind::Canceled,
        EventKind::Reversed,
    ]
    .into_iter()
    .filter_map(Measure::of_event)
    .chain([Measure::Captured]);
    let all: Vec<Measure> = took.chain(others).collect();
    let mut codes: Vec<i64> = all.iter().map(|measure| measure.code()).collect();
    for (measure, code) in all.iter().zip(&codes) {
        assert_eq!(Measure::from_code(*code), Some(*measure));
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
    for none in [0, 7, 99, 125, i64::MIN] {
        assert_eq!(Measure::from_code(none), None, "{none}");
    }
}

#[test]
fn a_span_is_in_the_first_step_whose_bound_it_does_not_pass() {
    let step = |seconds| Took::of(Duration::from_secs(seconds)).at_most();
    assert_eq!(step(0), TookAtMost::Within(Duration::from_secs(1)));
    assert_eq!(step(1), TookAtMost::Within(Duration::from_secs(1)));
    assert_eq!(step(2), TookAtMost::Within(Duration::from_secs(2)));
    assert_eq!(Took::of(Duration::from_millis(1_001)).at_most(), step(2));
    assert_eq!(step(30 * 86_400), TookAtMost::Within(Duration::from_secs(30 * 86_400)));
    assert_eq!(step(30 * 86_400 + 1), TookAtMost::Longer);
    assert!(TOOK_BOUNDS.is_sorted());
}

#[test]
fn a_percentile_is_the_end_of_the_step_of_the_nearest_rank() {
    let steps = |counts: &[(u64, i64)]| -> Vec<(Took, i64)> {
        counts.iter().map(|(seconds, count)| (Took::of(Duration::from_secs(*seconds)), *count)).collect()
    };
    let within = |seconds| Some(TookAtMost::Within(Duration::from_secs(seconds)));
    assert_eq!(percentile(&[], 50), None);
    assert_eq!(percentile(&steps(&[(1, 0)]), 50), None);
    assert_eq!(percentile(&steps(&[(5, 1)]), 50), within(5));
    assert_eq!(percentile(&steps(&[(5, 1)]), 95), within(5));
    assert_eq!(percentile(&steps(&[(1, 50), (60, 50)]), 50), within(1));
    assert_eq!(percentile(&steps(&[(1, 50), (60, 51)]), 50), within(60));
    assert_eq!(percentile(&steps(&[(1, 95), (60, 5)]), 95), within(1));
    assert_eq!(percentile(&steps(&[(1, 94), (40 * 86_400, 6)]), 95), Some(TookAtMost::Longer));
}

#[test]
fn each_step_counts_on_its_own_day_and_waiting_counts_nowhere() {
    let mut sums = Sums::default();
    for (kind, day) in [
        (EventKind::Created, 100),
        (EventKind::Pending, 100),
        (EventKind::Unknown, 101),
        (EventKind::Succeeded, 102),
        (EventKind::Reversed, 110),
    ] {
        sums.add_event(&event(kind, at(day, 0), 500));
    }
    let told: Vec<_> =
        sums.iter().map(|(day, _, _, measure, sum)| (day.number(), measure, sum.count, sum.minor)).collect();
    let took = Measure::Took(Took::of(Duration::from_secs(2 * 86_400)));
    let expected = [
        (100, Measure::Asked, 1, 500),
        (102, Measure::Succeeded, 1, 500),
        (102, took, 1, 500),
        (110, Measure::Reversed, 1, 500),
    ];
    assert_eq!(told, expected);
}

#[test]
fn an_overview_has_every_day_and_its_totals_are_those_of_its_parts() {
    let mut sums = Sums::default();
    for (kind, day, minor) in [
        (EventKind::Created, 100, 500),
        (EventKind::Succeeded, 100, 500),
        (EventKind::Created, 102, 300),
        (EventKind::Failed, 102, 300),
        (EventKind::Succeeded, 103, 200),
    ] {
        sums.add_event(&event(kind, at(day, 0), minor));
    }
    let key = |day, channel: &str, code| SumKey {
        day: Day::from_number(day),
        currency: Currency::from_code(code).unwrap(),
        channel: channel.to_owned(),
        measure: Measure::Captured,
    };
    sums.add(key(101, "stc", "SAR"), Sum { count: 4, minor: 10_000 });
    sums.add(key(101, "stc", "KWD"), Sum { count: 1, minor: 7 });
    let all = sums.iter().map(|(day, currency, channel, measure, sum)| {
        let currency = Currency::from_code(currency).unwrap();
        (SumKey { day, currency, channel: channel.to_owned(), measure }, sum)
    });
    let seen = overview(all, Day::from_number(100), Day::from_number(102));
    assert_eq!(seen.currencies.iter().map(|it| it.currency.code()).collect::<Vec<_>>(), ["KWD", "SAR"]);
    let riyal = &seen.currencies[1];
    assert_eq!(riyal.days.iter().map(|it| it.day.number()).collect::<Vec<_>>(), [100, 101, 102]);
    assert_eq!(
        riyal.days[1].totals,
        DayTotals { captured: Sum { count: 4, minor: 10_000 }, ..DayTotals::default() }
    );
    assert_eq!(riyal.total.asked, Sum { count: 2, minor: 800 });
    assert_eq!(riyal.total.refund_rate(), Some(Ratio { part: 500, whole: 10_000 }));
    assert_eq!(riyal.total.refund_rate().unwrap().basis_points(), 500);
    assert_eq!(riyal.total.refund_rate_by_count().unwrap().basis_points(), 2_500);
    assert_eq!(riyal.total.success_rate(), Some(Ratio { part: 1, whole: 2 }));
    assert_eq!(riyal.days[0].totals.refund_rate(), None, "nothing was captured that day");
    let names: Vec<&str> = riyal.channels.iter().map(|it| it.channel.as_str()).collect();
    assert_eq!(names, ["stc", "tap"]);
    assert_eq!((riyal.channels[0].median, riyal.channels[0].totals.success_rate()), (None, None));
    assert_eq!(riyal.channels[1].median, Some(TookAtMost::Within(Duration::from_secs(1))));
}

#[test]
fn a_payment_without_a_channel_counts_under_its_method_and_then_its_psp() {
    assert_eq!(channel_of(Some("MOMOPAY"), Some("momo"), "momo-psp"), "MOMOPAY");
    assert_eq!(channel_of(None, Some("momo"), "momo-psp"), "momo");
    assert_eq!(channel_of(None, None, "momo-psp"), "momo-psp");
}
