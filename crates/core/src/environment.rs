//! The two worlds of a merchant.

/// Payments, PSP accounts and endpoints belong to exactly one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Play money: a PSP's test system.
    Sandbox,
    /// Real money.
    Live,
}

impl Environment {
    /// The name on the wire and in the store: `sandbox` or `live` (PortOne's `environment`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sandbox" => Some(Self::Sandbox),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
