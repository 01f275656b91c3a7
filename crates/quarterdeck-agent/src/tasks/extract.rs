//! Unpacks an archive of which every byte may have been chosen by somebody else: beneath a new directory, never through
//! a link, and not without an end.

mod tar;
mod unpacker;
mod zip;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::OsStrExt;

use quarterdeck_archive::packing::Packing;
use quarterdeck_archive::tar::{BLOCK, is_head};
use quarterdeck_archive::zip::read::ZipReader;
use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::{ArchiveFormat, NameTaken};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{Mode, OFlags, fstat, mkdirat};

use crate::errors::{During, Outcome};
use crate::files::CAREFUL;
use crate::resolve::{Located, Spaces};
use crate::tasks::Limits;
use crate::tasks::making::Making;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{is_file, open_directory, size_of};
use unpacker::Unpacker;

/// What is known and cannot be unpacked here.
const OTHERS: [(&[u8], &str); 4] =
    [(b"BZh", "bzip2"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "RAR"), (b"\x04\x22\x4d\x18", "LZ4")];

pub(crate) fn run(
    spaces: &Spaces,
    progress: &Progress,
    limits: Limits,
    archive: &Place,
    into: &Place,
    name: Option<&FileName>,
    taken: NameTaken,
) -> Outcome<()> {
    let at = spaces.locate(archive)?;
    let opened = spaces.open(&at, OFlags::RDONLY | CAREFUL)?;
    let about = fstat(&opened).during(&at)?;
    if !is_file(&about) {
        return Err(AgentError::new(ErrorCode::NotAnArchive, format!("{at}: this is no archive, but no file either")));
    }
    let file = File::from(opened);
    let format = format_of(&file, &at)?;
    progress.totals(Some(size_of(&about)), None);
    let making = Making::open(spaces, progress, into, taken)?;
    let name = match (name, spaces.split(&at)) {
        (Some(name), _) => name.clone(),
        (None, Some((_, name))) => stem(&name),
        (None, None) => return Err(not_an_archive(&at)),
    };
    making.make(&name, || {
        let hidden = making.hidden.as_os_str();
        mkdirat(&making.into, hidden, Mode::from_raw_mode(0o777)).during(&making.at)?;
        let root = open_directory(&making.into, hidden).during(&making.at)?;
        let whole = root.try_clone().during(&making.at)?;
        let unpacker = Unpacker::new(progress, &making, root, limits, size_of(&about));
        match format {
            Format::Zip => zip::unpack(&file, &at, unpacker),
            Format::Tar => tar::unpack(Packed { file: &file, progress }, &at, unpacker),
            Format::Packed(packing) => {
                let mut unpacked = packing.unpack(Packed { file: &file, progress });
                let head = head_of(&mut unpacked).map_err(|error| not_read(&at, error))?;
                if !is_head(&head) && head.iter().any(|byte| *byte != 0) {
                    let message = format!("{at}: what is packed in it is no tar archive: use a shell");
                    return Err(AgentError::new(ErrorCode::NotAnArchive, message));
                }
                tar::unpack(head.as_slice().chain(unpacked), &at, unpacker)
            }
        }?;
        making.durable.directory(whole).during(&making.at)?;
        // Headers, and what stands behind the last entry.
        let read = progress.status().bytes;
        progress.bytes(read.total.unwrap_or(0).saturating_sub(read.done));
        Ok(())
    })
}

enum Format {
    Zip,
    Tar,
    /// A tar, packed.
    Packed(Packing),
}

fn format_of(mut file: &File, at: &Located) -> Outcome<Format> {
    let head = head_of(&mut &*file).during(at)?;
    file.rewind().during(at)?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Format::Zip);
    }
    if let Some(packing) = Packing::of(&head) {
        return Ok(Format::Packed(packing));
    }
    if is_head(&head) {
        return Ok(Format::Tar);
    }
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        let message = format!("{at}: archives of the form {name} cannot be unpacked here: use a shell");
        return Err(AgentError::new(ErrorCode::NotAnArchive, message));
    }
    // One that unpacks itself begins with a program.
    let ends_as_zip = ZipReader::open(file).is_ok();
    if ends_as_zip { Ok(Format::Zip) } else { Err(not_an_archive(at)) }
}

fn head_of(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(BLOCK);
    from.take(BLOCK as u64).read_to_end(&mut head).map(|_| head)
}

fn not_an_archive(at: &Located) -> AgentError {
    let message = format!("{at}: this is no archive: zip, tar, tar.gz, tar.zst and tar.xz can be unpacked here");
    AgentError::new(ErrorCode::NotAnArchive, message)
}

/// The archive's name without its ending.
fn stem(name: &FileName) -> FileName {
    let bytes = name.as_os_str().as_bytes();
    let length = ArchiveFormat::of_name(bytes).map_or(bytes.len(), |(_, length)| length);
    FileName::from_bytes(&bytes[..length]).unwrap_or_else(|_| name.clone())
}

/// The archive's own bytes, as they are read.
struct Packed<'a> {
    file: &'a File,
    progress: &'a Progress,
}

impl Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.progress.bytes(read as u64);
        Ok(read)
    }
}

/// What went wrong in reading an archive.
fn not_read(at: &Located, error: io::Error) -> AgentError {
    match error.raw_os_error() {
        Some(_) => Err::<(), _>(error).during(at).expect_err("an error is one"),
        None if error.kind() == io::ErrorKind::OutOfMemory => {
            let message = format!("{at}: to unpack it takes more memory than is given here: use a shell");
            AgentError::new(ErrorCode::TooMuch, message)
        }
        None => {
            let message = format!("{at}: the archive is damaged ({error}): get it again");
            AgentError::new(ErrorCode::ArchiveDamaged, message)
        }
    }
}
