//! Pages of long lists, newest first: by their keys, in both directions, and with a bound on what is looked at.
//!
//! A list is the order of an index. A page begins at a [`Place`] in it, not after so many rows, so that a late page costs
//! what the first one does. Filters that the index does not serve are judged row by row, and no page or count looks at more
//! rows than its bound: where that ended it, it says so, and how far it came.

use redress_core::time::Timestamp;

use crate::error::StoreError;
use crate::tx::Tx;
use crate::value::{Row, Value};

/// A count is exact up to here.
pub const COUNT_MAX: u32 = 1_000;

/// A place in a list: a time and an id. In lists that are ordered by id alone the time is 0.
///
/// Its text, for addresses, is its time, a point, and its id in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Microseconds since 1970; 0 where the list is ordered by id alone.
    pub micros: i64,
    /// The id.
    pub id: [u8; 16],
}

impl Place {
    const START: Self = Self { micros: i64::MIN, id: [0; 16] };
    const END: Self = Self { micros: i64::MAX, id: [u8::MAX; 16] };

    /// The place of an id in a list by id.
    #[must_use]
    pub const fn of_id(id: [u8; 16]) -> Self {
        Self { micros: 0, id }
    }

    /// The next place: nothing lies between.
    fn next(self) -> Self {
        match u128::from_be_bytes(self.id).checked_add(1) {
            Some(id) => Self { id: id.to_be_bytes(), ..self },
            None => Self { micros: self.micros.saturating_add(1), id: [0; 16] },
        }
    }

    /// Reads the text; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        let mut bytes = [0; 16];
        hex::decode_to_slice(id, &mut bytes).ok()?;
        Some(Self { micros: micros.parse().ok()?, id: bytes })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.micros, hex::encode(self.id))
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// The first: the newest.
    #[default]
    First,
    /// The one behind a place: [`Page::older`] of the page before.
    Older(Place),
    /// The one that ends at a place: [`Page::newer`] of the page behind.
    Newer(Place),
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<I> {
    /// What is on it, the newest first. Fewer than asked for, or nothing, where enough was looked at in vain.
    pub items: Vec<I>,
    /// Where the page before ends; `None` where this is the first.
    pub newer: Option<Place>,
    /// Where the next page begins; `None` at the end of the list.
    pub older: Option<Place>,
    /// How many there are on all pages, where it was asked for.
    pub count: Option<Count>,
}

/// How many rows of a list pass its filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Exact(u32),
    /// More than [`COUNT_MAX`].
    More,
    /// So many of the newest; older ones than that were not looked at.
    Since {
        /// How many.
        found: u32,
        /// The time of the last that was looked at: when it was made, or what else the list is ordered by.
        back_to: Timestamp,
    },
}

impl Count {
    pub(crate) fn of(found: usize, looked_to: Option<Place>) -> Self {
        match (u32::try_from(found).unwrap_or(u32::MAX), looked_to) {
            (found, _) if found > COUNT_MAX => Self::More,
            (found, None) => Self::Exact(found),
            (found, Some(place)) => Self::Since { found, back_to: place.time() },
        }
    }
}

impl Place {
    /// The time of whatever is there: in a list by id, when it was made.
    #[must_use]
    pub fn time(self) -> Timestamp {
        if self.micros != 0 {
            return Timestamp::from_micros(self.micros);
        }
        let mut millis = [0; 8];
        millis[2..].copy_from_slice(&self.id[..6]);
        Timestamp::from_micros(i64::from_be_bytes(millis).saturating_mul(1_000))
    }

    /// The least place in a list by id of what is made at a time, to the millisecond.
    #[must_use]
    pub fn made_at(time: Timestamp) -> Self {
        let millis = time.as_millis().clamp(0, (1 << 48) - 1);
        let mut id = [0; 16];
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        Self::of_id(id)
    }
}

/// A list's statements. Each begins with the parameters of the list itself, then its bounds: the least place that is read and
/// the first that is not, as ids, or as times and ids.
pub(crate) struct Texts {
    /// Whether the bounds have times.
    pub(crate) by_time: bool,
    /// The time (0 where there is none) and the id of one row: newest first, behind so many.
    pub(crate) reach_down: &'static str,
    /// The same, oldest first.
    pub(crate) reach_up: &'static str,
    /// The rows that pass the filter, whose parameters follow, then their largest number: newest first.
    pub(crate) down: &'static str,
    /// The same, oldest first.
    pub(crate) up: &'static str,
}

/// A list, narrowed.
pub(crate) struct List<'a> {
    pub(crate) texts: &'static Texts,
    /// What the statements begin with.
    pub(crate) of: Vec<Value<'a>>,
    /// The filter's parameters.
    pub(crate) filter: Vec<Value<'a>>,
    /// The least place.
    pub(crate) from: Place,
    /// The first place that is not in it.
    pub(crate) to: Place,
    /// The most rows that are looked at.
    pub(crate) rows_max: u32,
}

/// The whole of a list.
pub(crate) const WHOLE: (Place, Place) = (Place::START, Place::END);

/// What was found.
pub(crate) struct Looked<S> {
    /// In the order in which it was looked for.
    pub(crate) found: Vec<(Place, S)>,
    /// Where looking ended before the list did: whoever goes on from there misses nothing.
    pub(crate) looked_to: Option<Place>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Down,
    Up,
}

impl List<'_> {
    /// The newest that pass the filter, so many at most. `read` answers `None` for what it does not want.
    pub(crate) async fn newest<T: Tx, S>(
        &self,
        tx: &mut T,
        wanted: u32,
        read: impl Fn(&Row) -> Result<Option<(Place, S)>, StoreError>,
    ) -> Result<Looked<S>, StoreError> {
        self.look(tx, (self.from, self.to), Way::Down, wanted, read).await
    }

    /// The rows of a page and one more, where there is one.
    pub(crate) async fn turn<T: Tx, S>(
        &self,
        tx: &mut T,
        turn: Turn,
        limit: u32,
        wanted: u32,
        read: impl Fn(&Row) -> Result<Option<(Place, S)>, StoreError>,
    ) -> Result<Page<(Place, S)>, StoreError> {
        let (way, bounds) = match turn {
            Turn::First => (Way::Down, (self.from, self.to)),
            Turn::Older(place) => (Way::Down, (self.from, self.to.min(place))),
            Turn::Newer(place) => (Way::Up, (self.from.max(place), self.to)),
        };
        let looked = self.look(tx, bounds, way, wanted, read).await?;
        Ok(page(looked, turn, limit))
    }

    /// `wanted` is a bound on the rows that are read, of which `read` may leave out some.
    async fn look<T: Tx, S>(
        &self,
        tx: &mut T,
        (mut from, mut to): (Place, Place),
        way: Way,
        wanted: u32,
        read: impl Fn(&Row) -> Result<Option<(Place, S)>, StoreError>,
    ) -> Result<Looked<S>, StoreError> {
        let looked_to = self.reach(tx, (from, to), way).await?.map(|last| match way {
            Way::Down => {
                from = last;
                last
            }
            Way::Up => {
                to = last.next();
                to
            }
        });
        let mut params = self.of.clone();
        self.bounds(&mut params, &from, &to);
        params.extend(&self.filter);
        params.push(wanted.into());
        let rows = tx.rows(if way == Way::Down { self.texts.down } else { self.texts.up }, &params).await?;
        let found = rows.iter().filter_map(|row| read(row).transpose()).collect::<Result<_, _>>()?;
        Ok(Looked { found, looked_to })
    }

    /// The last row that may be looked at, where there are so many.
    async fn reach<T: Tx>(
        &self,
        tx: &mut T,
        (from, to): (Place, Place),
        way: Way,
    ) -> Result<Option<Place>, StoreError> {
        let mut params = self.of.clone();
        self.bounds(&mut params, &from, &to);
        params.push(self.rows_max.saturating_sub(1).into());
        let text = if way == Way::Down { self.texts.reach_down } else { self.texts.reach_up };
        let rows = tx.rows(text, &params).await?;
        let place = |row: &Row| Ok(Place { micros: row.int(0)?, id: row.id16(1)? });
        rows.first().map(place).transpose()
    }

    fn bounds<'p>(&self, params: &mut Vec<Value<'p>>, from: &'p Place, to: &'p Place) {
        for place in [from, to] {
            if self.texts.by_time {
                params.push(place.micros.into());
            }
            params.push((&place.id).into());
        }
    }
}

/// The page of what was looked at: one more than `limit` tells that there is another page.
pub(crate) fn page<S>(looked: Looked<S>, turn: Turn, limit: u32) -> Page<(Place, S)> {
    let Looked { found: mut items, looked_to } = looked;
    let is_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let first_looked = items.first().map(|(place, _)| *place);
    let last_looked = items.last().map(|(place, _)| *place);
    let (newer, older) = match turn {
        Turn::First => (None, if is_more { last_looked } else { looked_to }),
        Turn::Older(place) => {
            let newer = first_looked.map_or(place, Place::next);
            (Some(newer), if is_more { last_looked } else { looked_to })
        }
        Turn::Newer(place) => {
            let newer = if is_more { last_looked.map(Place::next) } else { looked_to };
            items.reverse();
            (newer, Some(first_looked.unwrap_or(place)))
        }
    };
    Page { items, newer, older, count: None }
}

/// The texts that lie in a range, in the order of bytes: at least the first, and before the second.
///
/// The texts that begin with a term end before the term with its last character raised by one; a text that nothing
/// but U+10FFFF could follow ends nowhere, which no reference is long enough for. The one text that is the term ends before
/// the term with U+0001: no reference has a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextRange {
    pub(crate) from: String,
    pub(crate) to: String,
}

impl TextRange {
    /// The term alone.
    pub(crate) fn exactly(term: &str) -> Self {
        Self { from: term.to_owned(), to: format!("{term}\u{1}") }
    }

    /// Whatever begins with the term.
    pub(crate) fn beginning(term: &str) -> Self {
        let mut to = term.to_owned();
        while let Some(last) = to.pop() {
            let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
            if let Some(next) = next {
                to.push(next);
                return Self { from: term.to_owned(), to };
            }
        }
        Self { from: term.to_owned(), to: char::MAX.to_string().repeat(64) }
    }
}

#[cfg(test)]
mod tests;
