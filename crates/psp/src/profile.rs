//! What is said of a connector to people, in the docs, at the portal and by `GET /v1/connectors`. No rule depends on it but
//! one: the credentials of an account have no fields besides those that are named here.

/// A connector in words. What the program acts on is in its capabilities and its recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The PSP's name as it writes it.
    pub title: &'static str,
    /// The fields of an account's credentials, in the order in which people are asked for them.
    pub credentials: &'static [CredentialField],
    /// The ways of paying whose refunds go through it.
    pub methods: &'static [Method],
    /// What makes a repeated request one request, and for how long; or that nothing does.
    pub idempotency: &'static str,
    /// How a refund is asked about; or why it cannot be.
    pub status_query: &'static str,
    /// What the PSP tells by itself, how that proves itself, and whether the PSP is asked before it counts.
    pub notification: &'static str,
}

/// A field of an account's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialField {
    /// Its name.
    pub name: &'static str,
    /// Every account has it. Others may be needed too, by what stands in the rest.
    pub is_needed: bool,
    /// It has several lines, as PEM has.
    pub has_lines: bool,
}

impl CredentialField {
    /// One that every account has.
    pub(crate) const fn needed(name: &'static str) -> Self {
        Self { name, is_needed: true, has_lines: false }
    }

    /// One that may be left out.
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self { name, is_needed: false, has_lines: false }
    }

    /// One of several lines that may be left out.
    pub(crate) const fn optional_lines(name: &'static str) -> Self {
        Self { name, is_needed: false, has_lines: true }
    }
}

/// A way of paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name, as in a payment's `payment_method` or `channel`.
    pub name: &'static str,
    /// The best proof that refunds of it work as they are done here.
    pub proven_by: ProvenBy,
    /// How far the proof goes, where it does not cover all that is said of the method.
    pub note: Option<&'static str>,
}

impl Method {
    /// One whose proof does not cover everything.
    pub(crate) const fn noted(name: &'static str, proven_by: ProvenBy, note: &'static str) -> Self {
        Self { name, proven_by, note: Some(note) }
    }
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
