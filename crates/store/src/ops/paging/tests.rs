use proptest::prelude::*;

use super::*;

#[test]
fn a_place_is_read_back_from_its_text() {
    for place in [Place::of_id([7; 16]), Place { micros: -5, id: [255; 16] }, Place::END] {
        assert_eq!(Place::parse(&place.to_string()), Some(place));
    }
    for text in ["", "1", "1.", ".00", "1.0g", "x.000102030405060708090a0b0c0d0e0f", "1.00010203"] {
        assert_eq!(Place::parse(text), None, "{text}");
    }
}

#[test]
fn nothing_lies_between_a_place_and_the_next() {
    assert_eq!(Place::of_id([0; 16]).next().id, 1_u128.to_be_bytes());
    assert_eq!(Place { micros: 3, id: [255; 16] }.next(), Place { micros: 4, id: [0; 16] });
}

#[test]
fn the_time_of_a_place_is_what_the_list_is_ordered_by() {
    let time = Timestamp::from_micros(1_700_000_000_123_456);
    assert_eq!(Place::made_at(time).time(), Timestamp::from_micros(1_700_000_000_123_000));
    assert_eq!(Place { micros: 5, id: [1; 16] }.time(), Timestamp::from_micros(5));
    assert_eq!(Place::made_at(Timestamp::from_micros(i64::MIN)).id, [0; 16]);
    assert_eq!(Place::made_at(Timestamp::from_micros(i64::MAX)).id[..6], [0xff; 6]);
}

#[test]
fn a_count_says_when_it_is_not_exact() {
    let place = Place { micros: 9, id: [0; 16] };
    assert_eq!(Count::of(1_000, None), Count::Exact(1_000));
    assert_eq!(Count::of(1_001, Some(place)), Count::More);
    assert_eq!(Count::of(3, Some(place)), Count::Since { found: 3, back_to: Timestamp::from_micros(9) });
}

/// References as they are kept: no control characters, 255 bytes at most.
fn references() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{1,4}", "[\u{7f0}\u{d7ff}\u{e000}\u{10ffff}a]{1,3}", "\\PC{1,20}"]
}

proptest! {
    #[test]
    fn the_ranges_hold_what_they_say_in_the_order_of_bytes(term in references(), text in references()) {
        let holds = |range: &TextRange| {
            text.as_bytes() >= range.from.as_bytes() && text.as_bytes() < range.to.as_bytes()
        };
        prop_assert_eq!(holds(&TextRange::exactly(&term)), text == term);
        prop_assert_eq!(holds(&TextRange::beginning(&term)), text.starts_with(&term));
        let longer = format!("{term}{text}");
        let beginning = TextRange::beginning(&term);
        prop_assert!(longer.as_bytes() < beginning.to.as_bytes());
    }
}
