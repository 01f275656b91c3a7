//! Submits a job: checks it, writes its row, hands its script to the user's agent, and records what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck_slurm::script::{self, BatchScript, ScriptError};
use quarterdeck_types::agent::{Request, SubmissionOutcome};
use quarterdeck_types::{FileKind, FileName, JobId, JobState, Place, RelativePath, place};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Error, Job, JobFile, NewJob, Resources, look_soon, paths, read, request, row, save_and_publish, store};
use crate::access::Actor;
use crate::agents::Agent;
use crate::app::App;
use crate::audit::{self, Event};
use crate::auth;
use crate::clusters::{Cluster, Scheduler};
use crate::db::to_us;
use crate::images;
use crate::problem::FieldError;
use crate::templates::{self, Template};
use crate::uploads::{self, Upload};

/// An Idempotency-Key is remembered this long.
const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

/// What a job would look like.
pub struct Preview {
    pub script: String,
    pub warnings: Vec<String>,
    pub start_estimate: Option<DateTime<Utc>>,
}

/// Everything that a submission needs, checked.
struct Prepared {
    script: String,
    files: Vec<Input>,
    directory: RelativePath,
    job: Job,
}

/// An uploaded file that the job is given.
struct Input {
    upload: Upload,
    /// In the job's directory.
    name: FileName,
    /// The template's word where it asks for the file, else the upload's own.
    kind: FileKind,
}

/// Submits a job. With an idempotency key, the same request again answers the same job.
pub async fn submit(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: NewJob,
    idempotency_key: Option<String>,
) -> Result<Job, Error> {
    let unix_user = auth::unix_user(actor)?.to_owned();
    let hash = request_hash(&new);
    if let Some(key) = &idempotency_key
        && let Some(job) = replay(app, actor, cluster, key, &hash).await?
    {
        return Ok(job);
    }
    let agent = app.agents.of(&unix_user);
    let prepared = prepare(app, actor, cluster, new).await?;
    let mut job = prepared.job.clone();
    let _flight = app.jobs.take_off(job.id);

    let object = job.id.to_string();
    let event = |job: &Job| Event {
        action: "job.submit",
        object: &object,
        detail: json!({"name": job.name, "cluster": job.cluster, "unix_user": job.user, "job_id": job.job_id}),
    };
    // Written before the scheduler hears of it, so that a crash leaves a row to mend.
    let tx = app.db.begin().await?;
    let written = row(&job, idempotency_key, Some(hash), to_us(app.clock.now()));
    store::insert(&tx, written).await?;
    let intent = audit::intend(&tx, app, actor, event(&job)).await?;
    tx.commit().await?;
    app.live.jobs_changed(&cluster.name, vec![job.clone()]);
    crash_point("row-written");

    let outcome = hand_over(app, cluster, &agent, &prepared).await;
    crash_point("answered");
    let result = settle(&mut job, outcome, cluster);
    save_and_publish(app, job.clone()).await?;
    let word = match &result {
        Ok(()) => audit::Result::Done,
        Err(Error::Unknown { .. }) => audit::Result::Unknown,
        Err(Error::Refused { .. }) => audit::Result::Refused,
        Err(_) => audit::Result::Failed,
    };
    audit::conclude(app.db.write(), app, actor, intent, word, event(&job)).await?;
    crash_point("recorded");
    look_soon(app, cluster);
    result.map(|()| job)
}

/// The script as it would be submitted, and when Slurm thinks it would start.
pub async fn preview(app: &App, actor: &Actor, cluster: &Cluster, new: NewJob) -> Result<Preview, Error> {
    let agent = app.agents.of(auth::unix_user(actor)?);
    let prepared = prepare(app, actor, cluster, new).await?;
    let script = prepared.script;
    let mut preview = Preview { script: script.clone(), warnings: Vec::new(), start_estimate: None };
    if let Scheduler::Slurm(_) = cluster.scheduler {
        let directory = Place::home(RelativePath::default());
        let answer = agent.program(Request::SbatchTest { directory, script }).await?;
        // The answer comes on standard error: "sbatch: Job 5 to start at 2026-11-24T02:00:00 using 1 …".
        if answer.exit_code == Some(0) {
            preview.start_estimate = start_estimate(&answer.stderr);
        } else {
            preview.warnings.push(super::complaint(&answer));
        }
    }
    Ok(preview)
}

/// What became of a submission, written into the job.
pub(super) fn settle(job: &mut Job, outcome: Result<SubmissionOutcome, Error>, cluster: &Cluster) -> Result<(), Error> {
    let unknown = |job: &Job, message: String| Error::Unknown { id: job.id, cluster: cluster.name.clone(), message };
    match outcome {
        Ok(SubmissionOutcome::Accepted { job_id }) => {
            accept(job, job_id);
            Ok(())
        }
        Ok(SubmissionOutcome::Refused { message }) => {
            job.state = JobState::NotSubmitted;
            job.message = Some(message.clone());
            Err(Error::Refused { cluster: cluster.name.clone(), message })
        }
        Ok(SubmissionOutcome::NotStarted) => {
            job.state = JobState::NotSubmitted;
            let message = "the submission was interrupted before it began; submit it again".to_owned();
            job.message = Some(message.clone());
            Err(Error::Refused { cluster: cluster.name.clone(), message })
        }
        // Recovery goes on asking.
        Ok(SubmissionOutcome::Running) => Err(unknown(job, "sbatch has not answered yet".to_owned())),
        Ok(SubmissionOutcome::Unknown { message }) => Err(unknown(job, message)),
        // The agent may have begun.
        Err(Error::Agent(error)) if may_have_begun(&error) => Err(unknown(job, error.to_string())),
        Err(error) => {
            job.state = JobState::NotSubmitted;
            job.message = Some(error.to_string());
            Err(error)
        }
    }
}

pub(super) fn accept(job: &mut Job, job_id: JobId) {
    job.state = JobState::Pending;
    job.message = None;
    job.job_id = Some(job_id);
    if let Some(script) = job.script.clone() {
        paths::record(job, &script);
    }
}

fn may_have_begun(error: &crate::agents::Error) -> bool {
    use crate::agents::Error;
    use quarterdeck_types::agent::ErrorCode;
    match error {
        Error::Refused { .. } => false,
        Error::Answered(answer) => matches!(answer.code, ErrorCode::Io | ErrorCode::TimedOut | ErrorCode::Busy),
        Error::Unreachable(_) | Error::TimedOut | Error::Protocol(_) => true,
    }
}

/// Gives the job its directory and files, then to its scheduler.
async fn hand_over(
    app: &App,
    cluster: &Cluster,
    agent: &Agent,
    prepared: &Prepared,
) -> Result<SubmissionOutcome, Error> {
    let directory = Place::home(prepared.directory.clone());
    // Before sbatch has begun, a failure is certain: the job does not exist.
    let before = async {
        agent.entry(Request::Mkdir { at: directory.clone(), parents: true }).await?;
        for input in &prepared.files {
            let from = Place::Absolute { absolute: input.upload.absolute.clone().unwrap_or_default() };
            let to = Place::home(prepared.directory.join(&input.name));
            agent.entry(Request::Link { from, to }).await?;
        }
        Ok::<(), crate::agents::Error>(())
    };
    if let Err(error) = before.await {
        return Ok(SubmissionOutcome::Refused { message: error.to_string() });
    }
    let script = prepared.script.clone();
    match &cluster.scheduler {
        Scheduler::Slurm(_) => {
            let comment = prepared.job.comment.clone();
            let request = Request::Sbatch { id: prepared.job.id, directory, script, comment };
            Ok(agent.submission(request).await?)
        }
        Scheduler::Local => Ok(SubmissionOutcome::Accepted { job_id: app.jobs.local.next_id(app).await? }),
    }
}

/// Checks everything and puts the script together. Every field that is wrong is named at once, as far as possible.
async fn prepare(app: &App, actor: &Actor, cluster: &Cluster, new: NewJob) -> Result<Prepared, Error> {
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
    let agent = app.agents.of(auth::unix_user(actor)?);
    let home = home_root(&agent).await?;
    let absolute = if directory.is_root() { home } else { format!("{home}/{}", place::plain(&directory.to_string())) };

    let mut files = find_files(app, actor, &new, &mut errors).await?;
    let image = match &new.image {
        Some(choice) => find_image(app, choice, &absolute, &mut errors).await?,
        None => None,
    };
    check_partition(cluster, &new.resources, &mut errors);
    let template = find_template(app, actor, cluster, &new, &mut errors).await?;
    let body = match &template {
        Some(template) => {
            fill_slots(template, &mut files, &mut errors);
            render(template, &new, image.as_ref(), &mut errors)
        }
        None => new.script.clone().unwrap_or_default(),
    };
    let (template, defaults) = match template {
        Some(template) => (Some(template.reference()), template.resources),
        None => (None, Resources::default()),
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }

    let resources = new.resources.clone().or(defaults);
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
        resources: directives(&resources),
        environment,
    };
    let script = script::compose(&submission).map_err(script_error)?;
    let asked = BatchScript::parse(&script).map_err(script_error)?;
    let comment = asked.comment().map(str::to_owned);
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
        cpus: asked.cpus_per_task.unwrap_or(1).saturating_mul(asked.tasks.unwrap_or(1)),
        memory_mib: asked.memory_mib,
        gpus: asked.gpus.map_or(0, |gpus| gpus.count),
        template,
        image: image.map(|image| image.name),
        output_path: None,
        error_path: None,
        working_directory: Some(absolute),
        comment,
        script: Some(script.clone()),
        files: job_files,
    };
    Ok(Prepared { script, files, directory, job })
}

/// Points to the field that a script's fault came from.
fn script_error(error: ScriptError) -> Error {
    let pointer = match &error {
        ScriptError::ControlCharacter { .. } => "/name",
        ScriptError::BadWord { .. } => "/resources",
        ScriptError::BadVariable(_) => "/environment",
        _ => "/script",
    };
    Error::Invalid(vec![FieldError::new(pointer, "bad-script", error.to_string())])
}

/// When Slurm thinks the job would start. `sbatch --test-only` says so on standard error, in the host's local time:
/// "sbatch: Job 5 to start at 2026-11-24T02:00:00 using 1 processors …".
fn start_estimate(answer: &str) -> Option<DateTime<Utc>> {
    let (_, rest) = answer.split_once(" to start at ")?;
    let time = chrono::NaiveDateTime::parse_from_str(rest.split_whitespace().next()?, "%Y-%m-%dT%H:%M:%S").ok()?;
    time.and_local_timezone(chrono::Local).earliest().map(|time| time.to_utc())
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
    let id = id.simple().to_string();
    let text =
        format!("{}/{}_{}_{}", app.config.jobs.directory, at.format("%Y-%m-%d"), slug.trim_matches('-'), &id[24..]);
    RelativePath::parse(&text).unwrap_or_default()
}

async fn find_files(app: &App, actor: &Actor, new: &NewJob, errors: &mut Vec<FieldError>) -> Result<Vec<Input>, Error> {
    let mut files: Vec<Input> = Vec::new();
    for (i, input) in new.files.iter().enumerate() {
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
        let name = input.name.as_deref().and_then(|name| FileName::parse(name).ok());
        let name = name.unwrap_or_else(|| upload.filename.clone());
        if files.iter().any(|other| other.name == name) {
            wrong("as", "name-taken", "Two files of the job have this name: give one another.");
            continue;
        }
        files.push(Input { kind: upload.kind, upload, name });
    }
    Ok(files)
}

struct ChosenImage {
    name: String,
    command: images::ContainerCommand,
}

async fn find_image(
    app: &App,
    choice: &super::ImageChoice,
    directory: &str,
    errors: &mut Vec<FieldError>,
) -> Result<Option<ChosenImage>, Error> {
    let image = match images::find(app, choice.id).await {
        Ok(image) => image,
        Err(images::Error::Db(error)) => return Err(error.into()),
        Err(_) => {
            errors.push(FieldError::new("/image/id", "no-such-image", "There is no such image: choose another."));
            return Ok(None);
        }
    };
    match images::container_command(&app.config.images, &image, choice.app.as_deref(), directory) {
        Ok(command) => Ok(Some(ChosenImage { name: image.name, command })),
        Err(error) => {
            errors.push(error);
            Ok(None)
        }
    }
}

fn check_partition(cluster: &Cluster, resources: &Resources, errors: &mut Vec<FieldError>) {
    let view = cluster.view();
    let (Some(asked), false) = (&resources.partition, view.partitions.is_empty()) else { return };
    for name in asked.split(',') {
        let Some(partition) = view.partitions.iter().find(|partition| partition.name == name) else {
            let detail = format!("There is no partition \"{name}\": choose another.");
            errors.push(FieldError::new("/resources/partition", "no-such-partition", detail).with("partition", name));
            continue;
        };
        if let (Some(limit), Some(asked)) = (partition.time_limit_minutes, resources.time_limit_minutes)
            && asked > limit
        {
            let detail = format!("Partition {name} accepts at most {limit} minutes: choose a shorter time limit.");
            let error = FieldError::new("/resources/time_limit_minutes", "over-partition-limit", detail);
            errors.push(error.with("partition", name).with("limit_minutes", limit));
        }
    }
}

/// The template that the job names, if it can be used here.
async fn find_template(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    new: &NewJob,
    errors: &mut Vec<FieldError>,
) -> Result<Option<Template>, Error> {
    let Some(reference) = &new.template else { return Ok(None) };
    let template = match templates::find(app, actor, reference).await {
        Ok(template) => template,
        Err(templates::Error::Db(error)) => return Err(error.into()),
        Err(error) => {
            errors.push(FieldError::new("/template", "no-such-template", error.to_string()));
            return Ok(None);
        }
    };
    if !template.runs_on(cluster.scheduler_name()) {
        let detail = format!("This template does not run on {}: choose another cluster or template.", cluster.name);
        errors.push(FieldError::new("/template", "other-scheduler", detail));
    }
    if template.needs_image() && new.image.is_none() {
        errors.push(FieldError::new("/image", "image-required", "This template runs in an image: choose one."));
    }
    Ok(Some(template))
}

/// Gives the template's files the kind that it knows them by, and names those that are missing.
fn fill_slots(template: &Template, files: &mut [Input], errors: &mut Vec<FieldError>) {
    for slot in &template.files {
        let given = files.iter_mut().find(|input| input.name.display() == slot.name);
        match given {
            Some(input) => input.kind = slot.kind,
            None if slot.required => {
                let detail = format!("This template needs the file {}: upload it.", slot.name);
                errors.push(FieldError::new("/files", "missing-file", detail).with("name", slot.name.as_str()));
            }
            None => {}
        }
    }
}

/// The body that the template makes of the parameters.
fn render(template: &Template, new: &NewJob, image: Option<&ChosenImage>, errors: &mut Vec<FieldError>) -> String {
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

/// `FILE_<KIND>_<NAME>`; a second file of the same name in these letters gets a number.
fn name_variables(files: &[Input]) -> Vec<JobFile> {
    let mut named: Vec<JobFile> = Vec::new();
    for input in files {
        let name = input.name.display();
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let letters: String = name.chars().map(letter).collect();
        let base = format!("FILE_{}_{letters}", input.kind.as_str().to_uppercase());
        let taken = |variable: &String| named.iter().any(|file| file.variable == *variable);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let variable = std::iter::once(base.clone()).chain(numbered).find(|variable| !taken(variable));
        named.push(JobFile { name, kind: input.kind.as_str().to_owned(), variable: variable.unwrap_or(base.clone()) });
    }
    named
}

fn directives(resources: &Resources) -> script::Resources {
    script::Resources {
        partition: resources.partition.clone(),
        account: resources.account.clone(),
        qos: resources.qos.clone(),
        nodes: resources.nodes,
        tasks: resources.tasks,
        cpus_per_task: resources.cpus_per_task,
        memory_mib: resources.memory_mib,
        gpus: resources.gpus.as_ref().map(|gpus| script::Gpus { kind: gpus.model.clone(), count: gpus.count }),
        time_limit_minutes: resources.time_limit_minutes,
        array: resources.array.clone(),
    }
}

/// The job that this key already made, if the request is the same.
async fn replay(app: &App, actor: &Actor, cluster: &Cluster, key: &str, hash: &str) -> Result<Option<Job>, Error> {
    let tx = app.db.begin().await?;
    let Some(mut old) = store::by_idempotency_key(&tx, &cluster.name, actor.user_id, key).await? else {
        return Ok(None);
    };
    if old.submitted_us < to_us(app.clock.now() - KEY_LIFE) {
        old.idempotency_key = None;
        store::save(&tx, old).await?;
        tx.commit().await?;
        return Ok(None);
    }
    tx.rollback().await?;
    if old.request_hash.as_deref() != Some(hash) {
        return Err(Error::KeyReused);
    }
    match read(old) {
        Some(job) if job.state == JobState::Submitting => Err(Error::KeyInFlight),
        Some(job) => Ok(Some(job)),
        None => Ok(None),
    }
}

fn request_hash(new: &NewJob) -> String {
    let text = serde_json::to_vec(new).unwrap_or_default();
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lets tests end the server at a named point of a submission. In debug builds the environment variable
/// `QUARTERDECK_SERVER_CRASH_AT` names the point; in release builds this is nothing.
fn crash_point(name: &str) {
    use rustix::process::{Signal, getpid, kill_process};
    if cfg!(debug_assertions) && std::env::var("QUARTERDECK_SERVER_CRASH_AT").is_ok_and(|at| at == name) {
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort();
    }
}
