//! Reads one image file into what the catalogue keeps of it. Blocks: for a thread of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use quarterdeck_sif::Error as Unreadable;
use rustix::fs::OFlags;
use serde_json::Value;

use crate::images::Kind;

/// The label by which an image's author says what kind it is.
const KIND_LABEL: &str = "org.quarterdeck.kind";
/// Programs that show something, as words in an image's name.
const VIZ_WORDS: [&str; 11] =
    ["paraview", "visit", "vmd", "ovito", "novnc", "vnc", "pymol", "vtk", "chimerax", "viz", "visualization"];
/// Labels that hold a name rather than a description.
const NAME_LABELS: [&str; 4] = ["org.opencontainers.image.title", "org.label-schema.name", "Name", "name"];

/// What a file says about itself.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) version: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) apps: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) inspect: Value,
    pub(super) definition: Option<String>,
    pub(super) signed: bool,
    pub(super) problem: Option<String>,
}

/// Reads the file at `path`. One that is damaged is an image with a problem, so that people see that it is there;
/// `None` is a file that is none: `.img` is a name for disks of many sorts.
pub(super) fn read(path: &str) -> Option<Facts> {
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let image = match open(path).map_err(Unreadable::Io).and_then(|file| quarterdeck_sif::read(&file)) {
        Ok(image) => image,
        Err(Unreadable::NotAnImage) if path.ends_with(".img") => return None,
        Err(error) => {
            let kind = kind_of(path, &name, &BTreeMap::new(), &[]);
            return Some(Facts {
                name,
                kind,
                version: None,
                architecture: None,
                apps: Vec::new(),
                labels: BTreeMap::new(),
                inspect: Value::Null,
                definition: None,
                signed: false,
                problem: Some(without_nul(&error.to_string())),
            });
        }
    };
    Some(Facts {
        kind: kind_of(path, &name, &image.labels, &image.apps),
        name,
        version: image.version().map(without_nul),
        architecture: image.architecture.map(str::to_owned),
        signed: !image.signatures.is_empty(),
        problem: image.unreadable.map(|unreadable| without_nul(&unreadable.to_string())),
        apps: image.apps.iter().map(|app| without_nul(app)).collect(),
        labels: image.labels.iter().map(|(key, value)| (without_nul(key), without_nul(value))).collect(),
        inspect: image.inspect.map(json_without_nul).unwrap_or_default(),
        definition: image.definition.as_deref().map(without_nul),
    })
}

fn open(path: &str) -> io::Result<File> {
    // What was a file a moment ago may be a link or a pipe by now.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
}

/// The author's word counts first; then whose it is, as its directory says; then what its names hint at.
pub(super) fn kind_of(path: &str, name: &str, labels: &BTreeMap<String, String>, apps: &[String]) -> Kind {
    if let Some(kind) = labels.get(KIND_LABEL).and_then(|label| Kind::parse(label.trim())) {
        return kind;
    }
    let mut directories = Path::new(path).parent().into_iter().flat_map(Path::components);
    if path.starts_with("/home/") || directories.any(|directory| directory.as_os_str() == "custom") {
        return Kind::Custom;
    }
    let labelled = NAME_LABELS.iter().filter_map(|label| labels.get(*label)).map(String::as_str);
    let names = labelled.chain(apps.iter().map(String::as_str)).chain([name]);
    let mut words = names.flat_map(|name| name.split(|c: char| !c.is_alphanumeric()));
    if words.any(|word| VIZ_WORDS.iter().any(|viz| viz.eq_ignore_ascii_case(word))) { Kind::Viz } else { Kind::Compute }
}

/// PostgreSQL takes no NUL byte in a text, nor `\u0000` in JSON.
fn without_nul(text: &str) -> String {
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
