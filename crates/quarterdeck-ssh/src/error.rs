//! Why a host could not be reached.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::identity::IdentityError;
use crate::known_hosts::Untrusted;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Name,
    Tcp,
    Greeting,
    KeyExchange,
    SignIn,
    Sftp,
}

impl Phase {
    fn named(self) -> &'static str {
        match self {
            Phase::Name => "looking up its address",
            Phase::Tcp => "connecting",
            Phase::Greeting => "its greeting",
            Phase::KeyExchange => "the key exchange",
            Phase::SignIn => "signing in",
            Phase::Sftp => "starting SFTP",
        }
    }
}

/// Why a host could not be reached, said of it: "n1: …".
#[derive(Debug, Error)]
pub enum Error {
    #[error("its name has no address ({0}): look at DNS or /etc/hosts of the portal's host")]
    Name(io::Error),
    #[error("it cannot be connected to ({0}): is it up, and sshd running?")]
    Unreachable(io::Error),
    #[error("{} took longer than {} s", .phase.named(), .limit.as_secs_f64())]
    TimedOut { phase: Phase, limit: Duration },
    #[error("it closed the connection during {}", .0.named())]
    Closed(Phase),
    #[error("{} failed: {why}", .phase.named())]
    Failed { phase: Phase, why: String },
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("it does not let {user} sign in with this key (it takes: {takes}): add the key to its authorized_keys")]
    NotLetIn { user: String, takes: String },
    #[error("it asks {user} for more than a key: let this account sign in with its key alone")]
    NotEnough { user: String },
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error("it has no SFTP for this account: set `Subsystem sftp internal-sftp` in its sshd_config")]
    NoSftp,
    #[error("the jump host {host}: {error}")]
    JumpHost { host: String, error: Arc<Error> },
}

impl Error {
    /// Whether it may be otherwise in a moment.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Unreachable(_) | Error::TimedOut { .. } | Error::Closed(_) => true,
            Error::JumpHost { error, .. } => error.may_pass(),
            _ => false,
        }
    }

    /// What russh says, of which a part may be the host's words.
    pub(crate) fn of_russh(phase: Phase, error: russh::Error) -> Error {
        match error {
            russh::Error::Disconnect | russh::Error::HUP | russh::Error::SendError => Error::Closed(phase),
            russh::Error::IO(error) if is_end(&error) => Error::Closed(phase),
            other => Error::Failed { phase, why: crate::printable(other.to_string().as_bytes()) },
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
