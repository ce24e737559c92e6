//! A PSP's keys, as they are stored and as nothing shows them.

use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// A PSP's keys by name. Printing shows names only.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, SecretString>);

impl Credentials {
    /// Reads a JSON object of texts.
    ///
    /// # Errors
    /// [`AccountConfigError::NotAnObject`] for anything else. The error never quotes the input.
    pub fn from_json(json: &[u8]) -> Result<Self, AccountConfigError> {
        let map: BTreeMap<String, String> =
            serde_json::from_slice(json).map_err(|_| AccountConfigError::NotAnObject)?;
        Ok(map.into_iter().collect())
    }

    /// The JSON object that [`Credentials::from_json`] reads, in the order of the names.
    pub fn to_json(&self) -> SecretString {
        let map: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        serde_json::to_string(&map).expect("texts are JSON").into()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One value; `None` where it is missing or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret).filter(|value| !value.is_empty())
    }

    /// Whether they are these: the same names with the same values.
    pub(crate) fn are(&self, others: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&others.0);
        self.0.len() == others.0.len()
            && pairs.all(|(ours, theirs)| {
                ours.0 == theirs.0 && ours.1.expose_secret() == theirs.1.expose_secret()
            })
    }

    /// One value that must be there.
    ///
    /// # Errors
    /// [`AccountConfigError::Missing`] where it is missing or empty.
    pub fn need(&self, name: &'static str) -> Result<&str, AccountConfigError> {
        self.get(name).ok_or(AccountConfigError::Missing(name))
    }
}

impl FromIterator<(String, String)> for Credentials {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Why an account cannot be used. It never shows a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountConfigError {
    /// The credentials are no JSON object of texts.
    #[error("the credentials must be a JSON object whose values are texts")]
    NotAnObject,
    /// A field that must be there is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field is there and cannot be right.
    #[error("{field} {problem}")]
    Malformed {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field that this PSP does not have: probably a slip of the pen.
    #[error("{0:?} is no field of this PSP's credentials")]
    Unexpected(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_back_and_never_shown() {
        let json = br#"{"secret_key":"hush","access_key":"hush hush","empty":""}"#;
        let credentials = Credentials::from_json(json).unwrap();
        assert_eq!(credentials.get("secret_key"), Some("hush"));
        assert_eq!(credentials.need("empty"), Err(AccountConfigError::Missing("empty")));
        let again = Credentials::from_json(credentials.to_json().expose_secret().as_bytes()).unwrap();
        assert_eq!(again.get("access_key"), Some("hush hush"));
        assert_eq!(format!("{credentials:?}"), r#"{"access_key", "empty", "secret_key"}"#);
        for wrong in [&b"[]"[..], b"hush", br#"{"secret_key":1}"#] {
            let error = Credentials::from_json(wrong).unwrap_err();
            assert_eq!(error, AccountConfigError::NotAnObject);
            assert!(!error.to_string().contains("hush"));
        }
    }
}
