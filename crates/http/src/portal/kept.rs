//! What was typed in a form that cannot be taken yet, because its page or the last code is too old: it is kept, so that
//! nobody types it twice. It travels in hidden fields and is stored nowhere; secrets do not come along.

use super::form::Form;
use super::gate::is_ours;

/// Parts of the names of fields that are secrets and all that their forms are about: such a form is not kept.
const SECRETS: [&str; 2] = ["password", "code"];

/// A part of the names of fields that are secrets among others: they are left out of what is kept.
const LEFT_OUT_PART: &str = "credential";

/// The field which says that a secret was typed and left out, so that nothing is saved without it.
pub(super) const LEFT_OUT: &str = "secrets_left_out";

/// The field with the address of a kept form, and what stands before the names of its own fields.
const TO: &str = "kept_to";
const MARK: &str = "kept-";

/// A form that is to be sent once more.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Where to.
    pub(super) to: String,
    /// All but its proof, as they were typed.
    pub(super) fields: Vec<(String, String)>,
}

impl Kept {
    /// Keeps a form that was sent to an address; `None` where it is about a secret.
    pub(super) fn of(to: &str, form: &Form) -> Option<Self> {
        let mut fields = Vec::new();
        let mut lacks = false;
        for (name, typed) in form.all() {
            // First: a credential may be called a code or a password, and its form is about more than that.
            if name == LEFT_OUT || name.contains(LEFT_OUT_PART) {
                lacks |= !typed.trim().is_empty();
            } else if SECRETS.iter().any(|part| name.contains(part)) {
                return None;
            } else {
                fields.push((name.to_owned(), typed.to_owned()));
            }
        }
        if lacks {
            fields.push((LEFT_OUT.to_owned(), "yes".to_owned()));
        }
        Some(Self { to: to.to_owned(), fields })
    }

    /// What a form brought along of another one; `None` where it brought nothing.
    pub(super) fn read(form: &Form) -> Option<Self> {
        let to = Some(form.typed(TO)).filter(|to| is_ours(to))?.to_owned();
        let own = |(name, typed): (&str, &str)| Some((name.strip_prefix(MARK)?.to_owned(), typed.to_owned()));
        Some(Self { to, fields: form.all().filter_map(own).collect() })
    }

    /// What another form brings it along in.
    pub(super) fn hidden(&self) -> Vec<(String, String)> {
        let own = self.fields.iter().map(|(name, typed)| (format!("{MARK}{name}"), typed.clone()));
        [(TO.to_owned(), self.to.clone())].into_iter().chain(own).collect()
    }

    /// Whether a secret was typed that has to be typed again.
    pub(super) fn lacks_secrets(&self) -> bool {
        self.fields.iter().any(|(name, _)| name == LEFT_OUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        Form::of(fields.iter().map(|(name, typed)| ((*name).to_owned(), (*typed).to_owned())).collect())
    }

    #[test]
    fn a_form_comes_back_as_it_was_typed_but_for_its_secrets() {
        let typed =
            [("proof", "p"), ("name", "Mai"), ("events", "a"), ("events", "b"), ("credential_key", "sk")];
        let kept = Kept::of("/portal/settings/accounts", &form(&typed)).unwrap();
        let carried: Vec<_> =
            [("code".to_owned(), "123456".to_owned())].into_iter().chain(kept.hidden()).collect();
        assert!(carried.iter().all(|(_, typed)| typed != "sk" && typed != "p"), "{carried:?}");
        let back = Kept::read(&Form::of(carried)).unwrap();
        assert_eq!((&back.to, &back.fields), (&kept.to, &kept.fields));
        let expected = [("name", "Mai"), ("events", "a"), ("events", "b"), (LEFT_OUT, "yes")];
        assert_eq!(back.fields, expected.map(|(name, typed)| (name.to_owned(), typed.to_owned())));
        assert!(back.lacks_secrets());
        let again = Kept::of(&back.to, &Form::of(back.fields.clone())).unwrap();
        assert_eq!(again.fields, back.fields, "it is lacked until it is typed");
        let blank = Kept::of("/portal/x", &form(&[("name", "Mai"), ("credential_key", " ")])).unwrap();
        assert!(!blank.lacks_secrets());
        let called = [("name", "Mai"), ("credential_partner_code", "MOMO"), ("credential_password", "hush")];
        let kept = Kept::of("/portal/x", &form(&called)).unwrap();
        assert_eq!(
            kept.fields,
            [("name", "Mai"), (LEFT_OUT, "yes")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn secrets_and_other_sites_are_not_kept() {
        for secret in ["password", "new_password", "code"] {
            assert!(Kept::of("/portal/x", &form(&[("name", "Mai"), (secret, "")])).is_none(), "{secret}");
        }
        for to in ["", "https://x.example/portal", "//x.example"] {
            assert!(Kept::read(&form(&[("kept_to", to), ("kept-name", "Mai")])).is_none(), "{to}");
        }
    }
}
