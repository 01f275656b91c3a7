//! Reads and sets the access control lists of a user's files and directories, as far as their file system knows them.

mod xattr;

use std::os::fd::{AsFd, OwnedFd};

use quarterdeck_types::Place;
use quarterdeck_types::acl::{Acl, AclSupport, FileAcl, Rights};
use quarterdeck_types::agent::{AgentError, Answer, Entry, ErrorCode};
use rustix::fs::{
    AtFlags, CWD, Mode, Stat, XattrFlags, chmodat, fchmod, fgetxattr, fgetxattr_query, fsetxattr, fstat, getxattr,
    removexattr, setxattr,
};
use rustix::io::Errno;

use crate::errors::{During, Outcome};
use crate::files::{descriptor_path, entry_at, open_with_permissions};
use crate::resolve::{Located, Spaces};
use crate::tasks::tree::is_directory;

const ACCESS: &str = "system.posix_acl_access";
const DEFAULT: &str = "system.posix_acl_default";
const NFS4: &str = "system.nfs4_acl";
/// A list of as many entries as any file system keeps.
const MAX_BYTES: usize = 64 << 10;

pub(crate) fn get(spaces: &Spaces, at: &Place) -> Outcome<Answer> {
    let at = spaces.locate(at)?;
    let opened = open_with_permissions(spaces, &at)?;
    let about = fstat(&opened).during(&at)?;
    Ok(Answer::Acl { acl: read(&opened, &about, &at)? })
}

/// Sets both lists, if they still are as `expected`. What is wrong with the default list is found out before anything
/// has changed.
pub(crate) fn set(
    spaces: &Spaces,
    at: &Place,
    access: Acl,
    default: Option<Acl>,
    expected: &FileAcl,
) -> Outcome<Entry> {
    let at = spaces.locate(at)?;
    let opened = open_with_permissions(spaces, &at)?;
    let about = fstat(&opened).during(&at)?;
    let now = read(&opened, &about, &at)?;
    if now != *expected {
        let message = format!("{at}: its permissions were changed meanwhile: look at them again");
        return Err(AgentError::new(ErrorCode::Changed, message));
    }
    let (access, default) = (access.unmasked(), default.map(Acl::unmasked));
    if default.is_some() && !is_directory(&about) {
        let message = format!("{at}: only a directory has permissions for what is made in it");
        return Err(AgentError::new(ErrorCode::NotADirectory, message));
    }
    let path = descriptor_path(&opened);
    if now.default != default {
        match &default {
            Some(acl) => write(&path, DEFAULT, acl, now.support, &at)?,
            None => removexattr(&path, DEFAULT).during(&at)?,
        }
    }
    if now.access != access {
        if access.named.is_empty() && now.access.mask.is_none() {
            // No list before and none after: a file system that knows none has permission bits.
            let bits = |rights: Rights, shift: u32| u32::from(rights.bits()) << shift;
            let mode = bits(access.owner, 6) | bits(access.group, 3) | bits(access.others, 0);
            let mode = Mode::from_raw_mode(about.st_mode & 0o7000 | mode);
            chmodat(CWD, &*path, mode, AtFlags::empty()).during(&at)?;
        } else {
            write(&path, ACCESS, &access, now.support, &at)?;
        }
    }
    Ok(entry_at(&at, &fstat(&opened).during(&at)?))
}

/// The lists of a file or directory as they are, to be given to what is made of it.
pub(crate) struct Lists {
    access: Option<Vec<u8>>,
    default: Option<Vec<u8>>,
}

impl Lists {
    pub(crate) fn of(opened: impl AsFd) -> Result<Lists, Errno> {
        let list = |name| {
            // Most have none, and are asked no second question.
            let length = match fgetxattr_query(&opened, name) {
                Err(Errno::NODATA | Errno::OPNOTSUPP) => return Ok(None),
                other => other?,
            };
            let mut bytes = vec![0; length];
            match fgetxattr(&opened, name, &mut bytes) {
                Ok(length) => Ok(Some(bytes[..length].to_vec())),
                Err(Errno::NODATA) => Ok(None),
                Err(errno) => Err(errno),
            }
        };
        Ok(Lists { access: list(ACCESS)?, default: list(DEFAULT)? })
    }

    /// After the permission bits. On a file system that knows no lists the group gets what it had, and not what the
    /// bits say, which is what somebody who is named had at most.
    pub(crate) fn give(&self, to: impl AsFd) -> Result<(), Errno> {
        if let Some(list) = &self.access {
            match fsetxattr(&to, ACCESS, list, XattrFlags::empty()) {
                Err(Errno::OPNOTSUPP) => {
                    let group = xattr::parse(list).map_or(0, |acl| acl.effective(acl.group).bits());
                    let mode = fstat(&to)?.st_mode & 0o7707 | u32::from(group) << 3;
                    fchmod(&to, Mode::from_raw_mode(mode))?;
                }
                other => other?,
            }
        }
        match self.default.as_ref().map(|list| fsetxattr(&to, DEFAULT, list, XattrFlags::empty())) {
            None | Some(Ok(()) | Err(Errno::OPNOTSUPP)) => Ok(()),
            Some(Err(errno)) => Err(errno),
        }
    }
}

fn read(opened: &OwnedFd, about: &Stat, at: &Located) -> Outcome<FileAcl> {
    let path = descriptor_path(opened);
    let list = |name| {
        let mut bytes = vec![0; MAX_BYTES];
        match getxattr(&*path, name, &mut bytes) {
            Ok(length) => match xattr::parse(&bytes[..length]) {
                Some(acl) => Ok(Some(acl)),
                None => Err(AgentError::new(ErrorCode::Io, format!("{at}: its access control list makes no sense"))),
            },
            Err(Errno::NODATA) => Ok(None),
            Err(errno) => Err(errno).during(at),
        }
    };
    let plain = FileAcl {
        support: AclSupport::Posix,
        uid: about.st_uid,
        gid: about.st_gid,
        access: Acl::of_mode(about.st_mode),
        default: None,
    };
    if getxattr(&*path, ACCESS, &mut [0; 0][..]) == Err(Errno::OPNOTSUPP) {
        let is_nfs4 = !matches!(getxattr(&*path, NFS4, &mut [0; 0][..]), Err(Errno::OPNOTSUPP | Errno::NODATA));
        let support = if is_nfs4 { AclSupport::Nfs4 } else { AclSupport::None };
        return Ok(FileAcl { support, ..plain });
    }
    Ok(FileAcl {
        access: list(ACCESS)?.unwrap_or_else(|| plain.access.clone()),
        default: if is_directory(about) { list(DEFAULT)? } else { None },
        ..plain
    })
}

fn write(path: &str, name: &str, acl: &Acl, support: AclSupport, at: &Located) -> Outcome<()> {
    match setxattr(path, name, &xattr::write(acl), XattrFlags::empty()) {
        Err(Errno::OPNOTSUPP) => {
            let why = match support {
                AclSupport::Nfs4 => "its file system has NFSv4 access control lists: use nfs4_setfacl in a shell",
                AclSupport::None | AclSupport::Posix => "its file system knows no access control lists",
            };
            Err(AgentError::new(ErrorCode::AclUnsupported, format!("{at}: {why}")))
        }
        other => other.during(at),
    }
}
