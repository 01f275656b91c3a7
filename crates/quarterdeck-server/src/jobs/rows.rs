//! A job as a row of its table, and back.

use quarterdeck_types::{JobId, JobState};
use serde_json::json;

use super::{Job, store};
use crate::db::{from_us, to_us};

/// A row with what the job is now; what was kept in the row alone (key, hash, who cancelled it) stays.
pub(super) fn update(row: store::Model, job: &Job, updated_us: i64) -> store::Model {
    store::Model {
        job_id: job.job_id.as_ref().map(|id| id.as_str().to_owned()),
        root: job.job_id.as_ref().map(|id| id.root().to_owned()),
        submitted_us: to_us(job.submitted_at),
        name: job.name.clone(),
        user: job.user.clone(),
        owner_id: job.owner_id,
        account: job.account.clone(),
        partition: job.partition.clone(),
        qos: job.qos.clone(),
        state: job.state.as_str().to_owned(),
        reason: job.reason.clone(),
        message: job.message.clone(),
        exit_code: job.exit_code,
        signal: job.signal,
        started_us: job.started_at.map(to_us),
        ended_us: job.ended_at.map(to_us),
        time_limit_minutes: job.time_limit_minutes.map(|minutes| minutes as i32),
        node_list: job.node_list.clone(),
        nodes: job.nodes as i32,
        cpus: job.cpus as i32,
        memory_mib: job.memory_mib.map(|mib| mib as i64),
        gpus: job.gpus as i32,
        template: job.template.clone(),
        template_hash: job.template_hash.clone(),
        image: job.image.clone(),
        working_directory: job.working_directory.clone(),
        output_path: job.output_path.clone(),
        error_path: job.error_path.clone(),
        comment: job.comment.clone(),
        script: job.script.clone(),
        files: json!(job.files),
        array: job.array.clone(),
        rows_directory: job.rows_directory.clone(),
        updated_us,
        ..row
    }
}

/// A new row for a job.
pub(super) fn row(
    job: &Job,
    idempotency_key: Option<String>,
    request_hash: Option<String>,
    updated_us: i64,
) -> store::Model {
    let empty = store::Model {
        id: job.id,
        cluster: job.cluster.clone(),
        job_id: None,
        root: None,
        submitted_us: 0,
        name: String::new(),
        user: String::new(),
        owner_id: None,
        account: None,
        partition: None,
        qos: None,
        state: String::new(),
        reason: None,
        message: None,
        exit_code: None,
        signal: None,
        started_us: None,
        ended_us: None,
        time_limit_minutes: None,
        node_list: None,
        nodes: 0,
        cpus: 0,
        memory_mib: None,
        gpus: 0,
        template: None,
        template_hash: None,
        image: None,
        working_directory: None,
        output_path: None,
        error_path: None,
        comment: None,
        script: None,
        files: json!([]),
        array: None,
        rows_directory: None,
        idempotency_key,
        request_hash,
        updated_us,
        cancelled_by_user: false,
    };
    update(empty, job, updated_us)
}

/// `None` for a row that this release cannot have written.
pub(super) fn read(row: store::Model) -> Option<Job> {
    Some(Job {
        id: row.id,
        cluster: row.cluster,
        job_id: match row.job_id {
            Some(text) => Some(JobId::parse(&text).ok()?),
            None => None,
        },
        submitted_at: from_us(row.submitted_us),
        name: row.name,
        user: row.user,
        owner_id: row.owner_id,
        account: row.account,
        partition: row.partition,
        qos: row.qos,
        state: JobState::parse(&row.state)?,
        reason: row.reason,
        message: row.message,
        exit_code: row.exit_code,
        signal: row.signal,
        started_at: row.started_us.map(from_us),
        ended_at: row.ended_us.map(from_us),
        time_limit_minutes: row.time_limit_minutes.map(|minutes| minutes as u32),
        node_list: row.node_list,
        nodes: row.nodes as u32,
        cpus: row.cpus as u32,
        memory_mib: row.memory_mib.map(|mib| mib as u64),
        gpus: row.gpus as u32,
        template: row.template,
        template_hash: row.template_hash,
        image: row.image,
        working_directory: row.working_directory,
        output_path: row.output_path,
        error_path: row.error_path,
        comment: row.comment,
        script: row.script,
        files: serde_json::from_value(row.files).ok()?,
        parts: Vec::new(),
        array: row.array,
        rows_directory: row.rows_directory,
        cancelled_by_user: row.cancelled_by_user,
    })
}
