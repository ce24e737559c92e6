//! What must hold in every state, and what must be reached in some.

use crate::bridge::balance;
use crate::kind::Kind;
use crate::redress::{AMOUNT, Redress};
use crate::state::{Booked, Broken, Record, Row, Said, Status, World};
use redress_core::case::CaseKind;
use redress_core::state::{Share, StateName};
use stateright::Property;

/// Never more back than was captured.
pub const LEDGER: &str = "the PSP's ledger never passes what was captured";
/// Never two effects for one refund.
pub const ONE_EFFECT: &str = "a refund has one effect at most";
/// Never two effects for one request, however often it is repeated.
pub const ONE_REQUEST: &str = "a request has one effect at most";
/// Success is true.
pub const SUCCEEDED: &str = "what is called succeeded happened";
/// Failure is true, and stays so.
pub const FAILED: &str = "what the program calls failed did not happen";
/// Nothing is given free that could still be used at the PSP.
pub const RELEASED: &str = "an amount is released only on proof or by a person";
/// The balance is what the refunds say.
pub const BOOKS: &str = "refunded, reserved and blocked are the sum of the refunds, within what was captured";
/// Invariant 2.
pub const SENT_AGAIN: &str = "nothing is sent again without a key, a bound or a person";
/// Leases fence.
pub const ONE_SENDER: &str = "one refund has one sender at a time";
/// Turns.
pub const ONE_AT_A_TIME: &str =
    "of a payment whose refunds are sent one after the other, one is under way at most";
/// Look-ups by id.
pub const ASKED_BY_ID: &str = "who can be asked by its own id only is never asked without it";
/// Late truth.
pub const HEARD: &str = "the PSP's word of success is never dropped";
/// Late truth, continued.
pub const BLOCKED: &str = "a contradiction blocks as far as it reaches";
/// Late truth, taken back.
pub const CAME_BACK: &str =
    "that booked money came back is told to a person, who alone makes it refundable again";
/// Nothing goes wrong inside, and nothing open is left to nobody.
pub const ORDERLY: &str = "no step is refused, and whatever is open is looked at again";
/// Liveness: from every state, once nothing more goes wrong.
pub const ENDS: &str = "every refund ends or waits for a person";

/// All properties; which of the interesting states a model reaches depends on its PSP.
pub(crate) fn all(model: &Redress) -> Vec<Property<Redress>> {
    let mut all = vec![
        Property::always(LEDGER, |model: &Redress, world: &World| within_captured(model, world)),
        Property::always(ONE_EFFECT, |_: &Redress, world: &World| {
            each(world, |place, _| effects(world, place).count() <= 1)
        }),
        Property::always(ONE_REQUEST, |_: &Redress, world: &World| {
            let requests = world.rows.iter().filter(|row| !row.repeats).count();
            let effects = world.records.iter().filter(|record| record.status != Status::Failed).count();
            // What one refund did twice is another promise's.
            requests == world.rows.len() || effects <= requests
        }),
        Property::always(SUCCEEDED, |_: &Redress, world: &World| {
            each(world, |place, row| succeeded_is_true(world, place, row))
        }),
        Property::always(FAILED, |_: &Redress, world: &World| {
            each(world, |place, row| failed_is_true(world, place, row))
        }),
        Property::always(RELEASED, |model: &Redress, world: &World| {
            each(world, |place, row| released_is_safe(model, world, place, row))
        }),
        Property::always(BOOKS, |model: &Redress, world: &World| books_add_up(model, world)),
        Property::always(SENT_AGAIN, |_: &Redress, world: &World| !world.has_broken(Broken::SentAgain)),
        Property::always(ONE_SENDER, |_: &Redress, world: &World| !world.has_broken(Broken::TwoSenders)),
        Property::always(HEARD, |_: &Redress, world: &World| !world.has_broken(Broken::WordDropped)),
        Property::always(BLOCKED, |model: &Redress, world: &World| contradictions_block(model, world)),
        Property::always(CAME_BACK, |_: &Redress, world: &World| !world.has_broken(Broken::CameBack)),
        Property::always(ORDERLY, |_: &Redress, world: &World| !world.has_broken(Broken::Refused)),
        Property::always(ENDS, |model: &Redress, world: &World| model.ends(world)),
    ];
    if model.kind.takes_turns() {
        all.push(Property::always(ONE_AT_A_TIME, |_: &Redress, world: &World| {
            (0_u8..).zip(&world.rows).filter(|(place, row)| is_under_way(world, *place, row)).count() <= 1
        }));
    }
    if model.kind == Kind::ById {
        all.push(Property::always(ASKED_BY_ID, |_: &Redress, world: &World| {
            !world.has_broken(Broken::AskedWithoutId)
        }));
    }
    all.extend(model.reaches());
    all
}

/// It may act at the PSP, as far as anybody can know: a person who says that it is over takes that on.
fn is_under_way(world: &World, place: u8, row: &Row) -> bool {
    let on_its_way = || world.requests.iter().any(|request| request.refund == place);
    row.state.may_be_under_way() || (row.verdict.is_none() && on_its_way())
}

fn each(world: &World, holds: impl Fn(u8, &Row) -> bool) -> bool {
    (0_u8..).zip(&world.rows).all(|(place, row)| holds(place, row))
}

/// What the PSP did or may still do for a refund: what it accepted and then did not do is no effect.
fn effects(world: &World, refund: u8) -> impl Iterator<Item = &Record> {
    world.records.iter().filter(move |record| record.refund == refund && record.status != Status::Failed)
}

fn has(world: &World, refund: u8, status: Status) -> bool {
    effects(world, refund).any(|record| record.status == status)
}

/// A person who says that nothing happened while it did, or did later, gives up this promise for that refund.
fn given_up(world: &World) -> i64 {
    let wrong =
        |(place, row): (u8, &Row)| row.verdict == Some(Said::Failed) && has(world, place, Status::Done);
    AMOUNT * i64::try_from((0_u8..).zip(&world.rows).filter(|&row| wrong(row)).count()).unwrap_or(0)
}

fn within_captured(model: &Redress, world: &World) -> bool {
    let done = world.records.iter().filter(|record| record.status == Status::Done).count();
    AMOUNT * i64::try_from(done).unwrap_or(i64::MAX) <= model.captured + given_up(world)
}

fn succeeded_is_true(world: &World, place: u8, row: &Row) -> bool {
    let happened = has(world, place, Status::Done) || has(world, place, Status::Undone);
    row.state != StateName::Succeeded || happened || row.verdict == Some(Said::Succeeded)
}

fn failed_is_true(world: &World, place: u8, row: &Row) -> bool {
    let by_person = row.verdict.is_some();
    match row.state {
        StateName::Failed | StateName::Canceled => {
            by_person || !(has(world, place, Status::Done) || has(world, place, Status::Pending))
        }
        StateName::Reversed => by_person || !has(world, place, Status::Done),
        _ => true,
    }
}

/// Nothing that is released can still be used: no record, and no request that could make one.
fn released_is_safe(model: &Redress, world: &World, place: u8, row: &Row) -> bool {
    if row.share() != Share::Free || row.verdict.is_some() {
        return true;
    }
    let may_act = world
        .requests
        .iter()
        .any(|request| request.refund == place && model.known_key(world, request).is_none());
    let holds = has(world, place, Status::Done) || has(world, place, Status::Pending);
    !may_act && !holds
}

fn books_add_up(model: &Redress, world: &World) -> bool {
    let sum = |share| {
        let rows = world.rows.iter().filter(|row| row.share() == share).count();
        AMOUNT * i64::try_from(rows).unwrap_or(i64::MAX)
    };
    let books = world.books;
    let blocked = world.claims.iter().map(|claim| claim.blocked).sum::<i64>();
    balance(model.captured, books).check().is_ok()
        && books.blocked == blocked
        && (books.refunded - books.booked, books.reserved) == (sum(Share::Refunded), sum(Share::Reserved))
}

/// Money may have left unasked, or not have come back: by what kind of case it is, not by what core said that it wants to
/// block. A reversal blocks what was booked before.
fn contradictions_block(model: &Redress, world: &World) -> bool {
    let left_unasked = [CaseKind::LateSuccess, CaseKind::ForeignRefund];
    let open = |row: &Row| left_unasked.into_iter().filter(|kind| row.has_case(*kind)).count();
    let cases = world.rows.iter().map(open).sum::<usize>() + taken_back(world);
    let wanted = AMOUNT * i64::try_from(cases).unwrap_or(i64::MAX);
    world.books.blocked >= wanted || balance(model.captured, world.books).remaining() == 0
}

/// How many cases hold what a person had booked as gone and the PSP took back.
fn taken_back(world: &World) -> usize {
    world.claims.iter().filter(|claim| claim.kind == CaseKind::Reversed).count()
}

impl Redress {
    fn reaches(&self) -> Vec<Property<Self>> {
        let mut reached = vec![
            Property::sometimes("a refund succeeds", |_: &Redress, world: &World| {
                any(world, |_, row| row.state == StateName::Succeeded)
            }),
            Property::sometimes("a refund fails", |_: &Redress, world: &World| {
                any(world, |_, row| row.state == StateName::Failed && row.verdict.is_none())
            }),
            Property::sometimes("a person is called", |_: &Redress, world: &World| {
                any(world, |_, row| row.person_called)
            }),
        ];
        let bounds = self.bounds;
        if i64::from(bounds.refunds) * AMOUNT > self.captured {
            let name = "a request for more than is left is refused";
            reached.push(Property::sometimes(name, |model: &Redress, world: &World| {
                let another = world.rows.len() < usize::from(world.left.refunds);
                another && !world.closed && model.granted(world).is_none()
            }));
        }
        if bounds.usable().verdicts > 0 {
            reached.push(Property::sometimes("a person closes a case", |_: &Redress, world: &World| {
                any(world, |_, row| row.verdict.is_some() && row.state.is_final())
            }));
            reached.push(Property::sometimes(
                "what a person called failed turns out done, and is a case",
                |_: &Redress, world: &World| {
                    any(world, |_, row| {
                        row.verdict == Some(Said::Failed) && row.has_case(CaseKind::LateSuccess)
                    })
                },
            ));
        }
        if bounds.usable().verdicts.min(bounds.troubles) > 1 {
            reached.push(Property::sometimes(
                "a person closes the case of what is gone, and it counts as refunded",
                |_: &Redress, world: &World| world.books.booked > 0,
            ));
        }
        // A list that shows no reference tells of no failure whose refund it is.
        let tells_of_failures = self.kind != Kind::BareList && bounds.notices > 0;
        let usable = bounds.usable();
        if usable.verdicts > 1 && usable.reversals > 0 && bounds.troubles > 2 && tells_of_failures {
            reached.push(Property::sometimes(
                "what a person booked as gone comes back, and is before a person",
                |_: &Redress, world: &World| taken_back(world) > 0,
            ));
        }
        if usable.verdicts > 2 && usable.reversals > 0 && bounds.troubles > 3 && tells_of_failures {
            reached.push(Property::sometimes(
                "a person books once more what came back",
                |_: &Redress, world: &World| any(world, |_, row| row.booked == Booked::Again),
            ));
        }
        if bounds.usable().reversals > 0 {
            reached.push(Property::sometimes(
                "what had succeeded is undone",
                |_: &Redress, world: &World| {
                    any(world, |_, row| row.state == StateName::Reversed || row.has_case(CaseKind::Mismatch))
                },
            ));
        }
        // By its own id only what was once told can be asked about: that it is unknown then takes a trouble.
        let may_be_asked = self.kind != Kind::ById || bounds.usable().silences > 0;
        if self.kind.can_be_asked() && self.kind.list_shows_reference() && may_be_asked {
            reached.push(Property::sometimes("a look-up ends not knowing", |_: &Redress, world: &World| {
                any(world, |_, row| row.state == StateName::Succeeded && row.queries > 0)
            }));
        }
        if self.kind.takes_turns()
            && i64::from(bounds.refunds) * AMOUNT <= self.captured
            && bounds.refunds > 1
        {
            reached.push(Property::sometimes(
                "one waits for the other's turn",
                |_: &Redress, world: &World| {
                    any(world, |place, row| {
                        row.state == StateName::Queued && world.turn.is_some_and(|turn| turn != place)
                    })
                },
            ));
            reached.push(Property::sometimes("both have their turn", |_: &Redress, world: &World| {
                world.rows.len() > 1
                    && each(world, |_, row| row.state == StateName::Succeeded && row.sends > 0)
            }));
        }
        if self.kind.may_send_again() && bounds.sends > 1 {
            reached.push(Property::sometimes(
                "it is sent again, with one effect",
                |_: &Redress, world: &World| {
                    any(world, |place, row| {
                        row.state == StateName::Succeeded
                            && row.sends > 1
                            && effects(world, place).count() == 1
                    })
                },
            ));
        }
        reached
    }
}

fn any(world: &World, holds: impl Fn(u8, &Row) -> bool) -> bool {
    (0_u8..).zip(&world.rows).any(|(place, row)| holds(place, row))
}
