//! The seven kinds a user's file is classified as.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a file is for. The kind names the environment variable through which a job finds the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Data,
    Config,
    Script,
    Model,
    Mesh,
    Result,
    Document,
}

impl FileKind {
    pub const ALL: [FileKind; 7] = [
        FileKind::Data,
        FileKind::Config,
        FileKind::Script,
        FileKind::Model,
        FileKind::Mesh,
        FileKind::Result,
        FileKind::Document,
    ];

    /// The word used in JSON, in the database and in upload metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::Data => "data",
            FileKind::Config => "config",
            FileKind::Script => "script",
            FileKind::Model => "model",
            FileKind::Mesh => "mesh",
            FileKind::Result => "result",
            FileKind::Document => "document",
        }
    }

    pub fn parse(text: &str) -> Option<FileKind> {
        FileKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
