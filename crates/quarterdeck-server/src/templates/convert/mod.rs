//! Makes templates of what people have: batch scripts, and the forms of Open OnDemand. Nothing of it is run, and nothing
//! is kept: the answer is a file to look over, change and save.

mod batch_script;
mod draft;
mod open_ondemand;
mod variables;

use serde::Serialize;
use utoipa::ToSchema;

pub use batch_script::{ScriptToConvert, of_batch_script};
pub use open_ondemand::{FormToConvert, of_open_ondemand};

/// A template's file, and what to look at before it is saved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConvertedTemplate)]
pub struct Converted {
    pub yaml: String,
    /// What of a script could be asked for in a form.
    pub variables: Vec<Variable>,
    pub notes: Vec<Note>,
}

/// A variable of a batch script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ScriptVariable)]
pub struct Variable {
    pub name: String,
    /// What it is set to; null: the script expects it from outside.
    pub value: Option<String>,
    /// Where it is set or first used, counted from 1.
    pub line: usize,
    /// The template asks for it.
    pub is_parameter: bool,
}

/// Something that did not come along as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ConversionNote)]
pub struct Note {
    /// Of what was sent, counted from 1; null: it concerns no line.
    pub line: Option<usize>,
    pub code: NoteCode,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// Lines ended as on Windows, which Slurm refuses.
    LineEnds,
    /// Directives of another scheduler, which Slurm does not read.
    OtherScheduler,
    /// Ruby in a form or a script: it was not run, and what it says is missing.
    Ruby,
    /// A field of a kind that templates do not have.
    UnknownField,
    /// A field that the form for resources has anyway.
    Resource,
}

/// Of one kind; who reads them knows by then.
const MOST_NOTES: usize = 100;

impl Note {
    fn new(line: Option<usize>, code: NoteCode, detail: impl Into<String>) -> Note {
        Note { line, code, detail: detail.into() }
    }
}
