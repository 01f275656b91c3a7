//! What goes over the line. Integers are big-endian, strings are a length and bytes.

use bytes::{Buf, Bytes};

const VERSION: u32 = 3;
/// No file system has longer ones; Linux ends at 255.
const MAX_NAME_BYTES: usize = 1024;
/// Of a handle: the standard's own limit.
const MAX_HANDLE_BYTES: usize = 256;

pub(super) const OK: u32 = 0;
pub(super) const END_OF_FILE: u32 = 1;
pub(super) const NO_SUCH_FILE: u32 = 2;
pub(super) const PERMISSION_DENIED: u32 = 3;

const FOR_READING: u32 = 1;

/// What is asked. There is no other request in here than those that read.
pub(super) enum Request<'a> {
    Open { path: &'a [u8] },
    Close { handle: &'a [u8] },
    Read { handle: &'a [u8], offset: u64, length: u32 },
    Lstat { path: &'a [u8] },
    Fstat { handle: &'a [u8] },
    OpenDirectory { path: &'a [u8] },
    ReadDirectory { handle: &'a [u8] },
}

/// What is answered.
#[derive(Debug)]
pub(super) enum Answer {
    Status {
        code: u32,
        /// Harmless.
        message: String,
    },
    Handle(Bytes),
    Data(Bytes),
    Entries {
        entries: Vec<Entry>,
        bytes: usize,
    },
    Attributes(Attributes),
}

/// What a directory has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it is on the node; of a stranger, it may be anything.
    pub name: Bytes,
    pub attributes: Attributes,
}

/// What of a file the node tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// In bytes.
    pub size: Option<u64>,
    pub kind: Option<Kind>,
    /// Seconds since 1970.
    pub modified: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    File,
    Link,
    Other,
}

pub(super) fn init() -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 5, 1];
    bytes.extend(VERSION.to_be_bytes());
    bytes
}

/// The answer to [`init`].
pub(super) fn check_version(mut bytes: Bytes) -> Result<(), &'static str> {
    let wrong = "it does not speak SFTP version 3";
    if bytes.try_get_u8() == Ok(2) && bytes.try_get_u32() == Ok(VERSION) { Ok(()) } else { Err(wrong) }
}

impl Request<'_> {
    pub(super) fn to_bytes(&self, id: u32) -> Vec<u8> {
        let (kind, subject) = match self {
            Request::Open { path } => (3, path),
            Request::Close { handle } => (4, handle),
            Request::Read { handle, .. } => (5, handle),
            Request::Lstat { path } => (7, path),
            Request::Fstat { handle } => (8, handle),
            Request::OpenDirectory { path } => (11, path),
            Request::ReadDirectory { handle } => (12, handle),
        };
        let mut bytes = vec![0, 0, 0, 0, kind];
        bytes.extend(id.to_be_bytes());
        bytes.extend((subject.len() as u32).to_be_bytes());
        bytes.extend(*subject);
        match self {
            // Flags, and no attributes.
            Request::Open { .. } => bytes.extend([FOR_READING.to_be_bytes(), [0; 4]].concat()),
            Request::Read { offset, length, .. } => {
                bytes.extend(offset.to_be_bytes());
                bytes.extend(length.to_be_bytes());
            }
            _ => {}
        }
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        bytes
    }
}

/// The id of what is answered, and the answer; `None`: it is none.
pub(super) fn read(mut bytes: Bytes) -> Option<(u32, Answer)> {
    let length = bytes.len();
    let kind = bytes.try_get_u8().ok()?;
    let id = bytes.try_get_u32().ok()?;
    let answer = match kind {
        101 => {
            let code = bytes.try_get_u32().ok()?;
            // Some servers end here.
            let message = if bytes.is_empty() { Bytes::new() } else { string(&mut bytes)? };
            Answer::Status { code, message: crate::printable(&message) }
        }
        102 => Answer::Handle(string(&mut bytes).filter(|handle| handle.len() <= MAX_HANDLE_BYTES)?),
        103 => Answer::Data(string(&mut bytes)?),
        104 => {
            let count = bytes.try_get_u32().ok()? as usize;
            // An entry takes twelve bytes at least: two lengths and the flags.
            if count > bytes.len() / 12 {
                return None;
            }
            let mut entries = Vec::with_capacity(count);
            for _ in 0..count {
                let name = string(&mut bytes).filter(|name| name.len() <= MAX_NAME_BYTES)?;
                let _as_ls_shows_it = string(&mut bytes)?;
                let attributes = attributes(&mut bytes)?;
                // What is kept must not keep the whole answer.
                entries.push(Entry { name: Bytes::copy_from_slice(&name), attributes });
            }
            Answer::Entries { entries, bytes: length }
        }
        105 => Answer::Attributes(attributes(&mut bytes)?),
        _ => return None,
    };
    Some((id, answer))
}

fn string(bytes: &mut Bytes) -> Option<Bytes> {
    let length = bytes.try_get_u32().ok()? as usize;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

fn attributes(bytes: &mut Bytes) -> Option<Attributes> {
    const SIZE: u32 = 1;
    const OWNER: u32 = 2;
    const MODE: u32 = 4;
    const TIMES: u32 = 8;
    const MORE: u32 = 1 << 31;
    let flags = bytes.try_get_u32().ok()?;
    let mut found = Attributes::default();
    if flags & SIZE != 0 {
        found.size = Some(bytes.try_get_u64().ok()?);
    }
    if flags & OWNER != 0 {
        bytes.try_get_u64().ok()?;
    }
    if flags & MODE != 0 {
        found.kind = kind(bytes.try_get_u32().ok()?);
    }
    if flags & TIMES != 0 {
        let _accessed = bytes.try_get_u32().ok()?;
        found.modified = Some(bytes.try_get_u32().ok()?);
    }
    if flags & MORE != 0 {
        for _ in 0..bytes.try_get_u32().ok()? {
            string(bytes)?;
            string(bytes)?;
        }
    }
    Some(found)
}

/// `None`: the mode does not tell.
fn kind(mode: u32) -> Option<Kind> {
    match mode & 0o170_000 {
        0 => None,
        0o040_000 => Some(Kind::Directory),
        0o100_000 => Some(Kind::File),
        0o120_000 => Some(Kind::Link),
        _ => Some(Kind::Other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_are_read_as_bytes() {
        let mut bytes = vec![104, 0, 0, 0, 7, 0, 0, 0, 1];
        bytes.extend([0, 0, 0, 4]);
        bytes.extend(b"a\xff\n.");
        bytes.extend([0, 0, 0, 1, b'x']);
        bytes.extend([0x80, 0, 0, 15]);
        bytes.extend(9_u64.to_be_bytes());
        bytes.extend([0; 8]);
        bytes.extend(0o100_644_u32.to_be_bytes());
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        let Some((7, Answer::Entries { entries, .. })) = read(bytes.into()) else { panic!() };
        let attributes = Attributes { size: Some(9), kind: Some(Kind::File), modified: Some(2) };
        assert_eq!(entries, [Entry { name: Bytes::from_static(b"a\xff\n."), attributes }]);
    }

    #[test]
    fn more_than_there_is_room_for_is_no_answer() {
        assert!(read(Bytes::from_static(&[104, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff])).is_none());
        assert!(read(Bytes::from_static(&[105, 0, 0, 0, 7, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])).is_none());
    }

    proptest! {
        #[test]
        fn nothing_that_comes_makes_it_panic(kind in 100_u8..107, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = vec![kind];
            bytes.extend(rest);
            let _ = read(bytes.into());
        }
    }
}
