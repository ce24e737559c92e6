//! The languages that people can have the portal in.

use axum::http::{HeaderMap, header};

use super::cookies::{self, LANGUAGE};
use super::text::{ARABIC, ENGLISH, Texts};

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Arabic.
    Arabic,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Arabic];

    /// Its tag (BCP 47).
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Arabic => "ar",
        }
    }

    /// Where its lines begin.
    pub(crate) const fn dir(self) -> &'static str {
        match self {
            Self::English => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// What it calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Arabic => "العربية",
        }
    }

    /// The texts.
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::Arabic => &ARABIC,
        }
    }

    /// The one with this tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The one that a request wants: what was chosen, else what the browser likes most, else English.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let chosen = cookies::read(headers, LANGUAGE).and_then(Self::of_tag);
        let liked = || headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok().and_then(liked_most);
        chosen.or_else(liked).unwrap_or(Self::English)
    }
}

/// The best-liked of ours in an `Accept-Language` (RFC 9110, section 12.5.4). Weights are compared in thousandths.
fn liked_most(accepted: &str) -> Option<Language> {
    let mut best: Option<(u32, Language)> = None;
    for range in accepted.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let primary = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
        let Some(language) = Language::of_tag(&primary.to_ascii_lowercase()) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
        if weight > 0 && best.is_none_or(|(than, _)| weight > than) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `0.8` is 800; what is no weight counts as nothing.
fn thousandths(weight: &str) -> u32 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = format!("{whole}{decimals:0<3}");
    if decimals.len() > 3 { 0 } else { digits.parse::<u32>().map_or(0, |number| number.min(1_000)) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_browsers_wish_is_read_by_its_weights() {
        for (accepted, language) in [
            ("ar", Some(Language::Arabic)),
            ("ar-SA,ar;q=0.9,en;q=0.8", Some(Language::Arabic)),
            ("fr-FR, en;q=0.7, ar;q=0.75", Some(Language::Arabic)),
            ("en;q=0.8,ar;q=0.8", Some(Language::English)),
            ("en;q=0, ar;q=0.001", Some(Language::Arabic)),
            ("fr, de", None),
            ("", None),
            ("ar;q=x", None),
        ] {
            assert_eq!(liked_most(accepted), language, "{accepted}");
        }
    }

    #[test]
    fn a_choice_comes_before_the_browsers_wish() {
        let mut headers = HeaderMap::new();
        assert_eq!(Language::of(&headers), Language::English);
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("ar"));
        assert_eq!(Language::of(&headers), Language::Arabic);
        headers.insert(header::COOKIE, HeaderValue::from_static("redress-language=en"));
        assert_eq!(Language::of(&headers), Language::English);
        headers.insert(header::COOKIE, HeaderValue::from_static("redress-language=xx"));
        assert_eq!(Language::of(&headers), Language::Arabic);
    }
}
