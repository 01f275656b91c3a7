//! The images in `tests/images` and what the real Apptainer says of each.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::Value;

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/images").join(name)
}

/// The image's bytes. Those that hold mostly nothing are kept packed.
pub fn bytes(name: &str) -> Vec<u8> {
    let packed = path(&format!("{name}.gz"));
    if !packed.exists() {
        return fs::read(path(name)).unwrap();
    }
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(packed).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The names of all images of which it is known what the real tool says.
pub fn recorded() -> Vec<String> {
    let names = fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".expected.json").map(str::to_owned)).collect()
}

pub fn expected(name: &str) -> Value {
    serde_json::from_slice(&fs::read(path(&format!("{name}.expected.json"))).unwrap()).unwrap()
}

/// Where the fields of descriptor `index` begin, in images that have them at the usual place.
pub fn descriptor(index: usize) -> usize {
    4096 + 585 * index
}

/// Marks the descriptor of each data object of this type as unused.
pub fn remove(image: &mut [u8], data_type: i32) {
    for index in 0..48 {
        let at = descriptor(index);
        if image[at..at + 4] == data_type.to_le_bytes() {
            image[at + 4] = 0;
        }
    }
}

/// Overwrites `value` at `at`.
pub fn put(image: &mut [u8], at: usize, value: &[u8]) {
    image[at..at + value.len()].copy_from_slice(value);
}

/// A SIF image whose root file system is `squashfs` and in which nothing else says anything.
pub fn sif_around(squashfs: &[u8]) -> Vec<u8> {
    const AT: usize = 36_864;
    let mut image = bytes("lean-fsonly.sif");
    image.truncate(AT);
    image.extend_from_slice(squashfs);
    let partition = (0..48).map(descriptor).find(|at| image[at + 4] != 0).unwrap();
    put(&mut image, partition + 25, &(squashfs.len() as i64).to_le_bytes());
    image
}
