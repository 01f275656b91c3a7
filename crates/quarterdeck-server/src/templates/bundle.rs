//! Many templates in one zip: packs those that somebody chose, and makes templates of what somebody brings. What is
//! brought may have been made to do harm: it is read in memory, within bounds, and no name in it is ever a path.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bytes::Bytes;
use quarterdeck_archive::zip::read::{ZipEntry, ZipReader};
use quarterdeck_archive::zip::write::ZipWriter;
use quarterdeck_archive::{Entry, Kind};
use rustix::fs::{MemfdFlags, memfd_create};
use serde_json::Map;

use crate::access::Actor;
use crate::app::App;
use crate::problem::FieldError;
use crate::templates::edit::{create, export, try_text};
use crate::templates::load::{MAX_FILE_BYTES, is_yaml};
use crate::templates::{Error, Offer, own};

/// Of one zip, either way.
const MOST_TEMPLATES: usize = 500;
/// Entries of a zip that is brought, whatever they are.
const MOST_ENTRIES: usize = 2000;
/// Of all files in one zip, unpacked.
const MOST_BYTES: u64 = 32 << 20;
const MOST_NAME_CHARACTERS: usize = 200;
/// As Unix writes it beside the permission bits.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// One file of a zip that was brought, and what came of it.
pub struct Brought {
    /// As the zip has it, fit to be shown.
    pub name: String,
    /// The file, byte for byte; `None` where it was not even read.
    pub yaml: Option<String>,
    pub outcome: Result<Offer, Error>,
}

/// A zip of the files of these templates, each `<id>.yaml`.
pub async fn pack(app: &App, actor: &Actor, ids: &[String]) -> Result<Bytes, Error> {
    let wrong =
        |pointer: String, code: &str, detail: String| Err(Error::Invalid(vec![FieldError::new(pointer, code, detail)]));
    if ids.is_empty() || ids.len() > MOST_TEMPLATES {
        return wrong("/ids".to_owned(), "bad-count", format!("Name 1 to {MOST_TEMPLATES} templates."));
    }
    let (mut files, mut seen, mut size) = (Vec::new(), HashSet::new(), 0);
    for (index, id) in ids.iter().enumerate() {
        let pointer = || format!("/ids/{index}");
        if !seen.insert(id) {
            return wrong(pointer(), "named-twice", format!("{id} is named twice: name each once."));
        }
        let text = match export(app, actor, id).await {
            Ok((_, text)) => text,
            Err(Error::NotFound | Error::OtherVersion { .. }) => {
                return wrong(pointer(), "no-such-template", "There is no such template: leave it out.".to_owned());
            }
            Err(error) => return Err(error),
        };
        size += text.len() as u64;
        if size > MOST_BYTES {
            let detail = format!("Together they are larger than {} MiB: export fewer at once.", MOST_BYTES >> 20);
            return wrong("/ids".to_owned(), "too-large", detail);
        }
        // What stands behind "@" is not for a file's name.
        files.push((format!("{}.yaml", id.split('@').next().unwrap_or_default()), text));
    }
    let modified = app.clock.now().timestamp();
    let packing = move || packed(&files, modified);
    let packed = tokio::task::spawn_blocking(packing).await.map_err(anyhow::Error::from)?;
    Ok(packed.map_err(anyhow::Error::from)?.into())
}

fn packed(files: &[(String, String)], modified: i64) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(in_memory()?, in_memory()?);
    for (name, text) in files {
        let size = text.len() as u64;
        let entry = Entry { path: name.as_bytes(), kind: Kind::File, mode: 0o644, modified, size };
        zip.add(&entry, &mut text.as_bytes())?;
    }
    let mut file = zip.finish()?;
    let mut bytes = Vec::new();
    io::Seek::rewind(&mut file)?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a template of the actor's own of each YAML file in a zip, or only says what each would be. Every file has its
/// own verdict, whatever becomes of the others.
///
/// # Errors
/// It is no zip, or more than is taken: then nothing was made.
pub async fn bring(app: &App, actor: &Actor, zip: Bytes, dry_run: bool) -> Result<Vec<Brought>, Error> {
    let unpacking = move || unpacked(&zip);
    let files = tokio::task::spawn_blocking(unpacking).await.map_err(anyhow::Error::from)?;
    let files = files.map_err(|error| Error::Invalid(vec![error]))?;
    let (mut brought, mut first) = (Vec::with_capacity(files.len()), HashMap::new());
    for Unpacked { name, content } in files {
        let (yaml, outcome) = match content {
            Ok(text) => {
                let outcome = match dry_run {
                    true => would_be(app, actor, text.clone(), &name, &mut first).await,
                    false => create(app, actor, text.clone()).await,
                };
                (Some(text), outcome)
            }
            Err(fault) => (None, Err(Error::Invalid(vec![fault]))),
        };
        brought.push(Brought { name, yaml, outcome });
    }
    Ok(brought)
}

/// `first` is which file of the zip has an id first.
async fn would_be(
    app: &App,
    actor: &Actor,
    text: String,
    name: &str,
    first: &mut HashMap<String, String>,
) -> Result<Offer, Error> {
    let (offer, _) = try_text(app, text, &Map::new()).await?;
    let id = &offer.template.id;
    let is_taken =
        app.templates.shelf().templates.contains_key(id) || own::shelf(app, actor).await.templates.contains_key(id);
    if is_taken {
        return Err(Error::IdTaken(id.clone()));
    }
    if let Some(first) = first.get(id) {
        let detail = format!("The id {id} is that of {first} in the same zip: choose another.");
        return Err(Error::Invalid(vec![FieldError::new("/yaml", "id-twice", detail).with("name", first.as_str())]));
    }
    first.insert(id.clone(), name.to_owned());
    Ok(offer)
}

struct Unpacked {
    name: String,
    content: Result<String, FieldError>,
}

/// The zip's files in its order. What computers put beside them (hidden files, `__MACOSX/`) is none.
fn unpacked(zip: &[u8]) -> Result<Vec<Unpacked>, FieldError> {
    let no_zip = |error: io::Error| {
        FieldError::new("", "not-a-zip", format!("This is no zip that can be read ({error}): make it anew."))
    };
    let mut file = in_memory().map_err(no_zip)?;
    file.write_all(zip).map_err(no_zip)?;
    let mut reader = ZipReader::open(&file).map_err(no_zip)?;
    let (mut files, mut names, mut entries, mut left) = (Vec::new(), HashSet::new(), 0, MOST_BYTES);
    while let Some(entry) = reader.next_entry().map_err(no_zip)? {
        entries += 1;
        if entries > MOST_ENTRIES {
            let detail = format!("More than {MOST_ENTRIES} things are in this zip: import fewer at once.");
            return Err(FieldError::new("", "zip-too-many", detail).with("most", MOST_ENTRIES));
        }
        if entry.is_directory || is_clutter(&entry.name) {
            continue;
        }
        if files.len() == MOST_TEMPLATES {
            let detail = format!("More than {MOST_TEMPLATES} files are in this zip: import fewer at once.");
            return Err(FieldError::new("", "zip-too-many", detail).with("most", MOST_TEMPLATES));
        }
        let content = match names.insert(entry.name.clone()) {
            true => content_of(&reader, &entry, &mut left),
            false => {
                let detail = "There is another file of this name in the zip: only the first is read.";
                Err(FieldError::new("", "file-twice", detail))
            }
        };
        if left == 0 {
            let detail = format!("Unpacked it is larger than {} MiB: import fewer at once.", MOST_BYTES >> 20);
            return Err(FieldError::new("", "zip-too-large", detail));
        }
        files.push(Unpacked { name: shown(&entry.name), content });
    }
    match files.is_empty() {
        true => Err(FieldError::new("", "zip-empty", "No file is in this zip.")),
        false => Ok(files),
    }
}

/// `left` is how many bytes may be unpacked still, of all files.
fn content_of(zip: &ZipReader<'_>, entry: &ZipEntry, left: &mut u64) -> Result<String, FieldError> {
    let fault = |code: &str, detail: &str| FieldError::new("", code, detail);
    let name = std::str::from_utf8(&entry.name).map_err(|_| fault("bad-name", "Its name is not UTF-8."))?;
    if leads_elsewhere(name) {
        return Err(fault("bad-name", "Its name leads out of the zip, or cannot be a file's: pack it anew."));
    }
    if entry.mode.is_some_and(|mode| ![0, REGULAR].contains(&(mode & TYPE))) {
        return Err(fault("no-file", "It is a link or something else that is no file: put the file itself in."));
    }
    if !is_yaml(name.as_ref()) {
        return Err(fault("not-yaml", "It is no YAML file (.yaml, .yml): it is left out."));
    }
    if entry.is_encrypted {
        return Err(fault("encrypted", "It is encrypted: pack it without a password."));
    }
    let too_large = || {
        let detail = format!("It is larger than {} KiB, which no template is.", MAX_FILE_BYTES >> 10);
        FieldError::new("", "too-large", detail)
    };
    if entry.size > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let damaged = |_| fault("damaged", "It cannot be unpacked, since it is damaged: pack it anew.");
    let Some(packed) = zip.content(entry).map_err(damaged)? else {
        return Err(fault("unknown-packing", "It is packed in a way that is not known here: use deflate."));
    };
    // What the zip says of sizes need not be true.
    let mut bytes = Vec::new();
    let read = packed.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    *left = left.saturating_sub(bytes.len() as u64);
    read.map_err(damaged)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large());
    }
    if bytes.len() as u64 != entry.size || crc32fast::hash(&bytes) != entry.crc {
        return Err(damaged(io::ErrorKind::InvalidData.into()));
    }
    String::from_utf8(bytes).map_err(|_| fault("not-utf-8", "The file is no UTF-8 text: save it as UTF-8."))
}

/// What macOS and editors put beside the files; a hidden template is somebody's all the same.
fn is_clutter(name: &[u8]) -> bool {
    let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let is_hidden = last.starts_with(b".") && last != b"..";
    name.starts_with(b"__MACOSX/") || (is_hidden && !is_yaml(Path::new(OsStr::from_bytes(last))))
}

/// No name is ever used as a path here; whoever made such a one meant it to be.
fn leads_elsewhere(name: &str) -> bool {
    name.starts_with(['/', '\\'])
        || name.contains(char::is_control)
        || name.split(['/', '\\']).any(|part| part == "..")
        || name.as_bytes().get(1) == Some(&b':')
}

fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.chars().take(MOST_NAME_CHARACTERS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn in_memory() -> io::Result<File> {
    Ok(File::from(memfd_create("templates.zip", MemfdFlags::CLOEXEC)?))
}
