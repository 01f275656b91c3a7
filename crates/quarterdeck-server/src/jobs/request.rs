//! What a client sends to submit a job, and whether it makes sense by itself. What depends on the site (templates,
//! images, uploads, partitions) is checked where the job is put together, in `submit`.

use std::collections::BTreeMap;

use quarterdeck_slurm::script;
use quarterdeck_types::{FileName, RelativePath};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sweep::{self, Sweep};
use crate::problem::{FieldError, pointer_token};

const LONGEST_NAME: usize = 200;
/// Slurm's own default (`max_script_size`).
pub(super) const LONGEST_SCRIPT: usize = 4 << 20;

/// Bash refuses to set these.
pub(super) const READ_ONLY: [&str; 6] = ["BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"];

/// A job to submit: either from a template or with a script of one's own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    pub name: String,
    /// `id` or `id@version`.
    #[serde(default)]
    #[schema(example = "python-data")]
    pub template: Option<String>,
    /// Values of the template's parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// A batch script; it begins with `#!`.
    #[serde(default)]
    pub script: Option<String>,
    #[serde(default)]
    pub image: Option<ImageChoice>,
    #[serde(default)]
    pub files: Vec<FileInput>,
    #[serde(default)]
    pub resources: Resources,
    /// What must become of other jobs before it starts.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
    /// Beneath the home; unset: a new directory for this job.
    #[serde(default)]
    pub working_directory: Option<String>,
    /// Variables that the job finds in its environment.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Tell me what happens to this job, also where I am told of few.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub notify: bool,
    /// Makes the job an array with a task for each row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageChoice {
    pub id: Uuid,
    #[serde(default)]
    pub app: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileInput {
    pub upload: Uuid,
    /// The name it gets in the job's directory; unset: its own.
    #[serde(default, rename = "as")]
    #[schema(rename = "as")]
    pub name: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDependency)]
pub struct Dependency {
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub kind: DependencyKind,
    /// Our id or the scheduler's.
    pub job: String,
}

/// Slurm's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DependencyKind {
    /// It has started, or was cancelled.
    After,
    /// It is over.
    Afterany,
    /// It ended well.
    Afterok,
    /// It failed.
    Afternotok,
    /// The task of the same number ended well.
    Aftercorr,
}

impl DependencyKind {
    pub const ALL: [DependencyKind; 5] = [
        DependencyKind::After,
        DependencyKind::Afterany,
        DependencyKind::Afterok,
        DependencyKind::Afternotok,
        DependencyKind::Aftercorr,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            DependencyKind::After => "after",
            DependencyKind::Afterany => "afterany",
            DependencyKind::Afterok => "afterok",
            DependencyKind::Afternotok => "afternotok",
            DependencyKind::Aftercorr => "aftercorr",
        }
    }

    pub fn parse(word: &str) -> Option<DependencyKind> {
        DependencyKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What the job asks the scheduler for. Unset: the template's value, else the scheduler's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus_per_task: Option<u32>,
    /// Per node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<Gpus>,
    /// Other devices of each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "shard:2")]
    pub gres: Option<String>,
    /// What the nodes must have, as Slurm's `--constraint` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "avx512&ib")]
    pub features: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "matlab:2")]
    pub licenses: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit_minutes: Option<u32>,
    /// Task numbers of a job array: `0-9`, `1,3,5`, `0-99%10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array: Option<String>,
}

/// GPUs per node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gpus {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(rename = "type")]
    pub model: Option<String>,
    pub count: u32,
}

impl Resources {
    /// These, and where they say nothing, `defaults`.
    pub fn or(self, defaults: Resources) -> Resources {
        Resources {
            partition: self.partition.or(defaults.partition),
            account: self.account.or(defaults.account),
            qos: self.qos.or(defaults.qos),
            nodes: self.nodes.or(defaults.nodes),
            tasks: self.tasks.or(defaults.tasks),
            cpus_per_task: self.cpus_per_task.or(defaults.cpus_per_task),
            memory_mib: self.memory_mib.or(defaults.memory_mib),
            gpus: self.gpus.or(defaults.gpus),
            gres: self.gres.or(defaults.gres),
            features: self.features.or(defaults.features),
            licenses: self.licenses.or(defaults.licenses),
            reservation: self.reservation.or(defaults.reservation),
            time_limit_minutes: self.time_limit_minutes.or(defaults.time_limit_minutes),
            array: self.array.or(defaults.array),
        }
    }
}

impl From<&Resources> for script::Resources {
    fn from(resources: &Resources) -> script::Resources {
        script::Resources {
            partition: resources.partition.clone(),
            account: resources.account.clone(),
            qos: resources.qos.clone(),
            nodes: resources.nodes,
            tasks: resources.tasks,
            cpus_per_task: resources.cpus_per_task,
            memory_mib: resources.memory_mib,
            gpus: resources.gpus.as_ref().map(|gpus| script::Gpus { kind: gpus.model.clone(), count: gpus.count }),
            gres: resources.gres.clone(),
            features: resources.features.clone(),
            licenses: resources.licenses.clone(),
            reservation: resources.reservation.clone(),
            time_limit_minutes: resources.time_limit_minutes,
            array: resources.array.clone(),
        }
    }
}

impl From<script::Resources> for Resources {
    fn from(asked: script::Resources) -> Resources {
        Resources {
            partition: asked.partition,
            account: asked.account,
            qos: asked.qos,
            nodes: asked.nodes,
            tasks: asked.tasks,
            cpus_per_task: asked.cpus_per_task,
            memory_mib: asked.memory_mib,
            gpus: asked.gpus.map(|gpus| Gpus { model: gpus.kind, count: gpus.count }),
            gres: asked.gres,
            features: asked.features,
            licenses: asked.licenses,
            reservation: asked.reservation,
            time_limit_minutes: asked.time_limit_minutes,
            array: asked.array,
        }
    }
}

/// Each is looked up, linked and named.
pub(super) const MOST_FILES: usize = 100;
/// Each is looked up.
const MOST_DEPENDENCIES: usize = 20;

/// Everything that is wrong with the request by itself.
pub(super) fn check(job: &NewJob) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: String, code: &str, detail: &str| errors.push(FieldError::new(pointer, code, detail));
    if job.name.trim().is_empty() {
        wrong("/name".into(), "missing-name", "Give the job a name.");
    } else if job.name.chars().count() > LONGEST_NAME {
        wrong("/name".into(), "too-long", "A job's name has at most 200 characters.");
    } else if job.name.chars().any(char::is_control) {
        wrong("/name".into(), "control-character", "A job's name is one line without control characters.");
    }
    match (&job.script, &job.template) {
        (None, None) => wrong("/template".into(), "no-script", "Choose a template, or write a batch script."),
        (Some(_), Some(_)) => wrong("/script".into(), "two-scripts", "Send a template or a script, not both."),
        (Some(script), None) => check_script(script, &mut wrong),
        (None, Some(_)) => {}
    }
    if job.files.len() > MOST_FILES {
        wrong("/files".into(), "too-many-files", "A job takes at most 100 files: pack them into an archive.");
    }
    let resources = &job.resources;
    let counts = [
        ("nodes", resources.nodes.map(u64::from)),
        ("tasks", resources.tasks.map(u64::from)),
        ("cpus_per_task", resources.cpus_per_task.map(u64::from)),
        ("memory_mib", resources.memory_mib),
        ("time_limit_minutes", resources.time_limit_minutes.map(u64::from)),
        ("gpus/count", resources.gpus.as_ref().map(|gpus| u64::from(gpus.count))),
    ];
    for (name, count) in counts {
        if count == Some(0) {
            wrong(format!("/resources/{name}"), "out-of-range", "Ask for at least 1.");
        } else if count.is_some_and(|n| n > i32::MAX as u64) {
            wrong(format!("/resources/{name}"), "out-of-range", "This is more than the scheduler can count.");
        }
    }
    let words = [
        ("partition", &resources.partition),
        ("account", &resources.account),
        ("qos", &resources.qos),
        ("gpus/type", &resources.gpus.as_ref().and_then(|gpus| gpus.model.clone())),
    ];
    for (name, word) in words {
        if word.as_deref().is_some_and(|word| !is_word(word)) {
            wrong(format!("/resources/{name}"), "not-a-word", "Use letters, digits, \"-\", \"_\", \".\" and \",\".");
        }
    }
    let expressions = [
        ("gres", &resources.gres, "-_.,:/"),
        ("features", &resources.features, "-_.,:&|*()[]+!=/"),
        ("licenses", &resources.licenses, "-_.,:;@|/"),
    ];
    for (name, text, marks) in expressions {
        if text.as_deref().is_some_and(|text| !is_expression(text, marks)) {
            let detail = format!("Use letters, digits and {marks} without spaces.");
            wrong(format!("/resources/{name}"), "not-an-expression", &detail);
        }
    }
    if resources.reservation.as_deref().is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
        wrong("/resources/reservation".into(), "control-character", "Choose a reservation from the list.");
    }
    if job.dependencies.len() > MOST_DEPENDENCIES {
        wrong("/dependencies".into(), "too-many-dependencies", "A job waits for at most 20 others.");
    }
    let array_allowed = |array: &str| array.bytes().all(|b| b.is_ascii_digit() || b"-,:%".contains(&b));
    if resources.array.as_deref().is_some_and(|array| array.is_empty() || !array_allowed(array)) {
        wrong("/resources/array".into(), "not-an-array", "Write task numbers like 0-9, 1,3,5 or 0-99%10.");
    }
    for (i, file) in job.files.iter().enumerate() {
        // A name as people type it, like an upload's: a % in it is a %.
        if file.name.as_deref().is_some_and(|name| FileName::from_bytes(name.as_bytes()).is_err()) {
            wrong(format!("/files/{i}/as"), "bad-name", "Choose a plain file name without \"/\".");
        }
    }
    if let Some(Err(error)) = job.working_directory.as_deref().map(RelativePath::parse) {
        wrong("/working_directory".into(), "bad-path", &error.to_string());
    }
    for (name, value) in &job.environment {
        let pointer = format!("/environment/{}", pointer_token(name));
        if !is_variable(name) {
            wrong(pointer, "bad-variable", "A variable's name has letters, digits and \"_\".");
        } else if READ_ONLY.contains(&name.as_str()) {
            wrong(pointer, "read-only-variable", "The shell sets this variable itself: choose another name.");
        } else if value.contains('\0') {
            wrong(pointer, "nul-byte", "A variable's value cannot hold a NUL byte.");
        }
    }
    if let Some(sweep) = &job.sweep {
        errors.extend(sweep::check(job, sweep));
    }
    errors
}

/// Of the script as it is submitted: variables and the template have added to what was sent.
pub(super) fn check_length(script: &str) -> Vec<FieldError> {
    let too_long = script.len() > LONGEST_SCRIPT;
    let detail = "The batch script, with the variables that it exports, has at most 4 MiB: make it shorter.";
    too_long.then(|| FieldError::new("/script", "too-long", detail)).into_iter().collect()
}

fn check_script(script: &str, wrong: &mut impl FnMut(String, &str, &str)) {
    if !script.starts_with("#!") {
        wrong("/script".into(), "no-shebang", "A batch script begins with #!, for example #!/bin/bash -l.");
    } else if script.contains('\0') {
        wrong("/script".into(), "nul-byte", "A batch script cannot hold a NUL byte.");
    } else if script.contains("\r\n") {
        wrong("/script".into(), "dos-line-ends", "The script has Windows line ends: save it with Unix line ends (LF).");
    }
}

fn is_word(word: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.,".contains(&b);
    (1..=128).contains(&word.len()) && word.bytes().all(allowed) && !word.starts_with('-')
}

fn is_expression(text: &str, marks: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    (1..=512).contains(&text.len()) && text.chars().all(allowed) && !text.starts_with('-')
}

pub(super) fn is_variable(name: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    name.bytes().next().is_some_and(first) && name.bytes().all(|b| first(b) || b.is_ascii_digit())
}
