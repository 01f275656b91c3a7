//! Makes the tasks of a script from the rows of a sweep, each checked as a job of its own would be.

use std::collections::HashSet;

use quarterdeck_slurm::script::{Row, Rows};
use serde_json::{Map, Value};

use super::check::{bounded, cell};
use super::{Sweep, plain};
use crate::images::ContainerCommand;
use crate::jobs::NewJob;
use crate::jobs::prepare::{Input, variable_of};
use crate::jobs::request::LONGEST_SCRIPT;
use crate::problem::{FieldError, pointer_token};
use crate::templates::{self, FileSlot, Template};

/// What all rows have.
pub(in crate::jobs) struct Common<'a> {
    pub new: &'a NewJob,
    /// `None`: a script of one's own, whose columns are variables.
    pub template: Option<&'a Template>,
    pub container: Option<&'a ContainerCommand>,
    pub files: &'a [Input],
    /// Absolute: where the files are.
    pub directory: &'a str,
    /// Absolute: above the tasks' own directories.
    pub rows_directory: &'a str,
    /// Else each row is only checked: something else is wrong already.
    pub render: bool,
}

/// The rows as the script has them. Every cell that is wrong is named at once, as far as possible.
pub(in crate::jobs) async fn prepare(common: &Common<'_>, sweep: &Sweep, errors: &mut Vec<FieldError>) -> Rows {
    let mut found = match common.template {
        Some(template) => unknown_columns(template, sweep),
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    let mut size = 0;
    if found.is_empty() {
        for (i, values) in sweep.rows.iter().enumerate() {
            let mut row = Row::default();
            match common.template {
                Some(template) => fill(common, template, values, &mut row, &mut Faults { row: i, found: &mut found }),
                None => {
                    let given = sweep.parameters.iter().filter_map(|name| Some((name, values.get(name)?)));
                    let given = given.filter(|(_, value)| !value.is_null());
                    row.environment = given.map(|(name, value)| (name.clone(), plain(value))).collect();
                }
            }
            size += row.commands.len();
            rows.push(row);
            if size > LONGEST_SCRIPT {
                let detail = "With a part for each row the batch script has more than 4 MiB: submit fewer rows.";
                found.push(FieldError::new("/sweep/rows", "too-long", detail));
                break;
            }
            // A thousand rows take a while, and others wait for this thread.
            tokio::task::yield_now().await;
        }
    }
    errors.extend(bounded(found));
    let links = common.files.iter().map(|file| file.name.display());
    let links = links.map(|name| (name.clone(), format!("{}/{name}", common.directory))).collect();
    Rows { directory: common.rows_directory.to_owned(), links, rows, shown: None }
}

/// Complaints about a row.
struct Faults<'a> {
    row: usize,
    found: &'a mut Vec<FieldError>,
}

impl Faults<'_> {
    fn cell(&mut self, column: &str, code: &str, detail: impl Into<String>) {
        self.found.push(FieldError::new(cell(self.row, column), code, detail));
    }

    /// What is wrong with a value of the job's own is said once.
    fn parameter(&mut self, error: FieldError, columns: &[String]) {
        let name = error.pointer.strip_prefix("/parameters/").unwrap_or_default();
        if let Some(column) = columns.iter().find(|column| pointer_token(column) == name) {
            self.found.push(FieldError { pointer: cell(self.row, column), ..error });
        } else if !self.found.contains(&error) {
            self.found.push(error);
        }
    }
}

fn unknown_columns(template: &Template, sweep: &Sweep) -> Vec<FieldError> {
    let parameters: HashSet<&str> = template.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let is_known = |name: &str| parameters.contains(name) || slot(template, name).is_some();
    let unknown = sweep.parameters.iter().enumerate().filter(|(_, name)| !is_known(name));
    let wrong = |(i, name): (usize, &String)| {
        let detail = format!("The template {} has no parameter and no file \"{name}\": remove it.", template.id);
        FieldError::new(format!("/sweep/parameters/{i}"), "unknown-parameter", detail)
    };
    unknown.map(wrong).collect()
}

/// The file that a column is for: what the template has as a parameter is a parameter.
fn slot<'a>(template: &'a Template, name: &str) -> Option<&'a FileSlot> {
    let is_parameter = template.parameters.iter().any(|parameter| parameter.name == name);
    template.files.iter().find(|slot| slot.name == name && !is_parameter)
}

fn fill(common: &Common<'_>, template: &Template, values: &Map<String, Value>, row: &mut Row, faults: &mut Faults<'_>) {
    let mut parameters = common.new.parameters.clone();
    let columns = common.new.sweep.as_ref().map(|sweep| sweep.parameters.as_slice()).unwrap_or_default();
    for name in columns {
        let value = values.get(name).filter(|value| !value.is_null());
        match (slot(template, name), value) {
            (Some(slot), value) => fill_slot(common, slot, value, row, faults),
            (None, Some(value)) => {
                parameters.insert(name.clone(), value.clone());
            }
            (None, None) => {}
        }
    }
    match templates::check_parameters(template, &parameters) {
        // Wrong values are said before what a template makes of them.
        Ok(_) if !common.render || !faults.found.is_empty() => {}
        Ok(complete) => match templates::render(template, &complete, common.container) {
            Ok(commands) => row.commands = commands,
            Err(error) => {
                faults.found.push(FieldError::new("/template", "cannot-render", error.to_string()));
            }
        },
        Err(wrong) => wrong.into_iter().for_each(|error| faults.parameter(error, columns)),
    }
}

fn fill_slot(common: &Common<'_>, slot: &FileSlot, value: Option<&Value>, row: &mut Row, faults: &mut Faults<'_>) {
    let name = value.map(plain).unwrap_or_default();
    if name.is_empty() {
        let given = common.files.iter().any(|file| file.name.display() == slot.name);
        if slot.required && !given {
            let detail = format!("This template needs the file {}: name one of the job's files.", slot.name);
            faults.cell(&slot.name, "missing-file", detail);
        }
        return;
    }
    if !common.files.iter().any(|file| file.name.display() == name) {
        faults.cell(&slot.name, "no-such-file", format!("The job has no file \"{name}\": upload it, or correct it."));
        return;
    }
    let path = format!("{}/{name}", common.directory);
    row.environment.push((variable_of(slot.kind, &slot.name), path.clone()));
    row.links.push((slot.name.clone(), path));
}
