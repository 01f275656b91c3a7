//! What the root file system of an image says about it: the files that `apptainer inspect` reads in the container,
//! read without a container.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Error;
use crate::image::{MAX_TEXT_BYTES, Unreadable};
use crate::inspect::{App, Attributes};
use crate::source::{ReadAt, Source};
use crate::squashfs::{Failure, FileSystem, Place};

/// All texts of one image, in bytes: what may be read of it unpacks to more.
const MAX_TEXTS_BYTES: usize = 4 << 20;
const METADATA: &[u8] = b".singularity.d";
const APPS: &[u8] = b"scif/apps";

pub(crate) struct Root {
    /// `None` where nothing of the file system can be read.
    pub(crate) attributes: Option<Attributes>,
    /// The first thing that could not be read.
    pub(crate) unreadable: Option<Unreadable>,
}

/// The squashfs file system at `offset` in the file, of at most `length` bytes.
pub(crate) fn read<R: ReadAt + ?Sized>(source: &Source<'_, R>, offset: u64, length: u64) -> Result<Root, Error> {
    let files = match FileSystem::open(source, offset, length) {
        Ok(files) => files,
        Err(failure) => return Ok(Root { attributes: None, unreadable: Some(unreadable(failure)?) }),
    };
    let mut reader = Reader { files, left: MAX_TEXTS_BYTES, unreadable: None };
    let attributes = reader.attributes()?;
    Ok(Root { attributes: Some(attributes), unreadable: reader.unreadable })
}

fn unreadable(failure: Failure) -> Result<Unreadable, Error> {
    Ok(match failure {
        Failure::Io(error) => return Err(Error::Io(error)),
        Failure::Damaged(why) => Unreadable::RootFileSystem { why },
        Failure::Compression(compression) => Unreadable::Compression(compression),
        Failure::Limit(what) => Unreadable::TooMuch { what },
    })
}

struct Reader<'a, R: ReadAt + ?Sized> {
    files: FileSystem<'a, R>,
    /// How many more bytes of text are kept.
    left: usize,
    unreadable: Option<Unreadable>,
}

impl<R: ReadAt + ?Sized> Reader<'_, R> {
    fn attributes(&mut self) -> Result<Attributes, Error> {
        let mut attributes = Attributes::default();
        let root = self.files.root();
        if let Some(place) = self.directory(&root, METADATA)? {
            attributes.labels = self.labels(&place)?;
            attributes.runscript = self.text(&place, "runscript")?;
            attributes.startscript = self.text(&place, "startscript")?;
            attributes.test = self.text(&place, "test")?;
            attributes.helpfile = self.text(&place, "runscript.help")?;
            attributes.deffile = self.text(&place, "Singularity")?;
            attributes.environment = self.environment(&place, "/.singularity.d", |name| {
                is_between(name, b"10-docker", b".sh") || is_environment(name)
            })?;
        }
        let Some(apps) = self.directory(&root, APPS)? else { return Ok(attributes) };
        // A shell's `*`.
        for name in self.names(&apps, |name| !name.starts_with(b"."))? {
            let Some(place) = self.directory(&apps, &[name.as_slice(), b"/scif"].concat())? else { continue };
            let name = String::from_utf8_lossy(&name).into_owned();
            let app = App {
                labels: self.labels(&place)?,
                runscript: self.text(&place, "runscript")?,
                startscript: self.text(&place, "startscript")?,
                test: self.text(&place, "test")?,
                helpfile: self.text(&place, "runscript.help")?,
                environment: self.environment(&place, &format!("/scif/apps/{name}/scif"), is_environment)?,
            };
            attributes.apps.insert(name, app);
        }
        Ok(attributes)
    }

    fn environment(
        &mut self,
        place: &Place,
        path: &str,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<BTreeMap<String, String>, Error> {
        let mut texts = BTreeMap::new();
        let Some(place) = self.directory(place, b"env")? else { return Ok(texts) };
        for name in self.names(&place, is_wanted)? {
            if let Some(text) = self.file(&place, &name)? {
                texts.insert(format!("{path}/env/{}", String::from_utf8_lossy(&name)), text);
            }
        }
        Ok(texts)
    }

    fn labels(&mut self, place: &Place) -> Result<BTreeMap<String, String>, Error> {
        let Some(text) = self.file(place, b"labels.json")?.filter(|text| !text.is_empty()) else {
            return Ok(BTreeMap::new());
        };
        match serde_json::from_str::<BTreeMap<String, Value>>(&text) {
            // As in Apptainer, a value that is no text is empty.
            Ok(labels) => Ok(labels.into_iter().map(|(key, value)| (key, as_text(value))).collect()),
            Err(error) => {
                self.note(Unreadable::RootFileSystem { why: format!("its labels.json is no JSON: {error}") });
                Ok(BTreeMap::new())
            }
        }
    }

    fn text(&mut self, place: &Place, name: &str) -> Result<String, Error> {
        Ok(self.file(place, name.as_bytes())?.unwrap_or_default())
    }

    /// Without the newlines at its end, as Apptainer prints it.
    fn file(&mut self, place: &Place, name: &[u8]) -> Result<Option<String>, Error> {
        let read = self.files.file(place, name, MAX_TEXT_BYTES);
        let Some(bytes) = self.noted(read)?.flatten() else { return Ok(None) };
        let Some(left) = self.left.checked_sub(bytes.len()) else {
            self.note(Unreadable::TooMuch { what: format!("{} MiB of texts", MAX_TEXTS_BYTES >> 20) });
            return Ok(None);
        };
        self.left = left;
        Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()))
    }

    fn directory(&mut self, place: &Place, path: &[u8]) -> Result<Option<Place>, Error> {
        let read = self.files.directory(place, path);
        Ok(self.noted(read)?.flatten())
    }

    fn names(&mut self, place: &Place, is_wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, Error> {
        let read = self.files.names(place, is_wanted);
        Ok(self.noted(read)?.unwrap_or_default())
    }

    /// What is damaged leaves the rest readable.
    fn noted<T>(&mut self, read: Result<T, Failure>) -> Result<Option<T>, Error> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(failure) => {
                let unreadable = unreadable(failure)?;
                self.note(unreadable);
                Ok(None)
            }
        }
    }

    fn note(&mut self, unreadable: Unreadable) {
        self.unreadable.get_or_insert(unreadable);
    }
}

fn is_environment(name: &[u8]) -> bool {
    is_between(name, b"9", b"-environment.sh")
}

/// A shell's `before*after`.
fn is_between(name: &[u8], before: &[u8], after: &[u8]) -> bool {
    name.strip_prefix(before).is_some_and(|rest| rest.ends_with(after))
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        _ => String::new(),
    }
}
