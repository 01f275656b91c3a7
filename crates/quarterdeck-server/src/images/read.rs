//! Reads one image file into what the catalogue keeps of it. Blocks: for a thread of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use quarterdeck_sif::{Error as Unreadable, Format, Image, ReadAt};
use serde_json::Value;

use crate::db::to_us;
use crate::images::identity::Identity;
use crate::images::needs::{Need, needs};
use crate::images::tree::Tree;
use crate::images::visit::Host;

/// Counts up when images are read otherwise than before, so that each is read once more.
pub(super) const READER: i32 = 2;
/// What is looked through for a searcher's words, of one image.
const MAX_WORDS_BYTES: usize = 16 << 10;

/// What came of reading a file.
#[derive(Debug)]
pub(super) enum Reading {
    /// Also one that is damaged, so that people see that it is there.
    Image(Arc<Facts>),
    /// The catalogue has it: another host's file of the same path, size and time has this header.
    Known(Identity),
    /// `.img` is a name for disks of many sorts.
    NoImage,
    /// The file cannot be read now, for this reason.
    Unreadable(String),
    /// Nothing more can be read of the host.
    Lost,
}

/// What a file says about itself.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) identity: Identity,
    pub(super) format: Option<&'static str>,
    pub(super) created_us: Option<i64>,
    pub(super) version: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) apps: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) needs: Vec<Need>,
    pub(super) inspect: Value,
    pub(super) definition: Option<String>,
    pub(super) signed: bool,
    pub(super) encrypted: bool,
    pub(super) problem: Option<String>,
}

/// Reads the host's file at `path`.
pub(super) fn read<T: Tree>(tree: &T, path: &str) -> Reading {
    match tree.open(path) {
        Ok(file) => read_open(tree, path, &file),
        Err(error) => unreadable(tree, Unreadable::Io(error)),
    }
}

pub(super) fn read_open<T: Tree>(tree: &T, path: &str, file: &T::File) -> Reading {
    match read_from(path, file) {
        Reading::Unreadable(_) if tree.lost().is_some() => Reading::Lost,
        reading => reading,
    }
}

/// One that cannot be read, unless it is the host.
pub(super) fn unreadable<T: Tree>(tree: &T, error: Unreadable) -> Reading {
    if tree.lost().is_some() { Reading::Lost } else { Reading::Unreadable(without_nul(&error.to_string())) }
}

pub(super) fn read_from<R: ReadAt + ?Sized>(path: &str, reader: &R) -> Reading {
    let facts = match quarterdeck_sif::read(reader) {
        Ok(image) => Identity::of(&image, reader).map(|identity| Facts::of(image, identity)),
        Err(Unreadable::NotAnImage) if path.ends_with(".img") => return Reading::NoImage,
        Err(Unreadable::Io(error)) => Err(error),
        Err(error) => {
            let problem = without_nul(&error.to_string());
            Identity::of_damaged(&problem, reader).map(|identity| Facts::damaged(identity, problem))
        }
    };
    match facts {
        Ok(facts) => Reading::Image(Arc::new(facts)),
        Err(error) => Reading::Unreadable(without_nul(&Unreadable::Io(error).to_string())),
    }
}

impl Facts {
    fn of(image: Image, identity: Identity) -> Facts {
        let version = image.version().map(without_nul);
        let labels = image.labels.iter().map(|(key, value)| (without_nul(key), without_nul(value))).collect();
        let inspect = image.inspect.map(json_without_nul).unwrap_or_default();
        let definition = image.definition.as_deref().map(without_nul);
        Facts {
            identity,
            needs: needs(&labels, &inspect, definition.as_deref()),
            format: Some(match image.format {
                Format::Sif => "sif",
                Format::OciSif => "oci_sif",
                Format::Singularity2 => "singularity_2",
                Format::Squashfs => "squashfs",
                Format::Ext3 => "ext3",
            }),
            created_us: image.created.map(to_us),
            version,
            architecture: image.architecture.map(str::to_owned),
            signed: !image.signatures.is_empty(),
            encrypted: image.encrypted,
            problem: image.unreadable.map(|unreadable| without_nul(&unreadable.to_string())),
            apps: image.apps.iter().map(|app| without_nul(app)).collect(),
            labels,
            inspect,
            definition,
        }
    }

    fn damaged(identity: Identity, problem: String) -> Facts {
        Facts {
            identity,
            format: None,
            created_us: None,
            version: None,
            architecture: None,
            apps: Vec::new(),
            labels: BTreeMap::new(),
            needs: Vec::new(),
            inspect: Value::Null,
            definition: None,
            signed: false,
            encrypted: false,
            problem: Some(problem),
        }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(key, value)| key.len() + value.len()).sum();
        let definition = self.definition.as_ref().map_or(0, String::len);
        // In memory, JSON takes a few times its text.
        1024 + labels + definition + 4 * self.inspect.to_string().len()
    }

    /// Of a file of which nothing could be read, and nothing was known.
    pub(super) fn unreadable(host: &Host, path: &str, problem: String) -> Facts {
        Facts::damaged(Identity::of_place(host, path), problem)
    }
}

/// The file's name without its extension.
pub(super) fn name_of(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Labels and apps, as one text to search in.
pub(super) fn words(labels: &BTreeMap<String, String>, apps: &[String]) -> String {
    let labels = labels.iter().flat_map(|(key, value)| [key, value]);
    let mut words = String::new();
    for word in apps.iter().chain(labels) {
        words.push_str(word);
        words.push('\n');
    }
    words.truncate(words.floor_char_boundary(MAX_WORDS_BYTES));
    words
}

/// PostgreSQL takes no NUL byte in a text, nor `\u0000` in JSON.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The reader bounds how deep the document is.
fn json_without_nul(json: Value) -> Value {
    match json {
        Value::String(text) => without_nul(&text).into(),
        Value::Array(items) => items.into_iter().map(json_without_nul).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (without_nul(&key), json_without_nul(value))).collect()
        }
        plain => plain,
    }
}
