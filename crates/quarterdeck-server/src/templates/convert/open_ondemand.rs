//! The form of an Open OnDemand application becomes a template, as far as it is data. Ruby (ERB) in it is never run: what
//! it says is left out and reported, but for `<%= context.NAME %>` in a script, which is a parameter's value.
//! Source: Open OnDemand's documentation, "Batch Connect: form.yml.erb" and "Dynamic Form Widgets".

use std::collections::HashSet;

use quarterdeck_slurm::script::places::{Marks, misplaced};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use utoipa::ToSchema;

use super::draft::{Asked, Draft, both, id_of, literally, parameter_name};
use super::{Converted, MOST_NOTES, Note, NoteCode};
use crate::jobs::Resources;
use crate::problem::FieldError;
use crate::templates::Error;
use crate::templates::definition::{Choice, ImageUse, ParameterType, SchedulerName, Text, nests_deeply};
use crate::templates::edit::check;
use crate::templates::load::MAX_FILE_BYTES;

/// Each line costs a look at the whole script.
const MOST_MOVED: usize = 30;
/// Each name is compared with all others.
const MOST_FIELDS: usize = 300;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormToConvert {
    /// `form.yml` or `form.yml.erb`.
    pub form: String,
    /// `template/script.sh` or `template/script.sh.erb`.
    #[serde(default)]
    pub script: Option<String>,
    /// Of the template; made of the form's title otherwise.
    #[serde(default)]
    pub id: Option<String>,
}

/// What becomes of a form.
///
/// # Errors
/// [`Error::Invalid`] with a line where the form is no YAML.
pub async fn of_open_ondemand(given: FormToConvert) -> Result<Converted, Error> {
    for (pointer, text) in [("/form", Some(&given.form)), ("/script", given.script.as_ref())] {
        if text.is_some_and(|text| text.len() as u64 > MAX_FILE_BYTES) {
            let detail = format!("It is larger than {} KiB.", MAX_FILE_BYTES >> 10);
            return Err(Error::Invalid(vec![FieldError::new(pointer, "too-large", detail)]));
        }
    }
    let converting = move || convert(&given);
    let converted = tokio::task::spawn_blocking(converting).await.map_err(anyhow::Error::from)??;
    check(converted.yaml.clone()).await?;
    Ok(converted)
}

fn convert(given: &FormToConvert) -> Result<Converted, Error> {
    let mut notes = Vec::new();
    let form = read(&given.form, &mut notes)?;
    let mut fields = Fields {
        form: &given.form,
        notes,
        parameters: Vec::new(),
        originals: Vec::new(),
        resources: Resources::default(),
    };
    let attributes = attributes(&form);
    if attributes.len() > MOST_FIELDS {
        let detail = format!("The form has more than {MOST_FIELDS} fields: leave some out.");
        return Err(Error::Invalid(vec![FieldError::new("/form", "too-many-fields", detail)]));
    }
    for (name, attribute) in attributes {
        fields.add(&name, &attribute);
    }
    let Fields { mut notes, parameters, originals, resources, .. } = fields;
    let names: Vec<(String, String)> =
        originals.into_iter().zip(parameters.iter().map(|parameter| parameter.name.clone())).collect();
    let script = match &given.script {
        Some(script) => with_values(script, &names, &mut notes)?,
        None => names
            .iter()
            .map(|(original, name)| format!("export {}={{{{ {name} }}}}\n", variable(original, name)))
            .collect(),
    };
    let title = form.get("title").and_then(Value::as_str).filter(|title| !title.trim().is_empty());
    let id = id_of(given.id.as_deref(), title.unwrap_or_default(), "open-ondemand")?;
    let description =
        form.get("description").and_then(Value::as_str).filter(|text| !text.trim().is_empty() && !has_ruby(text));
    let draft = Draft {
        name: both(title.filter(|title| !has_ruby(title)).unwrap_or(&id)),
        id,
        version: "1.0.0",
        description: description.map_or_else(
            || Text {
                en: "Made of an Open OnDemand form.".to_owned(),
                ko: "Open OnDemand 양식으로 만든 템플릿입니다.".to_owned(),
            },
            both,
        ),
        category: "custom",
        tags: vec!["open-ondemand"],
        schedulers: vec![SchedulerName::Slurm],
        image: ImageUse::None,
        parameters,
        resources,
        script,
    };
    notes.truncate(MOST_NOTES);
    Ok(Converted { yaml: draft.yaml()?, variables: Vec::new(), notes })
}

fn has_ruby(text: &str) -> bool {
    text.contains("<%")
}

/// The form as YAML. A line of nothing but Ruby would be no YAML: it is left out.
fn read(form: &str, notes: &mut Vec<Note>) -> Result<Value, Error> {
    let mut in_ruby = false;
    let mut yaml = String::new();
    for (line, number) in form.lines().zip(1..) {
        let trimmed = line.trim();
        let begins = trimmed.starts_with("<%");
        if begins || in_ruby {
            if begins {
                notes.push(Note::new(Some(number), NoteCode::Ruby, "Ruby, which was not run."));
            }
            in_ruby = !trimmed.contains("%>");
        } else {
            yaml.push_str(line);
        }
        yaml.push('\n');
    }
    let no_yaml = |line: Option<usize>, message: String| {
        let said = FieldError::new("/form", "not-a-form", message);
        Error::Invalid(vec![match line {
            Some(line) => said.with("line", line),
            None => said,
        }])
    };
    if nests_deeply(&yaml) {
        return Err(no_yaml(None, "Lists or mappings lie too deep in each other.".to_owned()));
    }
    let form: Value = yaml_serde::from_str(&yaml)
        .map_err(|error| no_yaml(error.location().map(|at| at.line()), error.to_string()))?;
    match form.is_object() {
        true => Ok(form),
        false => Err(no_yaml(None, "This is no form: it has no \"form\" and no \"attributes\".".to_owned())),
    }
}

/// In the order in which the form shows them, then those that it does not show.
fn attributes(form: &Value) -> Vec<(String, Value)> {
    let empty = Map::new();
    let all = form.get("attributes").and_then(Value::as_object).unwrap_or(&empty);
    let mut seen = HashSet::new();
    let shown: Vec<&str> = form
        .get("form")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| seen.insert(*name))
        .collect();
    let of_form = shown.iter().map(|name| ((*name).to_owned(), all.get(*name).cloned().unwrap_or(Value::Null)));
    let others = all.iter().filter(|(name, _)| !seen.contains(name.as_str()));
    of_form.chain(others.map(|(name, value)| (name.clone(), value.clone()))).collect()
}

struct Fields<'a> {
    form: &'a str,
    notes: Vec<Note>,
    parameters: Vec<Asked>,
    /// What the form calls each parameter.
    originals: Vec<String>,
    resources: Resources,
}

impl Fields<'_> {
    fn note(&mut self, name: &str, code: NoteCode, detail: String) {
        let quotes = ['"', '\'', ' '];
        let key = |line: &str| {
            line.trim_start().trim_start_matches("- ").split(':').next().map(|key| key.trim_matches(quotes).to_owned())
        };
        let is_key = |line: &str| key(line).as_deref() == Some(name);
        let line = self.form.lines().position(is_key).map(|index| index + 1);
        self.notes.push(Note::new(line, code, detail));
    }

    fn add(&mut self, name: &str, attribute: &Value) {
        if attribute.to_string().contains("<%") {
            return self.note(
                name,
                NoteCode::Ruby,
                format!("{name}: what it says is made by Ruby, which was not run."),
            );
        }
        // A field's value where there is no more to say of it.
        let (settings, value) = match attribute {
            Value::Object(settings) => (settings.clone(), settings.get("value").cloned().unwrap_or(Value::Null)),
            value => (Map::new(), value.clone()),
        };
        if self.is_resource(name, &value) {
            return self.note(
                name,
                NoteCode::Resource,
                format!("{name}: every job's form asks for it, under resources."),
            );
        }
        let text = |key: &str| settings.get(key).and_then(Value::as_str);
        let widget = text("widget").unwrap_or("text_field");
        let kind = match widget {
            "text_field" | "hidden_field" | "path_selector" | "file_attachments" | "resolution_field" => {
                ParameterType::String
            }
            "text_area" => ParameterType::Text,
            "number_field" | "range_field" => number_kind(&settings),
            "check_box" => ParameterType::Boolean,
            "select" | "radio_button" | "radio" => ParameterType::Choice,
            _ => {
                return self.note(
                    name,
                    NoteCode::UnknownField,
                    format!("{name}: templates have no field like \"{widget}\"."),
                );
            }
        };
        let taken: Vec<String> = self.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let label = text("label").filter(|label| !label.trim().is_empty()).unwrap_or(name);
        let mut asked = Asked::new(parameter_name(name, &taken), kind, label);
        asked.help = text("help").map(str::trim).filter(|help| !help.is_empty()).map(both);
        asked.required = settings.get("required").and_then(Value::as_bool).unwrap_or(false);
        asked.default = default(kind, &value);
        match kind {
            ParameterType::Integer | ParameterType::Number => {
                (asked.minimum, asked.maximum) = (number(settings.get("min")), number(settings.get("max")));
            }
            ParameterType::Choice => {
                asked.choices = choices(settings.get("options"));
                if asked.choices.is_empty() {
                    return self.note(
                        name,
                        NoteCode::UnknownField,
                        format!("{name}: it has no options to choose from."),
                    );
                }
                if !asked.choices.iter().any(|choice| asked.default == choice.value.as_str()) {
                    asked.default = Value::from(asked.choices[0].value.as_str());
                }
            }
            _ => {}
        }
        self.parameters.push(asked);
        self.originals.push(name.to_owned());
    }

    /// Fields that Open OnDemand gives every form ("Predefined Attributes").
    fn is_resource(&mut self, name: &str, value: &Value) -> bool {
        let text = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let count = value.as_u64().or_else(|| value.as_str()?.parse().ok()).and_then(|count| u32::try_from(count).ok());
        match name {
            "bc_num_hours" => self.resources.time_limit_minutes = count.and_then(|hours| hours.checked_mul(60)),
            "bc_num_slots" => self.resources.nodes = count,
            "bc_queue" => self.resources.partition = text,
            "bc_account" => self.resources.account = text,
            "bc_email_on_started" | "bc_vnc_idle" | "bc_vnc_resolution" => {}
            _ => return false,
        }
        true
    }
}

fn number(value: Option<&Value>) -> Option<Number> {
    match value? {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => text.parse::<i64>().ok().map(Number::from),
        _ => None,
    }
}

fn number_kind(settings: &Map<String, Value>) -> ParameterType {
    let numbers = ["value", "min", "max", "step"].map(|key| settings.get(key));
    let whole = |value: Option<&Value>| value.is_none_or(|value| !value.is_number() || value.is_i64());
    if numbers.into_iter().all(whole) { ParameterType::Integer } else { ParameterType::Number }
}

fn default(kind: ParameterType, value: &Value) -> Value {
    match kind {
        ParameterType::Boolean => Value::from(
            matches!(value, Value::Bool(true)) || ["1", "true"].iter().any(|yes| value == yes) || *value == 1,
        ),
        ParameterType::Integer | ParameterType::Number => number(Some(value)).map_or(Value::Null, Value::Number),
        ParameterType::String | ParameterType::Text | ParameterType::Choice => match value {
            Value::String(text) => Value::from(text.trim_end_matches('\n')),
            Value::Number(number) => Value::from(number.to_string()),
            _ => Value::Null,
        },
    }
}

/// `[label, value, …]`, or a word that is both.
fn choices(options: Option<&Value>) -> Vec<Choice> {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    let choice = |option: &Value| {
        let (label, value) = match option {
            Value::Array(parts) => (word(parts.first()?)?, word(parts.get(1).or(parts.first())?)?),
            one => (word(one)?, word(one)?),
        };
        let label = if label.trim().is_empty() { "-" } else { label.as_str() };
        Some(Choice { label: both(label), value })
    };
    let mut choices: Vec<Choice> = Vec::new();
    for choice in options.and_then(Value::as_array).into_iter().flatten().filter_map(choice) {
        if !choices.iter().any(|known| known.value == choice.value) {
            choices.push(choice);
        }
    }
    choices
}

/// What the form calls it, where a shell's variable may be called so.
fn variable<'a>(original: &'a str, name: &'a str) -> &'a str {
    let letters = original.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if letters && !original.starts_with(|c: char| c.is_ascii_digit()) { original } else { name }
}

/// The script with parameters where the form's values stood. A line with other Ruby becomes a comment.
fn with_values(script: &str, names: &[(String, String)], notes: &mut Vec<Note>) -> Result<String, Error> {
    let value = Regex::new(r#""?<%=\s*context\.(\w+)\s*-?%>"?"#).map_err(anyhow::Error::from)?;
    let (mut text, mut in_ruby) = (String::new(), false);
    for (line, number) in script.replace("\r\n", "\n").split_inclusive('\n').zip(1..) {
        let (mut written, mut at) = (String::new(), 0);
        for found in value.captures_iter(line) {
            let (Some(whole), Some((_, name))) =
                (found.get(0), names.iter().find(|(original, _)| *original == found[1]))
            else {
                continue;
            };
            // Quotes around a value alone go with it: it brings its own.
            let (begins, ends) = (whole.as_str().starts_with('"'), whole.as_str().ends_with('"'));
            let bare = begins && ends;
            written.push_str(&literally(&line[at..whole.start()]));
            written.push_str(if begins && !bare { "\"" } else { "" });
            written.push_str(&format!("{{{{ {name} }}}}"));
            written.push_str(if ends && !bare { "\"" } else { "" });
            at = whole.end();
        }
        written.push_str(&literally(&line[at..]));
        if in_ruby || has_ruby(&written) {
            in_ruby = is_open(line, in_ruby);
            notes.push(Note::new(
                Some(number),
                NoteCode::Ruby,
                "script: Ruby, which was not run; the line is a comment now.",
            ));
            written = format!("# {}", literally(line));
        }
        text.push_str(&written);
    }
    move_misplaced(&text, notes)
}

/// Whether Ruby goes on behind this line.
fn is_open(line: &str, before: bool) -> bool {
    match (line.rfind("<%"), line.rfind("%>")) {
        (Some(begins), Some(ends)) => begins > ends,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => before,
    }
}

/// A value where a shell reads no word would be refused with the whole template: its line becomes a comment instead.
fn move_misplaced(script: &str, notes: &mut Vec<Note>) -> Result<String, Error> {
    let marks = Marks::not_in(&[script]);
    let place = Regex::new(r"\{\{ \w+ \}\}").map_err(anyhow::Error::from)?;
    let mut lines: Vec<String> = script.split_inclusive('\n').map(str::to_owned).collect();
    for _ in 0..MOST_MOVED {
        let whole = lines.concat();
        let marked = place.replace_all(&whole, format!("{}x{}", marks.begin, marks.end).as_str()).into_owned();
        let Some(wrong) = misplaced(&marked, marks) else { return Ok(whole) };
        let index = marked[..wrong.at].matches('\n').count();
        let detail = format!("script: a value stands {}. The line is a comment now.", wrong.place);
        notes.push(Note::new(Some(index + 1), NoteCode::Ruby, detail));
        let line = place.replace_all(&lines[index], |found: &regex::Captures<'_>| found[0].replace(['{', '}'], ""));
        lines[index] = format!("# {line}");
    }
    let detail =
        format!("Values stand in quotes, comments or here-documents in more than {MOST_MOVED} lines: move them first.");
    Err(Error::Invalid(vec![FieldError::new("/script", "misplaced-values", detail)]))
}
