//! How each kind of value is read, from a variable's text and from the file. A problem never quotes the value.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

/// A value that a setting can have.
pub(super) trait Setting: Sized {
    /// What kind of value it is, for the reference.
    const KIND: &'static str;

    /// The value as it is written in a variable, for the reference.
    fn show(&self) -> String;

    /// From a variable.
    fn from_text(text: &str) -> Result<Self, String>;

    /// From the file; a text there is read as a variable's.
    fn from_toml(value: &Value) -> Result<Self, String> {
        value.as_str().ok_or_else(|| "must be a text in quotes".to_owned()).and_then(Self::from_text)
    }
}

impl Setting for String {
    const KIND: &'static str = "text";

    fn show(&self) -> String {
        self.clone()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "path";

    fn show(&self) -> String {
        self.display().to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must be a path".to_owned()) } else { Ok(text.into()) }
    }
}

impl Setting for SocketAddr {
    const KIND: &'static str = "address and port";

    fn show(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        address(text)
    }
}

/// Reads an address, and says how one looks where it is none.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address with a port, as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

impl Setting for bool {
    const KIND: &'static str = "`true` or `false`";

    fn show(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be true or false".to_owned())
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "must be true or false, without quotes".to_owned())
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Setting for $number {
            const KIND: &'static str = "whole number";

            fn show(&self) -> String {
                self.to_string()
            }

            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| "must be a whole number".to_owned())
            }

            fn from_toml(value: &Value) -> Result<Self, String> {
                let number = value.as_integer().and_then(|number| <$number>::try_from(number).ok());
                number.ok_or_else(|| "must be a whole number, without quotes".to_owned())
            }
        }
    )*};
}

whole_numbers!(u32, usize);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A whole number and a unit: `500ms`, `30s`, `15m`, `48h`, `7d`.
impl Setting for Duration {
    const KIND: &'static str = "span";

    fn show(&self) -> String {
        let millis = self.as_millis();
        let whole = |unit: &&(&str, u64)| millis > 0 && millis.is_multiple_of(u128::from(unit.1));
        let (unit, length) = UNITS.iter().rev().find(whole).unwrap_or(&UNITS[1]);
        format!("{}{unit}", millis / u128::from(*length))
    }

    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || "must be a span of time: a whole number with ms, s, m, h or d, as \"30s\"".to_owned();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(*millis).map(Self::from_millis).ok_or_else(wrong)
    }
}

/// In a variable separated by commas; in the file a list of texts.
impl<T: ListItem> Setting for Vec<T> {
    const KIND: &'static str = T::KIND;

    fn show(&self) -> String {
        self.iter().map(T::show).collect::<Vec<_>>().join(",")
    }

    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::item).collect()
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        let wrong = || "must be a list of texts".to_owned();
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(|item| T::item(item.as_str().ok_or_else(wrong)?)).collect()
    }
}

/// What can stand in a list.
pub(super) trait ListItem: Sized {
    /// What a list of them is, for the reference.
    const KIND: &'static str;

    fn show(&self) -> String;

    fn item(text: &str) -> Result<Self, String>;
}

/// A network, kept as its text until the guard takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network(pub(super) ipnet::IpNet);

impl ListItem for Network {
    const KIND: &'static str = "list of networks";

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn item(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "must be networks, as 10.1.0.0/16 or fd00:1::/64".to_owned())
    }
}
