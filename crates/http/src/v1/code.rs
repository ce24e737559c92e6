//! The table of everything that can be wrong with a request: the one source of answers, of their documentation, and of
//! the pages that `type` points to.
//!
//! A code never changes its meaning and never goes away; a new kind of problem gets a new code.

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The code.
    pub(crate) code: Code,
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// The HTTP status it comes with.
    pub(crate) status: u16,
    /// What is wrong, in a few words: the same for each occurrence (RFC 9457, `title`).
    pub(crate) title: &'static str,
    /// What it means and what to do, for the caller's developer.
    pub(crate) help: &'static str,
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $status:literal, $title:literal, $help:literal;)*) => {
        /// What is wrong, for programs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code {
            $(#[doc = $title] $variant,)*
        }

        /// The table, in the order in which it is documented.
        pub(crate) const TABLE: &[Entry] =
            &[$(Entry { code: Code::$variant, name: $name, status: $status, title: $title, help: $help },)*];
    };
}

codes! {
    Unauthorized, "unauthorized", 401, "No good API key",
        "Send the key as `Authorization: Bearer rk_…`. It may be mistyped, revoked, or of another server.";
    NotFound, "not_found", 404, "There is no such thing",
        "The address or the id names nothing that this key can see: it may be mistyped, another merchant's, or of the \
         other environment. These cases are not told apart.";
    MethodNotAllowed, "method_not_allowed", 405, "The address takes other methods",
        "The header `Allow` names them.";
    Malformed, "malformed", 400, "The request cannot be read",
        "The body is not JSON, is not an object, has a field twice, or broke off.";
    Invalid, "invalid", 422, "A field is not as it must be",
        "`field` names the field, the detail says what it must be. The same request never succeeds.";
    BodyTooLarge, "body_too_large", 413, "The body is too long",
        "A body has at most 64 KiB.";
    Conflict, "conflict", 409, "It contradicts what is there",
        "Something with this identity is there with other content, or is no longer in a state that allows this. \
         Read it and decide anew.";
    Busy, "busy", 503, "The server is busy",
        "Come back after `Retry-After` seconds. Repeating the request is safe.";
    Internal, "internal", 500, "Something is wrong here",
        "The operator finds it in the log by the request id. Repeating the request is safe.";
}

impl Code {
    /// Its row.
    pub(crate) fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_one_row_and_a_name_of_its_own() {
        for (index, entry) in TABLE.iter().enumerate() {
            assert_eq!((entry.code as usize, entry.code.entry()), (index, entry));
            assert!(
                entry.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
                "{}",
                entry.name
            );
            assert!((400..600).contains(&entry.status), "{}", entry.name);
        }
        let names: BTreeSet<_> = TABLE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    /// Callers' programs depend on these: a line that changes or goes away breaks them.
    #[test]
    fn what_was_published_stays() {
        let published: Vec<String> =
            TABLE.iter().map(|entry| format!("{} {}", entry.status, entry.name)).collect();
        assert_eq!(
            published.join("\n"),
            "401 unauthorized\n404 not_found\n405 method_not_allowed\n400 malformed\n422 invalid\n413 body_too_large\n\
             409 conflict\n503 busy\n500 internal"
        );
    }
}
