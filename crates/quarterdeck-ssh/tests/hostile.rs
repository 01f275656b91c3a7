//! What the fuzzer came by with `known_hosts` files, on all the ways that it found (`dev/fuzz keep`).

mod entry_points;

use std::io::Read;

use entry_points::read_as_known_hosts;
use lzma_rust2::XzReader;

#[test]
fn what_the_fuzzer_found_does_no_harm() {
    let packed: &[u8] = include_bytes!("corpus/known_hosts.tar.xz");
    let mut found = tar::Archive::new(XzReader::new(packed, false));
    let mut read = 0;
    for mut file in found.entries().unwrap().map(|entry| entry.unwrap()) {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        read_as_known_hosts(&bytes);
        read += 1;
    }
    assert!(read > 5, "{read} files");
}
