//! What is said of a connector to people, in the docs, at the portal and by `GET /v1/connectors`. No rule depends on it but
//! two: the credentials of an account have no fields besides those that are named here, and those that name the contract
//! stay as they are once a refund of the account took effect under it, or may have, and say under which one is asked about.

use crate::account::Credentials;

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

impl Profile {
    /// The first field by which two credentials name two contracts at the PSP. What one of them leaves out names none.
    pub fn other_contract(&self, one: &Credentials, other: &Credentials) -> Option<&'static str> {
        self.contract_fields().find(|name| match (one.get(name), other.get(name)) {
            (Some(one), Some(other)) => one != other,
            _ => false,
        })
    }

    /// Whether two credentials are known to be of one contract: they name the same, or, where nothing names it, all that
    /// every account has is the same. Two keys of one contract that nothing names are not known to be.
    pub fn is_same_contract(&self, one: &Credentials, other: &Credentials) -> bool {
        let is_equal = |name: &str| one.get(name).is_some() && one.get(name) == other.get(name);
        let mut needed = self.credentials.iter().filter(|field| field.is_needed);
        self.other_contract(one, other).is_none()
            && (self.contract_fields().any(is_equal) || needed.all(|field| is_equal(field.name)))
    }

    fn contract_fields(&self) -> impl Iterator<Item = &'static str> {
        self.credentials.iter().filter(|field| field.kind == FieldKind::Contract).map(|field| field.name)
    }
}

/// What a field of an account's credentials says; each connector decides it of each of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Who the account is at the PSP: with another value it is another contract, whose payments and refunds are others. What
    /// was sent under the one is not found under the other, and what is told of it looks like a stranger's.
    Contract,
    /// What proves us to the PSP, or the PSP to us: replaced while the contract stays.
    Proof,
    /// How the PSP is spoken to under the contract.
    Manner,
}

/// A field of an account's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialField {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub kind: FieldKind,
    /// Every account has it. Others may be needed too, by what stands in the rest.
    pub is_needed: bool,
    /// It has several lines, as PEM has.
    pub has_lines: bool,
}

impl CredentialField {
    /// One that every account has.
    pub(crate) const fn needed(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, is_needed: true, has_lines: false }
    }

    /// One that may be left out.
    pub(crate) const fn optional(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, is_needed: false, has_lines: false }
    }

    /// One of several lines that may be left out.
    pub(crate) const fn optional_lines(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, is_needed: false, has_lines: true }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::by_name;

    fn profile(psp: &str) -> &'static Profile {
        by_name(psp).expect("a connector").profile()
    }

    fn credentials(pairs: &[(&str, &str)]) -> Credentials {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn another_contract_is_told_by_what_names_it_and_by_nothing_else() {
        let mpgs = |id, password, version| {
            credentials(&[("merchant_id", id), ("password", password), ("api_version", version)])
        };
        let of_mpgs = profile("mpgs");
        let one = mpgs("SHOP01", "old", "100");
        assert_eq!(of_mpgs.other_contract(&one, &mpgs("SHOP01", "new", "99")), None);
        assert_eq!(of_mpgs.other_contract(&one, &mpgs("SHOP02", "old", "100")), Some("merchant_id"));

        let app = |more: &[(&str, &str)]| {
            credentials(&[&[("client_id", "app"), ("client_secret", "hush")][..], more].concat())
        };
        let of_paypal = profile("paypal");
        let (nobody, one, two) =
            (app(&[]), app(&[("merchant_id", "MERCHANT22222")]), app(&[("merchant_id", "MERCHANT33333")]));
        assert_eq!(of_paypal.other_contract(&one, &two), Some("merchant_id"));
        for (old, new) in [(&nobody, &one), (&one, &nobody), (&one, &one)] {
            assert_eq!(of_paypal.other_contract(old, new), None, "what is left out names none");
        }
        let tap = |key| credentials(&[("secret_key", key)]);
        assert_eq!(profile("tap").other_contract(&tap("sk_test_1"), &tap("sk_test_2")), None);
    }

    #[test]
    fn one_contract_is_known_by_its_name_or_where_it_has_none_by_its_keys() {
        let entity = |token, id| credentials(&[("access_token", token), ("entity_id", id)]);
        let of_oppwa = profile("oppwa");
        assert!(of_oppwa.is_same_contract(&entity("a", "8ac7"), &entity("b", "8ac7")));
        assert!(!of_oppwa.is_same_contract(&entity("a", "8ac7"), &entity("a", "8ac8")));
        let tap = |key| credentials(&[("secret_key", key)]);
        assert!(profile("tap").is_same_contract(&tap("sk_test_1"), &tap("sk_test_1")));
        assert!(!profile("tap").is_same_contract(&tap("sk_test_1"), &tap("sk_test_2")));
        let app = |id, merchant| {
            credentials(&[("client_id", id), ("client_secret", "hush"), ("merchant_id", merchant)])
        };
        let of_paypal = profile("paypal");
        assert!(of_paypal.is_same_contract(&app("one", "MERCHANT22222"), &app("two", "MERCHANT22222")));
        assert!(of_paypal.is_same_contract(&app("one", ""), &app("one", "MERCHANT22222")));
        assert!(!of_paypal.is_same_contract(&app("one", "MERCHANT22222"), &app("one", "MERCHANT33333")));
        assert!(!of_paypal.is_same_contract(&app("one", ""), &app("two", "")), "an empty name is none");
    }
}
