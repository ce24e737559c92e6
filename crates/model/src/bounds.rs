//! How much may go wrong in one run. Everything else is free: order, lateness, who does what.

use crate::kind::Kind;

/// What is left of each kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// A process dies, with all that it was doing.
    pub crashes: u8,
    /// A request or a notification is doubled on its way.
    pub copies: u8,
    /// An exchange is given up though the PSP may still answer.
    pub silences: u8,
    /// A request provably does not leave.
    pub unsent: u8,
    /// A person decides, or closes a case, rightly or wrongly.
    pub verdicts: u8,
    /// What the PSP had done is undone later.
    pub reversals: u8,
    /// Somebody wants to withdraw a refund.
    pub cancels: u8,
    /// Somebody forges a notification.
    pub forgeries: u8,
    /// The PSP's time for refunds ends.
    pub closings: u8,
    /// So many of all these together, at most.
    pub troubles: u8,
    /// So many refunds of the payment are accepted, at most: one or two.
    pub refunds: u8,
    /// So often one refund is sent, at most.
    pub sends: u8,
    /// So many look-ups about one refund are under way at once, at most.
    pub queries: u8,
}

impl Bounds {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        crashes: 0,
        copies: 0,
        silences: 0,
        unsent: 0,
        verdicts: 0,
        reversals: 0,
        cancels: 0,
        forgeries: 0,
        closings: 0,
        troubles: 0,
        refunds: 2,
        sends: 2,
        queries: 1,
    };

    /// For one refund alone: any two different troubles.
    pub const TWO: Self = Self {
        troubles: 2,
        refunds: 1,
        crashes: 1,
        copies: 1,
        silences: 1,
        unsent: 1,
        verdicts: 2,
        reversals: 1,
        cancels: 1,
        forgeries: 1,
        closings: 1,
        ..Self::NONE
    };

    /// For two refunds that want the same money: any one trouble and no second send, or none and a second send, as far
    /// as the kind's states are few enough for a test.
    pub const fn contention(kind: Kind) -> Self {
        let (troubles, sends) = match kind {
            Kind::Blind => (1, 2),
            Kind::KeyOnly | Kind::List | Kind::BareList => (1, 1),
            Kind::KeyAndQuery => (1, 1),
            Kind::Bounded => (0, 2),
        };
        Self { troubles, refunds: 2, sends, ..Self::TWO }
    }

    /// The names on the command line.
    pub const NAMES: [&str; 13] = [
        "crashes",
        "copies",
        "silences",
        "unsent",
        "verdicts",
        "reversals",
        "cancels",
        "forgeries",
        "closings",
        "troubles",
        "refunds",
        "sends",
        "queries",
    ];

    /// Whether a name on the command line is that of one kind of trouble.
    pub fn is_trouble(name: &str) -> bool {
        !matches!(name, "troubles" | "refunds" | "sends" | "queries") && Self::NAMES.contains(&name)
    }

    /// What is left after one trouble more.
    pub(crate) const fn spent(self) -> Self {
        Self { troubles: self.troubles - 1, ..self }.usable()
    }

    /// What can be used of it: nothing where no trouble is left at all.
    pub(crate) const fn usable(self) -> Self {
        if self.troubles > 0 {
            return self;
        }
        Self { refunds: self.refunds, sends: self.sends, queries: self.queries, ..Self::NONE }
    }

    /// The bound of a name.
    pub fn by_name(&mut self, name: &str) -> Option<&mut u8> {
        Some(match name {
            "crashes" => &mut self.crashes,
            "copies" => &mut self.copies,
            "silences" => &mut self.silences,
            "unsent" => &mut self.unsent,
            "verdicts" => &mut self.verdicts,
            "reversals" => &mut self.reversals,
            "cancels" => &mut self.cancels,
            "forgeries" => &mut self.forgeries,
            "closings" => &mut self.closings,
            "troubles" => &mut self.troubles,
            "refunds" => &mut self.refunds,
            "sends" => &mut self.sends,
            "queries" => &mut self.queries,
            _ => return None,
        })
    }
}
