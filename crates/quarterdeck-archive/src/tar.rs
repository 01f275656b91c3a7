//! Writes the tar format, as GNU tar does: what stands before, behind and after the bytes of its entries, so that it can
//! be written to a file as well as sent piece by piece.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use crate::{Entry, Kind};

/// Headers and contents stand in blocks of so many bytes.
pub const BLOCK: usize = 512;
const ZEROS: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// What stands behind the last entry.
pub const END: &[u8] = &ZEROS;

/// What stands before an entry's bytes. `target` is what a link leads to.
pub fn head(entry: &Entry<'_>, target: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = Header::new_gnu();
    header.set_mode(entry.mode & 0o777);
    header.set_mtime(u64::try_from(entry.modified).unwrap_or(0));
    header.set_size(0);
    let path = Path::new(OsStr::from_bytes(entry.path));
    // Writes what a long name takes, too. The content follows by itself, so that the size says more than is given here.
    let mut builder = Builder::new(Vec::new());
    match entry.kind {
        Kind::Directory => {
            header.set_entry_type(EntryType::Directory);
            builder.append_data(&mut header, path, io::empty())?;
        }
        Kind::Link => {
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, path, Path::new(OsStr::from_bytes(target)))?;
        }
        Kind::File => {
            header.set_entry_type(EntryType::Regular);
            header.set_size(entry.size);
            builder.append_data(&mut header, path, io::empty())?;
        }
    }
    Ok(builder.get_ref().clone())
}

/// What stands behind so many bytes of an entry.
pub fn padding(size: u64) -> &'static [u8] {
    let over = (size % BLOCK as u64) as usize;
    &ZEROS[..(BLOCK - over) % BLOCK]
}

/// Whether a tar archive begins like this: with a header that has its checksum.
pub fn is_head(block: &[u8]) -> bool {
    let Some(block) = block.get(..BLOCK) else { return false };
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(block);
    let said = header.cksum().ok();
    header.set_cksum();
    said.is_some_and(|said| Some(said) == header.cksum().ok())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rstest::rstest;

    use super::*;

    fn entry(path: &str, kind: Kind, size: u64) -> Entry<'_> {
        Entry { path: path.as_bytes(), kind, mode: 0o640, modified: 1_700_000_000, size }
    }

    #[rstest]
    #[case(0, 0)]
    #[case(1, 511)]
    #[case(511, 1)]
    #[case(512, 0)]
    #[case(u64::MAX, 1)]
    fn content_fills_whole_blocks(#[case] size: u64, #[case] padded: usize) {
        assert_eq!(padding(size).len(), padded);
    }

    #[test]
    fn what_is_written_piece_by_piece_is_an_archive() {
        let long = format!("디렉터리/{}", "길다".repeat(50));
        let mut bytes = head(&entry("디렉터리", Kind::Directory, 0), b"").unwrap();
        assert!(is_head(&bytes));
        bytes.extend(head(&entry(&long, Kind::File, 5), b"").unwrap());
        bytes.extend(b"bytes");
        bytes.extend(padding(5));
        bytes.extend(head(&entry("link", Kind::Link, 0), long.as_bytes()).unwrap());
        bytes.extend(END);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let read = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let target = entry.link_name().unwrap().map(|target| target.to_str().unwrap().to_owned());
            (entry.path().unwrap().to_str().unwrap().to_owned(), content, target)
        });
        let expected = [
            ("디렉터리".to_owned(), String::new(), None),
            (long.clone(), "bytes".to_owned(), None),
            ("link".to_owned(), String::new(), Some(long)),
        ];
        assert_eq!(read.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_archive_does_not_begin_like_one() {
        assert!(!is_head(END));
        assert!(!is_head(&[0; BLOCK - 1]));
        assert!(!is_head(&b"text and more text".repeat(100)));
    }
}
