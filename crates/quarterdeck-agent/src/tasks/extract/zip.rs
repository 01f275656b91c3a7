//! A zip archive's entries.

use std::fs::File;
use std::io::{self, Read};

use crc32fast::Hasher;
use quarterdeck_archive::zip::read::{ZipEntry, ZipReader};
use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::LeftOutWhy;

use super::not_read;
use super::unpacker::{About, Unpacker};
use crate::errors::Outcome;
use crate::resolve::Located;

/// No file system has longer targets of links.
const MAX_TARGET: u64 = 4096;
const TYPE: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const FILE: u32 = 0o100_000;

pub(super) fn unpack(file: &File, at: &Located, mut unpacker: Unpacker<'_>) -> Outcome<()> {
    let mut reader = ZipReader::open(file).map_err(|error| not_read(at, error))?;
    let all = unpacker.progress.status().bytes.total;
    unpacker.progress.totals(all, Some(reader.entries));
    while let Some(entry) = reader.next_entry().map_err(|error| not_read(at, error))? {
        let names = match unpacker.begin(&entry.name)? {
            Ok(names) if names.is_empty() => continue,
            Ok(names) => names,
            Err(why) => {
                unpacker.progress.leave_out(&entry.name, why);
                continue;
            }
        };
        let kind = entry.mode.map_or(0, |mode| mode & TYPE);
        let mode = entry.mode.unwrap_or(if entry.is_directory { 0o777 } else { 0o666 });
        let made = if entry.is_directory {
            unpacker.directory(&names, mode)?
        } else if entry.is_encrypted {
            Err(LeftOutWhy::Encrypted)
        } else if !matches!(kind, 0 | FILE | LINK) {
            Err(LeftOutWhy::NotRegular)
        } else {
            match reader.content(&entry).map_err(|error| not_read(at, error))? {
                None => Err(LeftOutWhy::UnknownMethod),
                Some(content) if kind == LINK => {
                    let mut target = Vec::new();
                    content.take(MAX_TARGET).read_to_end(&mut target).map_err(|error| not_read(at, error))?;
                    unpacker.link(&names, &target)?
                }
                Some(content) => {
                    let about = About { mode, modified: entry.modified };
                    let mut content = Checked { content, crc: Hasher::new(), count: 0 };
                    let made = unpacker.file(&names, about, &mut content, &|error| not_read(at, error))?;
                    if made.is_ok() {
                        content.check(&entry, at)?;
                    }
                    made
                }
            }
        };
        // Archives can be made whose entries share their bytes.
        let done = unpacker.progress.status().bytes.done;
        unpacker.progress.bytes(entry.packed.min(all.unwrap_or(0).saturating_sub(done)));
        if let Err(why) = made {
            unpacker.progress.leave_out(&entry.name, why);
        }
    }
    Ok(())
}

struct Checked<'a> {
    content: Box<dyn Read + 'a>,
    crc: Hasher,
    count: u64,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.crc.update(&buffer[..read]);
        self.count += read as u64;
        Ok(read)
    }
}

impl Checked<'_> {
    fn check(self, entry: &ZipEntry, at: &Located) -> Outcome<()> {
        if self.count == entry.size && self.crc.finalize() == entry.crc {
            return Ok(());
        }
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let message = format!("{at}: the archive is damaged (\"{name}\" does not have its checksum): get it again");
        Err(AgentError::new(ErrorCode::ArchiveDamaged, message))
    }
}
