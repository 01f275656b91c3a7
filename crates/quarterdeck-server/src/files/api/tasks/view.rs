//! How a task is told of.

use chrono::{DateTime, Utc};
use quarterdeck_types::Place;
use quarterdeck_types::file_task::{Amount, LeftOutWhy, TaskKind, TaskState, TaskStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Actor;
use crate::agents;
use crate::db::from_us;
use crate::problem::{Problem, ProblemDocument};

/// Work on my files that takes a while.
#[derive(Serialize, ToSchema)]
pub(super) struct FileTask {
    id: Uuid,
    kind: FileTaskKind,
    /// What it is done to, the first of `count`: its space.
    space: String,
    /// And the path beneath it.
    path: String,
    /// 0: all that is there.
    count: u64,
    state: FileTaskState,
    started_at: DateTime<Utc>,
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    bytes: FileTaskAmount,
    entries: FileTaskAmount,
    /// What is being worked on, for display.
    current: String,
    /// What it made, the first ten.
    results: Vec<FileTaskResult>,
    /// In hexadecimal digits.
    #[schema(required)]
    checksum: Option<String>,
    /// How many entries a search found.
    found: u64,
    /// There are more than it tells of.
    more: bool,
    /// What is not in what it made, the first ten of `left_out_count`.
    left_out: Vec<FileTaskLeftOut>,
    left_out_count: u64,
    /// Why it failed. What it was making is gone.
    #[schema(required)]
    problem: Option<ProblemDocument>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileTaskKind {
    Copy,
    Remove,
    EmptyTrash,
    Archive,
    Extract,
    Checksum,
    Search,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileTaskState {
    Running,
    Done,
    Failed,
    Cancelled,
}

#[derive(Serialize, ToSchema)]
struct FileTaskAmount {
    done: u64,
    /// Null: not known, or not counted.
    #[schema(required)]
    total: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct FileTaskResult {
    space: String,
    path: String,
    is_directory: bool,
}

#[derive(Serialize, ToSchema)]
struct FileTaskLeftOut {
    /// For display.
    path: String,
    why: FileTaskLeftOutWhy,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileTaskLeftOutWhy {
    PermissionDenied,
    NotRead,
    Changed,
    /// It became shorter while it was packed: the rest is zeros.
    Shorter,
    NotRegular,
    OtherFileSystem,
    TooDeep,
    LeadsOut,
    LinkLeadsOut,
    BadName,
    /// The archive has it twice: the last one is kept.
    Twice,
    Clash,
    Encrypted,
    UnknownMethod,
}

pub(super) fn view(status: TaskStatus, actor: &Actor) -> FileTask {
    let (space, path) = match status.subject {
        Place::In { space, path } => (space.to_string(), path.to_string()),
        Place::Absolute { .. } => Default::default(),
    };
    let (state, error) = match status.state {
        TaskState::Running => (FileTaskState::Running, None),
        TaskState::Done => (FileTaskState::Done, None),
        TaskState::Cancelled => (FileTaskState::Cancelled, None),
        TaskState::Failed { error } => (FileTaskState::Failed, Some(error)),
    };
    let amount = |Amount { done, total }| FileTaskAmount { done, total };
    let results = status.results.into_iter().map(|result| FileTaskResult {
        space: result.space.to_string(),
        path: result.path.to_string(),
        is_directory: result.is_directory,
    });
    let left_out = status.left_out.into_iter().map(|left| FileTaskLeftOut { path: left.path, why: why(left.why) });
    FileTask {
        id: status.id,
        kind: kind(status.kind),
        space,
        path,
        count: status.count,
        state,
        started_at: from_us(status.started_us),
        ended_at: status.ended_us.map(from_us),
        bytes: amount(status.bytes),
        entries: amount(status.entries),
        current: status.current,
        results: results.collect(),
        checksum: status.checksum,
        found: status.found,
        more: status.more,
        left_out: left_out.collect(),
        left_out_count: status.left_out_count,
        problem: error.map(|error| Problem::from(agents::Error::Answered(error)).document(&actor.request_id)),
    }
}

fn kind(kind: TaskKind) -> FileTaskKind {
    match kind {
        TaskKind::Copy => FileTaskKind::Copy,
        TaskKind::Remove => FileTaskKind::Remove,
        TaskKind::EmptyTrash => FileTaskKind::EmptyTrash,
        TaskKind::Archive => FileTaskKind::Archive,
        TaskKind::Extract => FileTaskKind::Extract,
        TaskKind::Checksum => FileTaskKind::Checksum,
        TaskKind::Search => FileTaskKind::Search,
    }
}

fn why(why: LeftOutWhy) -> FileTaskLeftOutWhy {
    match why {
        LeftOutWhy::PermissionDenied => FileTaskLeftOutWhy::PermissionDenied,
        LeftOutWhy::NotRead => FileTaskLeftOutWhy::NotRead,
        LeftOutWhy::Changed => FileTaskLeftOutWhy::Changed,
        LeftOutWhy::Shorter => FileTaskLeftOutWhy::Shorter,
        LeftOutWhy::NotRegular => FileTaskLeftOutWhy::NotRegular,
        LeftOutWhy::OtherFileSystem => FileTaskLeftOutWhy::OtherFileSystem,
        LeftOutWhy::TooDeep => FileTaskLeftOutWhy::TooDeep,
        LeftOutWhy::LeadsOut => FileTaskLeftOutWhy::LeadsOut,
        LeftOutWhy::LinkLeadsOut => FileTaskLeftOutWhy::LinkLeadsOut,
        LeftOutWhy::BadName => FileTaskLeftOutWhy::BadName,
        LeftOutWhy::Twice => FileTaskLeftOutWhy::Twice,
        LeftOutWhy::Clash => FileTaskLeftOutWhy::Clash,
        LeftOutWhy::Encrypted => FileTaskLeftOutWhy::Encrypted,
        LeftOutWhy::UnknownMethod => FileTaskLeftOutWhy::UnknownMethod,
    }
}
