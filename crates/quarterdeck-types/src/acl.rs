//! POSIX access control lists of files and directories (`acl(5)`).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most named users and groups that one list is given here; file systems keep fewer than that or not many more.
pub const MAX_NAMED: usize = 100;

/// Who may do what with a file, beside its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    pub owner: Rights,
    /// Of the file's own group.
    pub group: Rights,
    pub others: Rights,
    /// What the group and all who are named get at most; `None`: nobody is named, and nothing bounds the group.
    pub mask: Option<Rights>,
    pub named: Vec<Named>,
}

/// A user or a group with rights of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub kind: NamedKind,
    /// A uid or a gid.
    pub id: u32,
    pub rights: Rights,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedKind {
    User,
    Group,
}

/// What the file system of a file knows of access control lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AclSupport {
    Posix,
    /// NFSv4's own, which are neither shown nor changed here.
    Nfs4,
    None,
}

/// The lists of one file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAcl {
    pub support: AclSupport,
    pub uid: u32,
    pub gid: u32,
    /// Without a list of its own, what the permission bits say.
    pub access: Acl,
    /// What is made in the directory begins with this one; `None`: with what its maker's umask leaves, or this is no
    /// directory.
    pub default: Option<Acl>,
}

impl Acl {
    /// What permission bits say.
    pub fn of_mode(mode: u32) -> Acl {
        let rights = |shift: u32| Rights::from_bits((mode >> shift) as u8 & 7);
        Acl { owner: rights(6), group: rights(3), others: rights(0), mask: None, named: Vec::new() }
    }

    /// What comes of rights of the group, or of somebody who is named.
    pub fn effective(&self, rights: Rights) -> Rights {
        Rights(rights.0 & self.mask.map_or(7, |mask| mask.0))
    }

    /// The same list with a mask that takes nothing from anybody in it; nobody is named twice after this, and the
    /// order is the kernel's.
    pub fn unmasked(mut self) -> Acl {
        self.named.sort_by_key(|named| (named.kind, named.id));
        self.named.dedup_by_key(|named| (named.kind, named.id));
        let all = self.named.iter().fold(self.group.0, |all, named| all | named.rights.0);
        self.mask = (!self.named.is_empty()).then_some(Rights(all));
        self
    }
}

/// Read, write, execute; written as `rwx` with a dash for each that is missing.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u8);

impl Rights {
    /// As in permission bits: 4, 2, 1.
    pub fn from_bits(bits: u8) -> Rights {
        Rights(bits & 7)
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    pub fn parse(text: &str) -> Option<Rights> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        let mut bits = 0;
        for ((letter, wanted), bit) in letters.into_iter().zip(*b"rwx").zip([4, 2, 1]) {
            match letter {
                b'-' => {}
                letter if letter == wanted => bits |= bit,
                _ => return None,
            }
        }
        Some(Rights(bits))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, bit) in "rwx".chars().zip([4, 2, 1]) {
            write!(f, "{}", if self.0 & bit == 0 { '-' } else { letter })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rights, D::Error> {
        let text = String::deserialize(deserializer)?;
        Rights::parse(&text).ok_or_else(|| serde::de::Error::custom("these are no rights: r, w and x, or dashes"))
    }
}
