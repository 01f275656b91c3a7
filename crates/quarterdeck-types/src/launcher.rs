//! What the server asks the launcher, and what the launcher answers: one JSON line each, one exchange a connection.

use serde::{Deserialize, Serialize};

/// Raised when a request or an answer changes in a way that the other side would misread.
pub const PROTOCOL: u16 = 1;
pub const MAX_LINE_BYTES: usize = 4096;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Makes sure that this user's agent runs. For the server alone.
    Start { protocol: u16, user: String },
    /// Ends this user's agent. For root alone (`quarterdeck launcher stop USER`).
    Stop { protocol: u16, user: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// The agent listens, or will at once, on this socket; whoever answers there must have this uid.
    Running {
        socket: String,
        uid: u32,
    },
    Stopped {
        was_running: bool,
    },
    Refused {
        code: RefusalCode,
        message: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    BadRequest,
    Version,
    /// The caller is not who may ask this.
    NotTheServer,
    NoSuchUser,
    Root,
    /// The uid is below the site's minimum.
    SystemUser,
    NotInPortalGroup,
    Locked,
    Expired,
    NoLogin,
    /// Too many starts in a short time.
    TooManyStarts,
    Failed,
}
