//! Whether a sweep makes sense by itself. What depends on its template is checked row by row in `prepare`.

use std::collections::HashSet;

use serde_json::Value;

use super::{MOST_ROWS, Sweep};
use crate::jobs::NewJob;
use crate::jobs::request::{READ_ONLY, is_variable};
use crate::problem::{FieldError, pointer_token};

const MOST_PARAMETERS: usize = 50;
/// Nobody reads more of them.
const MOST_ERRORS: usize = 100;

pub(in crate::jobs) fn check(job: &NewJob, sweep: &Sweep) -> Vec<FieldError> {
    let mut errors = table(job, sweep);
    // Each cell is looked at only where the columns are right.
    if errors.is_empty() {
        errors = cells(sweep);
    }
    bounded(errors)
}

/// Of very many complaints the first.
pub(super) fn bounded(mut errors: Vec<FieldError>) -> Vec<FieldError> {
    errors.truncate(MOST_ERRORS);
    errors
}

/// The pointer to a cell; rows count from 0 here.
pub(super) fn cell(row: usize, column: &str) -> String {
    format!("/sweep/rows/{row}/{}", pointer_token(column))
}

fn table(job: &NewJob, sweep: &Sweep) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: String, code: &str, detail: &str| errors.push(FieldError::new(pointer, code, detail));
    if sweep.rows.is_empty() {
        wrong("/sweep/rows".into(), "no-rows", "A sweep has a row for each task: add rows, or submit a single job.");
    }
    if sweep.parameters.is_empty() {
        wrong("/sweep/parameters".into(), "no-columns", "Choose at least one parameter that varies.");
    }
    if sweep.at_once == Some(0) {
        wrong("/sweep/at_once".into(), "out-of-range", "Ask for at least 1.");
    }
    if job.resources.array.is_some() {
        let detail = "A sweep is a job array with a task for each row: remove the array's own task numbers.";
        wrong("/resources/array".into(), "two-arrays", detail);
    }
    let mut names = HashSet::new();
    for (i, name) in sweep.parameters.iter().take(MOST_PARAMETERS).enumerate() {
        let pointer = format!("/sweep/parameters/{i}");
        if !names.insert(name) {
            wrong(pointer, "name-taken", "Two columns have this name: remove one.");
        } else if job.script.is_some() && !is_variable(name) {
            wrong(pointer, "bad-variable", "A variable's name has letters, digits and \"_\".");
        } else if job.script.is_some() && (READ_ONLY.contains(&name.as_str()) || name == "SLURM_ARRAY_TASK_ID") {
            wrong(pointer, "read-only-variable", "This variable is set already: choose another name.");
        }
    }
    if sweep.parameters.len() > MOST_PARAMETERS {
        let error = FieldError::new("/sweep/parameters", "too-many", "A sweep has at most 50 parameters.");
        errors.push(error.with("limit", MOST_PARAMETERS));
    }
    if sweep.rows.len() > MOST_ROWS {
        let detail = "A sweep has at most 1000 rows: submit it in parts.";
        errors.push(FieldError::new("/sweep/rows", "too-many", detail).with("limit", MOST_ROWS));
    }
    errors
}

fn cells(sweep: &Sweep) -> Vec<FieldError> {
    let names: HashSet<&String> = sweep.parameters.iter().collect();
    let mut errors = Vec::new();
    for (i, row) in sweep.rows.iter().enumerate() {
        for (name, value) in row {
            let (code, detail) = match value {
                _ if !names.contains(name) => {
                    ("unknown-parameter", "This row has a value that no column is for: name it in \"parameters\".")
                }
                Value::Array(_) | Value::Object(_) => ("wrong-type", "A value is a text, a number, true or false."),
                Value::String(text) if text.contains('\0') => ("nul-byte", "The value holds a NUL byte: remove it."),
                _ => continue,
            };
            errors.push(FieldError::new(cell(i, name), code, detail));
        }
        if errors.len() >= MOST_ERRORS {
            break;
        }
    }
    errors
}
