//! What people may do in the portal: their roles, what can be done, and the one judgement of both.

use std::fmt;
use std::time::Duration;

use crate::money::{Amount, Currency};
use crate::time::Timestamp;

/// What moves money on a person's word, or gives others the means to, needs a second factor that was shown no longer
/// ago than this.
pub const SECOND_FACTOR_FRESH: Duration = Duration::from_secs(15 * 60);

/// What a person is to a merchant. Each role may do what the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Refunds up to a limit.
    Support,
    /// Refunds without one, imports payments, and decides what only a person can.
    Manager,
    /// Sets up keys, endpoints, PSP accounts and people.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Support, Self::Manager, Self::Admin];

    /// The name in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// See payments, refunds, notifications, cases and the overview.
    View,
    /// Take a list away as a file.
    Export,
    /// Make a refund.
    Refund {
        /// How much.
        amount: Amount,
        /// What of the payment was given back before, or is under way, in minor units.
        given_minor: i64,
    },
    /// Withdraw a refund that was not sent yet.
    CancelRefund,
    /// Ask the PSP now.
    RefreshRefund,
    /// Tell an endpoint once more.
    Resend,
    /// Mark a payment as disputed, or no longer.
    Dispute,
    /// Take in payments from a file.
    ImportPayments,
    /// Say how a refund ended of which nobody else knows, or close a case: either may release money.
    CloseCase,
    /// See how the merchant is set up; no secrets.
    SeeSettings,
    /// See who did what.
    SeeAudit,
    /// Add, change, test and revoke endpoints.
    ManageEndpoints,
    /// Make and revoke keys.
    ManageKeys,
    /// Add, change, pause and revoke PSP accounts.
    ManageAccounts,
    /// Add people, change what they may do, and disable them.
    ManageUsers,
}

impl Act {
    /// The least role that may do it.
    pub const fn least_role(&self) -> Role {
        match self {
            Self::View | Self::Export => Role::Viewer,
            Self::Refund { .. } | Self::CancelRefund | Self::RefreshRefund | Self::Resend => Role::Support,
            Self::Dispute | Self::ImportPayments | Self::CloseCase | Self::SeeSettings | Self::SeeAudit => {
                Role::Manager
            }
            Self::ManageEndpoints | Self::ManageKeys | Self::ManageAccounts | Self::ManageUsers => {
                Role::Admin
            }
        }
    }

    /// Whether it takes a second factor that was shown within [`SECOND_FACTOR_FRESH`].
    pub const fn needs_second_factor(&self) -> bool {
        matches!(
            self,
            Self::CloseCase
                | Self::ManageEndpoints
                | Self::ManageKeys
                | Self::ManageAccounts
                | Self::ManageUsers
        )
    }
}

/// Who wants to do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The person's role.
    pub role: Role,
    /// How much a [`Role::Support`] may give back of one payment.
    pub limits: RefundLimits,
    /// Somebody else chose the password: nothing may be done before the person has chosen one.
    pub password_temporary: bool,
    /// When a second factor was last shown in this session; `None` where the person has none.
    pub second_factor_at: Option<Timestamp>,
}

/// Why something may not be done. The text may be shown to whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The password was chosen by somebody else.
    #[error("choose a password of your own first")]
    PasswordTemporary,
    /// The role is too small.
    #[error("this needs the role {least}")]
    Role {
        /// The least role that may.
        least: Role,
    },
    /// The person has no limit in this currency, and so may refund nothing in it.
    #[error("you may not refund in {currency}")]
    NoLimit {
        /// The payment's.
        currency: Currency,
    },
    /// With what was given back before it is more than the limit.
    #[error("you may give back at most {limit} of one payment")]
    OverLimit {
        /// The most of one payment.
        limit: Amount,
    },
    /// The person has set up no second factor.
    #[error("set up a second factor first")]
    SecondFactorMissing,
    /// It was shown too long ago.
    #[error("enter a code of your second factor again")]
    SecondFactorOld,
}

/// Whether somebody may do something now.
///
/// # Errors
/// The first [`Why`] that applies: what the person cannot change before what the person can.
pub fn may(who: &Standing, act: &Act, now: Timestamp) -> Result<(), Why> {
    let least = act.least_role();
    if who.role < least {
        return Err(Why::Role { least });
    }
    if who.password_temporary {
        return Err(Why::PasswordTemporary);
    }
    if let Act::Refund { amount, given_minor } = act
        && who.role == Role::Support
    {
        within_limit(&who.limits, *amount, *given_minor)?;
    }
    if act.needs_second_factor() { second_factor_is_fresh(who.second_factor_at, now) } else { Ok(()) }
}

/// Whether a second factor was shown within [`SECOND_FACTOR_FRESH`].
///
/// # Errors
/// [`Why::SecondFactorMissing`] where none was, [`Why::SecondFactorOld`].
pub fn second_factor_is_fresh(shown: Option<Timestamp>, now: Timestamp) -> Result<(), Why> {
    let shown = shown.ok_or(Why::SecondFactorMissing)?;
    // A clock that was set back must not keep it fresh for ever.
    let fresh = shown <= now && now.since(shown) <= SECOND_FACTOR_FRESH;
    if fresh { Ok(()) } else { Err(Why::SecondFactorOld) }
}

/// The limit is one of a payment, not of a refund: else many small refunds would pass it.
fn within_limit(limits: &RefundLimits, amount: Amount, given_minor: i64) -> Result<(), Why> {
    let currency = amount.currency();
    let limit = limits.of(currency).ok_or(Why::NoLimit { currency })?;
    let whole = amount.minor().checked_add(given_minor.max(0));
    if whole.is_some_and(|whole| whole <= limit.minor()) { Ok(()) } else { Err(Why::OverLimit { limit }) }
}

/// How much of one payment a person may give back, in each currency. Without a limit in a currency: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefundLimits {
    /// In the order of the currencies' codes, one a currency, each more than zero.
    amounts: Vec<Amount>,
}

/// The limits cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Zero or less.
    #[error("a limit must be more than zero")]
    NotPositive,
    /// Two limits in one currency.
    #[error("{0} has two limits")]
    Twice(Currency),
}

impl RefundLimits {
    /// Nothing in any currency.
    pub const NONE: Self = Self { amounts: Vec::new() };

    /// These limits, in any order.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn new(mut amounts: Vec<Amount>) -> Result<Self, LimitsError> {
        if amounts.iter().any(|amount| amount.minor() <= 0) {
            return Err(LimitsError::NotPositive);
        }
        amounts.sort_by_key(|amount| amount.currency().code());
        let twice = amounts.windows(2).find(|pair| pair[0].currency() == pair[1].currency());
        match twice {
            Some(pair) => Err(LimitsError::Twice(pair[0].currency())),
            None => Ok(Self { amounts }),
        }
    }

    /// The limit in a currency.
    pub fn of(&self, currency: Currency) -> Option<Amount> {
        self.amounts.iter().copied().find(|amount| amount.currency() == currency)
    }

    /// All of them, in the order of the currencies' codes.
    pub fn amounts(&self) -> &[Amount] {
        &self.amounts
    }

    /// Reads what [`fmt::Display`] writes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let amount = |word: &str| {
            let (code, minor) = word.split_once(':')?;
            Some(Amount::new(minor.parse().ok()?, Currency::from_code(code).ok()?))
        };
        let amounts: Option<Vec<Amount>> = text.split_ascii_whitespace().map(amount).collect();
        Self::new(amounts?).ok()
    }
}

/// As the store keeps them, in minor units: `KWD:50000 SAR:100000`.
impl fmt::Display for RefundLimits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, amount) in self.amounts.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(formatter, "{space}{}:{}", amount.currency(), amount.minor())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
