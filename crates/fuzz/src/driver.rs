//! The engine that looks for inputs: libFuzzer, which `cargo xtask fuzz` builds and starts. The target is named by
//! `REDRESS_FUZZ_TARGET`.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use redress_fuzz::Target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn named() -> &'static Target {
    let name = std::env::var("REDRESS_FUZZ_TARGET").unwrap_or_default();
    redress_fuzz::target(&name).unwrap_or_else(|| panic!("no such target: {name:?}"))
}

fuzz_target!(|input: &[u8]| (TARGET.get_or_init(named).run)(input));
