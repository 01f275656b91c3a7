//! What is being made stands under a hidden name in its directory, and gets its own when it is whole.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::{FileTask, NameTaken, TaskResult};
use quarterdeck_types::{FileName, Place};
use rustix::fs::{OFlags, Stat, fstat};
use rustix::io::Errno;
use uuid::Uuid;

use crate::crash;
use crate::errors::{During, Outcome};
use crate::files::{rename_new, stat_name, sync_directory};
use crate::resolve::{Located, Spaces};
use crate::tasks::durable::Durable;
use crate::tasks::progress::Progress;
use crate::tasks::remove::remove_whole;
use crate::tasks::tree::is_directory;
use crate::uploads::numbered;

/// So many of one name are somebody's mistake.
const MAX_NUMBERED: u32 = 9999;

/// A directory in which a task makes something.
pub(crate) struct Making<'a> {
    spaces: &'a Spaces,
    progress: &'a Progress,
    pub(crate) at: Located,
    pub(crate) into: OwnedFd,
    pub(crate) hidden: FileName,
    pub(crate) durable: Durable,
    taken: NameTaken,
}

impl<'a> Making<'a> {
    pub(crate) fn open(
        spaces: &'a Spaces,
        progress: &'a Progress,
        into: &Place,
        taken: NameTaken,
    ) -> Outcome<Making<'a>> {
        let at = spaces.locate(into)?;
        let into = spaces.open(&at, OFlags::PATH | OFlags::DIRECTORY)?;
        let durable = Durable::new(&into);
        Ok(Making { spaces, progress, into, durable, hidden: hidden_name(progress.id()), at, taken })
    }

    /// Runs `make`, which makes one thing under the hidden name and brings it to the disk, and gives it its own; removes
    /// what was made where that fails.
    pub(crate) fn make(&self, name: &FileName, make: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
        // Found out before the work. Who takes the name meanwhile is met at the end.
        if self.taken == NameTaken::Refuse && stat_name(&self.into, name.as_os_str()).is_ok() {
            return Err(Errno::EXIST).during(self.spaces.child(&self.at, name));
        }
        let made = make().and_then(|()| self.place(name));
        if made.is_err() {
            let _ = remove_whole(self.into.as_fd(), self.hidden.as_os_str());
        }
        made
    }

    fn place(&self, name: &FileName) -> Outcome<()> {
        self.progress.check()?;
        crash::point(crash::TASK_MADE);
        let is_directory = is_directory(&stat_name(&self.into, self.hidden.as_os_str()).during(&self.at)?);
        let last = match self.taken {
            NameTaken::Number => MAX_NUMBERED,
            NameTaken::Refuse => 0,
        };
        for number in 0..=last {
            let name = numbered(name, number);
            let at = self.spaces.child(&self.at, &name);
            let renamed =
                rename_new((self.into.as_fd(), self.hidden.as_os_str()), (self.into.as_fd(), name.as_os_str()));
            match renamed {
                Err(Errno::EXIST) if number < last => continue,
                other => other.during(&at)?,
            }
            // Whoever is told of it finds it, whatever becomes of the machine.
            match sync_directory(&self.into) {
                // A directory that she may write to and not read.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                other => other.during(&self.at)?,
            }
            self.progress.made(TaskResult { space: self.spaces.name(&at), path: at.path, is_directory });
            return Ok(());
        }
        let message = format!("{}: {MAX_NUMBERED} are named like \"{name}\" already: choose another name", self.at);
        Err(AgentError::new(ErrorCode::AlreadyExists, message))
    }

    /// Whether the directory is `other`, or lies in it.
    pub(crate) fn is_within(&self, other: &Stat) -> Outcome<bool> {
        let mut here = self.into.try_clone().during(&self.at)?;
        let mut about = fstat(&here).during(&self.at)?;
        loop {
            if (about.st_dev, about.st_ino) == (other.st_dev, other.st_ino) {
                return Ok(true);
            }
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            // Only looked at, to be told from another: what lies above the spaces is not touched.
            let above = match rustix::fs::openat(&here, "..", flags, rustix::fs::Mode::empty()) {
                Ok(above) => above,
                // What she may not walk through from above she did not choose either.
                Err(_) => return Ok(false),
            };
            let next = fstat(&above).during(&self.at)?;
            if (next.st_dev, next.st_ino) == (about.st_dev, about.st_ino) {
                return Ok(false);
            }
            (here, about) = (above, next);
        }
    }
}

/// Removes what a killed agent left of this task.
pub(crate) fn remove_left(spaces: &Spaces, id: Uuid, task: &FileTask) {
    let Some(into) = task.makes_in() else { return };
    let removed = spaces.locate(into).and_then(|at| {
        let into = spaces.open(&at, OFlags::PATH | OFlags::DIRECTORY)?;
        match remove_whole(into.as_fd(), hidden_name(id).as_os_str()) {
            Err(Errno::NOENT) => Ok(()),
            other => other.during(&at),
        }
    });
    if let Err(error) = removed {
        eprintln!("quarterdeck-agent: removing what file task {id} left: {error}");
    }
}

fn hidden_name(task: Uuid) -> FileName {
    FileName::parse(&format!(".quarterdeck-task-{task}")).expect("letters, digits and dashes are a name")
}
