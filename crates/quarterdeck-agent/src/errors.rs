//! From the operating system's error numbers to the protocol's error codes.

use std::io;

use quarterdeck_types::agent::{AgentError, ErrorCode};
use rustix::io::Errno;

pub(crate) type Outcome<T> = Result<T, AgentError>;

/// Adds what was being done to an error of the operating system.
pub(crate) trait During<T> {
    /// `what` begins the message: "home:a/b", "starting sbatch".
    fn during(self, what: impl std::fmt::Display) -> Outcome<T>;
}

impl<T> During<T> for Result<T, Errno> {
    fn during(self, what: impl std::fmt::Display) -> Outcome<T> {
        self.map_err(|errno| describe(errno, what))
    }
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl std::fmt::Display) -> Outcome<T> {
        self.map_err(|error| match Errno::from_io_error(&error) {
            Some(errno) => describe(errno, what),
            None => AgentError::new(ErrorCode::Io, format!("{what}: {error}")),
        })
    }
}

fn describe(errno: Errno, what: impl std::fmt::Display) -> AgentError {
    let (code, message) = match errno {
        Errno::NOENT => (ErrorCode::NotFound, "there is no such file or directory"),
        Errno::ACCESS | Errno::PERM => (ErrorCode::PermissionDenied, "your account may not do this"),
        Errno::ROFS => (ErrorCode::PermissionDenied, "the file system is read-only"),
        Errno::EXIST => (ErrorCode::AlreadyExists, "it exists already: choose another name"),
        Errno::NOTDIR => (ErrorCode::NotADirectory, "this is not a directory"),
        Errno::ISDIR => (ErrorCode::IsADirectory, "this is a directory"),
        Errno::NOTEMPTY => (ErrorCode::DirectoryNotEmpty, "the directory is not empty"),
        Errno::NOSPC => (ErrorCode::NoSpaceLeft, "the file system is full: remove files first"),
        Errno::DQUOT => (ErrorCode::QuotaExceeded, "your quota is used up: remove files first"),
        Errno::NAMETOOLONG => (ErrorCode::BadRequest, "the name is too long: choose a shorter one"),
        Errno::NXIO => (ErrorCode::NotRegular, "this is not a regular file"),
        Errno::AGAIN => (ErrorCode::Busy, "the directories above it keep moving: try again"),
        Errno::LOOP => (ErrorCode::NotFound, "its symbolic links lead in a circle, to no file or directory"),
        Errno::XDEV => (ErrorCode::OtherFileSystem, "the two places are on different file systems: copy instead"),
        Errno::NOSYS => (ErrorCode::Io, "the kernel, or a sandbox around the agent, refuses the system call"),
        _ => return AgentError::new(ErrorCode::Io, format!("{what}: {}", io::Error::from(errno))),
    };
    AgentError::new(code, format!("{what}: {message}"))
}
