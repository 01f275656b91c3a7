#![no_main]

#[path = "../../crates/quarterdeck-ssh/tests/entry_points/mod.rs"]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::read_as_known_hosts(bytes));
