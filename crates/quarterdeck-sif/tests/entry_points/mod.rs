//! Every door through which a foreign image comes in, and what going through it may cost. `fuzz/` goes through the same.
#![allow(dead_code, reason = "each test uses some of it")]

use std::cell::Cell;
use std::io;
use std::sync::LazyLock;

use quarterdeck_sif::{Error, Image, Keys, ReadAt, read, verify};

/// What `lib.rs` promises of one call.
const MAX_READ_BYTES: usize = 14 << 20;
const MAX_READS: usize = 1050;

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let mut keys = Keys::parse(include_bytes!("../images/fixture-pgp-public.asc")).unwrap();
    keys.extend(Keys::parse(include_bytes!("../images/fixture-ed25519-public.pem")).unwrap());
    keys
});

/// As an image with its signatures.
pub fn read_as_image(bytes: &[u8]) {
    let _ = read_within_limits(bytes, bytes.len() as u64);
    let _ = verify(bytes, &KEYS);
}

/// As a squashfs file system without SIF around it: with its magic number, so that anything is walked.
pub fn read_as_squashfs(bytes: &[u8]) {
    read_as_image(&[b"hsqs", bytes.get(4..).unwrap_or_default()].concat());
}

/// As a file of `size` bytes that begins with these and goes on with zeros.
pub fn read_within_limits(bytes: &[u8], size: u64) -> Result<Image, Error> {
    let file = Counted::new(bytes, size);
    let image = read(&file);
    assert!(file.read.get() <= MAX_READ_BYTES, "{} bytes read", file.read.get());
    assert!(file.reads.get() <= MAX_READS, "{} reads", file.reads.get());
    image
}

/// A file of any size that counts what is read of it: the bytes given, then zeros.
pub struct Counted<'a> {
    bytes: &'a [u8],
    size: u64,
    pub read: Cell<usize>,
    pub reads: Cell<usize>,
}

impl<'a> Counted<'a> {
    pub fn new(bytes: &'a [u8], size: u64) -> Self {
        Counted { bytes, size, read: Cell::new(0), reads: Cell::new(0) }
    }
}

impl ReadAt for Counted<'_> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        assert!(offset.checked_add(buffer.len() as u64).is_some_and(|end| end <= self.size), "read past the end");
        self.read.set(self.read.get() + buffer.len());
        self.reads.set(self.reads.get() + 1);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let length = buffer.len().min(self.bytes.len() - from);
        buffer[..length].copy_from_slice(&self.bytes[from..from + length]);
        buffer[length..].fill(0);
        Ok(())
    }
}
