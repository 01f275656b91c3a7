//! Writes a template's YAML file as a person would begin one: keys in their usual order, and none that says nothing.

use serde::Serialize;
use serde_json::Value;

use crate::jobs::Resources;
use crate::problem::FieldError;
use crate::templates::Error;
use crate::templates::definition::{Choice, ID_IN_WORDS, ImageUse, ParameterType, SchedulerName, Text, is_id};

const MAX_ID_BYTES: usize = 64;

#[derive(Serialize)]
pub(super) struct Draft {
    pub id: String,
    pub version: &'static str,
    pub name: Text,
    pub description: Text,
    pub category: &'static str,
    pub tags: Vec<&'static str>,
    pub schedulers: Vec<SchedulerName>,
    pub image: ImageUse,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Asked>,
    pub resources: Resources,
    pub script: String,
}

/// A parameter, as far as it says something.
#[derive(Serialize)]
pub(super) struct Asked {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParameterType,
    pub label: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<Text>,
    pub required: bool,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub default: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<serde_json::Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<serde_json::Number>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
}

impl Asked {
    pub fn new(name: String, kind: ParameterType, label: &str) -> Asked {
        Asked {
            name,
            kind,
            label: both(label),
            help: None,
            required: false,
            default: Value::Null,
            minimum: None,
            maximum: None,
            choices: Vec::new(),
        }
    }
}

impl Draft {
    pub fn yaml(&self) -> Result<String, Error> {
        Ok(yaml_serde::to_string(self).map_err(anyhow::Error::from)?)
    }
}

/// What is said in one language only stands for both until somebody translates it.
pub(super) fn both(text: &str) -> Text {
    Text { en: text.to_owned(), ko: text.to_owned() }
}

/// The id that is wished for, or one made of a name.
pub(super) fn id_of(wished: Option<&str>, name: &str, otherwise: &str) -> Result<String, Error> {
    if let Some(id) = wished {
        let detail = || format!("An id is {ID_IN_WORDS}.");
        return match is_id(id) {
            true => Ok(id.to_owned()),
            false => Err(Error::Invalid(vec![FieldError::new("/id", "not-an-id", detail())])),
        };
    }
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut id = words.join("-");
    id.truncate(MAX_ID_BYTES);
    let id = id.trim_end_matches('-');
    Ok(if is_id(id) { id } else { otherwise }.to_owned())
}

/// A parameter's name made of another's, and of none of these.
pub(super) fn parameter_name(name: &str, taken: &[String]) -> String {
    let lower = name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let begun = lower.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let mut base = if begun.is_empty() { "value".to_owned() } else { begun.to_owned() };
    base.truncate(MAX_ID_BYTES - 4);
    let candidates = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}_{number}")));
    let free = |name: &String| crate::templates::definition::is_parameter_name(name) && !taken.contains(name);
    candidates.into_iter().find(free).unwrap_or(base)
}

/// A text that stays as it is when the template's script is rendered.
pub(super) fn literally(text: &str) -> String {
    text.split_inclusive('\n').map(line_literally).collect()
}

fn line_literally(line: &str) -> String {
    if !["{{", "{%", "{#"].iter().any(|begin| line.contains(begin)) {
        return line.to_owned();
    }
    let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
    // What would end the raw text is itself cut in two.
    let parts: Vec<&str> = words.split("{%").collect();
    format!("{{% raw %}}{}{{% endraw %}}{end}", parts.join("{%{% endraw %}{% raw %}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_the_name_where_it_can_be() {
        let id = |name: &str| id_of(None, name, "batch-script").unwrap();
        assert_eq!(id("My Job_01 (test)"), "my-job-01-test");
        assert_eq!(id("한국어"), "batch-script");
        assert_eq!(id("scan"), "batch-script");
        assert_eq!(id(&"ab ".repeat(50)).len(), 64);
        assert!(id_of(Some("No"), "x", "y").is_err());
    }

    #[test]
    fn a_parameter_has_a_name_of_its_own() {
        let taken = ["case".to_owned(), "container_2".to_owned()];
        assert_eq!(parameter_name("CASE", &taken), "case_2");
        assert_eq!(parameter_name("container", &taken), "container_3");
        assert_eq!(parameter_name("_1x", &taken), "x");
        assert_eq!(parameter_name("__", &taken), "value");
    }
}
