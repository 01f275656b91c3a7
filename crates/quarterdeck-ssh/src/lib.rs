//! Signs in to nodes over SSH and reads files there by SFTP. Nothing here can change anything on a node: of SFTP, only
//! the requests that read are written down, and of commands one, which computes a digest.
//!
//! Everything that a node sends is a stranger's: its key is believed only if `known_hosts` has it, each answer has a
//! time and a size within which it must come, and its texts are made harmless before anybody sees them.
//!
//! | file | does |
//! |---|---|
//! | `known_hosts.rs` | says whether a host is who it claims to be |
//! | `identity.rs` | says who we are: a key, a certificate, an agent |
//! | `connect.rs`, `line.rs` | a connection, directly or through a jump host, that can be cut at any time |
//! | `sftp.rs` | directories and files of the host |
//! | `digest.rs` | the SHA-256 of a file, which the node computes |
//! | `text.rs` | what a stranger wrote, for people to read |

mod connect;
mod digest;
mod error;
mod identity;
pub mod known_hosts;
mod line;
pub mod sftp;
mod text;

pub use connect::{Access, Connection, Host, JumpHost, Limits, connect};
pub use digest::{DigestError, digest_command};
pub use error::{Error, Phase};
pub use identity::{Identity, IdentityError, KeyFiles};
pub use known_hosts::{KnownHosts, Untrusted};
pub use sftp::Sftp;
pub use text::printable;
