//! Pictures of numbers: bars, drawn by the server as SVG. They hold no colour and no style: the style sheet has them, so that
//! they are light and dark as the page is. The same numbers stand in a table beside them.

use std::fmt::Write;

/// The picture's own units; the page scales it.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 220;
/// Above and below the bars.
const TOP: u32 = 24;
const BOTTOM: u32 = 28;

/// A bar.
pub(super) struct Bar {
    /// How high it is, of [`Chart::most`]. Less than nothing is drawn as nothing.
    pub(super) value: i64,
    /// What stands below it, where there is room.
    pub(super) label: String,
    /// What it says when it is pointed at.
    pub(super) told: String,
}

/// A picture of bars.
pub(super) struct Chart {
    /// The beginning of its elements' ids, one of its own on the page.
    pub(super) id: &'static str,
    /// What it is a picture of.
    pub(super) title: String,
    /// What there is to be seen, in words.
    pub(super) told: String,
    /// From the first to the last.
    pub(super) bars: Vec<Bar>,
    /// What the whole height is.
    pub(super) most: i64,
    /// The words for that.
    pub(super) most_told: String,
    /// The first bar is at the right, as people read.
    pub(super) is_rtl: bool,
}

/// So many labels have room below the bars.
const LABELS_MAX: usize = 7;

impl Chart {
    /// The picture, as an element of the page.
    pub(super) fn svg(&self) -> String {
        let Self { id, title, told, bars, most, most_told, is_rtl } = self;
        let mut svg = format!(
            "<svg class=\"chart\" role=\"img\" aria-labelledby=\"{id}-title {id}-told\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-told\">{}</desc>",
            escaped(title),
            escaped(told)
        );
        let base = HEIGHT - BOTTOM;
        let (edge, anchor) = if *is_rtl { (WIDTH, "end") } else { (0, "start") };
        push(
            &mut svg,
            format_args!("<line class=\"grid\" x1=\"0\" y1=\"{TOP}\" x2=\"{WIDTH}\" y2=\"{TOP}\"></line>"),
        );
        push(
            &mut svg,
            format_args!("<line class=\"axis\" x1=\"0\" y1=\"{base}\" x2=\"{WIDTH}\" y2=\"{base}\"></line>"),
        );
        let top = TOP - 7;
        let most_told = escaped(most_told);
        push(
            &mut svg,
            format_args!("<text x=\"{edge}\" y=\"{top}\" text-anchor=\"{anchor}\">{most_told}</text>"),
        );
        let count = bars.len().max(1);
        let every = count.div_ceil(LABELS_MAX).max(1);
        for (index, bar) in bars.iter().enumerate() {
            let place = if *is_rtl { count - 1 - index } else { index };
            let (from, to) = (edge_of(place, count), edge_of(place + 1, count));
            let (wide, height) = ((to - from).saturating_sub(gap(count)).max(1), height(bar.value, *most));
            let (y, told) = (base - height, escaped(&bar.told));
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"bar\" x=\"{from}\" y=\"{y}\" width=\"{wide}\" height=\"{height}\"><title>{told}</title></rect>"
                ),
            );
            if index % every == 0 {
                let (middle, below, label) = (from + wide / 2, HEIGHT - 8, escaped(&bar.label));
                let anchor = anchor_at(place, count);
                let x = match anchor {
                    "start" => from,
                    "end" => from + wide,
                    _ => middle,
                };
                push(
                    &mut svg,
                    format_args!("<text x=\"{x}\" y=\"{below}\" text-anchor=\"{anchor}\">{label}</text>"),
                );
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

/// A label at the edge must not leave the picture.
const fn anchor_at(place: usize, count: usize) -> &'static str {
    match place {
        0 => "start",
        place if place + 1 == count => "end",
        _ => "middle",
    }
}

/// Where a bar's place begins. Whole units, shared out evenly.
fn edge_of(place: usize, count: usize) -> u32 {
    let units = u64::from(WIDTH) * place as u64 / count as u64;
    u32::try_from(units).unwrap_or(WIDTH)
}

/// Between two bars.
const fn gap(count: usize) -> u32 {
    match count {
        0..=10 => 12,
        11..=40 => 4,
        _ => 1,
    }
}

/// Something that is more than nothing is seen, however little it is.
fn height(value: i64, most: i64) -> u32 {
    if value <= 0 || most <= 0 {
        return 0;
    }
    let whole = HEIGHT - TOP - BOTTOM;
    let units = i128::from(whole) * i128::from(value.min(most)) / i128::from(most);
    u32::try_from(units).unwrap_or(whole).max(2)
}

fn push(svg: &mut String, what: std::fmt::Arguments<'_>) {
    svg.write_fmt(what).expect("a String takes everything");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::html_check::{Element, parse};

    fn chart(values: &[i64], is_rtl: bool) -> Chart {
        let bar =
            |value: &i64| Bar { value: *value, label: format!("<{value}>"), told: format!("{value} & more") };
        Chart {
            id: "c",
            title: "A \"title\"".into(),
            told: "All of it".into(),
            bars: values.iter().map(bar).collect(),
            most: values.iter().copied().max().unwrap_or_default(),
            most_told: "most".into(),
            is_rtl,
        }
    }

    fn bars(chart: &Chart) -> Vec<[u32; 4]> {
        let root = parse(&format!("<!doctype html>{}", chart.svg())).unwrap();
        let number = |bar: &Element, name| bar.attribute(name).unwrap().parse().unwrap();
        let of = |bar: &&Element| ["x", "y", "width", "height"].map(|name| number(bar, name));
        root.all("rect").iter().map(of).collect()
    }

    #[test]
    fn bars_are_as_high_as_their_numbers_and_stay_in_the_picture() {
        let drawn = bars(&chart(&[0, 50, 100, 1, -5], false));
        let whole = HEIGHT - TOP - BOTTOM;
        assert_eq!(drawn.iter().map(|bar| bar[3]).collect::<Vec<_>>(), [0, whole / 2, whole, 2, 0]);
        for count in [1, 7, 30, 90] {
            for is_rtl in [false, true] {
                let drawn = bars(&chart(&vec![i64::MAX; count], is_rtl));
                for [x, y, width, height] in &drawn {
                    assert!(*width > 0 && x + width <= WIDTH && y + height == HEIGHT - BOTTOM, "{count}");
                }
                let is_mirrored = drawn.windows(2).all(|pair| (pair[0][0] > pair[1][0]) == is_rtl);
                assert!(is_mirrored, "{count} {is_rtl}");
            }
        }
        assert_eq!(bars(&chart(&[], false)), [] as [[u32; 4]; 0]);
    }

    #[test]
    fn a_picture_says_what_it_is_and_nothing_in_it_is_markup() {
        let svg = chart(&[3, 4], false).svg();
        let root = parse(&format!("<!doctype html>{svg}")).unwrap();
        let picture = root.all("svg")[0];
        assert_eq!(picture.attribute("role"), Some("img"));
        assert_eq!(picture.attribute("aria-labelledby"), Some("c-title c-told"));
        assert_eq!(root.all("title")[0].text, "A \"title\"");
        assert_eq!(root.all("desc")[0].text, "All of it");
        assert!(root.whole_text().contains("<3>") && root.whole_text().contains("4 & more"), "{svg}");
        assert!(!svg.contains("style="), "{svg}");
    }
}
