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
    /// So many notifications of the PSP are under way at once, at most; the others are lost.
    pub notices: u8,
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
        notices: u8::MAX,
    };

    /// For one refund alone: any two troubles, also two of a kind.
    pub const TWO: Self = Self {
        troubles: 2,
        refunds: 1,
        crashes: 2,
        copies: 2,
        silences: 2,
        unsent: 2,
        verdicts: 2,
        reversals: 2,
        cancels: 2,
        forgeries: 2,
        closings: 2,
        ..Self::NONE
    };

    /// For two refunds that want the same money: any one trouble, and more where the kind's states are few enough for a
    /// test.
    pub const fn contention(kind: Kind) -> Self {
        let (troubles, sends) = match kind {
            Kind::Blind | Kind::OneAtATime => (2, 2),
            Kind::KeyOnly | Kind::ById => (1, 2),
            Kind::KeyAndQuery | Kind::List | Kind::BareList | Kind::Bounded => (1, 1),
        };
        Self { troubles, refunds: 2, sends, ..Self::TWO }
    }

    /// For two refunds that are under way at once: their states multiply, so little may go wrong besides.
    pub const fn in_flight(kind: Kind) -> Self {
        let (troubles, sends, notices) = match kind {
            Kind::Blind => (1, 2, u8::MAX),
            Kind::OneAtATime => (2, 2, u8::MAX),
            Kind::KeyOnly => (1, 1, u8::MAX),
            Kind::KeyAndQuery | Kind::ById | Kind::List | Kind::BareList => (0, 1, u8::MAX),
            // It believes no notification, and looks as often as it wants to without them.
            Kind::Bounded => (0, 1, 0),
        };
        Self { troubles, refunds: 2, sends, notices, ..Self::TWO }
    }

    /// For what comes back though a person had booked it as gone: that takes three troubles at least, so that these may be
    /// four, of three kinds alone. Where the kind's states are few enough another refund wants the money too.
    pub const fn booked(kind: Kind) -> Self {
        let refunds = match kind {
            Kind::Blind | Kind::OneAtATime => 2,
            Kind::KeyAndQuery | Kind::KeyOnly | Kind::ById | Kind::List | Kind::BareList | Kind::Bounded => 1,
        };
        Self { troubles: 4, verdicts: 3, reversals: 1, copies: 1, refunds, sends: 1, ..Self::NONE }
    }

    /// The names on the command line.
    pub const NAMES: [&str; 14] = [
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
        "notices",
    ];

    /// Whether a name on the command line is that of one kind of trouble.
    pub fn is_trouble(name: &str) -> bool {
        !matches!(name, "troubles" | "refunds" | "sends" | "queries" | "notices")
            && Self::NAMES.contains(&name)
    }

    /// What is left after one trouble more.
    pub(crate) const fn spent(self) -> Self {
        Self { troubles: self.troubles - 1, ..self }.usable()
    }

    /// What can be used of it: of each kind of trouble no more than of all together, so that what went wrong before does
    /// not tell states apart in which the same may still go wrong.
    pub(crate) const fn usable(self) -> Self {
        const fn least(one: u8, other: u8) -> u8 {
            if one < other { one } else { other }
        }
        let most = self.troubles;
        Self {
            crashes: least(self.crashes, most),
            copies: least(self.copies, most),
            silences: least(self.silences, most),
            unsent: least(self.unsent, most),
            verdicts: least(self.verdicts, most),
            reversals: least(self.reversals, most),
            cancels: least(self.cancels, most),
            forgeries: least(self.forgeries, most),
            closings: least(self.closings, most),
            ..self
        }
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
            "notices" => &mut self.notices,
            _ => return None,
        })
    }
}
