//! The settings file: what is taken is taken again, and nothing unknown ever is.

use redress::probe::settings;

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let read = settings(text);
    assert_eq!(settings(text), read);
    if read.is_ok() {
        let more = format!("{text}\n[no_such_section]\nkey = 1\n");
        assert!(settings(&more).is_err(), "{more}");
    }
}
