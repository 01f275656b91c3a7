//! The metadata that `apptainer inspect --json --all` prints, which Singularity since 3.7 and Apptainer also store in
//! the image. Unknown keys are dropped and a value of the wrong type is an error, as in Apptainer itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The name of the data object that holds it.
pub(crate) const OBJECT_NAME: &str = "inspect-metadata.json";

#[derive(Debug, Deserialize)]
struct Stored {
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    #[serde(default, deserialize_with = "null_is_empty")]
    attributes: Attributes,
}

/// What an image says about itself and its apps; what it does not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) apps: BTreeMap<String, App>,
    /// Shell text by the path of its file in the image.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) runscript: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) test: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) helpfile: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) deffile: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) startscript: String,
}

/// An app of the Scientific Filesystem (SCIF) within the image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct App {
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) runscript: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) startscript: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) test: String,
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "String::is_empty")]
    pub(crate) helpfile: String,
}

pub(crate) fn parse(json: &[u8]) -> Result<Attributes, serde_json::Error> {
    Ok(serde_json::from_slice::<Stored>(json)?.data.attributes)
}

impl Attributes {
    /// Exactly the document that `apptainer inspect --json --all` prints.
    pub(crate) fn to_inspect(&self) -> Value {
        serde_json::json!({ "data": { "attributes": self }, "type": "container" })
    }
}

/// Go writes an empty map as `null` in places.
fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
