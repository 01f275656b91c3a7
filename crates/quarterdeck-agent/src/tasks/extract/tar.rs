//! A tar archive's entries.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::LeftOutWhy;
use tar::{Archive, EntryType};

use super::not_read;
use super::unpacker::{About, Unpacker};
use crate::errors::Outcome;
use crate::resolve::Located;

/// Names and other headers of one entry, which are held in memory; and the padding of the entry before.
const MAX_HEADERS: u64 = 1 << 20;

pub(super) fn unpack(archive: impl Read, at: &Located, mut unpacker: Unpacker<'_>) -> Outcome<()> {
    let allowance = Rc::new(Cell::new(Some(MAX_HEADERS)));
    let mut archive = Archive::new(Metered { from: archive, allowance: Rc::clone(&allowance) });
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => {
            let message = format!("{at}: the archive holds a name of more than {MAX_HEADERS} bytes");
            AgentError::new(ErrorCode::TooMuch, message)
        }
        _ => not_read(at, error),
    };
    let mut entries = archive.entries().map_err(failed)?;
    loop {
        allowance.set(Some(MAX_HEADERS));
        let Some(entry) = entries.next() else { break };
        allowance.set(None);
        let mut entry = entry.map_err(failed)?;
        let path = entry.path_bytes().into_owned();
        let header = entry.header();
        let about = About {
            mode: header.mode().unwrap_or(0o644),
            modified: header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok()),
        };
        let kind = header.entry_type();
        let target = entry.link_name_bytes().map(|target| target.into_owned()).unwrap_or_default();
        let made = match unpacker.begin(&path)? {
            Err(why) => Err(why),
            Ok(names) if names.is_empty() => Ok(()),
            Ok(names) => match kind {
                EntryType::Directory => unpacker.directory(&names, about.mode)?,
                EntryType::Symlink => unpacker.link(&names, &target)?,
                EntryType::Link => unpacker.hard_link(&names, &target)?,
                // A sparse file as POSIX headers tell of it: its content begins with a map.
                _ if is_sparse_by_headers(&mut entry).map_err(failed)? => Err(LeftOutWhy::UnknownMethod),
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    unpacker.file(&names, about, &mut entry, &failed)?
                }
                EntryType::Char | EntryType::Block | EntryType::Fifo => Err(LeftOutWhy::NotRegular),
                _ => Err(LeftOutWhy::UnknownMethod),
            },
        };
        unpacker.skip(&mut entry, &failed)?;
        // Global headers are about the archive, not of it.
        if let Err(why) = made
            && kind != EntryType::XGlobalHeader
        {
            unpacker.progress.leave_out(&path, why);
        }
    }
    // What it is packed with has its checksum behind all that.
    allowance.set(None);
    unpacker.skip(&mut archive.into_inner(), &failed)
}

fn is_sparse_by_headers(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<bool> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(false) };
    for extension in extensions {
        if extension?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives no more than is allowed; `None`: as much as is asked for.
struct Metered<R> {
    from: R,
    allowance: Rc<Cell<Option<u64>>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = self.allowance.get() else { return self.from.read(buffer) };
        if left == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.from.read(&mut buffer[..most])?;
        self.allowance.set(Some(left - read as u64));
        Ok(read)
    }
}
