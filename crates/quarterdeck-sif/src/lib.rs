//! Reads what an Apptainer image says about itself, without Apptainer: from any [`ReadAt`], so that an image on an own
//! disk, one on a node over SFTP and one in memory are read alike.
//!
//! Everything in an image comes from a stranger. Sizes and offsets are checked before they are used, nothing is
//! executed, and one call of [`read`] takes at most 1050 reads, 14 MiB and less than 48 MiB of memory
//! (`tests/hostile.rs`, `tests/memory.rs`).
//!
//! | file | reads |
//! |---|---|
//! | `source.rs` | bytes at an offset, within limits |
//! | `header.rs`, `descriptor.rs` | the Singularity Image Format |
//! | `inspect.rs` | what `apptainer inspect --json --all` prints, where the image stores it |
//! | `oci.rs` | the configuration of an OCI image |
//! | `squashfs/`, `root.rs` | the few files of a root file system that say the same |
//! | `verify/` | signatures, and what they sign, with keys that the caller trusts |
//! | `image.rs` | all of them, into an [`Image`] |

mod descriptor;
mod header;
mod image;
mod inspect;
mod oci;
mod root;
mod source;
mod squashfs;
mod verify;

pub use descriptor::{DataType, Descriptor, Detail, FileSystem, Hash, Link, PartitionKind};
pub use header::{HEADER_BYTES, Stamp};
pub use image::{Format, Image, Signature, Unreadable, read};
pub use source::ReadAt;
pub use squashfs::Compression;
pub use verify::{Checked, Keys, KeysError, Standing, Verdict, verify};

/// Why a file could not be read as an image at all. An image of which only a part cannot be read is no error: see
/// [`Unreadable`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is not an Apptainer image (neither SIF nor squashfs nor ext3): choose another file")]
    NotAnImage,
    #[error(
        "this image has SIF version \"{0}\", and only version 01 is known: build it with Apptainer or Singularity 3"
    )]
    UnknownVersion(String),
    #[error("the file ends at byte {size}, within its {part}: copy it again")]
    Truncated { part: &'static str, size: u64 },
    #[error("the image's {part} is damaged ({why}): build or copy it again")]
    Damaged { part: &'static str, why: String },
    #[error("the image announces {count} descriptors, and at most {limit} are read: build it again")]
    TooManyDescriptors { count: i64, limit: i64 },
    #[error("the image's {part} takes {bytes} bytes, and at most {limit} are read")]
    TooLarge { part: &'static str, bytes: u64, limit: u64 },
    #[error("reading the image failed: {0}")]
    Io(#[from] std::io::Error),
}
