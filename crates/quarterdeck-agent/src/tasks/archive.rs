//! Packs files, links and directories into a new archive.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use quarterdeck_types::file_task::{ArchiveFormat, LeftOutWhy, NameTaken};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, readlinkat, unlinkat};
use rustix::io::Errno;
use tar::{EntryType, Header};

use crate::errors::{During, Outcome};
use crate::files::{same_file, stat_name};
use crate::resolve::{Located, Spaces};
use crate::tasks::copy::Sources;
use crate::tasks::making::Making;
use crate::tasks::progress::Progress;
use crate::tasks::tree::{self, Here, Visit, open_file, open_here, size_of};
use crate::tasks::zip::write::{ZipEntry, ZipWriter};

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
            ArchiveFormat::Tar => Writer::Tar(tar::Builder::new(BufWriter::new(new_file(&making)?))),
            ArchiveFormat::TarGz => {
                let gzip = GzEncoder::new(BufWriter::new(new_file(&making)?), Compression::default());
                Writer::TarGz(tar::Builder::new(gzip))
            }
        };
        let own = stat_name(&making.into, making.hidden.as_os_str()).during(at)?;
        let mut pack = Pack { progress, at, own, writer };
        for (at, parent, name) in &sources.0 {
            tree::walk(progress, parent.as_fd(), name.as_os_str(), at, &mut pack)?;
        }
        let file = pack.writer.finish().during(at)?;
        // Whoever is told of it finds it whole, whatever becomes of the machine.
        file.sync_all().during(at)
    })
}

fn new_file(making: &Making<'_>) -> Outcome<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let made = open_here(&making.into, making.hidden.as_os_str(), flags, Mode::from_raw_mode(0o666));
    made.during(&making.at).map(File::from)
}

enum Writer {
    Zip(ZipWriter),
    Tar(tar::Builder<BufWriter<File>>),
    TarGz(tar::Builder<GzEncoder<BufWriter<File>>>),
}

impl Writer {
    /// `content` gives a file's bytes, or a link's target.
    fn add(&mut self, path: &[u8], about: &Stat, content: &mut dyn Read) -> io::Result<()> {
        match self {
            Writer::Zip(zip) => zip.add(&ZipEntry { path, about }, content),
            Writer::Tar(tar) => add_to_tar(tar, path, about, content),
            Writer::TarGz(tar) => add_to_tar(tar, path, about, content),
        }
    }

    fn finish(self) -> io::Result<File> {
        let buffer = match self {
            Writer::Zip(zip) => return zip.finish(),
            Writer::Tar(tar) => tar.into_inner()?,
            Writer::TarGz(tar) => tar.into_inner()?.finish()?,
        };
        buffer.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn add_to_tar<W: Write>(
    tar: &mut tar::Builder<W>,
    path: &[u8],
    about: &Stat,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(about.st_mode & 0o777);
    header.set_mtime(u64::try_from(about.st_mtime).unwrap_or(0));
    header.set_size(0);
    let path = Path::new(OsStr::from_bytes(path));
    match FileType::from_raw_mode(about.st_mode) {
        FileType::Directory => {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, path, io::empty())
        }
        FileType::Symlink => {
            header.set_entry_type(EntryType::Symlink);
            let mut target = Vec::new();
            content.read_to_end(&mut target)?;
            tar.append_link(&mut header, path, Path::new(OsStr::from_bytes(&target)))
        }
        _ => {
            header.set_entry_type(EntryType::Regular);
            header.set_size(size_of(about));
            // So many bytes as the header says, whatever becomes of the file meanwhile.
            tar.append_data(&mut header, path, content.chain(io::repeat(0)).take(size_of(about)))
        }
    }
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
        self.add(here.path, here.about, &mut io::empty())?;
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
                Ok(target) => {
                    let mut about = *here.about;
                    about.st_size = target.as_bytes().len() as _;
                    self.add(here.path, &about, &mut target.as_bytes())
                }
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
        self.add(here.path, &about, &mut reading)?;
        if reading.count < size_of(&about) {
            self.progress.leave_out(here.path, LeftOutWhy::Shorter);
        }
        Ok(())
    }

    fn add(&mut self, path: &[u8], about: &Stat, content: &mut dyn Read) -> Outcome<()> {
        let added = self.writer.add(path, about, content);
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
