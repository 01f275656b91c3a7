//! The part of a script that makes each task of an array another row of a table: its variables, its directory and, where
//! they differ, its commands. Tasks count from 1.

use super::ScriptError;
use super::compose::write_exports;
use super::quote;

/// Told in the environment of every task.
const TASK: &str = "$SLURM_ARRAY_TASK_ID";

/// A table; its first row is task 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Absolute. Each task works in a directory of its own beneath, named by its number.
    pub directory: String,
    /// What every task finds in its directory: a name, and the absolute path that it links to.
    pub links: Vec<(String, String)>,
    pub rows: Vec<Row>,
    /// Only these first ones are written, for people to read: the script does not run the others.
    pub shown: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Exported in this order.
    pub environment: Vec<(String, String)>,
    /// Beside those of all rows.
    pub links: Vec<(String, String)>,
    /// Commands instead of the script's, whole lines; empty: the script's.
    pub commands: String,
}

/// What stands before the script's own commands.
pub(super) fn write(table: &Rows) -> Result<String, ScriptError> {
    let rows = &table.rows[..table.shown.unwrap_or(table.rows.len()).min(table.rows.len())];
    let directory = quote(&table.directory);
    let mut text = format!(
        "# A sweep of {} rows: each task works in a directory of its own.\n\
         mkdir -p -- {directory}/\"${{SLURM_ARRAY_TASK_ID:?}}\" && cd -- {directory}/\"{TASK}\" || exit 1\n",
        table.rows.len()
    );
    write_links(&mut text, &table.links);
    let settings = rows.iter().map(settings).collect::<Result<Vec<_>, _>>()?;
    write_cases(&mut text, &settings);
    let commands: Vec<&str> = rows.iter().map(|row| row.commands.as_str()).collect();
    write_cases(&mut text, &commands);
    if rows.len() < table.rows.len() {
        text.push_str(&format!("# Rows from {} on go likewise.\n", rows.len() + 1));
    }
    Ok(text)
}

fn settings(row: &Row) -> Result<String, ScriptError> {
    let mut text = String::new();
    write_exports(&mut text, &row.environment)?;
    write_links(&mut text, &row.links);
    Ok(text)
}

fn write_links(text: &mut String, links: &[(String, String)]) {
    for (name, target) in links {
        text.push_str(&format!("ln -sfn -- {} {}\n", quote(target), quote(name)));
    }
}

/// Rows that do the same share a case; where all do, there is none.
fn write_cases<T: AsRef<str>>(text: &mut String, rows: &[T]) {
    let Some(first) = rows.first() else { return };
    if rows.iter().all(|row| row.as_ref() == first.as_ref()) {
        text.push_str(first.as_ref());
        return;
    }
    let mut cases: Vec<(&str, Vec<String>)> = Vec::new();
    let mut at = std::collections::HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let case = *at.entry(row.as_ref()).or_insert_with(|| {
            cases.push((row.as_ref(), Vec::new()));
            cases.len() - 1
        });
        cases[case].1.push((index + 1).to_string());
    }
    text.push_str(&format!("case {TASK} in\n"));
    for (commands, tasks) in cases {
        text.push_str(&format!("{})\n{commands};;\n", tasks.join("|")));
    }
    text.push_str(&format!("*)\necho \"The sweep has no row {TASK}.\" >&2\nexit 2\n;;\nesac\n"));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::script::{BatchScript, Resources, Submission, compose};

    fn row(value: &str) -> Row {
        Row { environment: vec![("VALUE".to_owned(), value.to_owned())], ..Row::default() }
    }

    fn script(commands: &str, rows: Vec<Row>, directory: &str) -> String {
        let submission = Submission {
            script: BatchScript::parse(&format!("#!/bin/bash\n#SBATCH -J x\n{commands}")).unwrap(),
            name: None,
            output: None,
            error: None,
            resources: Resources::default(),
            dependency: None,
            exclude: None,
            environment: vec![("COMMON".to_owned(), "for all".to_owned())],
            rows: Some(Rows { directory: directory.to_owned(), links: Vec::new(), rows, shown: None }),
        };
        compose(&submission).unwrap()
    }

    /// What the task prints; `None` where it fails.
    fn run(script: &str, task: Option<&str>) -> Option<Vec<u8>> {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-c", script]).env_remove("SLURM_ARRAY_TASK_ID");
        command.envs(task.map(|task| ("SLURM_ARRAY_TASK_ID", task)));
        let output = command.output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    #[test]
    fn rows_alike_share_a_case_and_those_left_out_are_told() {
        let commands = |text: &str| Row { commands: text.to_owned(), ..Row::default() };
        let mut rows = vec![commands("one\n"), commands("two\n"), commands("one\n"), commands("four\n")];
        rows[1].links = vec![("-in put.txt".to_owned(), "/home/alice/it's.csv".to_owned())];
        let links = vec![("mesh".to_owned(), "/home/alice/mesh".to_owned())];
        let table = Rows { directory: "/home/alice/my sweep/rows".to_owned(), links, rows, shown: Some(3) };
        insta::assert_snapshot!(write(&table).unwrap());
    }

    #[test]
    fn a_task_works_in_its_own_directory_and_none_without_a_row_runs() {
        let directory = tempfile::tempdir().unwrap();
        let rows = directory.path().join("ro ws").to_string_lossy().into_owned();
        let script = script("printf '%s ' \"$COMMON\" \"$VALUE\"\npwd\n", vec![row("a"), row("b")], &rows);
        assert_eq!(run(&script, Some("2")).unwrap(), format!("for all b {rows}/2\n").into_bytes());
        for task in [Some("3"), Some("0"), Some("1; id"), Some("*"), Some(""), None] {
            assert_eq!(run(&script, task), None, "{task:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn any_value_of_any_row_arrives_byte_for_byte(
            first in r#"([^\x00]|[\r\n'"\\$`!#]|(\n;;\nesac\n)|(\n#SBATCH --uid=0\n)){0,40}"#,
            second in r#"([^\x00]|[\r\n'"\\$`!#]|(\n;;\nesac\n)){0,40}"#,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let rows = directory.path().to_string_lossy().into_owned();
            let script = script("printf %s \"$VALUE\"\n", vec![row(&first), row(&second)], &rows);
            prop_assert_eq!(BatchScript::parse(&script).unwrap().directives().len(), 1);
            prop_assert_eq!(run(&script, Some("1")).unwrap(), first.as_bytes());
            prop_assert_eq!(run(&script, Some("2")).unwrap(), second.as_bytes());
        }
    }
}
