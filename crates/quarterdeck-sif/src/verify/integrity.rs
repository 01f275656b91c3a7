//! What a signature signs: digests of the header, and of each data object of a group and its descriptor. Offsets are
//! not among it, so that an image may be put together anew.

use std::collections::HashMap;
use std::io;

use quarterdeck_types::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::Error;
use crate::descriptor::{DataType, Descriptor};
use crate::source::{ReadAt, Source};

/// How much of an object is read at once to hash it, in bytes.
const CHUNK: u64 = 1 << 20;

pub(super) enum Mismatch {
    Io(io::Error),
    Bad(String),
    UnknownHash,
}

#[derive(Deserialize)]
struct Payload {
    version: u32,
    header: SignedHeader,
    objects: Vec<SignedObject>,
}

#[derive(Deserialize)]
struct SignedHeader {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedObject {
    /// Counted from the least id of the group.
    relative_id: u32,
    descriptor_digest: String,
    object_digest: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// The image that is compared, with the digests that were computed once.
pub(super) struct Integrity<'a, R: ReadAt + ?Sized> {
    source: &'a Source<'a, R>,
    records: &'a [(Descriptor, Vec<u8>)],
    digests: HashMap<(u32, Algorithm), String>,
}

impl<'a, R: ReadAt + ?Sized> Integrity<'a, R> {
    pub(super) fn new(source: &'a Source<'a, R>, records: &'a [(Descriptor, Vec<u8>)]) -> Self {
        Integrity { source, records, digests: HashMap::new() }
    }

    /// The ids of the group's objects, if all of them and nothing else are signed by `payload` and as they were.
    pub(super) fn compare(&mut self, payload: &[u8], group: u32) -> Result<Vec<u32>, Mismatch> {
        let payload: Payload =
            serde_json::from_slice(payload).map_err(|error| Mismatch::Bad(format!("what it signs: {error}")))?;
        if payload.version != 1 {
            return bad(format!("what it signs has the unknown version {}", payload.version));
        }
        let objects: Vec<&(Descriptor, Vec<u8>)> = self
            .records
            .iter()
            .filter(|(object, _)| object.group == Some(group) && object.data_type != DataType::Signature)
            .collect();
        let Some(least) = objects.iter().map(|(object, _)| object.id).min() else {
            return bad(format!("the image has no object in group {group}, which it signs"));
        };
        // No byte belongs to two objects, so that hashing all of them reads no more than the file.
        let total = objects.iter().fold(0_u64, |sum, (object, _)| sum.saturating_add(object.size));
        if total > self.source.size() {
            return bad("the data objects take more bytes than the file has");
        }

        let raw = self.source.beginning(64);
        let header = [raw.get(..45), raw.get(48..64)].map(Option::unwrap_or_default).concat();
        if !matches(&payload.header.digest, &header)? {
            return bad("the image's header was changed");
        }
        let mut verified = Vec::new();
        for (object, record) in objects {
            let id = object.id;
            let Some(signed) = payload.objects.iter().find(|signed| least.checked_add(signed.relative_id) == Some(id))
            else {
                return bad(format!("object {id} of the group is not signed"));
            };
            if verified.contains(&id) {
                return bad(format!("the image has two objects {id}"));
            }
            if !matches(&signed.descriptor_digest, &protected_fields(record, signed.relative_id))? {
                return bad(format!("the descriptor of object {id} was changed"));
            }
            let (algorithm, expected) = split(&signed.object_digest)?;
            if self.digest(object, algorithm)? != expected {
                return bad(format!("object {id} ({}) was changed", object.data_type));
            }
            verified.push(id);
        }
        if payload.objects.len() != verified.len() {
            return bad("a signed object is missing");
        }
        Ok(verified)
    }

    fn digest(&mut self, object: &Descriptor, algorithm: Algorithm) -> Result<&str, Mismatch> {
        if !self.digests.contains_key(&(object.id, algorithm)) {
            let digest = match algorithm {
                Algorithm::Sha256 => self.hash::<Sha256>(object)?,
                Algorithm::Sha384 => self.hash::<Sha384>(object)?,
                Algorithm::Sha512 => self.hash::<Sha512>(object)?,
            };
            self.digests.insert((object.id, algorithm), digest);
        }
        Ok(&self.digests[&(object.id, algorithm)])
    }

    fn hash<D: Digest>(&self, object: &Descriptor) -> Result<String, Mismatch> {
        let mut hash = D::new();
        let mut done = 0;
        while done < object.size {
            let length = CHUNK.min(object.size - done);
            let at = object.offset.saturating_add(done);
            match self.source.bytes("data object", at, length, CHUNK) {
                Ok(bytes) => hash.update(&bytes),
                Err(Error::Io(error)) => return Err(Mismatch::Io(error)),
                Err(error) => return bad(error.to_string()),
            }
            done += length;
        }
        Ok(hex(&hash.finalize()))
    }
}

fn bad<T>(why: impl Into<String>) -> Result<T, Mismatch> {
    Err(Mismatch::Bad(why.into()))
}

/// A descriptor but for its id, its group, its offset, its padding and the time it was changed.
fn protected_fields(record: &[u8], relative_id: u32) -> Vec<u8> {
    let parts =
        [&record[..5], &relative_id.to_le_bytes(), &record[13..17], &record[25..33], &record[41..49], &record[57..]];
    parts.concat()
}

fn matches(digest: &str, data: &[u8]) -> Result<bool, Mismatch> {
    let (algorithm, expected) = split(digest)?;
    let actual = match algorithm {
        Algorithm::Sha256 => hex(&Sha256::digest(data)),
        Algorithm::Sha384 => hex(&Sha384::digest(data)),
        Algorithm::Sha512 => hex(&Sha512::digest(data)),
    };
    Ok(actual == expected)
}

fn split(digest: &str) -> Result<(Algorithm, &str), Mismatch> {
    match digest.split_once(':') {
        Some(("sha256", hexadecimal)) => Ok((Algorithm::Sha256, hexadecimal)),
        Some(("sha384", hexadecimal)) => Ok((Algorithm::Sha384, hexadecimal)),
        Some(("sha512", hexadecimal)) => Ok((Algorithm::Sha512, hexadecimal)),
        _ => Err(Mismatch::UnknownHash),
    }
}
