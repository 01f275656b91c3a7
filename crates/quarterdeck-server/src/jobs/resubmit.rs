//! Submits a job once more as it was asked for, with changes. What was asked for is kept beside the job.

use serde_json::{Map, Value, json};

use super::submit::submit_again;
use super::{Error, Job, NewJob, Sweep, find_for, is_mine, store, sweep, whole_of};
use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::problem::FieldError;

/// Submits a job of the person's own again. `changes` are laid over the request as RFC 7396 says: null takes away. Of an
/// array's task, that task runs again.
pub async fn resubmit(
    app: &App,
    actor: &Actor,
    cluster: &Cluster,
    job: &str,
    changes: Map<String, Value>,
    idempotency_key: Option<String>,
) -> Result<Job, Error> {
    let (job, request) = request_of(app, actor, cluster, job).await?;
    let request = merged(request, Value::Object(changes));
    let new: NewJob = serde_path_to_error::deserialize(request)
        .map_err(|error| Error::Invalid(vec![FieldError::wrong_shape(&error)]))?;
    submit_again(app, actor, cluster, new, idempotency_key, job.id).await
}

/// What was asked for when a job of the person's own was submitted; of an array's task, what would run that task again.
pub async fn asked_for(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<NewJob, Error> {
    let (_, request) = request_of(app, actor, cluster, job).await?;
    serde_json::from_value(request).map_err(|_| Error::NotSubmittedHere)
}

async fn request_of(app: &App, actor: &Actor, cluster: &Cluster, job: &str) -> Result<(Job, Value), Error> {
    let job = find_for(app, actor, cluster, job).await?;
    if !is_mine(actor, &job) {
        return Err(Error::NotYours);
    }
    let task = job.job_id.as_ref().and_then(sweep::task_number).map(str::to_owned);
    let submitted = match task {
        Some(_) => whole_of(app, &job).await?.ok_or(Error::NotSubmittedHere)?.id,
        None => job.id,
    };
    let request = store::request_of(app.db.read(), submitted).await?.ok_or(Error::NotSubmittedHere)?;
    let request = match task {
        Some(number) => of_task(request, &number).ok_or(Error::NotSubmittedHere)?,
        None => request,
    };
    Ok((job, request))
}

/// What runs one task alone: of a sweep its row.
fn of_task(request: Value, number: &str) -> Option<Value> {
    let change = match request.get("sweep").filter(|sweep| !sweep.is_null()) {
        Some(sweep) => {
            let sweep: Sweep = serde_json::from_value(sweep.clone()).ok()?;
            json!({"sweep": {"rows": [sweep.row_of(number)?]}})
        }
        None => json!({"resources": {"array": number}}),
    };
    Some(merged(request, change))
}

/// RFC 7396, 2.
fn merged(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut target = match target {
        Value::Object(target) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            let before = target.remove(&name).unwrap_or_default();
            target.insert(name, merged(before, value));
        }
    }
    Value::Object(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_lie_over_the_request_and_null_takes_away() {
        let request = json!({"name": "a", "template": "shell", "resources": {"nodes": 1, "qos": "low"}, "files": [1]});
        let changes = json!({"template": null, "script": "#!", "resources": {"nodes": 2}, "files": []});
        let expected = json!({"name": "a", "script": "#!", "resources": {"nodes": 2, "qos": "low"}, "files": []});
        assert_eq!(merged(request, changes), expected);
    }
}
