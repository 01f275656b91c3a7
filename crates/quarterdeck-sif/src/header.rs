//! The global header of the Singularity Image Format, 128 bytes at the beginning. Integers are little-endian.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Error;
use crate::source::{ReadAt, Source, field, text_before_nul};

/// Where everything that [`Stamp`] tells is.
pub const HEADER_BYTES: u64 = 128;
const MAGIC: &[u8; 10] = b"SIF_MAGIC\0";
const MAGIC_AT: usize = 32;
/// Go's zero time, which deterministic images carry in place of a date.
const NO_TIME: i64 = -62_135_596_800;

pub(crate) struct Header {
    /// `None` in deterministic images, whose identifier is nil.
    pub(crate) uuid: Option<Uuid>,
    pub(crate) architecture: Option<&'static str>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) modified: Option<DateTime<Utc>>,
    pub(crate) descriptors_total: i64,
    pub(crate) descriptors_offset: i64,
}

/// By what an image is known again: what its builder wrote at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub uuid: Uuid,
    pub created: Option<DateTime<Utc>>,
    pub modified: Option<DateTime<Utc>>,
}

impl Stamp {
    /// Of a file's first [`HEADER_BYTES`]; `None` where they are no header, or one without an identifier.
    pub fn read(beginning: &[u8]) -> Option<Stamp> {
        let is_header = beginning.len() as u64 >= HEADER_BYTES && beginning[MAGIC_AT..].starts_with(MAGIC);
        let header = is_header.then(|| parse(beginning).ok())??;
        Some(Stamp { uuid: header.uuid?, created: header.created, modified: header.modified })
    }
}

pub(crate) fn is_sif<R: ReadAt + ?Sized>(source: &Source<'_, R>) -> bool {
    source.beginning(MAGIC_AT + MAGIC.len()).get(MAGIC_AT..) == Some(MAGIC)
}

pub(crate) fn read<R: ReadAt + ?Sized>(source: &Source<'_, R>) -> Result<Header, Error> {
    parse(&source.bytes("header", 0, HEADER_BYTES, HEADER_BYTES)?)
}

/// The caller has checked that there are as many bytes.
fn parse(raw: &[u8]) -> Result<Header, Error> {
    let version = text_before_nul(&raw[42..45]);
    if version != "01" {
        return Err(Error::UnknownVersion(version));
    }
    let number = |at| i64::from_le_bytes(field(raw, at));
    Ok(Header {
        uuid: Some(Uuid::from_bytes(field(raw, 48))).filter(|id| !id.is_nil()),
        architecture: architecture(&raw[45..48]),
        created: time(number(64)),
        modified: time(number(72)),
        descriptors_total: number(88),
        descriptors_offset: number(96),
    })
}

/// Seconds since 1970, as the header and the descriptors keep them.
pub(crate) fn time(seconds: i64) -> Option<DateTime<Utc>> {
    if seconds == NO_TIME { None } else { DateTime::from_timestamp(seconds, 0) }
}

/// The name (Go's `GOARCH`, as Apptainer prints it) of a two-digit code that ends with NUL.
pub(crate) fn architecture(code: &[u8]) -> Option<&'static str> {
    let digits = code.get(..2)?;
    ARCHITECTURES.iter().find(|(known, _)| *known == digits).map(|(_, name)| *name)
}

/// Such a name that came from elsewhere.
pub(crate) fn known_architecture(name: &str) -> Option<&'static str> {
    ARCHITECTURES.iter().find(|(_, known)| *known == name).map(|(_, known)| *known)
}

const ARCHITECTURES: [(&[u8], &str); 13] = [
    (b"01", "386"),
    (b"02", "amd64"),
    (b"03", "arm"),
    (b"04", "arm64"),
    (b"05", "ppc64"),
    (b"06", "ppc64le"),
    (b"07", "mips"),
    (b"08", "mipsle"),
    (b"09", "mips64"),
    (b"10", "mips64le"),
    (b"11", "s390x"),
    (b"12", "riscv64"),
    (b"13", "loong64"),
];
