//! Puts a job together from what was sent: checks it against templates, images, uploads and partitions, and writes its
//! script.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use quarterdeck_slurm::output_path::{JobWords, output_path};
use quarterdeck_slurm::script::{self, BatchScript, ScriptError};
use quarterdeck_types::{FileKind, FileName, JobId, JobState, RelativePath, place};
use uuid::Uuid;

use super::request::MOST_FILES;
use super::{Error, Job, JobFile, NewJob, OWN_TEMPLATE, asked, dependencies, image, request, sweep};
use crate::access::Actor;
use crate::agents::Agent;
use crate::app::App;
use crate::auth;
use crate::clusters::Cluster;
use crate::problem::FieldError;
use crate::templates::{self, Template};
use crate::uploads::{self, Upload};

/// Rows of a sweep that a preview shows.
const ROWS_SHOWN: usize = 3;

/// Everything that a submission needs, checked.
pub(super) struct Prepared {
    /// What the script was written from.
    pub submission: script::Submission,
    pub script: String,
    pub files: Vec<Input>,
    pub directory: RelativePath,
    /// By the person; else it is a new one of the job's own.
    pub chosen_directory: bool,
    /// What will be otherwise than the script says.
    pub warnings: Vec<FieldError>,
    /// All that it depends on, in Slurm's words.
    pub dependency: Option<String>,
    pub job: Job,
}

impl Prepared {
    /// For people to read: of a sweep the first rows stand for all.
    pub(super) fn shown_script(&self) -> String {
        let mut submission = self.submission.clone();
        if let Some(rows) = &mut submission.rows {
            rows.shown = Some(ROWS_SHOWN);
        }
        script::compose(&submission).unwrap_or_else(|_| self.script.clone())
    }
}

/// An uploaded file that the job is given.
pub(super) struct Input {
    pub upload: Upload,
    /// In the job's directory.
    pub name: FileName,
    /// The template's word where it asks for the file, else the upload's own.
    kind: FileKind,
}

/// Checks everything and puts the script together. Every field that is wrong is named at once, as far as possible.
pub(super) async fn prepare(app: &App, actor: &Actor, cluster: &Cluster, new: NewJob) -> Result<Prepared, Error> {
    let mut errors = request::check(&new);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let id = Uuid::now_v7();
    let submitted_at = app.clock.now();
    let directory = match &new.working_directory {
        Some(path) => RelativePath::parse(path).map_err(|_| Error::NotFound)?,
        None => own_directory(app, &new.name, id, submitted_at),
    };
    // In a directory that was chosen, another sweep may have been.
    let rows_name = match (&new.sweep, &new.working_directory) {
        (None, _) => None,
        (Some(_), None) => Some("rows".to_owned()),
        (Some(_), Some(_)) => Some(format!("rows_{}", own_suffix(id))),
    };
    let agent = app.agents.of(auth::unix_user(actor)?);
    let home = home_root(&agent).await?;
    let absolute = if directory.is_root() { home } else { format!("{home}/{}", place::plain(&directory.to_string())) };

    let mut files = find_files(app, actor, &new, &mut errors).await?;
    asked::check(cluster, actor, &new.resources, &mut errors);
    let waits_for = dependencies::asked(app, actor, cluster, &new.dependencies, &mut errors).await?;
    let template = find_template(app, actor, cluster, &new, &mut errors).await;
    let columns = new.sweep.as_ref().map(|sweep| sweep.parameters.as_slice()).unwrap_or_default();
    let template_hash = template.as_ref().map(|found| found.hash.clone());
    let is_own = template.as_ref().is_some_and(|found| found.is_own);
    let template = template.map(|found| found.template);
    let defaults = template.as_ref().map(|template| template.resources.clone()).unwrap_or_default();
    let resources = new.resources.clone().or(defaults);
    let own_script = new.script.as_deref().and_then(|script| BatchScript::parse(script).ok());
    let image = match &new.image {
        Some(choice) => {
            let asked = image::Asked { resources: &resources, script: own_script.as_ref(), directory: &absolute };
            image::choose(app, actor, cluster, choice, &asked, &mut errors).await?
        }
        None => None,
    };
    if let Some(template) = &template {
        fill_slots(template, columns, &mut files, &mut errors);
    }
    let rows_directory = rows_name.map(|name| format!("{absolute}/{name}"));
    let rows = match (&new.sweep, &rows_directory) {
        // That the template is not there has been said.
        (Some(sweep), Some(rows_directory)) if template.is_some() || new.script.is_some() => {
            let container = image.as_ref().map(|image| &image.command);
            let (template, files, directory) = (template.as_ref(), files.as_slice(), absolute.as_str());
            let render = errors.is_empty();
            let common = sweep::Common { new: &new, template, container, files, directory, rows_directory, render };
            Some(sweep::prepare(&common, sweep, &mut errors).await)
        }
        _ => None,
    };
    let body = match &template {
        // Each row has its own.
        Some(_) if new.sweep.is_some() => String::new(),
        Some(template) => render(template, &new, image.as_ref(), &mut errors),
        None => new.script.clone().unwrap_or_default(),
    };
    let template = template.map(|template| match is_own {
        true => format!("{OWN_TEMPLATE}{}", template.reference()),
        false => template.reference(),
    });
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let mut resources = resources;
    if let Some(sweep) = &new.sweep {
        resources.array = Some(sweep.tasks());
    }
    let job_files = name_variables(&files);
    let mut environment: Vec<(String, String)> = new.environment.clone().into_iter().collect();
    for (file, input) in job_files.iter().zip(&files) {
        environment.push((file.variable.clone(), format!("{absolute}/{}", input.name.display())));
    }
    let parsed = match &new.script {
        Some(_) => BatchScript::parse(&body),
        None => BatchScript::of_commands(&body),
    };
    let submission = script::Submission {
        script: parsed.map_err(script_error)?,
        name: Some(new.name.clone()),
        output: None,
        error: None,
        resources: script::Resources::from(&resources),
        dependency: waits_for.open,
        exclude: image.as_ref().and_then(|image| image.exclude.clone()),
        environment,
        rows,
    };
    let script = script::compose(&submission).map_err(script_error)?;
    let asked = BatchScript::parse(&script).map_err(script_error)?;
    let errors =
        [request::check_length(&script), refuse_directives(&asked), refuse_shared_output(&asked, &new)].concat();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let of_image = image.as_ref().map(|image| image.warnings.clone()).unwrap_or_default();
    let warnings = ignored_directives(&asked).into_iter().chain(of_image).collect();
    let comment = asked.comment().map(str::to_owned);
    let dependency = waits_for.all.or_else(|| asked.option("dependency").map(str::to_owned));
    let asked = asked.resources().map_err(script_error)?;
    let job = Job {
        id,
        cluster: cluster.name.clone(),
        job_id: None,
        submitted_at,
        name: new.name.clone(),
        user: agent.user().to_owned(),
        owner_id: Some(actor.user_id),
        account: asked.account,
        partition: asked.partition,
        qos: asked.qos,
        state: JobState::Submitting,
        reason: None,
        message: None,
        exit_code: None,
        signal: None,
        started_at: None,
        ended_at: None,
        time_limit_minutes: asked.time_limit_minutes,
        node_list: None,
        nodes: asked.nodes.unwrap_or(1),
        // The database counts in 32 bits with a sign.
        cpus: asked.cpus_per_task.unwrap_or(1).saturating_mul(asked.tasks.unwrap_or(1)).min(i32::MAX as u32),
        memory_mib: asked.memory_mib,
        gpus: asked.gpus.map_or(0, |gpus| gpus.count),
        template,
        template_hash,
        image: image.map(|image| image.name),
        output_path: None,
        error_path: None,
        working_directory: Some(absolute),
        comment,
        script: Some(script.clone()),
        files: job_files,
        parts: Vec::new(),
        array: asked.array,
        rows_directory,
        cancelled_by_user: false,
    };
    let chosen_directory = new.working_directory.is_some();
    Ok(Prepared { submission, script, files, directory, chosen_directory, dependency, warnings, job })
}

/// The directory is the portal's to name: the agent opens it beneath the user's home, and her files are put there.
fn ignored_directives(script: &BatchScript) -> Vec<FieldError> {
    let ignored = |directory: &str| {
        let detail = "The job runs in the working directory that is chosen here, whatever --chdir says: remove --chdir, \
                      and choose the directory here or change to it in the script.";
        let warning = FieldError::new("/script", "ignored-directive", detail);
        warning.with("option", "chdir").with("value", directory)
    };
    script.chdir().map(ignored).into_iter().collect()
}

/// Directives with which sbatch does not do what was asked: submit one job, on this cluster, and say its number. In any
/// component of a heterogeneous job.
fn refuse_directives(script: &BatchScript) -> Vec<FieldError> {
    let elsewhere = "The job goes to the cluster of this page: remove --clusters, and choose the cluster there.";
    let refused = [
        ("test-only", "With --test-only nothing is submitted: remove it, or look at the preview instead."),
        ("wait", "With --wait the submission would last as long as the job: remove it; the job's page follows it."),
        ("clusters", elsewhere),
        ("cluster", elsewhere),
    ];
    let is_given = |option: &str| script.directives().iter().any(|directive| directive.option == option);
    let given = refused.into_iter().filter(|(option, _)| is_given(option));
    given
        .map(|(option, detail)| FieldError::new("/script", "refused-directive", detail).with("option", option))
        .collect()
}

/// Tasks of a sweep that write into one file write over each other.
fn refuse_shared_output(script: &BatchScript, new: &NewJob) -> Vec<FieldError> {
    let path = |pattern: &str, task: &str| {
        let job_id = JobId::parse(task).ok()?;
        output_path(Some(pattern), "/", &JobWords { job_id: &job_id, name: &new.name, user: "", host: Some("") })
    };
    let is_shared = |pattern: &&str| path(pattern, "1_1").is_some_and(|one| path(pattern, "1_2") == Some(one));
    let patterns = script.output().into_iter().chain(script.error());
    let shared = new.sweep.as_ref().and_then(|_| patterns.filter(|pattern| *pattern != "/dev/null").find(is_shared));
    let detail = "All tasks of the sweep would write into one file: write %a for the task's number in its name.";
    shared.map(|_| FieldError::new("/script", "shared-output", detail)).into_iter().collect()
}

/// Points to the field that a script's fault came from.
fn script_error(error: ScriptError) -> Error {
    let pointer = match &error {
        ScriptError::ControlCharacter { .. } => "/name",
        ScriptError::BadWord { .. } => "/resources",
        ScriptError::BadVariable(_) => "/environment",
        _ => "/script",
    };
    Error::Invalid(vec![FieldError::of_script(pointer, &error)])
}

async fn home_root(agent: &Agent) -> Result<String, Error> {
    let hello = agent.hello().await?;
    let home = hello.spaces.into_iter().find(|space| space.name.as_str() == "home");
    home.map(|space| place::plain(&space.root)).ok_or(Error::Refused {
        cluster: "this site".to_owned(),
        message: "your account has no home space: ask an administrator".to_owned(),
    })
}

/// `quarterdeck/jobs/2026-11-24_wind-tunnel_1a2b3c4d`: found again by people, and never two jobs' own.
fn own_directory(app: &App, name: &str, id: Uuid, at: DateTime<Utc>) -> RelativePath {
    let slug: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
    let (at, slug) = (at.format("%Y-%m-%d"), slug.trim_matches('-'));
    let text = format!("{}/{at}_{slug}_{}", app.config.jobs.directory, own_suffix(id));
    RelativePath::parse(&text).unwrap_or_default()
}

fn own_suffix(id: Uuid) -> String {
    id.simple().to_string().split_off(24)
}

async fn find_files(app: &App, actor: &Actor, new: &NewJob, errors: &mut Vec<FieldError>) -> Result<Vec<Input>, Error> {
    let mut files: Vec<Input> = Vec::new();
    for (i, input) in new.files.iter().take(MOST_FILES).enumerate() {
        let mut wrong = |field: &str, code: &str, detail: &str| {
            errors.push(FieldError::new(format!("/files/{i}/{field}"), code, detail));
        };
        let upload = match uploads::find(app, actor, input.upload).await {
            Ok(upload) => upload,
            Err(uploads::Error::NotFound) => {
                wrong("upload", "no-such-upload", "There is no such upload: upload the file first.");
                continue;
            }
            Err(uploads::Error::Db(error)) => return Err(error.into()),
            Err(_) => continue,
        };
        if upload.state != uploads::State::Finished {
            wrong("upload", "not-finished", "The upload is not finished: wait for it, or resume it.");
            continue;
        }
        let name = input.name.as_deref().and_then(|name| FileName::from_bytes(name.as_bytes()).ok());
        let name = name.unwrap_or_else(|| upload.filename.clone());
        if files.iter().any(|other| other.name == name) {
            wrong("as", "name-taken", "Two files of the job have this name: give one another.");
            continue;
        }
        files.push(Input { kind: upload.kind, upload, name });
    }
    Ok(files)
}

/// The template that the job names, if it can be used here.
async fn find_template(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: &NewJob,
    errors: &mut Vec<FieldError>,
) -> Option<templates::Found> {
    let found = match templates::find(app, actor, new.template.as_deref()?).await {
        Ok(found) => found,
        Err(error) => {
            errors.push(FieldError::new("/template", "no-such-template", error.to_string()));
            return None;
        }
    };
    let template = &found.template;
    if !template.runs_on(cluster.scheduler_name()) {
        let detail = format!("This template does not run on {}: choose another cluster or template.", cluster.name);
        errors.push(FieldError::new("/template", "other-scheduler", detail));
    }
    if template.needs_image() && new.image.is_none() {
        errors.push(FieldError::new("/image", "image-required", "This template runs in an image: choose one."));
    }
    Some(found)
}

/// Gives the template's files the kind that it knows them by, and names those that are missing. Those that a sweep has
/// a column for are each row's own.
fn fill_slots(template: &Template, columns: &[String], files: &mut [Input], errors: &mut Vec<FieldError>) {
    for slot in &template.files {
        let given = files.iter_mut().find(|input| input.name.display() == slot.name);
        match given {
            Some(input) => input.kind = slot.kind,
            None if slot.required && !columns.contains(&slot.name) => {
                let detail = format!("This template needs the file {}: upload it.", slot.name);
                errors.push(FieldError::new("/files", "missing-file", detail).with("name", slot.name.as_str()));
            }
            None => {}
        }
    }
}

/// The body that the template makes of the parameters.
fn render(template: &Template, new: &NewJob, image: Option<&image::Chosen>, errors: &mut Vec<FieldError>) -> String {
    let parameters = match templates::check_parameters(template, &new.parameters) {
        Ok(parameters) => parameters,
        Err(wrong) => {
            errors.extend(wrong);
            return String::new();
        }
    };
    // That the image is missing has been said.
    if template.needs_image() && image.is_none() {
        return String::new();
    }
    templates::render(template, &parameters, image.map(|image| &image.command)).unwrap_or_else(|error| {
        errors.push(FieldError::new("/template", "cannot-render", error.to_string()));
        String::new()
    })
}

/// A second file of the same name in these letters gets a number.
fn name_variables(files: &[Input]) -> Vec<JobFile> {
    let mut taken = HashSet::new();
    let mut next: HashMap<String, u32> = HashMap::new();
    let name_one = |input: &Input| {
        let name = input.name.display();
        let base = variable_of(input.kind, &name);
        let mut variable = base.clone();
        while !taken.insert(variable.clone()) {
            let number = next.entry(base.clone()).or_insert(1);
            *number += 1;
            variable = format!("{base}_{number}");
        }
        JobFile { name, kind: input.kind.as_str().to_owned(), variable }
    };
    files.iter().map(name_one).collect()
}

/// `FILE_<KIND>_<NAME>`.
pub(super) fn variable_of(kind: FileKind, name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let letters: String = name.chars().map(letter).collect();
    format!("FILE_{}_{letters}", kind.as_str().to_uppercase())
}
