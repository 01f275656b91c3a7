//! How much memory the worst image takes. The only test of its process, so that nothing else is counted.

use peak_alloc::PeakAlloc;
use quarterdeck_sif::read;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MAX_PEAK_BYTES: usize = 48 << 20;

/// The most descriptors, the largest objects, and metadata made of what takes the most memory for a byte of text:
/// apps with short names and nothing in them.
#[test]
fn the_worst_image_takes_bounded_memory() {
    let (image, descriptors, apps) = worst_image();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let read = read(image.as_slice()).unwrap();
    let peak = MEMORY.peak_usage() - before;
    println!("{} MiB at the peak", peak >> 20);
    assert_eq!((read.descriptors.len(), read.apps.len()), (descriptors, apps));
    assert!(peak < MAX_PEAK_BYTES, "{peak} bytes at the peak");
}

/// An image at every limit, its number of descriptors and its number of apps.
fn worst_image() -> (Vec<u8>, usize, usize) {
    const DESCRIPTORS: usize = 4096;
    const TEXT: usize = 1 << 20;
    const DATA: usize = 4096 + 585 * DESCRIPTORS;

    let mut image = vec![b'x'; DATA + 2 * TEXT];
    image[..128].fill(0);
    put(&mut image, 32, b"SIF_MAGIC\x0001\0");
    put(&mut image, 88, &(DESCRIPTORS as i64).to_le_bytes());
    put(&mut image, 96, &4096i64.to_le_bytes());
    for index in 0..DESCRIPTORS {
        let (data_type, offset, name) = match index {
            0 => (0x4006, DATA, "inspect-metadata.json\0"),
            1 => (0x4001, DATA + TEXT, "definition"),
            _ => (0x4005, 0, "signature"),
        };
        let at = 4096 + 585 * index;
        put(&mut image, at, &i32::to_le_bytes(data_type));
        put(&mut image, at + 17, &(offset as i64).to_le_bytes());
        put(&mut image, at + 25, &(TEXT as i64).to_le_bytes());
        put(&mut image, at + 73, name.as_bytes());
    }
    let (json, apps) = metadata_of_many_apps(TEXT);
    put(&mut image, DATA, json.as_bytes());
    (image, DESCRIPTORS, apps)
}

/// Exactly `length` bytes, and how many apps they name.
fn metadata_of_many_apps(length: usize) -> (String, usize) {
    let mut json = String::from(r#"{"data":{"attributes":{"apps":{"first":{}"#);
    let mut apps = 1;
    while json.len() < length - 40 {
        json.push_str(&format!(r#","{apps}":{{}}"#));
        apps += 1;
    }
    json.push_str("}}}}");
    json.extend(std::iter::repeat_n(' ', length - json.len()));
    (json, apps)
}

fn put(image: &mut [u8], at: usize, value: &[u8]) {
    image[at..at + value.len()].copy_from_slice(value);
}
