//! The configuration of an OCI image, which says of it what Apptainer's metadata says of others: root index, manifest,
//! configuration, each a blob that is named by its digest.

use std::collections::BTreeMap;
use std::fmt::Write;

use quarterdeck_types::hex;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::descriptor::{DataType, Descriptor, Detail};
use crate::image::MAX_TEXT_BYTES;
use crate::inspect::Attributes;
use crate::source::{ReadAt, Source};

/// The data object in which Singularity 3 keeps the `config` of the image that it built from.
pub(crate) const OBJECT_NAME: &str = "oci-config.json";
/// Under which name the environment is shown: it comes from no file.
const ENVIRONMENT: &str = "oci-config";
/// An index may name another one.
const MAX_DEPTH: usize = 4;

/// What an index names: manifests, or in turn indexes.
#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Reference>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Reference,
}

#[derive(Deserialize)]
struct Reference {
    digest: String,
    #[serde(default, rename = "mediaType")]
    media_type: String,
}

/// What the image is, and what runs in it.
#[derive(Deserialize)]
pub(crate) struct Configuration {
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Config {
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
}

impl Configuration {
    pub(crate) fn attributes(&self) -> Attributes {
        self.config.attributes()
    }
}

impl Config {
    pub(crate) fn parse(json: &[u8]) -> Result<Config, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// In the shape of Apptainer's metadata: the environment as shell text, what runs as the script that does the same.
    pub(crate) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes { labels: self.labels.clone().unwrap_or_default(), ..Attributes::default() };
        let environment: Vec<String> = self.env.iter().flatten().map(|variable| export(variable)).collect();
        if !environment.is_empty() {
            attributes.environment.insert(ENVIRONMENT.to_owned(), environment.join("\n"));
        }
        attributes.runscript = self.runscript();
        attributes
    }

    /// Arguments take the place of `Cmd`, and follow `Entrypoint`.
    fn runscript(&self) -> String {
        let (entrypoint, cmd) = (words(self.entrypoint.as_deref()), words(self.cmd.as_deref()));
        if entrypoint.is_empty() && cmd.is_empty() {
            return String::new();
        }
        let mut script = String::from("#!/bin/sh\n");
        if !cmd.is_empty() {
            let _ = writeln!(script, "[ $# -gt 0 ] || set --{cmd}");
        }
        let _ = write!(script, "exec{entrypoint} \"$@\"");
        script
    }
}

/// Each with a space before it.
fn words(words: Option<&[String]>) -> String {
    words.into_iter().flatten().map(|word| format!(" {}", quoted(word))).collect()
}

fn export(variable: &str) -> String {
    match variable.split_once('=') {
        Some((name, value)) => format!("export {name}={}", quoted(value)),
        None => format!("export {variable}"),
    }
}

/// One word of a shell. For people to read: nothing of an image is executed.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `Err` says what cannot be read.
pub(crate) fn read<R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    descriptors: &[Descriptor],
) -> Result<Result<Configuration, String>, Error> {
    let Some(root) = descriptors.iter().find(|d| d.data_type == DataType::OciRootIndex) else {
        return Ok(Err("it has no root index".to_owned()));
    };
    let mut object = root;
    for _ in 0..MAX_DEPTH {
        let index = match blob::<Index, R>(source, object)? {
            Ok(index) => index,
            Err(why) => return Ok(Err(why)),
        };
        let Some(reference) = index.manifests.first() else {
            return Ok(Err("its index is empty".to_owned()));
        };
        let Some(named) = find(descriptors, &reference.digest) else {
            return Ok(Err(missing(&reference.digest)));
        };
        object = named;
        if !reference.media_type.contains("index") && !reference.media_type.contains("list") {
            let manifest = match blob::<Manifest, R>(source, object)? {
                Ok(manifest) => manifest,
                Err(why) => return Ok(Err(why)),
            };
            let Some(config) = find(descriptors, &manifest.config.digest) else {
                return Ok(Err(missing(&manifest.config.digest)));
            };
            return blob(source, config);
        }
    }
    Ok(Err(format!("its indexes are nested more than {MAX_DEPTH} deep")))
}

fn missing(digest: &str) -> String {
    format!("blob {digest} is missing")
}

fn find<'d>(descriptors: &'d [Descriptor], digest: &str) -> Option<&'d Descriptor> {
    descriptors.iter().find(|d| matches!(&d.detail, Detail::Oci { digest: own } if own == digest))
}

fn blob<T: for<'de> Deserialize<'de>, R: ReadAt + ?Sized>(
    source: &Source<'_, R>,
    object: &Descriptor,
) -> Result<Result<T, String>, Error> {
    let json = match source.bytes("OCI blob", object.offset, object.size, MAX_TEXT_BYTES) {
        Ok(json) => json,
        Err(Error::Io(error)) => return Err(Error::Io(error)),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let Detail::Oci { digest } = &object.detail else { return Ok(Err("it has no digest".to_owned())) };
    if digest.strip_prefix("sha256:").is_some_and(|digest| digest != hex(&Sha256::digest(&json))) {
        return Ok(Err(format!("blob {digest} is not what its digest says")));
    }
    Ok(serde_json::from_slice(&json).map_err(|error| format!("blob {digest}: {error}")))
}
