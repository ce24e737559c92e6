//! Cases and what they block of the payment, opened and closed as the store's operations do it. How much a case wants to
//! block is core's word; how much it can, core's balance says.

use crate::bridge::{balance, keep, refund};
use crate::guards::Without;
use crate::redress::{AMOUNT, Redress};
use crate::state::{Booked, Claim, World, case_bit};
use redress_core::case::{CaseKind, NewCase};
use redress_core::settle::case_closed;

impl Redress {
    /// Opens a case, or finds it open: then it may want more than before.
    pub(crate) fn open_case(&self, world: &mut World, place: u8, case: &NewCase) {
        let wanted = if self.lacks(Without::Block) { 0 } else { case.block_minor };
        if case.kind == CaseKind::LateSuccess && wanted > 0 && self.is_held(world, place, wanted) {
            return;
        }
        world.rows[usize::from(place)].cases |= case_bit(case.kind);
        if wanted <= 0 {
            return;
        }
        let same = |claim: &&mut Claim| (claim.refund, claim.kind) == (place, case.kind);
        match world.claims.iter_mut().find(same) {
            Some(claim) => claim.wanted = claim.wanted.max(wanted),
            None => world.claims.push(Claim { refund: place, kind: case.kind, wanted, blocked: 0 }),
        }
        self.reach(world);
    }

    /// Whether a refund's own money, of which the PSP says that it left, is before a person already as what came back, or
    /// was booked: it can leave without the books once.
    fn is_held(&self, world: &mut World, place: u8, wanted: i64) -> bool {
        let came_back = |claim: &&mut Claim| (claim.refund, claim.kind) == (place, CaseKind::Reversed);
        if let Some(claim) = world.claims.iter_mut().find(came_back) {
            claim.wanted = claim.wanted.max(wanted);
            self.reach(world);
            return true;
        }
        let row = &world.rows[usize::from(place)];
        row.booked != Booked::Nothing && !row.has_case(CaseKind::LateSuccess)
    }

    /// What was booked as gone of a refund's own money came back, as the PSP says: the open case that tells of it blocks it.
    pub(crate) fn take_back(&self, world: &mut World, place: u8) {
        let row = &mut world.rows[usize::from(place)];
        row.booked = Booked::Nothing;
        world.books.refunded -= AMOUNT;
        world.books.booked -= AMOUNT;
        if self.lacks(Without::TakenBackBlocks) {
            return;
        }
        world.books.blocked += AMOUNT;
        let kind = CaseKind::Reversed;
        world.claims.push(Claim { refund: place, kind, wanted: AMOUNT, blocked: AMOUNT });
    }

    /// Blocks what open cases want and could not have until now, oldest first, as far as it reaches.
    pub(crate) fn reach(&self, world: &mut World) {
        for claim in &mut world.claims {
            let reached = balance(self.captured, world.books).blocking(claim.wanted - claim.blocked);
            claim.blocked += reached.blocked - world.books.blocked;
            world.books.blocked = reached.blocked;
        }
    }

    /// A case is over: what it blocked is refundable again, or counts as refunded.
    pub(crate) fn end_case(&self, world: &mut World, place: u8, kind: CaseKind, booked: bool) {
        world.rows[usize::from(place)].cases &= !case_bit(kind);
        let its = |claim: &Claim| (claim.refund, claim.kind) == (place, kind);
        let Some(claim) = world.claims.iter().position(its) else { return };
        let Claim { blocked, .. } = world.claims.remove(claim);
        world.books.blocked -= blocked;
        if booked {
            world.books.refunded += blocked;
            world.books.booked += blocked;
            let row = &mut world.rows[usize::from(place)];
            row.booked = match kind {
                CaseKind::LateSuccess => Booked::Once,
                CaseKind::Reversed => Booked::Again,
                // What left besides is no money of the refund's own.
                _ => row.booked,
            };
        } else {
            self.reach(world);
        }
    }

    /// A person closes a case.
    pub(crate) fn close_case(&self, world: &mut World, place: u8, kind: CaseKind, booked: bool) {
        self.end_case(world, place, kind, booked);
        if self.lacks(Without::CalledAgain) {
            return;
        }
        let row = &mut world.rows[usize::from(place)];
        let after = case_closed(refund(self, place, row));
        keep(self, row, &after);
    }
}
