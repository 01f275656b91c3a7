//! Checksums: of a chunk, as tus has them, and of the whole file.

use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// As `Tus-Checksum-Algorithm` lists them.
pub(super) const ALGORITHMS: &str = "sha1,sha256,crc32";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Crc32,
}

/// What a client says that the bytes of a request come to.
#[derive(Clone, Debug)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) expected: Vec<u8>,
}

/// Comes to a checksum piece by piece.
pub(super) enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Crc32(crc32fast::Hasher),
}

impl Checksum {
    pub(super) fn is_of(&self, pieces: &[Bytes]) -> bool {
        let mut hasher = self.algorithm.hasher();
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finish() == self.expected
    }
}

impl Algorithm {
    pub(super) fn parse(name: &str) -> Option<Algorithm> {
        match name {
            "sha1" => Some(Algorithm::Sha1),
            "sha256" => Some(Algorithm::Sha256),
            "crc32" => Some(Algorithm::Crc32),
            _ => None,
        }
    }

    pub(super) fn hasher(self) -> Hasher {
        match self {
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Crc32 => Hasher::Crc32(crc32fast::Hasher::new()),
        }
    }
}

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Crc32(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
            Hasher::Crc32(hasher) => hasher.finalize().to_be_bytes().to_vec(),
        }
    }
}
