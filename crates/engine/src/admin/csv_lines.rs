//! What the CSV reader does not tell of the bytes that it reads: which line a row begins in, and where a quote stands that RFC 4180
//! has no place for. The reader takes such a quote for a part of the field, or leaves it away.

use std::collections::VecDeque;
use std::io::Read;

/// Spreadsheets put it before everything else, and the CSV reader leaves it away.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Where in a field the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At its begin.
    Begin,
    /// In one that no quote encloses.
    Bare,
    /// Between quotes.
    Quoted,
    /// Behind a quote that closes the field, or is the first of two.
    Quote,
    /// Behind a blank behind the closing quote.
    Closed,
}

impl Place {
    /// Where the byte after this one stands, and whether this one is a quote without a place, or stands beside one.
    fn after(self, byte: u8) -> (Self, bool) {
        match (self, byte) {
            (Self::Quoted, b'"') => (Self::Quote, false),
            (Self::Quoted, _) | (Self::Begin | Self::Quote, b'"') => (Self::Quoted, false),
            (_, b',' | b'\n' | b'\r') => (Self::Begin, false),
            (Self::Quote | Self::Closed, b' ' | b'\t') => (Self::Closed, false),
            (Self::Begin | Self::Bare, byte) => (Self::Bare, byte == b'"'),
            (Self::Quote | Self::Closed, _) => (Self::Bare, true),
        }
    }
}

/// Passes a CSV file on and looks at it. Lines are counted by what ends a row for the CSV reader: a line feed, a carriage return, or
/// both. The reader takes a row's position before what ends the row above it is read whole, and before empty lines, which are
/// no rows.
pub(super) struct Lines<R> {
    inner: R,
    byte: u64,
    line: u64,
    line_begins: bool,
    /// A line feed after it ends no line of its own.
    after_return: bool,
    /// Where each line that is not empty begins, and its number from 1; of lines above the last row nothing is kept.
    begun: VecDeque<(u64, u64)>,
    place: Place,
    /// The row at hand has a misplaced quote already.
    is_misquoted: bool,
    /// Where the first misplaced quote of each row stands; of rows that were asked about nothing is kept.
    misquoted: VecDeque<u64>,
}

impl<R> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            byte: 0,
            line: 1,
            line_begins: true,
            after_return: false,
            begun: VecDeque::new(),
            place: Place::Begin,
            is_misquoted: false,
            misquoted: VecDeque::new(),
        }
    }

    /// The number of the first line that is not empty from a byte on.
    pub(super) fn line_from(&mut self, byte: u64) -> u64 {
        while self.begun.front().is_some_and(|(begin, _)| *begin < byte) {
            self.begun.pop_front();
        }
        self.begun.front().map_or(self.line, |(_, line)| *line)
    }

    /// Whether a quote stands where none may be, before a byte and after the one that was last asked about.
    pub(super) fn misquoted_before(&mut self, byte: u64) -> bool {
        let mut any = false;
        while self.misquoted.front().is_some_and(|at| *at < byte) {
            self.misquoted.pop_front();
            any = true;
        }
        any
    }

    fn count_line(&mut self, byte: u8) {
        match byte {
            b'\n' if self.after_return => {}
            b'\n' | b'\r' => {
                self.line += 1;
                self.line_begins = true;
            }
            _ if self.line_begins => {
                self.begun.push_back((self.byte, self.line));
                self.line_begins = false;
            }
            _ => {}
        }
        self.after_return = byte == b'\r';
    }

    /// A field whose quote is still open there is cut: what is left of it may read as another sum.
    fn look_at_the_end(&mut self) {
        if self.place == Place::Quoted && !self.is_misquoted {
            self.misquoted.push_back(self.byte.saturating_sub(1));
            self.is_misquoted = true;
        }
    }

    fn look_at_quotes(&mut self, byte: u8) {
        let is_mark = usize::try_from(self.byte).is_ok_and(|at| BYTE_ORDER_MARK.get(at) == Some(&byte));
        if is_mark && self.place == Place::Begin {
            return;
        }
        let (place, is_wrong) = self.place.after(byte);
        if is_wrong && !self.is_misquoted {
            self.misquoted.push_back(self.byte);
            self.is_misquoted = true;
        }
        // A row ends where a line does outside quotes.
        if place == Place::Begin && byte != b',' {
            self.is_misquoted = false;
        }
        self.place = place;
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.look_at_the_end();
        }
        for byte in &buffer[..read] {
            self.count_line(*byte);
            self.look_at_quotes(*byte);
            self.byte += 1;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file read whole, a byte at a time: what ends a line may come in two parts.
    fn lines(file: &str) -> Lines<&[u8]> {
        let mut lines = Lines::new(file.as_bytes());
        while lines.read(&mut [0]).unwrap() > 0 {}
        lines
    }

    #[test]
    fn lines_are_counted_however_few_bytes_come_at_once() {
        let mut lines = lines("a\r\n\r\n\"b\nb\"\r\n\r\nc");
        assert_eq!(lines.line, 6);
        assert_eq!((lines.line_from(0), lines.line_from(1), lines.line_from(6)), (1, 3, 4));
    }

    #[test]
    fn a_row_has_one_misplaced_quote_at_most_and_each_is_told_once() {
        for good in ["", "a,\"b\",\"\"\n", "\u{feff}\"a\"\n", "\"a\"\"\"\t,b\r\n", "\"a\nb\" ,c"] {
            assert!(lines(good).misquoted.is_empty(), "{good:?}");
        }
        for cut in ["\"", "a,\"b", "\"a\"\"", "\"a\n"] {
            assert_eq!(lines(cut).misquoted, [cut.len() as u64 - 1], "{cut:?}");
        }
        let mut wrong = lines("\"a\"b\"c\"d,e\"\n\"f\"\ng\"\n");
        assert_eq!(wrong.misquoted, [3, 17]);
        assert!(!wrong.misquoted_before(3));
        assert!(wrong.misquoted_before(4));
        assert!(!wrong.misquoted_before(17));
        assert!(wrong.misquoted_before(18) && !wrong.misquoted_before(99));
    }
}
