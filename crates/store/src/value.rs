//! What crosses the border between an operation and an engine: parameters going in, rows coming out.
//!
//! Four shapes are enough for both engines: integers (also booleans as 0/1, minor units, microseconds), text, bytes,
//! and nothing. There is no floating-point shape, so money cannot pass through one.

use crate::error::StoreError;

/// One parameter of a statement, borrowed from the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// SQL `NULL`; binds to a column of any type.
    Null,
    /// A `BIGINT`.
    Int(i64),
    /// A `TEXT`.
    Text(&'a str),
    /// A `BLOB` or `BYTEA`.
    Bytes(&'a [u8]),
}

macro_rules! value_from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Value<'_> {
            fn from(n: $t) -> Self {
                Value::Int(i64::from(n))
            }
        }
    )*};
}
// `u64` and `usize` are left out on purpose: they do not always fit.
value_from_int!(bool, i64, i32, i16, u32, u16, u8);

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Bytes(bytes)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// One cell of a [`Row`], owned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// SQL `NULL`.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// One row of an answer, owned, read by column index from zero.
///
/// A reader that meets another type than it asks for answers [`StoreError::Inconsistent`]: the statement and its
/// reader do not fit together, or the data is damaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row(Vec<Cell>);

impl Row {
    /// Builds a row from its cells; engines do this, and tests that need a row without an engine.
    #[must_use]
    pub fn new(cells: Vec<Cell>) -> Self {
        Row(cells)
    }

    /// All cells in order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.0
    }

    /// The integer in column `i`.
    ///
    /// # Errors
    /// [`StoreError::Inconsistent`] when the column is missing, null or of another type; the same holds for every
    /// reader below (the `opt_` ones take null as `None`).
    pub fn int(&self, i: usize) -> Result<i64, StoreError> {
        self.opt_int(i)?.ok_or_else(|| self.mismatch(i, "an integer"))
    }

    /// The integer in column `i`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(i) {
            Some(Cell::Int(n)) => Ok(Some(*n)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(i, "an integer")),
        }
    }

    /// The boolean in column `i`, kept as 0 or 1.
    ///
    /// # Errors
    /// As [`Row::int`]; also when the integer is neither 0 nor 1.
    pub fn bool(&self, i: usize) -> Result<bool, StoreError> {
        match self.int(i)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.mismatch(i, "0 or 1")),
        }
    }

    /// The text in column `i`.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn text(&self, i: usize) -> Result<String, StoreError> {
        self.opt_text(i)?.ok_or_else(|| self.mismatch(i, "a text"))
    }

    /// The text in column `i`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_text(&self, i: usize) -> Result<Option<String>, StoreError> {
        match self.0.get(i) {
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(i, "a text")),
        }
    }

    /// The bytes in column `i`.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn bytes(&self, i: usize) -> Result<Vec<u8>, StoreError> {
        self.opt_bytes(i)?.ok_or_else(|| self.mismatch(i, "bytes"))
    }

    /// The bytes in column `i`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_bytes(&self, i: usize) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.get(i) {
            Some(Cell::Bytes(bytes)) => Ok(Some(bytes.clone())),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(i, "bytes")),
        }
    }

    /// The 16-byte id in column `i`.
    ///
    /// # Errors
    /// As [`Row::int`]; also when there are not exactly 16 bytes.
    pub fn id16(&self, i: usize) -> Result<[u8; 16], StoreError> {
        self.opt_id16(i)?.ok_or_else(|| self.mismatch(i, "16 bytes"))
    }

    /// The 16-byte id in column `i`, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::id16`].
    pub fn opt_id16(&self, i: usize) -> Result<Option<[u8; 16]>, StoreError> {
        match self.0.get(i) {
            Some(Cell::Bytes(bytes)) => {
                let id = bytes.as_slice().try_into().map_err(|_| self.mismatch(i, "16 bytes"))?;
                Ok(Some(id))
            }
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(i, "16 bytes")),
        }
    }

    // Names the kind found, never the content: a cell may hold what must not be logged.
    fn mismatch(&self, i: usize, wanted: &str) -> StoreError {
        let found = match self.0.get(i) {
            None => "no such column",
            Some(Cell::Null) => "null",
            Some(Cell::Int(_)) => "an integer",
            Some(Cell::Text(_)) => "a text",
            Some(Cell::Bytes(_)) => "bytes",
        };
        StoreError::Inconsistent {
            what: format!("column {i} of {}: wanted {wanted}, found {found}", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_take_their_own_type_only() {
        let row = Row::new(vec![
            Cell::Int(7),
            Cell::Text("x".into()),
            Cell::Bytes(vec![1; 16]),
            Cell::Null,
            Cell::Bytes(vec![1; 15]),
        ]);
        assert_eq!(row.int(0).unwrap(), 7);
        assert_eq!(row.text(1).unwrap(), "x");
        assert_eq!(row.id16(2).unwrap(), [1; 16]);
        assert_eq!(row.opt_int(3).unwrap(), None);
        assert_eq!(row.opt_text(3).unwrap(), None);
        assert_eq!(row.opt_id16(3).unwrap(), None);
        for wrong in [row.int(1).err(), row.int(3).err(), row.int(9).err(), row.bool(0).map(i64::from).err()]
        {
            assert!(matches!(wrong, Some(StoreError::Inconsistent { .. })), "{wrong:?}");
        }
        assert!(row.text(0).is_err() && row.bytes(1).is_err() && row.id16(4).is_err());
    }

    #[test]
    fn a_mismatch_names_kinds_and_never_content() {
        let row = Row::new(vec![Cell::Text("secret-text".into())]);
        let said = row.int(0).unwrap_err().to_string();
        assert!(said.contains("wanted an integer, found a text") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn options_become_null() {
        assert_eq!(Value::from(None::<i64>), Value::Null);
        assert_eq!(Value::from(Some(true)), Value::Int(1));
        assert_eq!(Value::from(Some("a")), Value::Text("a"));
        assert_eq!(Value::from(&[1u8; 16]), Value::Bytes(&[1; 16]));
    }
}
