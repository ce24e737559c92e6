//! What is said of a connector to people, in the docs and by `GET /v1/connectors`. No rule depends on it.

/// A connector in words. What the program acts on is in its capabilities and its recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The PSP's name as it writes it.
    pub title: &'static str,
    /// The ways of paying whose refunds go through it.
    pub methods: &'static [Method],
    /// What makes a repeated request one request, and for how long; or that nothing does.
    pub idempotency: &'static str,
    /// How a refund is asked about; or why it cannot be.
    pub status_query: &'static str,
    /// What the PSP tells by itself, how that proves itself, and whether the PSP is asked before it counts.
    pub notification: &'static str,
}

/// A way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name, as in a payment's `payment_method` or `channel`.
    pub name: &'static str,
    /// The best proof that refunds of it work as they are done here.
    pub proven_by: ProvenBy,
}

/// What a connector was held against, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProvenBy {
    /// Vectors that the PSP publishes, reproduced.
    OfficialVectors,
    /// The PSP's machine-readable description, checked by somebody else's validator.
    OfficialDescription,
    /// A program of others that plays the PSP, or the PSP's own library.
    OthersProgram,
    /// The PSP's documents only.
    DocumentsOnly,
    /// The code of third parties only: the PSP publishes nothing.
    ThirdPartyCodeOnly,
}

impl ProvenBy {
    /// In the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfficialVectors => "official_vectors",
            Self::OfficialDescription => "official_description",
            Self::OthersProgram => "others_program",
            Self::DocumentsOnly => "documents_only",
            Self::ThirdPartyCodeOnly => "third_party_code_only",
        }
    }
}
