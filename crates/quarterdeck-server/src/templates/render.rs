//! Makes a batch script's body from a template and values. Every value is printed as one shell word by
//! [`quarterdeck_slurm::script::quote`], and a script is made only where all of them stand where a shell reads words, so
//! that nothing that a user typed is ever read by a shell as its own.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, UndefinedBehavior};
use quarterdeck_slurm::script::places::{Marks, Misplaced, Place, misplaced};
use quarterdeck_slurm::script::{BatchScript, quote};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::images::ContainerCommand;
use crate::templates::definition::{ImageUse, Parameter, ParameterType, Template};

const CONTAINER: &str = "container";
const CONTAINER_RUN: &str = "container_run";
/// What a script may use beside its template's parameters.
pub(super) const RESERVED_NAMES: [&str; 2] = [CONTAINER, CONTAINER_RUN];

/// An instruction costs 1, and 64 bytes of text cost 1: a script of Slurm's limit, 4 MiB, costs 65,536.
const FUEL: u64 = 200_000;

/// Why a script could not be made. A template that was loaded has been rendered once with its defaults.
#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no parameter {name}: define it or correct its name")]
    UnknownName { name: String, line: Option<usize> },
    #[error("the template {0} runs in an image: choose one")]
    NoImage(String),
    #[error("container_run needs an image: write \"image: required\"")]
    ImageNotRequired { line: Option<usize> },
    #[error("a value stands {place}")]
    Misplaced { place: Place, line: Option<usize> },
    #[error(
        "the script is not for a shell, which alone takes values: begin with #!/bin/bash -l, or leave out what is in {{{{ }}}}"
    )]
    NotAShell,
    #[error("{}", describe(.0))]
    Script(#[from] minijinja::Error),
}

impl Error {
    /// The line of the script, counted from 1.
    pub fn line(&self) -> Option<usize> {
        match self {
            Error::UnknownName { line, .. } | Error::ImageNotRequired { line } | Error::Misplaced { line, .. } => *line,
            Error::NoImage(_) | Error::NotAShell => None,
            Error::Script(error) => error.line(),
        }
    }
}

/// The script's body: what follows the `#SBATCH` lines and the variables. The parameters are those that
/// [`super::check_parameters`] answered.
pub fn render(
    template: &Template,
    parameters: &Map<String, Value>,
    container: Option<&ContainerCommand>,
) -> Result<String, Error> {
    if template.needs_image() && container.is_none() {
        return Err(Error::NoImage(template.id.clone()));
    }
    let marks = marks_for(template, parameters, container);
    let mut values: BTreeMap<&str, minijinja::Value> =
        parameters.iter().map(|(name, value)| (name.as_str(), to_minijinja(value))).collect();
    let command = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| word_of(word, marks)).collect();
        minijinja::Value::from_safe_string(words.join(" "))
    };
    values.insert(CONTAINER, command(container.map_or(&[], |container| &container.exec)));
    if let Some(container) = container {
        values.insert(CONTAINER_RUN, command(&container.run));
    }
    let environment = environment(marks);
    let marked = environment.template_from_str(&template.script)?.render(values)?;
    if let Some(Misplaced { place, at }) = misplaced(&marked, marks) {
        return Err(Error::Misplaced { place, line: line_of(&template.script, &marked[..at], marks) });
    }
    let mut body = marks.remove(&marked);
    if body != marked && !BatchScript::of_commands(&body).is_ok_and(|script| script.is_for_a_shell()) {
        return Err(Error::NotAShell);
    }
    // minijinja leaves out one line end at a script's end.
    if template.script.ends_with('\n') || !body.ends_with('\n') {
        body.push('\n');
    }
    Ok(body)
}

/// Characters that are in no text that a script is made of.
fn marks_for(template: &Template, parameters: &Map<String, Value>, container: Option<&ContainerCommand>) -> Marks {
    let values = parameters.values().filter_map(Value::as_str);
    let words = container.into_iter().flat_map(|container| container.exec.iter().chain(&container.run));
    Marks::not_in(&values.chain(words.map(String::as_str)).chain([template.script.as_str()]).collect::<Vec<_>>())
}

/// One shell word, in marks.
fn word_of(value: &str, Marks { begin, end }: Marks) -> String {
    format!("{begin}{}{end}", quote(value))
}

/// The line of the template in which what follows this text was printed, counted from 1: that which goes on with an
/// expression as the text does. Two alike lines are not told apart.
fn line_of(script: &str, before: &str, marks: Marks) -> Option<usize> {
    let same_line = before.rsplit(['\n', marks.end]).next().unwrap_or_default();
    let begins = format!("{same_line}{{{{");
    script.lines().position(|line| line.contains(&begins)).map(|index| index + 1)
}

/// Whether the script can be rendered at all: its notation, the names it uses, and once with its defaults.
pub(super) fn check(template: &Template) -> Result<(), Error> {
    let environment = environment(Marks::not_in(&[&template.script]));
    let names: BTreeSet<String> =
        environment.template_from_str(&template.script)?.undeclared_variables(false).into_iter().collect();
    for name in names {
        let line = template.script.lines().position(|line| line.contains('{') && line.contains(&name));
        let line = line.map(|index| index + 1);
        let is_parameter = template.parameters.iter().any(|parameter| parameter.name == name);
        if name == CONTAINER_RUN && template.image != ImageUse::Required {
            return Err(Error::ImageNotRequired { line });
        }
        if !is_parameter && !RESERVED_NAMES.contains(&name.as_str()) {
            return Err(Error::UnknownName { name, line });
        }
    }
    let sample = template.parameters.iter().map(|parameter| (parameter.name.clone(), sample(parameter))).collect();
    let words = || vec!["apptainer".to_owned()];
    let container = ContainerCommand { exec: words(), run: words() };
    if template.image != ImageUse::Required {
        render(template, &sample, None)?;
    }
    if template.image != ImageUse::None {
        render(template, &sample, Some(&container))?;
    }
    Ok(())
}

/// No filters, functions, tests or other templates: what is not there needs no guarding, least of all `safe`.
fn environment(marks: Marks) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(false);
    // With escaping on, minijinja keeps track of what has been printed already and must not be quoted again.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("shell".into()));
    environment.set_formatter(move |out, _, value| print_as_shell_word(out, value, marks));
    environment
}

fn print_as_shell_word(out: &mut Output, value: &minijinja::Value, marks: Marks) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::String if value.is_safe() => out.write_str(value.as_str().unwrap_or_default())?,
        // What was printed into it already had marks.
        ValueKind::String => out.write_str(&word_of(&marks.remove(value.as_str().unwrap_or_default()), marks))?,
        ValueKind::Number => out.write_fmt(format_args!("{value}"))?,
        // minijinja's own text is Python's: True.
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" })?,
        ValueKind::None => out.write_str(&quote(""))?,
        ValueKind::Undefined => return Err(ErrorKind::UndefinedError.into()),
        kind => {
            let detail = format!("a {kind} is not one shell word: print its members");
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, detail));
        }
    }
    Ok(())
}

/// A parameter's value is one of these; what else JSON has is no word.
fn to_minijinja(value: &Value) -> minijinja::Value {
    match value {
        Value::String(text) => text.as_str().into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().into(),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => ().into(),
    }
}

/// A value to try the script with.
fn sample(parameter: &Parameter) -> Value {
    if !parameter.default.is_null() {
        return parameter.default.clone();
    }
    match parameter.kind {
        ParameterType::String | ParameterType::Text => Value::from("text"),
        ParameterType::Integer | ParameterType::Number => {
            parameter.minimum.clone().map_or(Value::from(1), Value::Number)
        }
        ParameterType::Boolean => Value::from(true),
        ParameterType::Choice => parameter.choices.first().map_or(Value::Null, |choice| choice.value.clone().into()),
    }
}

/// minijinja's own text ends with the template's internal name, which means nothing to anybody.
fn describe(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::Command;

    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::templates::definition::tests::EXAMPLE;

    fn with_script(script: &str) -> Template {
        let mut template = Template::parse(EXAMPLE).unwrap();
        template.script = script.to_owned();
        template
    }

    fn body(script: &str, parameters: Value) -> Result<String, Error> {
        render(&with_script(script), parameters.as_object().unwrap(), None)
    }

    /// What bash makes of the script.
    fn run(script: &str) -> Vec<u8> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(script.as_bytes()).unwrap();
        let output = Command::new("bash").arg(file.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    const HOSTILE: [&str; 37] = [
        "'",
        "''",
        "'\\''",
        "\"",
        "\\",
        "$(touch /tmp/owned)",
        "`id`",
        "${HOME}",
        "$((1/0))",
        "!",
        "!!",
        "*",
        "?",
        "[a]",
        "{a,b}",
        "~",
        "#",
        ";",
        "&",
        "|",
        "<",
        ">",
        "(",
        ")",
        "\n",
        "\r\n",
        "\t",
        "\u{1b}[31m",
        "-n",
        "--",
        "%s",
        "%n",
        "EOF\n",
        "{{ container }}",
        "한글",
        "\u{ff07}",
        "'; exit 1; '",
    ];

    fn any_text() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
            any::<char>().prop_filter("a text without NUL", |c| *c != '\0').prop_map(String::from),
        ];
        prop::collection::vec(one, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn any_value_arrives_in_bash_byte_for_byte(first in any_text(), second in any_text()) {
            // As words of a command, and kept through a variable.
            let script = "printf '%s\\0' {{ pattern }} {{ mode }}\nkept={{ pattern }}\nprintf '%s\\0' \"$kept\"";
            let script = body(script, json!({"pattern": first, "mode": second})).unwrap();
            prop_assert_eq!(String::from_utf8(run(&script)).unwrap(), format!("{first}\0{second}\0{first}\0"));
        }
    }

    #[test]
    fn numbers_and_truth_are_printed_plain() {
        let script = "{{ a }} {{ b }} {{ c }} {{ d }}";
        let body = body(script, json!({"a": 9_007_199_254_740_993_i64, "b": -0.25, "c": true, "d": null})).unwrap();
        assert_eq!(body, "9007199254740993 -0.25 true ''\n");
    }

    #[test]
    fn conditions_see_the_plain_value() {
        let script = "{% if pattern == \"it's\" %}yes{% endif %}{% if not mode %} no{% endif %}";
        assert_eq!(body(script, json!({"pattern": "it's", "mode": ""})).unwrap(), "yes no\n");
    }

    #[test]
    fn a_container_is_printed_as_its_words_and_nothing_where_there_is_none() {
        let template = with_script("{{ container }} true\n{{ container_run }}\n");
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let container = ContainerCommand {
            exec: words(&["printf", "%s\\0", "my image.sif", "$(id)"]),
            run: words(&["printf", "%s\\0", "it's"]),
        };
        let script = render(&template, &Map::new(), Some(&container)).unwrap();
        assert_eq!(run(&script), b"my image.sif\0$(id)\0true\0it's\0");
        assert_eq!(body("{{ container }} true", json!({})).unwrap(), " true\n");
        assert!(body("{{ container_run }}", json!({})).is_err());
    }

    #[test]
    fn a_template_that_needs_an_image_is_not_rendered_without() {
        let template = Template { image: ImageUse::Required, ..with_script("{{ container_run }}") };
        let error = render(&template, &Map::new(), None).unwrap_err();
        assert!(matches!(error, Error::NoImage(id) if id == "count-words"));
    }

    /// However a template puts texts together, a value is never printed bare.
    #[rstest]
    #[case("printf '%s\\0' {{ 'a' ~ pattern }}", "a$(id)\0")]
    #[case("{% set word %}{{ pattern }}{% endset %}printf '%s\\0' {{ word }}", "$(id)\0")]
    #[case("{% autoescape false %}printf '%s\\0' {{ pattern }}{% endautoescape %}", "$(id)\0")]
    #[case("{% macro word(x) %}{{ x }}{% endmacro %}printf '%s\\0' {{ word(pattern) }}", "$(id)\0")]
    #[case("{% for x in [pattern, 'b'] %}printf '%s\\0' {{ x }};{% endfor %}", "$(id)\0b\0")]
    #[case("printf '%s\\0' {{ container ~ pattern }}", "$(id)\0")]
    fn no_notation_prints_a_value_bare(#[case] script: &str, #[case] printed: &str) {
        let script = body(script, json!({"pattern": "$(id)"})).unwrap();
        assert_eq!(String::from_utf8(run(&script)).unwrap(), printed);
    }

    #[rstest]
    #[case("x\necho \"{{ pattern }}\"", "in double quotes", Some(2))]
    #[case("# of {{ pattern }}", "in a comment", Some(1))]
    #[case("#SBATCH --comment={{ pattern }}", "in a comment", Some(1))]
    #[case("cat <<END\n{{ pattern }}\nEND", "in a here-document", Some(2))]
    #[case("{% if pattern %}echo $(( {{ pattern }} )){% endif %}", "calculates", Some(1))]
    #[case("echo '{{ container ~ pattern }}'", "in single quotes", Some(1))]
    #[case("{% set x %}{{ pattern }}{% endset %}\n\necho `echo {{ x }}`", "in backquotes", Some(3))]
    #[case("#!/usr/bin/python3\nprint({{ pattern }})", "not for a shell", None)]
    fn where_a_shell_reads_no_word_a_value_is_refused(
        #[case] script: &str,
        #[case] why: &str,
        #[case] line: Option<usize>,
    ) {
        let error = body(script, json!({"pattern": "$(id)"})).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.line(), line);
    }

    #[test]
    fn what_cannot_be_code_may_stand_anywhere() {
        let script = "# {{ a }}\necho \"{{ b }} $(( {{ a }} * 2 )) {{ c }}\"";
        let script = body(script, json!({"a": 3, "b": true, "c": 0.5})).unwrap();
        assert_eq!(run(&script), b"true 6 0.5\n");
        assert_eq!(
            body("#!/usr/bin/python3\nprint({{ a }})", json!({"a": 3})).unwrap(),
            "#!/usr/bin/python3\nprint(3)\n"
        );
    }

    #[rstest]
    #[case("{{ nothing }}")]
    #[case("{{ pattern.nothing }}")]
    #[case("{{ [pattern] }}")]
    #[case("{{ pattern|safe }}")]
    #[case("{{ pattern|e }}")]
    #[case("{{ range(10) }}")]
    #[case("{% include pattern %}")]
    #[case("{% import pattern as x %}")]
    fn what_a_template_may_not_do_is_an_error(#[case] script: &str) {
        assert!(body(script, json!({"pattern": "/etc/passwd"})).is_err());
    }
}
