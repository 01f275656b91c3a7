use rstest::rstest;

use super::*;

/// A template with one of everything; the tests break it in one place.
pub(in crate::templates) const EXAMPLE: &str = r#"id: count-words
version: "1.0.0"
name: { en: Count words, ko: 단어 세기 }
description: { en: Counts the words of a text., ko: 텍스트의 단어 수를 셉니다. }
category: data
tags: [text]
schedulers: [slurm, local]
image: optional

parameters:
  - name: pattern
    type: string
    label: { en: Only lines with, ko: 포함할 문자열 }
    required: false
    max_length: 200
    default: ""
  - name: "steps"   # of the simulation
    type: integer
    label: { en: Steps, ko: 단계 }
    required: true
    minimum: 1
    maximum: 10
    unit: ms
  - name: mode
    type: choice
    label: { en: Mode, ko: 방식 }
    required: true
    default: fast
    choices:
      - { value: fast, label: { en: fast, ko: 빠르게 } }
      - { value: "no", label: { en: "no", ko: 아니요 } }

files:
  - name: input.txt
    kind: data
    required: true
    label: { en: Text, ko: 텍스트 }

resources:
  cpus_per_task: 2
  time_limit_minutes: 10

script: |
  set -euo pipefail
  {{ container }} grep -c -- {{ pattern }} "$FILE_DATA_INPUT_TXT" {{ steps }} {{ mode }}
"#;

#[test]
fn reads_what_the_file_says() {
    let template = Template::parse(EXAMPLE).unwrap();
    assert_eq!(template.reference(), "count-words@1.0.0");
    assert_eq!(template.name.ko, "단어 세기");
    assert_eq!(template.resources.cpus_per_task, Some(2));
    assert_eq!(template.files[0].kind, FileKind::Data);
    assert_eq!(template.parameters[1].minimum, Some(1.into()));
    assert!(template.runs_on("local") && !template.needs_image());
}

#[rstest]
#[case::unknown_key("tags: [text]", "tagz: [text]", Some(6), "tagz")]
#[case::unknown_key_of_a_parameter("    unit: ms", "    units: ms", None, "units")]
#[case::unknown_resource("cpus_per_task: 2", "cpus: 2", None, "cpus")]
#[case::missing_korean("name: { en: Count words, ko: 단어 세기 }", "name: { en: Count words }", Some(3), "ko")]
#[case::empty_korean("ko: 단어 세기", "ko: ''", Some(3), "both languages")]
#[case::twice_the_same_key("image: optional", "image: optional\nimage: none", None, "duplicate")]
#[case::reserved_id("id: count-words", "id: scan", Some(1), "\"scan\"")]
#[case::id_as_a_path("id: count-words", "id: ../etc", Some(1), "a-z")]
#[case::version_with_an_at("version: \"1.0.0\"", "version: \"1@0\"", Some(2), "version")]
#[case::no_scheduler("schedulers: [slurm, local]", "schedulers: []", Some(7), "at least one")]
#[case::unknown_scheduler("schedulers: [slurm, local]", "schedulers: [pbs]", Some(7), "pbs")]
#[case::unknown_type("type: integer", "type: int", Some(18), "int")]
#[case::reserved_name("- name: pattern", "- name: container", Some(11), "container")]
#[case::two_of_one_name("- name: mode", "- name: steps", Some(17), "two of this name")]
#[case::default_of_another_type("    default: fast", "    default: true", Some(24), "default")]
#[case::default_that_is_no_choice("    default: fast", "    default: slow", Some(24), "fast, no")]
#[case::bounds_reversed("    minimum: 1\n", "    minimum: 11\n", Some(17), "above maximum")]
#[case::bounds_of_a_string("    max_length: 200", "    minimum: 2", Some(11), "minimum means nothing")]
#[case::bound_no_number("    minimum: 1\n", "    minimum: .nan\n", None, "")]
#[case::pattern_that_is_none("    max_length: 200", "    pattern: '('", Some(11), "pattern")]
#[case::pattern_that_escapes("    max_length: 200", "    pattern: 'a)|(?:.*'", Some(11), "pattern")]
#[case::file_that_leaves("- name: input.txt", "- name: ../input.txt", Some(34), "file name")]
#[case::script_with_an_unknown_name("{{ mode }}", "{{ modus }}", Some(45), "modus")]
#[case::script_that_is_cut_off("{{ mode }}", "{{ mode", Some(45), "syntax")]
#[case::script_with_a_filter("{{ mode }}", "{{ mode|safe }}", Some(45), "safe")]
#[case::script_that_includes("{{ mode }}", "{% include '/etc/passwd' %}", Some(45), "passwd")]
#[case::run_without_an_image("{{ container }}", "{{ container_run }}", Some(45), "image: required")]
fn says_what_is_wrong_and_where(
    #[case] right: &str,
    #[case] wrong: &str,
    #[case] line: Option<usize>,
    #[case] message: &str,
) {
    assert!(EXAMPLE.contains(right));
    let fault = Template::parse(&EXAMPLE.replace(right, wrong)).unwrap_err();
    assert!(fault.message.contains(message), "{fault}");
    if line.is_some() {
        assert_eq!(fault.line, line, "{fault}");
    }
}

#[rstest]
#[case::aliases_that_multiply(&{
    let levels: String = (1..12).map(|n| format!("a{n}: &a{n} [*a{m},*a{m},*a{m},*a{m},*a{m},*a{m},*a{m},*a{m}]\n", m = n - 1)).collect();
    format!("a0: &a0 [x,x,x,x]\n{levels}tags: *a11\n")
})]
#[case::nesting(&"[".repeat(100_000))]
#[case::nesting_of_mappings(&"{a: ".repeat(60_000))]
#[case::nesting_by_marks(&"- ".repeat(100_000))]
#[case::nesting_by_question_marks(&"? ".repeat(100_000))]
#[case::nesting_in_the_script(&EXAMPLE.replace("set -euo", &"[".repeat(100_000)))]
#[case::a_list("- id: x")]
#[case::two_documents(&format!("{EXAMPLE}---\n{EXAMPLE}"))]
#[case::nothing("")]
#[case::a_tag("!!python/object/apply:os.system ['id']")]
fn refuses_hostile_yaml(#[case] yaml: &str) {
    let began = std::time::Instant::now();
    assert!(Template::parse(yaml).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "it took {:?}", began.elapsed());
}

#[rstest]
#[case::loops_without_end("{% for a in [1]*100000 %}{% for b in [1]*100000 %}x{% endfor %}{% endfor %}")]
#[case::texts_that_double("{% set a = 'xxxxxxxxxxxxxxxx' %}{% set b = a*100000 %}{% set c = b*100000 %}{{ c }}")]
#[case::macros_that_call_themselves("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}")]
fn a_script_that_takes_too_much_is_refused(#[case] script: &str) {
    let fault = Template::parse(&EXAMPLE.replace("{{ mode }}", script)).unwrap_err();
    assert!(fault.message.starts_with("script: "), "{fault}");
}

#[test]
fn survives_the_way_through_the_database() {
    let template = Template::parse(EXAMPLE).unwrap();
    let document = serde_json::to_value(&template).unwrap();
    let again: Template = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), document);
}
