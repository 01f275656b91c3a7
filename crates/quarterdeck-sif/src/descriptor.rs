//! The descriptors of a SIF image: what data objects it holds, of which type and where.

use std::fmt;

use chrono::{DateTime, Utc};
use quarterdeck_types::hex;

use crate::Error;
use crate::header::{Header, architecture, time};
use crate::source::{ReadAt, Source, field, text_before_nul};

const DESCRIPTOR_BYTES: usize = 585;
/// Images have 48 by default and OCI-SIF images a few more. The count comes from outside.
const MAX_DESCRIPTORS: i64 = 4096;
/// How many are read at once, used or not.
const BATCH: i64 = 256;
/// The top bits that mark a group's number, in the fields `group` and `link`.
const GROUP_MASK: u32 = 0xf000_0000;

/// One data object of the image. Whether it lies within the file has not been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    pub id: u32,
    pub data_type: DataType,
    pub group: Option<u32>,
    /// What this object is about: a signature's link names what was signed.
    pub link: Option<Link>,
    /// Bytes from the beginning of the file.
    pub offset: u64,
    /// Bytes, without padding.
    pub size: u64,
    pub created: Option<DateTime<Utc>>,
    pub name: String,
    pub detail: Detail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Descriptor(u32),
    Group(u32),
}

/// The type of a data object. Displayed in the words of `apptainer sif list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataType {
    Definition,
    Environment,
    Labels,
    Partition,
    Signature,
    GenericJson,
    Generic,
    CryptographicMessage,
    Sbom,
    OciRootIndex,
    OciBlob,
    Unknown(i32),
}

/// What a descriptor says beyond its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    Nothing,
    Partition {
        file_system: FileSystem,
        kind: PartitionKind,
        architecture: Option<&'static str>,
    },
    /// `fingerprint`: the PGP key's, in hexadecimal; `None` for signatures made with another kind of key.
    Signature {
        hash: Hash,
        fingerprint: Option<String>,
    },
    /// `digest`: `sha256:` and hexadecimal digits, as the image has it.
    Oci {
        digest: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    Squashfs,
    Ext3,
    Archive,
    Raw,
    EncryptedSquashfs,
    GocryptfsSquashfs,
    Unknown(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionKind {
    System,
    /// The root file system that the container runs from.
    PrimarySystem,
    Data,
    Overlay,
    Unknown(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
    Blake2s,
    Blake2b,
    Unknown(i32),
}

/// The descriptors that are in use, in the image's order.
pub(crate) fn read<R: ReadAt + ?Sized>(source: &Source<'_, R>, header: &Header) -> Result<Vec<Descriptor>, Error> {
    let mut used = Vec::new();
    each(source, header, |record| {
        used.push(parse(record)?);
        Ok(())
    })?;
    Ok(used)
}

/// Hands over those in use as they are stored, 585 bytes each.
pub(crate) fn each<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    header: &Header,
    mut visit: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let total = header.descriptors_total;
    if total > MAX_DESCRIPTORS {
        return Err(Error::TooManyDescriptors { count: total, limit: MAX_DESCRIPTORS });
    }
    let damaged = |why: &str| Error::Damaged { part: "header", why: why.to_owned() };
    let total = u64::try_from(total).map_err(|_| damaged("its number of descriptors is negative"))?;
    let mut offset =
        u64::try_from(header.descriptors_offset).map_err(|_| damaged("the place of its descriptors is negative"))?;

    let mut left = total;
    while left > 0 {
        let batch = left.min(BATCH as u64);
        let bytes = batch * DESCRIPTOR_BYTES as u64;
        for record in source.bytes("descriptors", offset, bytes, bytes)?.chunks_exact(DESCRIPTOR_BYTES) {
            if record[4] != 0 {
                visit(record)?;
            }
        }
        // `bytes` found this sum to be within the file.
        offset += bytes;
        left -= batch;
    }
    Ok(())
}

pub(crate) fn parse(record: &[u8]) -> Result<Descriptor, Error> {
    let id = u32::from_le_bytes(field(record, 5));
    let whole = |at, what: &str| {
        u64::try_from(i64::from_le_bytes(field(record, at)))
            .map_err(|_| Error::Damaged { part: "descriptors", why: format!("the {what} of number {id} is negative") })
    };
    let group = u32::from_le_bytes(field(record, 9)) & !GROUP_MASK;
    let data_type = DataType::from_code(i32::from_le_bytes(field(record, 0)));
    Ok(Descriptor {
        id,
        data_type,
        group: Some(group).filter(|group| *group != 0),
        link: link(u32::from_le_bytes(field(record, 13))),
        offset: whole(17, "offset")?,
        size: whole(25, "size")?,
        created: time(i64::from_le_bytes(field(record, 41))),
        name: text_before_nul(&record[73..201]),
        detail: detail(data_type, &record[201..585]),
    })
}

fn link(raw: u32) -> Option<Link> {
    match (raw & GROUP_MASK, raw & !GROUP_MASK) {
        (0, 0) | (GROUP_MASK, 0) => None,
        (GROUP_MASK, group) => Some(Link::Group(group)),
        _ => Some(Link::Descriptor(raw)),
    }
}

fn detail(data_type: DataType, extra: &[u8]) -> Detail {
    match data_type {
        DataType::Partition => Detail::Partition {
            file_system: FileSystem::from_code(i32::from_le_bytes(field(extra, 0))),
            kind: PartitionKind::from_code(i32::from_le_bytes(field(extra, 4))),
            architecture: architecture(&extra[8..11]),
        },
        DataType::Signature => Detail::Signature {
            hash: Hash::from_code(i32::from_le_bytes(field(extra, 0))),
            fingerprint: fingerprint(&extra[4..24]),
        },
        DataType::OciRootIndex | DataType::OciBlob => Detail::Oci { digest: text_before_nul(extra) },
        _ => Detail::Nothing,
    }
}

fn fingerprint(key: &[u8]) -> Option<String> {
    if key.iter().all(|b| *b == 0) {
        return None;
    }
    Some(hex(key))
}

impl DataType {
    fn from_code(code: i32) -> DataType {
        match code {
            0x4001 => DataType::Definition,
            0x4002 => DataType::Environment,
            0x4003 => DataType::Labels,
            0x4004 => DataType::Partition,
            0x4005 => DataType::Signature,
            0x4006 => DataType::GenericJson,
            0x4007 => DataType::Generic,
            0x4008 => DataType::CryptographicMessage,
            0x4009 => DataType::Sbom,
            0x400a => DataType::OciRootIndex,
            0x400b => DataType::OciBlob,
            other => DataType::Unknown(other),
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataType::Definition => "Def.FILE",
            DataType::Environment => "Env.Vars",
            DataType::Labels => "JSON.Labels",
            DataType::Partition => "FS",
            DataType::Signature => "Signature",
            DataType::GenericJson => "JSON.Generic",
            DataType::Generic => "Generic/Raw",
            DataType::CryptographicMessage => "Cryptographic Message",
            DataType::Sbom => "SBOM",
            DataType::OciRootIndex => "OCI.RootIndex",
            DataType::OciBlob => "OCI.Blob",
            DataType::Unknown(code) => return write!(f, "{code:#x}"),
        })
    }
}

impl FileSystem {
    fn from_code(code: i32) -> FileSystem {
        match code {
            1 => FileSystem::Squashfs,
            2 => FileSystem::Ext3,
            3 => FileSystem::Archive,
            4 => FileSystem::Raw,
            5 => FileSystem::EncryptedSquashfs,
            6 => FileSystem::GocryptfsSquashfs,
            other => FileSystem::Unknown(other),
        }
    }

    pub fn is_encrypted(self) -> bool {
        matches!(self, FileSystem::EncryptedSquashfs | FileSystem::GocryptfsSquashfs)
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileSystem::Squashfs => "Squashfs",
            FileSystem::Ext3 => "Ext3",
            FileSystem::Archive => "Archive",
            FileSystem::Raw => "Raw",
            FileSystem::EncryptedSquashfs => "Encrypted squashfs",
            FileSystem::GocryptfsSquashfs => "Gocryptfs squashfs",
            FileSystem::Unknown(code) => return write!(f, "unknown ({code})"),
        })
    }
}

impl PartitionKind {
    fn from_code(code: i32) -> PartitionKind {
        match code {
            1 => PartitionKind::System,
            2 => PartitionKind::PrimarySystem,
            3 => PartitionKind::Data,
            4 => PartitionKind::Overlay,
            other => PartitionKind::Unknown(other),
        }
    }
}

impl fmt::Display for PartitionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PartitionKind::System => "System",
            PartitionKind::PrimarySystem => "*System",
            PartitionKind::Data => "Data",
            PartitionKind::Overlay => "Overlay",
            PartitionKind::Unknown(code) => return write!(f, "unknown ({code})"),
        })
    }
}

impl Hash {
    fn from_code(code: i32) -> Hash {
        match code {
            1 => Hash::Sha256,
            2 => Hash::Sha384,
            3 => Hash::Sha512,
            4 => Hash::Blake2s,
            5 => Hash::Blake2b,
            other => Hash::Unknown(other),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
            Hash::Blake2s => "BLAKE2s",
            Hash::Blake2b => "BLAKE2b",
            Hash::Unknown(code) => return write!(f, "unknown ({code})"),
        })
    }
}
