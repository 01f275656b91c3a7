//! Why a file is of its kind: a code and values for the page's translations, and a sentence for everybody else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

type Text = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "params", rename_all = "kebab-case")]
pub enum Reason {
    /// `*.csv`, or a whole name.
    Name {
        pattern: Text,
    },
    /// Neither name nor content says anything.
    Unknown,
    Format {
        format: Text,
    },
    FormatWith {
        format: Text,
        with: Text,
    },
    FormatWithout {
        format: Text,
        without: Text,
    },
    /// The program that a script's first line names.
    Shebang {
        program: Text,
    },
    JsonSettings,
    JsonRecords,
    JsonLines,
    NumericColumns {
        columns: Text,
    },
    Table {
        columns: Text,
    },
    KeyValue,
    Prose,
    /// The site's.
    Rule {
        pattern: Text,
    },
    /// By the user, of this file.
    Chosen,
    /// By the user, of an earlier file.
    Remembered {
        pattern: Text,
    },
}

impl Reason {
    pub(super) fn format(format: &'static str) -> Reason {
        Reason::Format { format: format.into() }
    }

    pub(super) fn with(format: impl Into<Text>, with: &'static str) -> Reason {
        Reason::FormatWith { format: format.into(), with: with.into() }
    }

    pub(super) fn without(format: impl Into<Text>, without: &'static str) -> Reason {
        Reason::FormatWithout { format: format.into(), without: without.into() }
    }

    /// The code and its values, as in JSON.
    pub fn parts(&self) -> (String, BTreeMap<String, String>) {
        #[derive(Deserialize)]
        struct Parts {
            code: String,
            #[serde(default)]
            params: BTreeMap<String, String>,
        }
        let parts = serde_json::to_value(self).and_then(serde_json::from_value::<Parts>);
        parts.map(|parts| (parts.code, parts.params)).unwrap_or_default()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Name { pattern } => write!(f, "By its name: {pattern}."),
            Reason::Unknown => f.write_str("Neither its name nor its content says more."),
            Reason::Format { format } => write!(f, "By its content: {format}."),
            Reason::FormatWith { format, with } => write!(f, "By its content: {format} with {with}."),
            Reason::FormatWithout { format, without } => write!(f, "By its content: {format} without {without}."),
            Reason::Shebang { program } => write!(f, "By its first line: it is run by {program}."),
            Reason::JsonSettings => f.write_str("By its content: JSON, an object of settings."),
            Reason::JsonRecords => f.write_str("By its content: JSON with records."),
            Reason::JsonLines => f.write_str("By its content: JSON, a record on each line."),
            Reason::NumericColumns { columns } => write!(f, "By its content: numbers in columns ({columns})."),
            Reason::Table { columns } => write!(f, "By its content: a table ({columns} columns)."),
            Reason::KeyValue => f.write_str("By its content: lines of names and values."),
            Reason::Prose => f.write_str("By its content: text to read."),
            Reason::Rule { pattern } => write!(f, "By a rule of this site: {pattern}."),
            Reason::Chosen => f.write_str("You chose it."),
            Reason::Remembered { pattern } => write!(f, "As you chose for {pattern} last time."),
        }
    }
}
