#![no_main]

#[path = "../../crates/quarterdeck-sif/tests/entry_points/mod.rs"]
mod entry_points;

// Without SIF around it, and always with the magic number, so that every input is walked.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut image = b"hsqs".to_vec();
    image.extend_from_slice(bytes.get(4..).unwrap_or_default());
    entry_points::read_as_image(&image);
});
