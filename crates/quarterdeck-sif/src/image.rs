//! Puts together what an image says about itself, from the first place that has it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::descriptor::{self, DataType, Descriptor, Detail, FileSystem, Hash, Link, PartitionKind};
use crate::inspect::{self, Attributes};
use crate::root::{self, Root};
use crate::source::{ReadAt, Source};
use crate::squashfs::{self, Compression};
use crate::{Error, header, oci};

/// The most that is read of a metadata object or a definition file, in bytes. Usual ones have a few thousand.
pub(crate) const MAX_TEXT_BYTES: u64 = 1 << 20;
/// How far into the file a Singularity 2 image may have its file system, behind a line for the kernel.
const MAX_LAUNCH_BYTES: usize = 256;
/// Where ext2, ext3 and ext4 have their magic number, and what it is.
const EXT_MAGIC_AT: usize = 1024 + 56;
const EXT_MAGIC: [u8; 2] = [0x53, 0xef];
/// The label in which Apptainer keeps the architecture, which bare file systems say nowhere else.
const ARCHITECTURE_LABEL: &str = "org.label-schema.build-arch";

/// What an image says about itself. Nothing in here has been verified: not a signature, and not that the image does
/// what its texts say.
#[derive(Clone, Debug)]
pub struct Image {
    pub format: Format,
    /// `None` in images that have none, or were built to be reproducible.
    pub uuid: Option<Uuid>,
    pub created: Option<DateTime<Utc>>,
    /// Signing an image changes this date: show people `created`.
    pub modified: Option<DateTime<Utc>>,
    /// As Go calls it: `amd64`, `arm64`.
    pub architecture: Option<&'static str>,
    pub descriptors: Vec<Descriptor>,
    /// The document that `apptainer inspect --json --all` prints, or what of it can be told; `unreadable` says whether
    /// something is missing. `None` where nothing can be told.
    pub inspect: Option<Value>,
    pub labels: BTreeMap<String, String>,
    /// The names of the image's SCIF apps.
    pub apps: Vec<String>,
    /// Shell text by the path of its file in the image.
    pub environment: BTreeMap<String, String>,
    pub help: Option<String>,
    pub runscript: Option<String>,
    pub definition: Option<String>,
    pub signatures: Vec<Signature>,
    /// Running the image takes a key or a passphrase.
    pub encrypted: bool,
    pub unreadable: Option<Unreadable>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Sif,
    /// A SIF file that holds an OCI image, as SingularityCE 4 makes them.
    OciSif,
    /// A squashfs or ext3 file system behind a line that starts Singularity 2.
    Singularity2,
    Squashfs,
    Ext3,
}

/// A signature that the image carries, unverified: see [`crate::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub hash: Hash,
    /// The PGP key's fingerprint in hexadecimal; `None` for other kinds of key.
    pub fingerprint: Option<String>,
    pub signs: Option<Link>,
}

/// What of an image could not be read, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the file ends at byte {size}, before the end of its root file system: copy it again")]
    Truncated { size: u64 },
    #[error(
        "its inspect-metadata.json is damaged ({why}), and what is shown is what else the image says: build it again"
    )]
    Metadata { why: String },
    #[error("its root file system is damaged ({why}): build or copy it again")]
    RootFileSystem { why: String },
    #[error(
        "its labels and scripts are only inside its squashfs file system, compressed with {0}, for which there is no \
         decoder under a licence that allows it here: build it with gzip, xz, zstd or lz4"
    )]
    Compression(Compression),
    #[error(
        "its labels and scripts are only inside its squashfs file system, and reading them would take more than \
         {what}: build it with Apptainer, or Singularity 3.7 or newer"
    )]
    TooMuch { what: String },
    #[error("its labels and scripts are only inside a file system ({0}) that cannot be read: build it as squashfs")]
    OnlyInFileSystem(FileSystem),
    #[error("it is encrypted and has no inspect-metadata.json: its labels and scripts cannot be read without the key")]
    Encrypted,
    #[error("the configuration of its OCI image cannot be read ({why}): build or copy it again")]
    Oci { why: String },
    #[error("it holds no root file system: it cannot be run")]
    NoRootFileSystem,
}

/// Reads an image's metadata. Costs one read of 48 KiB where a current Apptainer built the image, and some tens of
/// smaller ones where its root file system has to be walked.
///
/// # Errors
/// When the file is no image, or so damaged that its header or descriptors cannot be read.
pub fn read<R: ReadAt + ?Sized>(reader: &R) -> Result<Image, Error> {
    let source = Source::open(reader)?;
    let mut image = if header::is_sif(&source) { read_sif(&source)? } else { read_bare_file_system(&source)? };
    if image.architecture.is_none() {
        image.architecture = image.labels.get(ARCHITECTURE_LABEL).and_then(|name| header::known_architecture(name));
    }
    Ok(image)
}

fn read_sif<R: ReadAt + ?Sized>(source: &Source<'_, R>) -> Result<Image, Error> {
    let header = header::read(source)?;
    let descriptors = descriptor::read(source, &header)?;
    let is_oci = descriptors.iter().any(|d| d.data_type == DataType::OciRootIndex);

    let mut image = Image::empty(if is_oci { Format::OciSif } else { Format::Sif });
    image.uuid = header.uuid;
    image.created = header.created;
    image.modified = header.modified;
    image.architecture = header.architecture;
    image.signatures = descriptors.iter().filter_map(signature).collect();
    image.encrypted = root_partition(&descriptors).is_some_and(|(_, file_system)| file_system.is_encrypted());

    match stored_attributes(source, &descriptors)? {
        Stored::Found(attributes) => {
            image.take(*attributes);
            image.unreadable = truncated(source, &descriptors);
        }
        Stored::Missing => image.take_from_elsewhere(source, &descriptors)?,
        Stored::Damaged(why) => {
            image.take_from_elsewhere(source, &descriptors)?;
            image.unreadable = truncated(source, &descriptors).or(Some(Unreadable::Metadata { why }));
        }
    }
    if image.definition.is_none() {
        image.definition = text_object(source, &descriptors, DataType::Definition)?;
    }
    image.descriptors = descriptors;
    Ok(image)
}

enum Stored {
    Found(Box<Attributes>),
    Missing,
    Damaged(String),
}

fn stored_attributes<R: ReadAt + ?Sized>(source: &Source<'_, R>, descriptors: &[Descriptor]) -> Result<Stored, Error> {
    let Some(object) = json_object(descriptors, inspect::OBJECT_NAME) else {
        return Ok(Stored::Missing);
    };
    match source.bytes("metadata", object.offset, object.size, MAX_TEXT_BYTES) {
        Ok(json) => Ok(match inspect::parse(&json) {
            Ok(attributes) => Stored::Found(Box::new(attributes)),
            Err(error) => Stored::Damaged(error.to_string()),
        }),
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(error) => Ok(Stored::Damaged(error.to_string())),
    }
}

fn json_object<'d>(descriptors: &'d [Descriptor], name: &str) -> Option<&'d Descriptor> {
    descriptors.iter().find(|d| d.data_type == DataType::GenericJson && d.name == name)
}

fn truncated<R: ReadAt + ?Sized>(source: &Source<'_, R>, descriptors: &[Descriptor]) -> Option<Unreadable> {
    let (partition, _) = root_partition(descriptors)?;
    let is_whole = source.holds(partition.offset, partition.size);
    (!is_whole).then(|| Unreadable::Truncated { size: source.size() })
}

/// What the root file system, whichever it is, says of the image.
fn read_root<R: ReadAt + ?Sized>(source: &Source<'_, R>, descriptors: &[Descriptor]) -> Result<Root, Error> {
    let unreadable = match root_partition(descriptors) {
        None => Unreadable::NoRootFileSystem,
        Some((_, file_system)) if file_system.is_encrypted() => Unreadable::Encrypted,
        Some((partition, FileSystem::Squashfs)) => return root::read(source, partition.offset, partition.size),
        Some((_, other)) => Unreadable::OnlyInFileSystem(other),
    };
    Ok(Root { attributes: None, unreadable: Some(unreadable) })
}

fn root_partition(descriptors: &[Descriptor]) -> Option<(&Descriptor, FileSystem)> {
    descriptors.iter().find_map(|d| match d.detail {
        Detail::Partition { file_system, kind: PartitionKind::PrimarySystem, .. } => Some((d, file_system)),
        _ => None,
    })
}

pub(crate) fn signature(descriptor: &Descriptor) -> Option<Signature> {
    match &descriptor.detail {
        Detail::Signature { hash, fingerprint } => {
            Some(Signature { hash: *hash, fingerprint: fingerprint.clone(), signs: descriptor.link })
        }
        _ => None,
    }
}

/// The text of the first data object of this type.
fn text_object<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    descriptors: &[Descriptor],
    data_type: DataType,
) -> Result<Option<String>, Error> {
    match descriptors.iter().find(|d| d.data_type == data_type) {
        Some(object) => text(source, object),
        None => Ok(None),
    }
}

/// The text of a data object; `None` where it is not wholly there.
fn text<R: ReadAt + ?Sized>(source: &Source<'_, R>, object: &Descriptor) -> Result<Option<String>, Error> {
    match source.bytes("data object", object.offset, object.size, MAX_TEXT_BYTES) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(_) => Ok(None),
    }
}

/// Squashfs or ext3 without SIF around it, perhaps behind the line that Singularity 2 put there.
fn read_bare_file_system<R: ReadAt + ?Sized>(source: &Source<'_, R>) -> Result<Image, Error> {
    let launch = launch_line_length(source.beginning(MAX_LAUNCH_BYTES));
    let at_root = &source.beginning(MAX_LAUNCH_BYTES + EXT_MAGIC_AT + EXT_MAGIC.len())[launch..];

    let (bare, root) = if at_root.starts_with(squashfs::MAGIC) {
        (Format::Squashfs, root::read(source, launch as u64, source.size() - launch as u64)?)
    } else if at_root.get(EXT_MAGIC_AT..EXT_MAGIC_AT + 2) == Some(&EXT_MAGIC) {
        let unreadable = Unreadable::OnlyInFileSystem(FileSystem::Ext3);
        (Format::Ext3, Root { attributes: None, unreadable: Some(unreadable) })
    } else {
        return Err(Error::NotAnImage);
    };
    let mut image = Image::empty(if launch > 0 { Format::Singularity2 } else { bare });
    image.unreadable = root.unreadable;
    if let Some(attributes) = root.attributes {
        image.take(attributes);
    }
    Ok(image)
}

/// The length of `#!/usr/bin/env run-singularity` with its newline, however it is written; 0 where there is none.
fn launch_line_length(beginning: &[u8]) -> usize {
    let Some(end) = beginning.iter().position(|b| *b == b'\n') else { return 0 };
    let line = &beginning[..end];
    if line.starts_with(b"#!") && line.ends_with(b"run-singularity") { end + 1 } else { 0 }
}

impl Image {
    /// The version that the image's labels give it: by OCI's word first, then by older customs.
    pub fn version(&self) -> Option<&str> {
        const KEYS: [&str; 4] = ["org.opencontainers.image.version", "org.label-schema.version", "Version", "version"];
        KEYS.iter().find_map(|key| self.labels.get(*key)).map(String::as_str).filter(|version| !version.is_empty())
    }

    fn empty(format: Format) -> Image {
        Image {
            format,
            uuid: None,
            created: None,
            modified: None,
            architecture: None,
            descriptors: Vec::new(),
            inspect: None,
            labels: BTreeMap::new(),
            apps: Vec::new(),
            environment: BTreeMap::new(),
            help: None,
            runscript: None,
            definition: None,
            signatures: Vec::new(),
            encrypted: false,
            unreadable: None,
        }
    }

    fn take(&mut self, attributes: Attributes) {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        self.inspect = Some(attributes.to_inspect());
        self.apps = attributes.apps.into_keys().collect();
        self.environment = attributes.environment;
        self.labels = attributes.labels;
        self.help = given(attributes.helpfile);
        self.runscript = given(attributes.runscript);
        self.definition = given(attributes.deffile);
    }

    /// From the image's OCI configuration, or its definition and root file system. Where that cannot be read, what
    /// other objects say is better than nothing.
    fn take_from_elsewhere<R: ReadAt + ?Sized>(
        &mut self,
        source: &Source<'_, R>,
        descriptors: &[Descriptor],
    ) -> Result<(), Error> {
        let definition = text_object(source, descriptors, DataType::Definition)?;
        let mut attributes = if self.format == Format::OciSif {
            match oci::read(source, descriptors)? {
                Ok(configuration) => {
                    self.architecture = self.architecture.or(header::known_architecture(&configuration.architecture));
                    Some(configuration.attributes())
                }
                Err(why) => {
                    self.unreadable = Some(Unreadable::Oci { why });
                    None
                }
            }
        } else if let Some(truncated) = truncated(source, descriptors) {
            self.unreadable = Some(truncated);
            None
        } else {
            let root = read_root(source, descriptors)?;
            self.unreadable = root.unreadable;
            root.attributes
        };
        if attributes.is_none() {
            attributes = other_objects(source, descriptors, definition.is_some())?;
        }
        if let Some(mut attributes) = attributes {
            // The descriptor's counts before the copy in the root file system, as it is: Apptainer does the same.
            attributes.deffile = definition.unwrap_or(attributes.deffile);
            self.take(attributes);
        }
        Ok(())
    }
}

/// The OCI configuration that Singularity 3 kept beside the root file system, and the format's own objects for labels
/// and environment, which Apptainer neither writes nor reads.
fn other_objects<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    descriptors: &[Descriptor],
    has_definition: bool,
) -> Result<Option<Attributes>, Error> {
    let mut attributes = has_definition.then(Attributes::default);
    if let Some(object) = json_object(descriptors, oci::OBJECT_NAME)
        && let Some(config) = text(source, object)?.and_then(|text| oci::Config::parse(text.as_bytes()).ok())
    {
        attributes = Some(config.attributes());
    }
    if let Some(labels) = text_object(source, descriptors, DataType::Labels)?
        && let Ok(labels) = serde_json::from_str(&labels)
    {
        attributes.get_or_insert_default().labels = labels;
    }
    if let Some(environment) = text_object(source, descriptors, DataType::Environment)? {
        attributes.get_or_insert_default().environment.insert("environment".to_owned(), environment);
    }
    Ok(attributes)
}
