//! Writes the script that is submitted: what the form says over what the script says.

use std::collections::BTreeSet;

use super::rows::{self, Rows};
use super::{BatchScript, ScriptError, directive, quote};
use crate::node_list;
use crate::notation::{format_memory, format_time_limit, parse_count};

/// What a person chose, and the script to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its own directives stay, but for those that something here replaces.
    pub script: BatchScript,
    pub name: Option<String>,
    /// Patterns: see [`crate::output_path`].
    pub output: Option<String>,
    pub error: Option<String>,
    pub resources: Resources,
    /// What must become of other jobs first, as `--dependency` takes it: `afterok:10,afterany:11`.
    pub dependency: Option<String>,
    /// Nodes that it must not run on, beside those that the script excludes: `c[1-3],g1`.
    pub exclude: Option<String>,
    /// Exported in this order before the first command.
    pub environment: Vec<(String, String)>,
    /// What makes each task of an array another one.
    pub rows: Option<Rows>,
}

/// What a job asks for. What is `None` is left to the script, and then to the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    pub partition: Option<String>,
    pub account: Option<String>,
    pub qos: Option<String>,
    pub nodes: Option<u32>,
    pub tasks: Option<u32>,
    pub cpus_per_task: Option<u32>,
    /// Of each node.
    pub memory_mib: Option<u64>,
    pub gpus: Option<Gpus>,
    /// Other devices of each node, as `--gres` takes them: `shard:2`.
    pub gres: Option<String>,
    /// Features that the nodes must have, as `--constraint` takes them: `avx512&ib`.
    pub features: Option<String>,
    /// `matlab:2,ansys`.
    pub licenses: Option<String>,
    pub reservation: Option<String>,
    pub time_limit_minutes: Option<u32>,
    /// Task numbers as `sbatch --array` takes them: `0-9`, `1,3,5`, `0-99%10`.
    pub array: Option<String>,
}

/// GPUs of each node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpus {
    /// As the site names it: `a100`.
    pub kind: Option<String>,
    pub count: u32,
}

impl Gpus {
    /// Reads `a100:2` or `2`, in `--gres` with `gpu:` before it. The inner `None`: other resources, no GPUs.
    pub(super) fn parse(option: &str, value: &str) -> Option<Option<Gpus>> {
        let value = match option {
            "gres" => match value.split(',').find(|entry| entry.split(':').next() == Some("gpu")) {
                None => return Some(None),
                Some(entry) => entry.strip_prefix("gpu").unwrap_or("").trim_start_matches(':'),
            },
            _ => value,
        };
        let (kind, count) = match value.rsplit_once(':') {
            Some((kind, count)) => (Some(kind.to_owned()), parse_count(count).ok()?),
            None if value.is_empty() => (None, 1),
            None => match parse_count(value) {
                Ok(count) => (None, count),
                Err(_) => (Some(value.to_owned()), 1),
            },
        };
        Some(Some(Gpus { kind, count }))
    }
}

/// Writes the script: its interpreter, a directive for each choice, the script's own directives and comments without
/// those replaced, the variables, and its commands.
///
/// # Errors
/// [`ScriptError::ControlCharacter`], [`ScriptError::BadWord`], [`ScriptError::BadVariable`] for values that cannot
/// stand in a script, and [`ScriptError::NotAShell`] where there are variables or rows and no shell to read them.
pub fn compose(submission: &Submission) -> Result<String, ScriptError> {
    let chosen = chosen_directives(submission)?;
    let (header, commands) = submission.script.text.split_at(submission.script.header_end);
    let (interpreter, header) = header.split_at(header.find('\n').map_or(header.len(), |end| end + 1));

    let mut text = interpreter.to_owned();
    end_line(&mut text);
    for (option, value) in &chosen {
        text.push_str(&directive::write_line(option, Some(value)));
    }
    push_header_without(&mut text, &submission.script, header, |option| {
        chosen.iter().any(|(by, _)| *by == option || replaced_by(by).contains(&option))
    });
    if !submission.environment.is_empty() || submission.rows.is_some() {
        require_shell(interpreter)?;
        end_line(&mut text);
        write_exports(&mut text, &submission.environment)?;
    }
    if let Some(table) = &submission.rows {
        text.push_str(&rows::write(table)?);
    }
    text.push_str(commands);
    Ok(text)
}

fn chosen_directives(submission: &Submission) -> Result<Vec<(&'static str, String)>, ScriptError> {
    let Resources {
        partition,
        account,
        qos,
        nodes,
        tasks,
        cpus_per_task,
        memory_mib,
        gpus,
        gres,
        features,
        licenses,
        reservation,
        time_limit_minutes,
        array,
    } = &submission.resources;
    let mut chosen = Vec::new();
    let mut choose = |option, value: Option<String>| chosen.extend(value.map(|value| (option, value)));
    choose("job-name", printable("job's name", &submission.name)?);
    choose("output", printable("output's path", &submission.output)?);
    choose("error", printable("error output's path", &submission.error)?);
    choose("partition", word("partition", partition)?);
    choose("account", word("account", account)?);
    choose("qos", word("QOS", qos)?);
    choose("nodes", nodes.map(|count| count.to_string()));
    choose("ntasks", tasks.map(|count| count.to_string()));
    choose("cpus-per-task", cpus_per_task.map(|count| count.to_string()));
    choose("mem", memory_mib.map(format_memory));
    choose("gres", devices(gpus.as_ref(), gres)?);
    choose("constraint", expression("list of features", features)?);
    choose("licenses", expression("list of licences", licenses)?);
    choose("reservation", printable("reservation's name", reservation)?);
    choose("dependency", expression("list of dependencies", &submission.dependency)?);
    choose("exclude", excluded(submission)?);
    choose("time", time_limit_minutes.map(|minutes| format_time_limit(Some(minutes))));
    choose("array", array_tasks(array)?);
    Ok(chosen)
}

/// Slurm takes some options only one at a time, so one that is chosen also replaces its rivals.
pub(super) fn replaced_by(option: &str) -> &[&str] {
    match option {
        "mem" => &["mem", "mem-per-cpu", "mem-per-gpu"],
        "gres" => &["gres", "gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task"],
        "time" => &["time", "time-min"],
        _ => &[],
    }
}

/// Keeps lines as they are, but for directives with a replaced option: the others on such a line are written anew.
pub(super) fn push_header_without(
    text: &mut String,
    script: &BatchScript,
    header: &str,
    replaced: impl Fn(&str) -> bool,
) {
    let mut first_component = true;
    // In the order of their lines.
    let mut rest = script.directives.as_slice();
    // The interpreter's line was the first.
    for (line, number) in header.split_inclusive('\n').zip(2..) {
        let (own, behind) = rest.split_at(rest.iter().take_while(|directive| directive.line == number).count());
        rest = behind;
        first_component &= !own.iter().any(|directive| directive.is_hetjob());
        if !first_component || !own.iter().any(|directive| replaced(&directive.option)) {
            text.push_str(line);
            continue;
        }
        for directive in own.iter().filter(|directive| !replaced(&directive.option)) {
            text.push_str(&directive::write_line(&directive.option, directive.value.as_deref()));
        }
    }
}

fn end_line(text: &mut String) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

pub(super) fn require_shell(interpreter: &str) -> Result<(), ScriptError> {
    let mut words = interpreter.trim_start_matches("#!").split_whitespace();
    let program = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let mut name = words.next().map(program).unwrap_or_default();
    if name == "env" {
        name = words.find(|word| !word.starts_with('-')).map(program).unwrap_or_default();
    }
    if ["sh", "bash", "dash", "ksh", "zsh"].contains(&name.as_str()) {
        return Ok(());
    }
    Err(ScriptError::NotAShell { interpreter: interpreter.trim_end().to_owned() })
}

pub(super) fn write_exports(text: &mut String, environment: &[(String, String)]) -> Result<(), ScriptError> {
    for (name, value) in environment {
        text.push_str(&format!("export {}={}\n", variable_name(name)?, shell_value(name, value)?));
    }
    Ok(())
}

fn variable_name(name: &str) -> Result<&str, ScriptError> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if letters && !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() {
        Ok(name)
    } else {
        Err(ScriptError::BadVariable(name.to_owned()))
    }
}

fn shell_value(name: &str, value: &str) -> Result<String, ScriptError> {
    if value.contains('\0') {
        return Err(ScriptError::BadWord {
            field: "variable's value",
            value: name.to_owned(),
            help: "it holds a NUL character: remove it",
        });
    }
    Ok(quote(value))
}

/// Together with those of the script's.
fn excluded(submission: &Submission) -> Result<Option<String>, ScriptError> {
    let Some(ours) = &submission.exclude else { return Ok(None) };
    let field = "list of excluded nodes";
    let own = submission.script.option("exclude").unwrap_or_default();
    let bad = |help| ScriptError::BadWord { field, value: own.to_owned(), help };
    if own.contains('/') {
        return Err(bad("write the nodes' names in place of a file with them"));
    }
    let names = node_list::expand(&[ours, own].join(",")).ok_or_else(|| bad("write names of nodes: c[1-3],g1"))?;
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    expression(field, &Some(node_list::compress(&names.into_iter().collect::<Vec<_>>())))
}

/// Any text that fits on a line.
fn printable(field: &'static str, value: &Option<String>) -> Result<Option<String>, ScriptError> {
    match value {
        Some(text) if text.chars().any(char::is_control) => Err(ScriptError::ControlCharacter { field }),
        _ => Ok(value.clone()),
    }
}

/// A name that an administrator gave; of partitions and QOS also several with commas.
fn word(field: &'static str, value: &Option<String>) -> Result<Option<String>, ScriptError> {
    let allowed = |c: char| c.is_alphanumeric() || "_-.,+@".contains(c);
    match value {
        Some(text) if text.is_empty() || text.starts_with('-') || !text.chars().all(allowed) => {
            Err(ScriptError::BadWord { field, value: text.clone(), help: "choose one from the list" })
        }
        _ => Ok(value.clone()),
    }
}

/// Names and counts with what joins them.
fn expression(field: &'static str, value: &Option<String>) -> Result<Option<String>, ScriptError> {
    let allowed = |c: char| c.is_alphanumeric() || "_-.,:;@&|*()[]+?=!/".contains(c);
    match value {
        Some(text) if text.is_empty() || text.starts_with('-') || !text.chars().all(allowed) => {
            Err(ScriptError::BadWord { field, value: text.clone(), help: "write names and counts without spaces" })
        }
        _ => Ok(value.clone()),
    }
}

fn devices(gpus: Option<&Gpus>, others: &Option<String>) -> Result<Option<String>, ScriptError> {
    let gpus = gpus.map(gres_of_gpus).transpose()?;
    let all: Vec<String> = gpus.into_iter().chain(expression("list of devices", others)?).collect();
    Ok((!all.is_empty()).then(|| all.join(",")))
}

fn gres_of_gpus(gpus: &Gpus) -> Result<String, ScriptError> {
    Ok(match word("GPU type", &gpus.kind)? {
        Some(kind) => format!("gpu:{kind}:{}", gpus.count),
        None => format!("gpu:{}", gpus.count),
    })
}

fn array_tasks(array: &Option<String>) -> Result<Option<String>, ScriptError> {
    let allowed = |b: u8| b.is_ascii_digit() || b"-,:%".contains(&b);
    match array {
        Some(text) if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.bytes().all(allowed) => {
            Err(ScriptError::BadWord {
                field: "list of array tasks",
                value: text.clone(),
                help: "write 0-9, 1,3,5 or 0-99%10",
            })
        }
        _ => Ok(array.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn submission(script: &str) -> Submission {
        Submission {
            script: BatchScript::parse(script).unwrap(),
            name: None,
            output: None,
            error: None,
            resources: Resources::default(),
            dependency: None,
            exclude: None,
            environment: Vec::new(),
            rows: None,
        }
    }

    #[test]
    fn writes_choices_and_variables_before_the_commands() {
        let composed = compose(&Submission {
            name: Some("it's \"10 %\" \\".to_owned()),
            output: Some("logs/%x-%j.out".to_owned()),
            resources: Resources {
                partition: Some("gpu".to_owned()),
                memory_mib: Some(2048),
                gpus: Some(Gpus { kind: Some("a100".to_owned()), count: 1 }),
                time_limit_minutes: Some(90),
                array: Some("0-3".to_owned()),
                ..Resources::default()
            },
            environment: vec![
                ("FILE_DATA_INPUT".to_owned(), "/home/alice/it's here.txt".to_owned()),
                ("LINES".to_owned(), "a\n#SBATCH --uid=0\n$(id)\r\n".to_owned()),
            ],
            ..submission(
                "#!/bin/bash -l\n# Counts.\n#SBATCH -p compute --hold   # mine\n#SBATCH --mem-per-cpu=1G\n#SBATCH --comment=x\n\nsrun count\n",
            )
        });
        insta::assert_snapshot!(composed.unwrap());
    }

    /// A search among all of them for each line would take hours.
    #[test]
    fn a_script_of_nothing_but_directives_is_written_at_once() {
        let script = format!("#!/bin/bash\n{}", "#SBATCH -H\n".repeat(380_000));
        let composed = compose(&Submission { name: Some("x".to_owned()), ..submission(&script) }).unwrap();
        assert_eq!(composed.len(), script.len() + "#SBATCH --job-name=\"x\"\n".len());
    }

    #[test]
    fn devices_beside_gpus_features_licences_and_dependencies_are_directives() {
        let resources = Resources {
            gpus: Some(Gpus { kind: None, count: 1 }),
            gres: Some("shard:2".to_owned()),
            features: Some("avx512&[rack1|rack2]".to_owned()),
            licenses: Some("matlab:2".to_owned()),
            reservation: Some("course of May".to_owned()),
            ..Resources::default()
        };
        let dependency = Some("afterok:10,afterany:11_1".to_owned());
        let composed = compose(&Submission { resources, dependency, ..submission("#!/bin/sh\n") }).unwrap();
        let script = BatchScript::parse(&composed).unwrap();
        assert_eq!(script.option("gres"), Some("gpu:1,shard:2"));
        assert_eq!(script.option("constraint"), Some("avx512&[rack1|rack2]"));
        assert_eq!(script.option("licenses"), Some("matlab:2"));
        assert_eq!(script.option("reservation"), Some("course of May"));
        assert_eq!(script.option("dependency"), Some("afterok:10,afterany:11_1"));
    }

    #[test]
    fn with_nothing_chosen_the_script_stays_as_it_is() {
        let script = "#!/usr/bin/env python3\n#SBATCH -c 2\n\nprint(1)\n";
        assert_eq!(compose(&submission(script)).unwrap(), script);
    }

    #[test]
    fn replaces_nothing_in_a_second_component() {
        let script = "#!/bin/bash\n#SBATCH -c 1\n#SBATCH hetjob\n#SBATCH -c 8\ntrue\n";
        let resources = Resources { cpus_per_task: Some(2), ..Resources::default() };
        let composed = compose(&Submission { resources, ..submission(script) }).unwrap();
        assert_eq!(composed, "#!/bin/bash\n#SBATCH --cpus-per-task=\"2\"\n#SBATCH hetjob\n#SBATCH -c 8\ntrue\n");
    }

    #[rstest]
    #[case("gpu\n#SBATCH --uid=0")]
    #[case("gpu --uid=0")]
    #[case("-gpu")]
    #[case("\"gpu")]
    #[case("")]
    fn refuses_words_that_are_no_partition(#[case] partition: &str) {
        let resources = Resources { partition: Some(partition.to_owned()), ..Resources::default() };
        let refused = compose(&Submission { resources, ..submission("#!/bin/sh\n") });
        assert!(matches!(refused, Err(ScriptError::BadWord { field: "partition", .. })));
    }

    #[test]
    fn refuses_what_no_quoting_can_carry() {
        let with = |name: &str, value: &str| Submission {
            environment: vec![(name.to_owned(), value.to_owned())],
            ..submission("#!/bin/sh\n")
        };
        assert!(matches!(compose(&with("A", "x\0y")), Err(ScriptError::BadWord { .. })));
        assert!(matches!(compose(&with("A=1;id", "x")), Err(ScriptError::BadVariable(_))));
        let name = Some("a\n#SBATCH --uid=0".to_owned());
        let refused = compose(&Submission { name, ..submission("#!/bin/sh\n") });
        assert_eq!(refused, Err(ScriptError::ControlCharacter { field: "job's name" }));
    }

    #[test]
    fn variables_need_a_shell() {
        let environment = vec![("A".to_owned(), "1".to_owned())];
        let python = Submission { environment, ..submission("#!/usr/bin/env python3\nprint(1)\n") };
        assert!(matches!(compose(&python), Err(ScriptError::NotAShell { .. })));
        let shell = Submission { script: BatchScript::parse("#!/usr/bin/env -S bash -l\n").unwrap(), ..python };
        assert!(compose(&shell).unwrap().ends_with("export A='1'\n"));
    }

    proptest! {
        #[test]
        fn any_name_arrives_and_adds_no_directive(name in r#"([^\p{Cc}]|[\\"'# $`:]){0,40}"#) {
            let composed = compose(&Submission { name: Some(name.clone()), ..submission("#!/bin/bash\ntrue\n") }).unwrap();
            let script = BatchScript::parse(&composed).unwrap();
            prop_assert_eq!(script.job_name(), Some(name.as_str()));
            prop_assert_eq!(script.directives().len(), 1);
        }

        #[test]
        fn any_variable_adds_no_directive(value in r#"([^\x00]|(\n#SBATCH --uid=0\n)|[\r\n']){0,40}"#) {
            let environment = vec![("VALUE".to_owned(), value)];
            let composed = compose(&Submission { environment, ..submission("#!/bin/bash\n#SBATCH -J x\ntrue\n") }).unwrap();
            prop_assert_eq!(BatchScript::parse(&composed).unwrap().directives().len(), 1);
        }
    }
}
