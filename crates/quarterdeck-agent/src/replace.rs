//! Puts an edited file in the place of the one that was read, and of no other.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use quarterdeck_types::agent::{AgentError, Entry, ErrorCode, FileVersion};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, RenameFlags, Stat, fchmod, fchown, fstat, renameat, renameat_with, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use uuid::Uuid;

use crate::acl::Lists;
use crate::errors::{During, Outcome};
use crate::files::{CAREFUL, entry_at, rename_new, stat_name, sync_directory, version};
use crate::resolve::{Located, Spaces, open_name};
use crate::uploads::hidden_name;

/// Two who swap at once could take each other's file for the one to put back: one after the other.
static SWAPPING: Mutex<()> = Mutex::new(());

/// The hidden file of an upload takes the place of `at`; without `expected` it must be the first of its name.
/// Whatever happens, the hidden file is gone afterwards.
pub(crate) fn replace(spaces: &Spaces, upload: Uuid, at: &Place, expected: Option<FileVersion>) -> Outcome<Entry> {
    let at = spaces.locate(at)?;
    let (parent, name) = spaces.open_parent(&at)?;
    let _turn = SWAPPING.lock().unwrap_or_else(PoisonError::into_inner);
    let swap = Swap { parent: &parent, hidden: hidden_name(upload), name, at: &at };
    let done = swap.put(expected);
    match unlinkat(&parent, swap.hidden.as_os_str(), AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) if done.is_ok() => return Err(errno).during(&at),
        Err(_) => {}
    }
    let about = done?;
    sync_directory(&parent).during(&at)?;
    Ok(entry_at(&at, &about))
}

struct Swap<'a> {
    parent: &'a OwnedFd,
    hidden: FileName,
    name: FileName,
    at: &'a Located,
}

impl Swap<'_> {
    fn put(&self, expected: Option<FileVersion>) -> Outcome<Stat> {
        let new = self.open(&self.hidden, OFlags::RDWR)?;
        let Some(expected) = expected else {
            new.sync_all().during(self.at)?;
            let place = |name| (self.parent.as_fd(), FileName::as_os_str(name));
            rename_new(place(&self.hidden), place(&self.name)).during(self.at)?;
            return fstat(&new).during(self.at);
        };
        let old = stat_name(self.parent, self.name.as_os_str()).during(self.at)?;
        if FileType::from_raw_mode(old.st_mode) != FileType::RegularFile {
            let message = format!("{}: only regular files are edited: open the one that a link leads to", self.at);
            return Err(AgentError::new(ErrorCode::NotRegular, message));
        }
        if version(&old) != expected {
            return Err(self.changed());
        }
        // A new file in its place would end what makes this one several people's.
        if old.st_nlink > 1 || old.st_uid != geteuid().as_raw() {
            return self.write_over(new, expected);
        }
        self.take_on(&new, &old)?;
        new.sync_all().during(self.at)?;
        self.exchange(expected)?;
        fstat(&new).during(self.at)
    }

    /// Permissions, group and access list of the old file, as far as they can be given.
    fn take_on(&self, new: &File, old: &Stat) -> Outcome<()> {
        let _ = fchown(new, None, Some(Gid::from_raw(old.st_gid)));
        fchmod(new, Mode::from_raw_mode(old.st_mode & 0o7777)).during(self.at)?;
        let before = self.open(&self.name, OFlags::RDONLY)?;
        Lists::of(&before).and_then(|lists| lists.give(new)).during(self.at)
    }

    /// Looks at what was there after it was moved away: what somebody else wrote in between is put back.
    fn exchange(&self, expected: FileVersion) -> Outcome<()> {
        let swap = || {
            let (hidden, name) = (self.hidden.as_os_str(), self.name.as_os_str());
            renameat_with(self.parent, hidden, self.parent, name, RenameFlags::EXCHANGE)
        };
        match swap() {
            Err(Errno::INVAL | Errno::NOSYS) => {
                // NFS: between the look and this, somebody else's change would be lost.
                return renameat(self.parent, self.hidden.as_os_str(), self.parent, self.name.as_os_str())
                    .during(self.at);
            }
            other => other.during(self.at)?,
        }
        let was = stat_name(self.parent, self.hidden.as_os_str()).during(self.at)?;
        if version(&was) == expected {
            return Ok(());
        }
        swap().during(self.at)?;
        Err(self.changed())
    }

    fn write_over(&self, mut new: File, expected: FileVersion) -> Outcome<Stat> {
        let mut old = self.open(&self.name, OFlags::RDWR)?;
        if version(&fstat(&old).during(self.at)?) != expected {
            return Err(self.changed());
        }
        let length = std::io::copy(&mut new, &mut old).during(self.at)?;
        old.set_len(length).during(self.at)?;
        old.sync_all().during(self.at)?;
        fstat(&old).during(self.at)
    }

    fn open(&self, name: &FileName, flags: OFlags) -> Outcome<File> {
        let flags = flags | OFlags::NOFOLLOW | CAREFUL;
        open_name(self.parent, name.as_os_str(), flags, Mode::empty()).during(self.at).map(File::from)
    }

    fn changed(&self) -> AgentError {
        let message = format!("{}: it was changed since it was read: look at what it holds now", self.at);
        AgentError::new(ErrorCode::Changed, message)
    }
}
