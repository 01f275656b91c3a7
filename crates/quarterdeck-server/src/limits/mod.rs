//! Limits how often somebody may do something, by class of request.

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    SignIn,
    Submit,
    NewUpload,
    NodeAction,
    Reboot,
    Scan,
    Write,
    Read,
}
