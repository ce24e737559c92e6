//! What a key of Redress's own API may do besides what every key may.

use std::fmt;

/// One right that a key has only where it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To say how a refund ended of which nobody else knows, and to close cases: it releases money on a person's word.
    CloseCases,
}

impl Right {
    /// Every right, in the order of their names in lists.
    pub const ALL: [Self; 1] = [Self::CloseCases];

    /// The name in the store, on the command line and in errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CloseCases => "close_cases",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == text)
    }
}

/// The rights of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    bits: u32,
}

impl Rights {
    /// No right but those that every key has.
    pub const NONE: Self = Self { bits: 0 };

    /// These rights.
    pub fn of(rights: &[Right]) -> Self {
        Self { bits: rights.iter().fold(0, |bits, right| bits | bit(*right)) }
    }

    /// Whether this right is among them.
    pub fn has(self, right: Right) -> bool {
        self.bits & bit(right) != 0
    }

    /// Those it has, in the order of [`Right::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// Reads what [`fmt::Display`] writes; `None` where a name is not known.
    pub fn parse(text: &str) -> Option<Self> {
        let rights: Option<Vec<Right>> = text.split_ascii_whitespace().map(Right::parse).collect();
        Some(Self::of(&rights?))
    }
}

/// The names, with a space between.
impl fmt::Display for Rights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, right) in self.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(formatter, "{space}{}", right.as_str())?;
        }
        Ok(())
    }
}

const fn bit(right: Right) -> u32 {
    1 << right as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_back_by_their_names() {
        for rights in [Rights::NONE, Rights::of(&Right::ALL)] {
            assert_eq!(Rights::parse(&rights.to_string()), Some(rights));
        }
        assert_eq!(Rights::of(&[Right::CloseCases]).to_string(), "close_cases");
        assert!(Rights::parse("close_cases").unwrap().has(Right::CloseCases));
        assert!(!Rights::parse("").unwrap().has(Right::CloseCases));
        assert_eq!(Rights::parse("close_cases everything"), None);
    }
}
