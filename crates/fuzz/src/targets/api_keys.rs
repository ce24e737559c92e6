//! API keys: what is read is the whole text, and no other text has its hash.

use redress_engine::api_key::ApiKey;
use secrecy::ExposeSecret;

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(key) = ApiKey::parse(text) else { return };
    assert_eq!(key.secret().expose_secret(), text);
    assert!(text.starts_with(key.public_part()) && key.public_part().len() < text.len());
    assert!(!format!("{key:?}").contains(text), "a key is shown");
    assert!(ApiKey::parse(&text[..text.len() - 1]).is_err());
    assert!(ApiKey::parse(&format!("{text}A")).is_err());
    let last = if text.ends_with('A') { 'B' } else { 'A' };
    let other = ApiKey::parse(&format!("{}{last}", &text[..text.len() - 1])).expect("as well formed");
    assert!(key.hash().is_of(&key) && !key.hash().is_of(&other));
}
