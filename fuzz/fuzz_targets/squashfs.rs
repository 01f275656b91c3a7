#![no_main]

#[path = "../../crates/quarterdeck-sif/tests/entry_points/mod.rs"]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::read_as_squashfs(bytes));
