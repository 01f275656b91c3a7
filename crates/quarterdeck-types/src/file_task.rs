//! Work on a user's files that takes a while: her agent does it on a thread of its own, and tells how far it is.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::agent::{AgentError, Entry};
use crate::{FileName, Place, RelativePath, SpaceName};

/// The most results, left out entries and ended tasks that are told of: an answer holds all of them.
pub const MAX_TOLD: usize = 10;
/// The most entries that one search finds.
pub const MAX_FOUND: usize = 1000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileTask {
    /// Copies files, links (as links) and directories with all that is in them into the directory `into`; one alone
    /// under another name, where `name` is given.
    Copy {
        from: Vec<Place>,
        into: Place,
        name: Option<FileName>,
        taken: NameTaken,
    },
    /// Removes for good, directories with all that is in them.
    Remove {
        at: Vec<Place>,
    },
    /// Removes these items of a space's trash for good; without `items`, all.
    EmptyTrash {
        space: SpaceName,
        items: Option<Vec<FileName>>,
    },
    /// Packs all of these into a new archive `name` in the directory `into`.
    Archive {
        from: Vec<Place>,
        into: Place,
        name: FileName,
        format: ArchiveFormat,
        taken: NameTaken,
    },
    /// Unpacks an archive into a new directory in `into`, which is named after it or as `name` says.
    Extract {
        archive: Place,
        into: Place,
        name: Option<FileName>,
        taken: NameTaken,
    },
    Checksum {
        at: Place,
        algorithm: ChecksumAlgorithm,
    },
    /// Looks through a directory and all below it, following no links.
    Search {
        below: Place,
        wanted: Wanted,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Copy,
    Remove,
    EmptyTrash,
    Archive,
    Extract,
    Checksum,
    Search,
}

/// What happens where something has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameTaken {
    /// The new one is called `name-1`, `name-2` …
    Number,
    /// [`crate::agent::ErrorCode::AlreadyExists`].
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveFormat {
    Zip,
    Tar,
    TarGz,
    TarZst,
    TarXz,
}

impl ArchiveFormat {
    /// What names of archives end with.
    const ENDINGS: [(&[u8], ArchiveFormat); 8] = [
        (b".zip", ArchiveFormat::Zip),
        (b".tar.gz", ArchiveFormat::TarGz),
        (b".tgz", ArchiveFormat::TarGz),
        (b".tar.zst", ArchiveFormat::TarZst),
        (b".tzst", ArchiveFormat::TarZst),
        (b".tar.xz", ArchiveFormat::TarXz),
        (b".txz", ArchiveFormat::TarXz),
        (b".tar", ArchiveFormat::Tar),
    ];

    /// What a name says that it is, and the name's length without that; `None`: nothing that is known.
    pub fn of_name(name: &[u8]) -> Option<(ArchiveFormat, usize)> {
        let lower = name.to_ascii_lowercase();
        let found = Self::ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending) && lower.len() > ending.len());
        found.map(|(ending, format)| (*format, name.len() - ending.len()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumAlgorithm {
    Sha256,
    Sha1,
}

/// What a search looks for: all that is asked must hold. Sizes are those of files, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Part of the name, whatever the case; with `*` or `?` a pattern of the whole name.
    pub name: Option<String>,
    pub min_size: Option<u64>,
    pub max_size: Option<u64>,
    /// Microseconds since 1970.
    pub modified_since_us: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    pub id: Uuid,
    pub kind: TaskKind,
    /// What it is done to, the first of `count`.
    pub subject: Place,
    pub count: u64,
    #[serde(flatten)]
    pub state: TaskState,
    /// Microseconds since 1970.
    pub started_us: i64,
    pub ended_us: Option<i64>,
    pub bytes: Amount,
    pub entries: Amount,
    /// What is being worked on, for display.
    pub current: String,
    /// What it made, the first [`MAX_TOLD`].
    pub results: Vec<TaskResult>,
    /// In hexadecimal digits.
    pub checksum: Option<String>,
    /// How many entries a search found.
    pub found: u64,
    /// The search ended at [`MAX_FOUND`].
    pub more: bool,
    /// The first [`MAX_TOLD`] of `left_out_count`.
    pub left_out: Vec<LeftOut>,
    pub left_out_count: u64,
}

/// How much of how much; `None`: nobody knows yet, or it is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub done: u64,
    pub total: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TaskState {
    Running,
    Done,
    /// What it was making when it failed is gone; what was whole before that stays.
    Failed {
        error: AgentError,
    },
    Cancelled,
}

/// Where something is that a task made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    pub space: SpaceName,
    pub path: RelativePath,
    pub is_directory: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// For display.
    pub path: String,
    pub why: LeftOutWhy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutWhy {
    PermissionDenied,
    /// It could not be read, for another reason.
    NotRead,
    /// It was removed, or something else took its place, meanwhile.
    Changed,
    /// It became shorter while it was packed: the rest is zeros.
    Shorter,
    /// A device, FIFO or socket.
    NotRegular,
    /// Another file system is mounted there.
    OtherFileSystem,
    TooDeep,
    /// Its name leads out of the archive's directory.
    LeadsOut,
    /// It is a link that leads out of the archive's directory, or cannot be made.
    LinkLeadsOut,
    /// Its name is too long, or none that the file system takes.
    BadName,
    /// The archive has it twice: the last one is kept.
    Twice,
    /// Something of another kind has its name.
    Clash,
    Encrypted,
    /// It is packed in a way that is not known here.
    UnknownMethod,
}

/// An entry that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Beneath the space of the directory that was searched.
    pub path: RelativePath,
    pub entry: Entry,
}

impl FileTask {
    pub fn kind(&self) -> TaskKind {
        match self {
            FileTask::Copy { .. } => TaskKind::Copy,
            FileTask::Remove { .. } => TaskKind::Remove,
            FileTask::EmptyTrash { .. } => TaskKind::EmptyTrash,
            FileTask::Archive { .. } => TaskKind::Archive,
            FileTask::Extract { .. } => TaskKind::Extract,
            FileTask::Checksum { .. } => TaskKind::Checksum,
            FileTask::Search { .. } => TaskKind::Search,
        }
    }

    /// What it is done to: the first, and how many.
    pub fn subject(&self) -> (Place, u64) {
        let root = |space: &SpaceName| Place::In { space: space.clone(), path: RelativePath::default() };
        match self {
            FileTask::Copy { from: places, .. }
            | FileTask::Archive { from: places, .. }
            | FileTask::Remove { at: places } => {
                let first = places.first().cloned().unwrap_or_else(|| root(&SpaceName::home()));
                (first, places.len() as u64)
            }
            FileTask::EmptyTrash { space, items } => {
                (root(space), items.as_ref().map_or(0, |items| items.len() as u64))
            }
            FileTask::Extract { archive: place, .. }
            | FileTask::Checksum { at: place, .. }
            | FileTask::Search { below: place, .. } => (place.clone(), 1),
        }
    }

    /// The directory in which something new is being made.
    pub fn makes_in(&self) -> Option<&Place> {
        match self {
            FileTask::Copy { into, .. } | FileTask::Archive { into, .. } | FileTask::Extract { into, .. } => Some(into),
            _ => None,
        }
    }
}
