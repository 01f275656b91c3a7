//! What archives look like: tar, zip, and what a tar is packed with. For the agent, which makes and unpacks them as files,
//! and for the server, which sends them.

pub mod packing;
pub mod tar;
pub mod zip;

/// What goes into an archive, beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Without a slash at the end.
    pub path: &'a [u8],
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: i64,
    /// Of a file; 0 for all else.
    pub size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Link,
}
