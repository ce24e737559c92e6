use super::*;
use crate::testing::SeededRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

const SECRET: &[u8] = b"a secret of the merchant's";
const COLUMN: &str = "api_credentials.secret_sealed";

fn line(id: &str, fill: u8) -> String {
    format!("{id}:{}", STANDARD.encode([fill; 32]))
}

fn vault(lines: &[String]) -> Vault {
    Vault::parse(&lines.join("\n")).unwrap()
}

fn context(row: &[u8]) -> SealContext<'_> {
    SealContext { merchant: MerchantId::from_bytes([1; 16]), row, column: COLUMN }
}

fn seal(vault: &Vault, context: &SealContext<'_>) -> Vec<u8> {
    vault.seal(&SeededRandom::new(1), context, SECRET)
}

#[test]
fn what_is_sealed_opens_again() {
    let vault = vault(&[line("a", 1)]);
    let random = SeededRandom::new(1);
    for length in [0, 1, 64, 70_000] {
        let plaintext = vec![b'x'; length];
        let sealed = vault.seal(&random, &context(b"row"), &plaintext);
        assert_eq!(*vault.open(&context(b"row"), &sealed).unwrap(), plaintext);
    }
    let text = vault.open_text(&context(b"row"), &seal(&vault, &context(b"row"))).unwrap();
    assert_eq!(text.expose_secret().as_bytes(), SECRET);
    let no_text = vault.seal(&random, &context(b"row"), &[0xff]);
    assert_eq!(vault.open_text(&context(b"row"), &no_text).unwrap_err(), OpenError::NotText);
}

#[test]
fn the_secret_is_hidden_and_every_sealing_differs() {
    let vault = vault(&[line("a", 1)]);
    let random = SeededRandom::new(1);
    let first = vault.seal(&random, &context(b"row"), SECRET);
    let second = vault.seal(&random, &context(b"row"), SECRET);
    assert_ne!(first[3..], second[3..], "a nonce of its own");
    assert!(!first.windows(SECRET.len()).any(|window| window == SECRET));
}

#[test]
fn the_layout_on_disk_stays() {
    // If this changes, databases out there no longer open: a new layout needs a new version byte.
    let vault = vault(&[line("main-1", 1)]);
    let sealed = seal(&vault, &context(b"row"));
    assert_eq!(sealed[..8], *b"\x01\x06main-1");
    assert_eq!(sealed.len(), 8 + 24 + SECRET.len() + 16);
    let mut nonce = [0; 24];
    SeededRandom::new(1).fill(&mut nonce);
    assert_eq!(sealed[8..32], nonce);
    let aad = [
        b"\x01".as_slice(),
        b"\0\0\0\0\0\0\0\x06main-1",
        b"\0\0\0\0\0\0\0\x10",
        &[1; 16],
        b"\0\0\0\0\0\0\0\x03row",
        b"\0\0\0\0\0\0\0\x1dapi_credentials.secret_sealed",
    ]
    .concat();
    let cipher = XChaCha20Poly1305::new((&[1; 32]).into());
    let by_hand = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: SECRET, aad: &aad }).unwrap();
    assert_eq!(sealed[32..], by_hand);
}

#[test]
fn a_secret_opens_only_in_its_own_place() {
    let vault = vault(&[line("a", 1)]);
    let here = context(b"row");
    let sealed = seal(&vault, &here);
    assert!(vault.open(&here, &sealed).is_ok());
    let elsewhere = [
        SealContext { merchant: MerchantId::from_bytes([2; 16]), ..here },
        SealContext { row: b"rox", ..here },
        SealContext { row: b"", ..here },
        SealContext { column: "endpoints.secret_sealed", ..here },
        // The same bytes in a row, cut elsewhere.
        SealContext { row: b"rowa", column: "pi_credentials.secret_sealed", ..here },
    ];
    for place in elsewhere {
        assert_eq!(vault.open(&place, &sealed).unwrap_err(), OpenError::Rejected, "{place:?}");
    }
}

#[test]
fn no_byte_can_be_changed_and_none_is_too_few() {
    let vault = vault(&[line("a", 1)]);
    let sealed = seal(&vault, &context(b"row"));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(vault.open(&context(b"row"), &changed).is_err(), "byte {at}");
        assert!(vault.open(&context(b"row"), &sealed[..at]).is_err(), "cut to {at}");
    }
    let shortest = 3 + NONCE_BYTES + TAG_BYTES;
    assert_eq!(vault.open(&context(b"row"), &[]).unwrap_err(), OpenError::Malformed);
    assert_eq!(vault.open(&context(b"row"), &sealed[..shortest - 1]).unwrap_err(), OpenError::Malformed);
    assert_eq!(vault.open(&context(b"row"), &sealed[..shortest]).unwrap_err(), OpenError::Rejected);
    let long = [sealed.as_slice(), b"x"].concat();
    assert_eq!(vault.open(&context(b"row"), &long).unwrap_err(), OpenError::Rejected);
}

#[test]
fn errors_name_what_an_operator_needs_and_nothing_secret() {
    let sealed = seal(&vault(&[line("old-key", 1)]), &context(b"row"));
    let without = vault(&[line("new-key", 2)]);
    let error = without.open(&context(b"row"), &sealed).unwrap_err();
    assert_eq!(error, OpenError::UnknownKey("old-key".into()));
    assert_eq!(without.needs_reseal(&sealed), Err(error.clone()));
    assert!(error.to_string().contains("old-key"));
    // Another key under the same id.
    let replaced = vault(&[line("old-key", 2)]);
    assert_eq!(replaced.open(&context(b"row"), &sealed).unwrap_err(), OpenError::Rejected);
    let mut later = sealed.clone();
    later[0] = 2;
    assert_eq!(without.open(&context(b"row"), &later).unwrap_err(), OpenError::UnknownVersion(2));
    let mut strange = sealed;
    strange[2] = b'\n';
    assert_eq!(without.open(&context(b"row"), &strange).unwrap_err(), OpenError::Malformed);
}

#[test]
fn a_key_can_be_rotated_while_the_old_one_still_opens() {
    let before = vault(&[line("old", 1)]);
    let sealed = seal(&before, &context(b"row"));
    assert_eq!(before.needs_reseal(&sealed), Ok(false));
    let during = vault(&[line("new", 2), line("old", 1)]);
    assert_eq!(during.needs_reseal(&sealed), Ok(true));
    let opened = during.open(&context(b"row"), &sealed).unwrap();
    let resealed = during.seal(&SeededRandom::new(2), &context(b"row"), &opened);
    assert_eq!(during.needs_reseal(&resealed), Ok(false));
    let after = vault(&[line("new", 2)]);
    assert_eq!(*after.open(&context(b"row"), &resealed).unwrap(), SECRET);
    assert_eq!(after.open(&context(b"row"), &sealed).unwrap_err(), OpenError::UnknownKey("old".into()));
}

#[test]
fn a_key_file_may_have_remarks_and_empty_lines() {
    let text = format!("# newest first\r\n\r\n  {}  \r\n{}\n", line("new", 2), line("old", 1));
    assert_eq!(format!("{:?}", Vault::parse(&text).unwrap()), r#"Vault { keys: ["new", "old"], .. }"#);
}

#[test]
fn a_bad_key_file_is_refused_by_line_without_its_content() {
    let good = line("a", 1);
    let refusal = |second: &str| Vault::parse(&format!("{good}\n{second}")).unwrap_err();
    assert_eq!(refusal("no colon"), KeyFileError::NoColon { line: 2 });
    assert_eq!(refusal(&line("", 1)), KeyFileError::BadKeyId { line: 2 });
    assert_eq!(refusal(&line("Ä", 1)), KeyFileError::BadKeyId { line: 2 });
    assert_eq!(refusal(&line("A", 1)), KeyFileError::BadKeyId { line: 2 });
    assert_eq!(refusal(&line(&"a".repeat(33), 1)), KeyFileError::BadKeyId { line: 2 });
    assert_eq!(refusal("b:"), KeyFileError::BadKey { line: 2 });
    assert_eq!(refusal("b:????"), KeyFileError::BadKey { line: 2 });
    assert_eq!(refusal(&format!("b:{}", STANDARD.encode([1; 31]))), KeyFileError::BadKey { line: 2 });
    assert_eq!(refusal(&format!("b:{}", STANDARD.encode([1; 33]))), KeyFileError::BadKey { line: 2 });
    assert_eq!(refusal(&line("a", 2)), KeyFileError::Duplicate { line: 2 });
    for text in ["", "\n", "# only a remark"] {
        assert_eq!(Vault::parse(text).unwrap_err(), KeyFileError::Empty);
    }
    assert!(!refusal("supersecret").to_string().contains("supersecret"));
    let many: Vec<_> = (0..=MAX_MASTER_KEYS).map(|n| line(&format!("k{n}"), 1)).collect();
    assert!(Vault::parse(&many[1..].join("\n")).is_ok());
    assert_eq!(Vault::parse(&many.join("\n")).unwrap_err(), KeyFileError::TooMany);
}

#[test]
fn generated_lines_make_a_key_file() {
    let random = SeededRandom::new(1);
    let lines: Vec<String> = (0..3).map(|_| generate_line(&random).expose_secret().to_owned()).collect();
    let vault = vault(&lines);
    let sealed = seal(&vault, &context(b"row"));
    assert_eq!(*vault.open(&context(b"row"), &sealed).unwrap(), SECRET);
    let keys: Vec<_> = lines.iter().map(|line| line.split_once(':').unwrap().1).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
}

#[test]
fn debug_shows_key_ids_only() {
    assert_eq!(
        format!("{:?}", vault(&[line("new", 2), line("old", 1)])),
        r#"Vault { keys: ["new", "old"], .. }"#
    );
}

#[test]
fn a_running_vault_follows_its_file() {
    let file = Arc::new(std::sync::Mutex::new(line("old", 1)));
    let source = Arc::clone(&file);
    let read = move || Some(SecretString::from(source.lock().unwrap().clone()));
    let running = vault(&[line("old", 1)]).reading_again(Box::new(read));
    let elsewhere = vault(&[line("new", 2), line("old", 1)]);
    let sealed = seal(&elsewhere, &context(b"row"));
    assert_eq!(running.open(&context(b"row"), &sealed).unwrap_err(), OpenError::UnknownKey("new".into()));
    *file.lock().unwrap() = format!("{}\n{}", line("new", 2), line("old", 1));
    assert_eq!(*running.open(&context(b"row"), &sealed).unwrap(), SECRET);
    assert_eq!(running.key_ids(), ["new", "old"]);
    // What it seals, it seals with the newest key of the file as it is then.
    *file.lock().unwrap() = format!("{}\n{}", line("newer", 3), line("new", 2));
    assert_eq!(sealed_with(&seal(&running, &context(b"row"))), Ok("newer"));
    // Nor does it forget a key that it still may need.
    assert_eq!(running.key_ids(), ["newer", "new", "old"]);
    // A file that is broken for a moment takes nothing away.
    *file.lock().unwrap() = "nonsense".to_owned();
    assert_eq!(*running.open(&context(b"row"), &sealed).unwrap(), SECRET);
    assert_eq!(sealed_with(&seal(&running, &context(b"row"))), Ok("newer"));
}
