//! A batch script becomes a template: its directives become resources as far as a form can say them, all else stays in
//! the script as it is, and those of its variables that a person names become parameters.

use quarterdeck_slurm::script::{BatchScript, ScriptError};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::draft::{Asked, Draft, both, id_of, literally, parameter_name};
use super::variables::{self, Found};
use super::{Converted, MOST_NOTES, Note, NoteCode, Variable};
use crate::app::App;
use crate::config::Mode;
use crate::jobs::Resources;
use crate::problem::FieldError;
use crate::templates::Error;
use crate::templates::definition::{ImageUse, ParameterType, SchedulerName, Text};
use crate::templates::edit::check;
use crate::templates::load::MAX_FILE_BYTES;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptToConvert {
    /// The whole script, as it would be given to sbatch.
    pub script: String,
    /// Of the template; made of the job's name otherwise.
    #[serde(default)]
    pub id: Option<String>,
    /// Variables of the script that the template is to ask for.
    #[serde(default)]
    pub parameters: Vec<String>,
}

/// What becomes of a script.
///
/// # Errors
/// [`Error::Invalid`] with a line where sbatch would refuse the script, and where a variable that is to be a parameter
/// is not one of those that can be.
pub async fn of_batch_script(app: &App, given: ScriptToConvert) -> Result<Converted, Error> {
    if given.script.len() as u64 > MAX_FILE_BYTES {
        let detail = format!("The script is larger than {} KiB.", MAX_FILE_BYTES >> 10);
        return Err(Error::Invalid(vec![FieldError::new("/script", "too-large", detail)]));
    }
    if given.parameters.len() > variables::MOST {
        let detail = format!("A form asks for at most {} variables of a script.", variables::MOST);
        return Err(Error::Invalid(vec![FieldError::new("/parameters", "too-many-parameters", detail)]));
    }
    let is_single_user = app.mode == Mode::SingleUser;
    let converting = move || convert(&given, is_single_user);
    let converted = tokio::task::spawn_blocking(converting).await.map_err(anyhow::Error::from)??;
    // What could not be saved is said now.
    check(converted.yaml.clone()).await?;
    Ok(converted)
}

fn convert(given: &ScriptToConvert, is_single_user: bool) -> Result<Converted, Error> {
    let mut notes = Vec::new();
    let text = given.script.replace("\r\n", "\n");
    if text != given.script {
        notes.push(Note::new(
            None,
            NoteCode::LineEnds,
            "Lines ended as on Windows, which Slurm refuses: they end as on Unix now.",
        ));
    }
    notes.extend(other_schedulers(&text));
    let bad = |error: ScriptError| Error::Invalid(vec![FieldError::of_script("/script", &error)]);
    let script = BatchScript::parse(&text).map_err(bad)?;
    let split = script.split().map_err(bad)?;

    let commands = split.script.commands();
    let found = variables::find(commands).map_err(anyhow::Error::from)?;
    if let Some(at) = given.parameters.iter().position(|name| !found.iter().any(|variable| variable.name == *name)) {
        let detail = format!("{} is no variable of the script that could be asked for.", given.parameters[at]);
        return Err(Error::Invalid(vec![FieldError::new(format!("/parameters/{at}"), "no-such-variable", detail)]));
    }
    let chosen: Vec<&Found> = found.iter().filter(|variable| given.parameters.contains(&variable.name)).collect();
    let (parameters, body) = ask_for(&chosen, commands);

    let job_name = script.job_name().filter(|name| !name.trim().is_empty());
    let id = id_of(given.id.as_deref(), job_name.unwrap_or_default(), "batch-script")?;
    let local = is_single_user.then_some(SchedulerName::Local);
    let draft = Draft {
        name: both(job_name.unwrap_or(&id)),
        id,
        version: "1.0.0",
        description: Text {
            en: "Made of a batch script.".to_owned(),
            ko: "배치 스크립트로 만든 템플릿입니다.".to_owned(),
        },
        category: "custom",
        tags: vec!["batch-script"],
        schedulers: local.into_iter().chain([SchedulerName::Slurm]).collect(),
        image: ImageUse::None,
        parameters,
        resources: Resources::from(split.resources.clone()),
        script: literally(split.script.header()) + &body,
    };
    let before = script.header().len();
    let variables = found.iter().map(|variable| Variable {
        name: variable.name.clone(),
        value: variable.value.clone(),
        line: text[..before + variable.at.start].matches('\n').count() + 1,
        is_parameter: given.parameters.contains(&variable.name),
    });
    Ok(Converted { variables: variables.collect(), yaml: draft.yaml()?, notes })
}

/// The parameters that stand for these variables, and the commands with them.
fn ask_for(chosen: &[&Found], commands: &str) -> (Vec<Asked>, String) {
    let mut names: Vec<String> = Vec::new();
    let mut parameters = Vec::new();
    let (mut from_outside, mut body, mut at) = (String::new(), String::new(), 0);
    for variable in chosen {
        let name = parameter_name(&variable.name, &names);
        let place = format!("{{{{ {name} }}}}");
        match &variable.value {
            Some(_) => {
                body.push_str(&literally(&commands[at..variable.at.start]));
                body.push_str(&place);
                at = variable.at.end;
            }
            None => from_outside.push_str(&format!("export {}={place}\n", variable.name)),
        }
        parameters.push(parameter(variable, name.clone()));
        names.push(name);
    }
    body.push_str(&literally(&commands[at..]));
    (parameters, from_outside + &body)
}

fn parameter(variable: &Found, name: String) -> Asked {
    // What is written otherwise than the number would be is a text: 007.
    let number = |value: &str| value.parse::<i64>().ok().filter(|number| number.to_string() == value);
    match variable.value.as_deref() {
        Some(value) => match number(value) {
            Some(number) => Asked {
                default: number.into(),
                required: true,
                ..Asked::new(name, ParameterType::Integer, &variable.name)
            },
            None => Asked { default: Value::from(value), ..Asked::new(name, ParameterType::String, &variable.name) },
        },
        None => Asked { required: true, ..Asked::new(name, ParameterType::String, &variable.name) },
    }
}

/// Directives that Slurm does not read, of which a script may have some beside its own.
fn other_schedulers(script: &str) -> Vec<Note> {
    const OTHERS: [(&str, &str); 4] = [("#PBS", "PBS"), ("#BSUB", "LSF"), ("#$ ", "Grid Engine"), ("#OAR", "OAR")];
    let lines = script.lines().zip(1..);
    let of = |(line, number): (&str, usize)| {
        let (_, scheduler) = OTHERS.iter().find(|(mark, _)| line.starts_with(mark))?;
        let detail =
            format!("A directive of {scheduler}, which Slurm does not read: set what it says under resources.");
        Some(Note::new(Some(number), NoteCode::OtherScheduler, detail))
    };
    lines.filter_map(of).take(MOST_NOTES).collect()
}
