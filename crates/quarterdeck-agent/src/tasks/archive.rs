//! Packs files, links and directories into a new archive.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;

use quarterdeck_archive::packing::{Packer, Packing};
use quarterdeck_archive::zip::write::ZipWriter;
use quarterdeck_archive::{Entry, Kind, tar};
use quarterdeck_types::file_task::{ArchiveFormat, LeftOutWhy, NameTaken};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, readlinkat, unlinkat};
use rustix::io::Errno;

use crate::errors::{During, Outcome};
use crate::files::{same_file, stat_name};
use crate::resolve::{Located, Spaces};
use crate::tasks::copy::Sources;
use crate::tasks::making::Making;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{self, Here, Visit, open_file, open_here, size_of};

pub(crate) fn run(
    spaces: &Spaces,
    progress: &Progress,
    from: &[Place],
    into: &Place,
    name: &FileName,
    format: ArchiveFormat,
    taken: NameTaken,
) -> Outcome<()> {
    let making = Making::open(spaces, progress, into, taken)?;
    let sources = Sources::open(spaces, progress, from)?;
    making.make(name, || {
        let at = &making.at;
        let writer = match format {
            ArchiveFormat::Zip => {
                let directory = new_file(&making)?;
                // Needed until the end, under no name.
                unlinkat(&making.into, making.hidden.as_os_str(), AtFlags::empty()).during(at)?;
                Writer::Zip(ZipWriter::new(new_file(&making)?, directory))
            }
            ArchiveFormat::Tar => Writer::Tar(BufWriter::new(new_file(&making)?)),
            ArchiveFormat::TarGz => packed(&making, Packing::Gzip)?,
            ArchiveFormat::TarZst => packed(&making, Packing::Zstd)?,
            ArchiveFormat::TarXz => packed(&making, Packing::Xz)?,
        };
        let own = stat_name(&making.into, making.hidden.as_os_str()).during(at)?;
        let mut pack = Pack { progress, at, own, writer };
        for (at, parent, name) in &sources.0 {
            tree::walk(progress, parent.as_fd(), name.as_os_str(), at, &mut pack)?;
        }
        pack.writer.finish().and_then(|file| file.sync_all()).during(at)
    })
}

fn new_file(making: &Making<'_>) -> Outcome<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let made = open_here(&making.into, making.hidden.as_os_str(), flags, Mode::from_raw_mode(0o666));
    made.during(&making.at).map(File::from)
}

fn packed(making: &Making<'_>, packing: Packing) -> Outcome<Writer> {
    packing.pack(BufWriter::new(new_file(making)?)).during(&making.at).map(Writer::Packed)
}

enum Writer {
    Zip(ZipWriter),
    Tar(BufWriter<File>),
    Packed(Packer<BufWriter<File>>),
}

impl Writer {
    /// `content` gives a file's bytes.
    fn add(&mut self, entry: &Entry<'_>, target: &[u8], content: &mut dyn Read) -> io::Result<()> {
        match self {
            Writer::Zip(zip) => match entry.kind {
                Kind::Link => zip.add(entry, &mut &*target),
                Kind::File | Kind::Directory => zip.add(entry, content),
            },
            Writer::Tar(tar) => add_to_tar(tar, entry, target, content),
            Writer::Packed(tar) => add_to_tar(tar, entry, target, content),
        }
    }

    fn finish(self) -> io::Result<File> {
        let buffer = match self {
            Writer::Zip(zip) => return zip.finish(),
            Writer::Tar(mut tar) => {
                tar.write_all(tar::END)?;
                tar
            }
            Writer::Packed(mut tar) => {
                tar.write_all(tar::END)?;
                tar.finish()?
            }
        };
        buffer.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn add_to_tar(to: &mut impl Write, entry: &Entry<'_>, target: &[u8], content: &mut dyn Read) -> io::Result<()> {
    to.write_all(&tar::head(entry, target)?)?;
    // So many bytes as the header says, whatever becomes of the file meanwhile.
    io::copy(&mut content.chain(io::repeat(0)).take(entry.size), to)?;
    to.write_all(tar::padding(entry.size))
}

struct Pack<'a> {
    progress: &'a Progress,
    at: &'a Located,
    /// The archive itself, which may lie in what is packed.
    own: Stat,
    writer: Writer,
}

impl Visit for Pack<'_> {
    fn enter(&mut self, here: &Here<'_>) -> Outcome<bool> {
        self.progress.entry(here.path);
        self.add(here.path, here.about, b"", &mut io::empty())?;
        Ok(true)
    }

    fn entry(&mut self, here: &Here<'_>) -> Outcome<()> {
        if same_file(here.about, &self.own) {
            return Ok(());
        }
        self.progress.entry(here.path);
        match FileType::from_raw_mode(here.about.st_mode) {
            FileType::RegularFile => self.file(here),
            FileType::Symlink => match readlinkat(here.parent, here.name, Vec::new()) {
                Ok(target) => self.add(here.path, here.about, target.as_bytes(), &mut io::empty()),
                Err(_) => {
                    self.progress.leave_out(here.path, LeftOutWhy::Changed);
                    Ok(())
                }
            },
            _ => {
                self.progress.leave_out(here.path, LeftOutWhy::NotRegular);
                Ok(())
            }
        }
    }
}

impl Pack<'_> {
    fn file(&mut self, here: &Here<'_>) -> Outcome<()> {
        let Some((source, about)) = open_file(here, self.progress) else { return Ok(()) };
        let mut reading = Reading { file: File::from(source), progress: self.progress, count: 0 };
        self.add(here.path, &about, b"", &mut reading)?;
        if reading.count < size_of(&about) {
            self.progress.leave_out(here.path, LeftOutWhy::Shorter);
        }
        Ok(())
    }

    fn add(&mut self, path: &[u8], about: &Stat, target: &[u8], content: &mut dyn Read) -> Outcome<()> {
        let kind = match FileType::from_raw_mode(about.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            _ => Kind::File,
        };
        let size = if kind == Kind::File { size_of(about) } else { 0 };
        let entry = Entry { path, kind, mode: about.st_mode & 0o777, modified: about.st_mtime, size };
        let added = self.writer.add(&entry, target, content);
        self.progress.check()?;
        added.during(self.at)
    }
}

/// A file that is packed. What cannot be read of it is missing at its end.
struct Reading<'a> {
    file: File,
    progress: &'a Progress,
    count: u64,
}

impl Read for Reading<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.progress.check().map_err(|error| io::Error::other(error.message))?;
        let read = match rustix::io::read(&self.file, buffer) {
            Err(Errno::INTR) => return Err(io::ErrorKind::Interrupted.into()),
            other => other.unwrap_or(0),
        };
        self.count += read as u64;
        self.progress.bytes(read as u64);
        Ok(read)
    }
}
