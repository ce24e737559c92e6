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

/// One cell of a [`Row`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Null,
    Int(i64),
    /// Where its text lies among the row's.
    Text {
        start: usize,
        end: usize,
    },
    /// 16 bytes, which most are: an id.
    Id([u8; 16]),
    /// Any other number of bytes.
    Bytes(Box<[u8]>),
}

/// One row of an answer, owned, read by column index from zero.
///
/// A reader that meets another type than it asks for answers [`StoreError::Inconsistent`]: the statement and its
/// reader do not fit together, or the data is damaged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    cells: Vec<Cell>,
    /// The texts of all cells, one behind the other: a row has many, and most are read once and not kept.
    texts: String,
}

/// Room for the texts of a row, in bytes; where they are longer it grows.
const TEXTS_BYTES: usize = 256;

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

impl Row {
    /// Builds a row from its values; for tests that need a row without an engine.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = Value<'a>>) -> Self {
        let mut row = Row::with_columns(0);
        for value in values {
            row.push(value);
        }
        row
    }

    /// A row without cells yet, with room for so many.
    pub(crate) fn with_columns(columns: usize) -> Self {
        Row { cells: Vec::with_capacity(columns), texts: String::new() }
    }

    /// Adds the next cell.
    pub(crate) fn push(&mut self, value: Value<'_>) {
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Int(n) => Cell::Int(n),
            Value::Text(text) => {
                if self.texts.capacity() == 0 {
                    self.texts.reserve(TEXTS_BYTES.max(text.len()));
                }
                let start = self.texts.len();
                self.texts.push_str(text);
                Cell::Text { start, end: self.texts.len() }
            }
            Value::Bytes(bytes) => {
                <[u8; 16]>::try_from(bytes).map_or_else(|_| Cell::Bytes(bytes.into()), Cell::Id)
            }
        };
        self.cells.push(cell);
    }

    /// What is in column `i`; `None` where there is no such column.
    #[must_use]
    pub fn value(&self, i: usize) -> Option<Value<'_>> {
        self.cells.get(i).map(|cell| match cell {
            Cell::Null => Value::Null,
            Cell::Int(n) => Value::Int(*n),
            Cell::Text { start, end } => Value::Text(&self.texts[*start..*end]),
            Cell::Id(id) => Value::Bytes(id),
            Cell::Bytes(bytes) => Value::Bytes(bytes),
        })
    }

    /// All values in order.
    pub fn values(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.cells.len()).filter_map(|i| self.value(i))
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
        match self.value(i) {
            Some(Value::Int(n)) => Ok(Some(n)),
            Some(Value::Null) => Ok(None),
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

    /// The text in column `i`, for whoever keeps it.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn text(&self, i: usize) -> Result<String, StoreError> {
        self.str(i).map(str::to_owned)
    }

    /// The text in column `i`, for whoever keeps it, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_text(&self, i: usize) -> Result<Option<String>, StoreError> {
        Ok(self.opt_str(i)?.map(str::to_owned))
    }

    /// The text in column `i`, for whoever only looks at it.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn str(&self, i: usize) -> Result<&str, StoreError> {
        self.opt_str(i)?.ok_or_else(|| self.mismatch(i, "a text"))
    }

    /// The text in column `i`, for whoever only looks at it, or `None` for null.
    ///
    /// # Errors
    /// As [`Row::int`].
    pub fn opt_str(&self, i: usize) -> Result<Option<&str>, StoreError> {
        match self.value(i) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
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
        match self.value(i) {
            Some(Value::Bytes(bytes)) => Ok(Some(bytes.to_vec())),
            Some(Value::Null) => Ok(None),
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
        match self.cells.get(i) {
            Some(Cell::Id(id)) => Ok(Some(*id)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.mismatch(i, "16 bytes")),
        }
    }

    // Names the kind found, never the content: a cell may hold what must not be logged.
    fn mismatch(&self, i: usize, wanted: &str) -> StoreError {
        let found = match self.value(i) {
            None => "no such column",
            Some(Value::Null) => "null",
            Some(Value::Int(_)) => "an integer",
            Some(Value::Text(_)) => "a text",
            Some(Value::Bytes(_)) => "bytes",
        };
        StoreError::Inconsistent {
            what: format!("column {i} of {}: wanted {wanted}, found {found}", self.cells.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_take_their_own_type_only() {
        let row = Row::new([
            Value::Int(7),
            Value::Text("x"),
            Value::Bytes(&[1; 16]),
            Value::Null,
            Value::Bytes(&[1; 15]),
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
        let row = Row::new([Value::Text("secret-text")]);
        let said = row.int(0).unwrap_err().to_string();
        assert!(said.contains("wanted an integer, found a text") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn a_row_gives_back_what_was_put_in() {
        let long = "é".repeat(TEXTS_BYTES);
        let values = [
            Value::Text("a"),
            Value::Text(""),
            Value::Bytes(&[]),
            Value::Text(&long),
            Value::Bytes(&[2; 17]),
            Value::Null,
            Value::Text("b"),
            Value::Bytes(&[3; 16]),
        ];
        let row = Row::new(values);
        assert_eq!(row.values().collect::<Vec<_>>(), values);
        assert_eq!(row.value(values.len()), None);
        assert_eq!((row.text(3).unwrap(), row.str(6).unwrap()), (long.clone(), "b"));
        assert_eq!((row.bytes(4).unwrap(), row.bytes(7).unwrap()), (vec![2; 17], vec![3; 16]));
        assert_eq!(row, Row::new(values));
        assert_ne!(
            Row::new([Value::Text("ab"), Value::Text("c")]),
            Row::new([Value::Text("a"), Value::Text("bc")])
        );
    }

    #[test]
    fn options_become_null() {
        assert_eq!(Value::from(None::<i64>), Value::Null);
        assert_eq!(Value::from(Some(true)), Value::Int(1));
        assert_eq!(Value::from(Some("a")), Value::Text("a"));
        assert_eq!(Value::from(&[1u8; 16]), Value::Bytes(&[1; 16]));
    }
}
