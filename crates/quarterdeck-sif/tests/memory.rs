//! How much memory the worst image takes. The only test of its process, so that nothing else is counted.

use std::io::Cursor;

use backhand::compression::Compressor;
use backhand::{FilesystemCompressor, FilesystemWriter, NodeHeader};
use peak_alloc::PeakAlloc;
use quarterdeck_sif::{Image, Unreadable, read};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MAX_PEAK_BYTES: usize = 48 << 20;

#[test]
fn the_worst_images_take_bounded_memory() {
    let (image, descriptors, apps) = worst_image();
    let read = read_within_bounds(&image);
    assert_eq!((read.descriptors.len(), read.apps.len()), (descriptors, apps));

    for compressor in [Compressor::Xz, Compressor::Zstd] {
        let read = read_within_bounds(&worst_file_system(compressor));
        assert_eq!(read.unreadable, Some(Unreadable::TooMuch { what: "4 MiB of texts".to_owned() }));
        assert!(read.environment.values().map(String::len).sum::<usize>() > 3 << 20);
    }
}

fn read_within_bounds(image: &[u8]) -> Image {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let read = read(image).unwrap();
    let peak = MEMORY.peak_usage() - before;
    println!("{} MiB at the peak", peak >> 20);
    assert!(peak < MAX_PEAK_BYTES, "{peak} bytes at the peak");
    read
}

/// More texts than are kept, in the largest blocks, and apps with very many files.
fn worst_file_system(compressor: Compressor) -> Vec<u8> {
    let header = NodeHeader::new(0o755, 0, 0, 0);
    let mut writer = FilesystemWriter::default();
    writer.set_compressor(FilesystemCompressor::new(compressor, None).unwrap());
    writer.set_block_size(1 << 20);
    let mut push = |path: String, text: Vec<u8>| {
        writer.push_dir_all(path.rsplit_once('/').unwrap().0, header).unwrap();
        writer.push_file(Cursor::new(text), path, header).unwrap();
    };
    for number in 0..8 {
        push(format!(".singularity.d/env/9{number}-environment.sh"), b"words ".repeat(170_000 - number));
    }
    for number in 0..2000 {
        push(format!("scif/apps/{number:0250}/scif/runscript"), vec![b'x'; 200]);
    }
    let mut made = Cursor::new(Vec::new());
    writer.write(&mut made).unwrap();
    made.into_inner()
}

/// The most descriptors, the largest objects, and metadata made of what takes the most memory for a byte of text: apps
/// with short names and nothing in them. With its number of descriptors and its number of apps.
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
