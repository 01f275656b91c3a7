//! What a template's YAML file says, read strictly: docs/admin/templates.md explains each key to those who write one.
//! The same words are the API's.

use std::collections::HashSet;
use std::fmt;

use quarterdeck_types::{FileKind, FileName};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;

use crate::jobs::Resources;
use crate::templates::{parameters, render};

/// Ids are also words in addresses; these two are addresses already.
const RESERVED_IDS: [&str; 2] = ["scan", "import"];
const MAX_WORD_BYTES: usize = 64;
pub(super) const ID_IN_WORDS: &str = "made of a-z, 0-9 and \"-\", and neither \"scan\" nor \"import\"";
/// Lists and mappings in each other, as YAML counts them; scripts may have brackets that never close.
const MAX_NESTING: usize = 500;
/// What a compiled pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A job template, as its file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a template: id, version, name, …")]
pub struct Template {
    pub id: String,
    pub version: String,
    pub name: Text,
    pub description: Text,
    pub category: String,
    pub tags: Vec<String>,
    /// Where it can run.
    pub schedulers: Vec<SchedulerName>,
    pub image: ImageUse,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The files that it asks for.
    #[serde(default)]
    pub files: Vec<FileSlot>,
    /// What a job gets unless its user asks for something else.
    pub resources: Resources,
    /// The batch script's body, in minijinja's notation.
    pub script: String,
}

/// A text for people, in each of the page's languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub en: String,
    pub ko: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerName {
    Slurm,
    Local,
}

impl SchedulerName {
    pub fn as_str(self) -> &'static str {
        match self {
            SchedulerName::Slurm => "slurm",
            SchedulerName::Local => "local",
        }
    }
}

/// Whether a job of this template runs in an Apptainer image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageUse {
    None,
    Optional,
    Required,
}

/// A field of the template's form.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub kind: ParameterType,
    pub label: Text,
    #[serde(default)]
    #[schema(required = true)]
    pub help: Option<Text>,
    /// A value of the parameter's type; null: there is none.
    #[serde(default)]
    #[schema(value_type = Option<Value>, required = true)]
    pub default: Value,
    pub required: bool,
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = true)]
    pub minimum: Option<Number>,
    #[serde(default)]
    #[schema(value_type = Option<f64>, required = true)]
    pub maximum: Option<Number>,
    /// In characters.
    #[serde(default)]
    #[schema(required = true)]
    pub max_length: Option<u32>,
    /// A regular expression that the whole value matches.
    #[serde(default)]
    #[schema(required = true)]
    pub pattern: Option<String>,
    #[serde(default)]
    #[schema(required = true)]
    pub choices: Vec<Choice>,
    #[serde(default)]
    #[schema(required = true)]
    pub unit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// One line.
    String,
    /// Several lines.
    Text,
    Integer,
    Number,
    Boolean,
    Choice,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub value: String,
    pub label: Text,
}

/// A file that a job of this template gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSlot {
    /// Its name in the job's working directory.
    pub name: String,
    #[schema(value_type = String, example = "data")]
    pub kind: FileKind,
    pub required: bool,
    pub label: Text,
    #[serde(default)]
    #[schema(required = true)]
    pub help: Option<Text>,
}

/// Why a file is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1; `None` where it concerns no line.
    pub line: Option<usize>,
    pub message: String,
}

impl Template {
    /// Reads and checks a template's file.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn parse(yaml: &str) -> Result<Template, Fault> {
        if nests_deeply(yaml) {
            let message = "lists or mappings lie too deep in each other: write it flatter".to_owned();
            return Err(Fault { line: None, message });
        }
        let template: Template = yaml_serde::from_str(yaml)
            .map_err(|error| Fault { line: error.location().map(|at| at.line()), message: error.to_string() })?;
        template.check().map_err(|wrong| Fault { line: wrong.place.line(yaml), message: wrong.message })?;
        Ok(template)
    }

    /// How a job records which template it came from.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// Whether it runs on a cluster of this scheduler.
    pub fn runs_on(&self, scheduler: &str) -> bool {
        self.schedulers.iter().any(|name| name.as_str() == scheduler)
    }

    pub fn needs_image(&self) -> bool {
        self.image == ImageUse::Required
    }

    fn check(&self) -> Result<(), Wrong> {
        self.check_words()?;
        self.check_parameters()?;
        self.check_files()?;
        render::check(self).map_err(|error| {
            let line = error.line().unwrap_or(1);
            Wrong { place: Place::ScriptLine(line), message: format!("script: {error}") }
        })
    }

    fn check_words(&self) -> Result<(), Wrong> {
        if !is_id(&self.id) {
            return wrong("id", &format!("an id is {ID_IN_WORDS}"));
        }
        if !is_word(&self.version, |b| b.is_ascii_alphanumeric() || b"._+-".contains(&b)) {
            return wrong("version", "a version is made of letters, digits, \".\", \"_\", \"+\" and \"-\": \"1.0.0\"");
        }
        if !is_word(&self.category, is_lowercase) {
            return wrong("category", "a category is made of a-z, 0-9 and \"-\"");
        }
        if self.tags.iter().any(|tag| tag.trim().is_empty() || tag.len() > MAX_WORD_BYTES) {
            return wrong("tags", "a tag is a short word");
        }
        if self.schedulers.is_empty() {
            return wrong("schedulers", "name at least one: slurm, local");
        }
        check_text(Place::Key("name"), "name", &self.name)?;
        check_text(Place::Key("description"), "description", &self.description)
    }

    fn check_parameters(&self) -> Result<(), Wrong> {
        let mut names = HashSet::new();
        for parameter in &self.parameters {
            let place = || Place::Item("parameters", parameter.name.clone());
            let fail = |message: String| {
                Err(Wrong { place: place(), message: format!("parameter \"{}\": {message}", parameter.name) })
            };
            if !is_parameter_name(&parameter.name) {
                return fail(format!(
                    "a name is made of a-z, 0-9 and \"_\", begins with a letter and is not one of {}",
                    render::RESERVED_NAMES.join(", ")
                ));
            }
            if !names.insert(&parameter.name) {
                return fail("there are two of this name: rename one".to_owned());
            }
            check_text(place(), "label", &parameter.label)?;
            if let Some(help) = &parameter.help {
                check_text(place(), "help", help)?;
            }
            if let Err(message) = parameter.check() {
                return fail(message);
            }
        }
        Ok(())
    }

    fn check_files(&self) -> Result<(), Wrong> {
        let mut names = HashSet::new();
        for file in &self.files {
            let place = || Place::Item("files", file.name.clone());
            let fail =
                |message: &str| Err(Wrong { place: place(), message: format!("file \"{}\": {message}", file.name) });
            // The escape for names that are not UTF-8 would read strangely in a form.
            if FileName::parse(&file.name).is_err() || file.name.contains(|c: char| c.is_control() || c == '%') {
                return fail("this is no plain file name: choose one like input.txt");
            }
            if !names.insert(&file.name) {
                return fail("there are two of this name: rename one");
            }
            check_text(place(), "label", &file.label)?;
            if let Some(help) = &file.help {
                check_text(place(), "help", help)?;
            }
        }
        Ok(())
    }
}

impl Parameter {
    /// The pattern, as it has to match: the whole of a value.
    pub(super) fn compiled_pattern(&self) -> Result<Option<Regex>, regex::Error> {
        let Some(pattern) = &self.pattern else { return Ok(None) };
        // By itself first, so that no unbalanced parenthesis can escape from the anchors.
        let compile = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN_BYTES).build();
        compile(pattern)?;
        compile(&format!(r"\A(?:{pattern})\z")).map(Some)
    }

    fn check(&self) -> Result<(), String> {
        use ParameterType::{Choice, Integer, Number, String, Text};
        let only = |there: bool, key: &str, kinds: &[ParameterType]| match there && !kinds.contains(&self.kind) {
            true => Err(format!("{key} means nothing to this type: remove it")),
            false => Ok(()),
        };
        only(self.minimum.is_some(), "minimum", &[Integer, Number])?;
        only(self.maximum.is_some(), "maximum", &[Integer, Number])?;
        only(self.unit.is_some(), "unit", &[Integer, Number])?;
        only(self.max_length.is_some(), "max_length", &[String, Text])?;
        only(self.pattern.is_some(), "pattern", &[String, Text])?;
        only(!self.choices.is_empty(), "choices", &[Choice])?;

        let bounds = [&self.minimum, &self.maximum];
        if self.kind == Integer && bounds.into_iter().flatten().any(|bound| bound.as_i64().is_none()) {
            return Err("the bounds of an integer are integers of at most 64 bits".to_owned());
        }
        if let [Some(minimum), Some(maximum)] = bounds
            && minimum.as_f64() > maximum.as_f64()
        {
            return Err(format!("minimum {minimum} is above maximum {maximum}"));
        }
        if let Err(error) = self.compiled_pattern() {
            return Err(format!("pattern: {error}"));
        }
        if self.kind == Choice {
            self.check_choices()?;
        }
        match parameters::check_value(self, &self.default) {
            Err(error) if !self.default.is_null() => Err(format!("default: {}", error.detail)),
            _ => Ok(()),
        }
    }

    fn check_choices(&self) -> Result<(), String> {
        let mut values = HashSet::new();
        if self.choices.is_empty() {
            return Err("a choice needs choices: a list of { value, label }".to_owned());
        }
        for choice in &self.choices {
            if choice.value.contains(char::is_control) {
                return Err(format!("the choice {:?} holds a control character", choice.value));
            }
            if !values.insert(&choice.value) {
                return Err(format!("there are two choices \"{}\": remove one", choice.value));
            }
            check_text(Place::Key("parameters"), "label", &choice.label).map_err(|wrong| wrong.message)?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A fault that YAML knows nothing of.
struct Wrong {
    place: Place,
    message: String,
}

/// What a fault concerns, for finding its line.
enum Place {
    Key(&'static str),
    /// A member of a list, by its name.
    Item(&'static str, String),
    /// A line of the script, counted from 1.
    ScriptLine(usize),
}

impl Place {
    /// The line in the file, counted from 1. For people, hence found by looking: where somebody writes YAML so that
    /// a key is not at a line's beginning, there is no line.
    fn line(&self, yaml: &str) -> Option<usize> {
        let key_line = |key: &str| {
            let at = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
            yaml.lines().position(at).map(|index| index + 1)
        };
        match self {
            Place::Key(key) => key_line(key),
            Place::Item(key, name) => {
                let list = key_line(key)?;
                let is_it = |line: &str| {
                    let named = line.trim_start().trim_start_matches("- ").trim_start().strip_prefix("name:");
                    let value = named.map(|value| value.split(" #").next().unwrap_or(value).trim());
                    value.is_some_and(|value| value.trim_matches(['"', '\'']) == name)
                };
                Some(yaml.lines().skip(list).position(is_it).map_or(list, |index| list + index + 1))
            }
            Place::ScriptLine(line) => key_line("script").map(|key| key + line),
        }
    }
}

/// The parser takes seconds for a file of nothing but brackets, or of nothing but "- - -".
pub(super) fn nests_deeply(yaml: &str) -> bool {
    let mut open = 0_usize;
    let brackets = yaml.bytes().any(|byte| {
        open = match byte {
            b'[' | b'{' => open + 1,
            b']' | b'}' => open.saturating_sub(1),
            _ => open,
        };
        open > MAX_NESTING
    });
    let marks = |line: &str| {
        let words = line.split_whitespace().take_while(|word| matches!(*word, "-" | "?" | ":"));
        words.count()
    };
    brackets || yaml.lines().any(|line| marks(line) > MAX_NESTING)
}

fn wrong(key: &'static str, message: &str) -> Result<(), Wrong> {
    Err(Wrong { place: Place::Key(key), message: format!("{key}: {message}") })
}

fn check_text(place: Place, key: &str, text: &Text) -> Result<(), Wrong> {
    if text.en.trim().is_empty() || text.ko.trim().is_empty() {
        return Err(Wrong { place, message: format!("{key}: write it in both languages, en and ko") });
    }
    Ok(())
}

/// Whether a template may be called so.
pub(super) fn is_id(text: &str) -> bool {
    is_word(text, is_lowercase) && !RESERVED_IDS.contains(&text)
}

fn is_lowercase(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

fn is_word(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether a parameter may be called so.
pub(super) fn is_parameter_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    is_word(name, allowed) && name.as_bytes()[0].is_ascii_lowercase() && !render::RESERVED_NAMES.contains(&name)
}

#[cfg(test)]
pub(super) mod tests;
