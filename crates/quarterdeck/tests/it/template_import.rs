//! Batch scripts and Open OnDemand's forms become templates: nothing is lost, nothing is run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use quarterdeck_slurm::script::{BatchScript, Directive};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Client, Site};

/// In the styles that sites use.
fn collection() -> Vec<(String, String)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/batch_scripts");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let named =
        |path: PathBuf| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap());
    let mut scripts: Vec<_> = files.map(named).collect();
    scripts.sort();
    scripts
}

/// Each component's options with what counts for them; `None`: they have no value.
fn asked(script: &BatchScript) -> Vec<BTreeMap<String, Option<String>>> {
    let mut components = vec![BTreeMap::new()];
    for Directive { option, value, .. } in script.directives() {
        match option.as_str() {
            "hetjob" => components.push(BTreeMap::new()),
            _ => {
                components
                    .last_mut()
                    .unwrap()
                    .insert(option.clone(), value.as_deref().map(|value| plain(option, value)));
            }
        }
    }
    components
}

/// Times and amounts of memory as one, however they are written.
fn plain(option: &str, value: &str) -> String {
    let script = BatchScript::parse(&format!("#!/bin/sh\n#SBATCH --{option}={value}\n"));
    let said = script.and_then(|script| script.resources());
    match (option, said) {
        ("time", Ok(said)) if !value.ends_with(":30") => format!("{:?} minutes", said.time_limit_minutes),
        ("mem", Ok(said)) if value != "0" => format!("{:?} MiB", said.memory_mib),
        _ => value.to_owned(),
    }
}

async fn convert(client: &Client, script: &str, id: &str, parameters: &[&str]) -> Value {
    let asked = json!({"script": script, "id": id, "parameters": parameters});
    let answer = client.post("/templates/import/batch-script", &asked).await;
    assert_eq!(answer.status, 200, "{id}: {}", answer.text());
    answer.json()
}

/// What would be submitted of a template that is made of this file.
async fn submitted(client: &Client, id: &str, yaml: &str, name: &str, parameters: Value) -> String {
    let made = client.post("/templates", &json!({"yaml": yaml})).await;
    assert_eq!(made.status, 201, "{id}: {}\n{yaml}", made.text());
    let job = json!({"name": name, "template": id, "parameters": parameters, "resources": {}});
    let preview = client.post("/clusters/local/jobs/preview", &job).await;
    assert_eq!(preview.status, 200, "{id}: {}\n{yaml}", preview.text());
    preview.json()["script"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_batch_script_becomes_a_template_that_asks_for_the_same_and_runs_the_same() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let scripts = collection();
    assert!(scripts.len() >= 40, "{}", scripts.len());
    for (id, text) in scripts {
        let before = BatchScript::parse(&text).unwrap();
        let name = before.job_name().unwrap_or("no name of its own").to_owned();
        let id = format!("imported-{id}");
        let converted = convert(&client, &text, &id, &[]).await;
        let script = submitted(&client, &id, converted["yaml"].as_str().unwrap(), &name, json!({})).await;
        let after = BatchScript::parse(&script).unwrap();
        let mut expected = asked(&before);
        expected[0].insert("job-name".to_owned(), Some(name));
        assert_eq!(asked(&after), expected, "{id}:\n{script}");
        let ended = |commands: &str| format!("{}\n", commands.strip_suffix('\n').unwrap_or(commands));
        assert_eq!(after.commands(), ended(before.commands()), "{id}");
        assert_eq!(script.lines().next(), text.lines().next(), "{id}");
        let comments = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| line.starts_with('#') && !line.starts_with("#SBATCH"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(comments(after.header()), comments(before.header()), "{id}");
    }
}

#[tokio::test]
async fn variables_that_a_person_names_become_parameters_and_the_rest_stays() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let scripts: BTreeMap<String, String> = collection().into_iter().collect();
    let text = &scripts["variables"];
    let converted = convert(&client, text, "cfd", &["STEPS", "WHERE"]).await;
    let offered: Vec<_> =
        converted["variables"].as_array().unwrap().iter().map(|variable| variable["name"].clone()).collect();
    assert_eq!(offered, ["CASE", "STEPS", "SOLVER", "WHERE", "SCALE"]);
    assert_eq!(converted["variables"][1], json!({"name": "STEPS", "value": "500", "line": 7, "is_parameter": true}));
    let yaml = converted["yaml"].as_str().unwrap();
    let hostile = "it's $(touch owned)";
    let script = submitted(&client, "cfd", yaml, "cfd", json!({"steps": 7, "where": hostile})).await;
    let expected = text.replace("STEPS=500", "STEPS=7").replace("'/scratch/my runs'", r"'it'\''s $(touch owned)'");
    assert_eq!(BatchScript::parse(&script).unwrap().commands(), BatchScript::parse(&expected).unwrap().commands());

    let converted = convert(&client, &scripts["from-outside"], "outside", &["INPUT"]).await;
    assert_eq!(converted["variables"], json!([{"name": "INPUT", "value": null, "line": 4, "is_parameter": true}]));
    let script =
        submitted(&client, "outside", converted["yaml"].as_str().unwrap(), "x", json!({"input": "a b.dat"})).await;
    assert!(script.contains("export INPUT='a b.dat'\n./run \"$INPUT\" --seed ${SEED:-1}\n"), "{script}");
}

#[tokio::test]
async fn what_is_no_batch_script_is_said_by_line() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let refused = async |body: Value| {
        let answer = client.post("/templates/import/batch-script", &body).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        answer.json()["errors"][0].clone()
    };
    assert_eq!(refused(json!({"script": "echo"})).await["pointer"], "/script");
    let open = refused(json!({"script": "#!/bin/bash\n#SBATCH -J \"x\ntrue\n"})).await;
    assert_eq!((&open["code"], &open["params"]), (&json!("open-quote"), &json!({"script_line": 2})));
    assert_eq!(
        refused(json!({"script": "#!/bin/bash\nX=1\n", "parameters": ["X", "Y"]})).await["pointer"],
        "/parameters/1"
    );
    assert_eq!(refused(json!({"script": "#!/bin/bash\n", "id": "Not An Id"})).await["pointer"], "/id");
    // Quoting is for shells: a value in Python would be code.
    let python = json!({"script": "#!/usr/bin/python3\nX=1\nprint(X)\n", "parameters": ["X"]});
    assert_eq!(client.post("/templates/import/batch-script", &python).await.status, 200, "a number is a number");
    let python = json!({"script": "#!/usr/bin/python3\nX='a'\nprint(X)\n", "parameters": ["X"]});
    assert!(refused(python).await["detail"].as_str().unwrap().contains("not for a shell"));

    let windows = convert(&client, "#!/bin/bash\r\n#PBS -N x\r\necho\r\n", "windows", &[]).await;
    let codes: Vec<_> = windows["notes"].as_array().unwrap().iter().map(|note| note["code"].clone()).collect();
    assert_eq!(codes, ["line-ends", "other-scheduler"]);
    assert_eq!(windows["notes"][1]["line"], 2);
}

/// What takes long for its length, or answers with more than was asked.
#[tokio::test]
async fn a_hostile_file_costs_little() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let post = async |kind: &str, body: Value| {
        // What grows with the square of its length would take minutes.
        let path = format!("/templates/import/{kind}");
        let answer = timeout(Duration::from_secs(60), client.post(&path, &body)).await.expect("an answer");
        assert!(answer.text().len() < 1 << 20, "{kind}");
        answer
    };
    let many =
        |line: &dyn Fn(usize) -> String, count| format!("#!/bin/bash\n{}", (0..count).map(line).collect::<String>());
    let assignments = many(&|number| format!("A{number}=1\n"), 24_000);
    let converted = post("batch-script", json!({"script": assignments})).await.json();
    assert_eq!(converted["variables"].as_array().unwrap().len(), 200);
    let names = vec!["A1"; 100_000];
    let refused = post("batch-script", json!({"script": assignments, "parameters": names})).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/parameters");
    let other = post("batch-script", json!({"script": many(&|_| "#PBS\n".to_owned(), 20_000)})).await;
    assert_eq!(other.json()["notes"].as_array().unwrap().len(), 100);
    let twins = format!("form: [{}]\nattributes: {{a: {{widget: text_field}}}}\n", "a,".repeat(50_000));
    assert_eq!(post("open-ondemand", json!({"form": twins})).await.status, 200);
    let fields: String = (0..6000).map(|number| format!("  a{number}: {{widget: text_field}}\n")).collect();
    let refused = post("open-ondemand", json!({"form": format!("attributes:\n{fields}")})).await;
    assert_eq!(refused.json()["errors"][0]["code"], "too-many-fields");
    let form = "attributes: {a: {widget: text_field}}\n";
    let quoted = many(&|_| "echo \"x<%= context.a %>y\"\n".to_owned(), 5000);
    assert_eq!(post("open-ondemand", json!({"form": form, "script": quoted})).await.status, 422);
}

const FORM: &str = r#"---
title: "Solver"
cluster: "owens"
description: Solves
form:
  - bc_num_hours
  - bc_queue
  - version
  - steps
  - input
  - notes
  - verbose
  - where
  - key
attributes:
  bc_num_hours: { value: 2 }
  bc_queue: "compute"
  steps:
    widget: number_field
    label: Steps
    value: 10
    min: 1
    max: 100
    step: 1
    required: true
    help: How many
  version:
    widget: select
    options:
      - ["1.0 (old)", "1.0"]
      - "2.0"
  input: { widget: text_field, label: "Input", value: "in.dat" }
  notes: { widget: text_area }
  verbose: { widget: check_box, value: "1" }
<% if system("touch owned") %>
  extra: { widget: text_field }
<% end %>
  where: { value: "<%= `touch owned` %>" }
  key: { widget: colour_wheel }
"#;

const SCRIPT: &str = r#"#!/bin/bash
module load solver/<%= context.version %>
cd "<%= context.where %>"
solve --steps <%= context.steps %> --input "<%= context.input %>" <%- if context.verbose == "1" -%>
echo "done: <%= context.input %>"
"#;

#[tokio::test]
async fn a_form_of_open_ondemand_becomes_a_template_and_its_ruby_is_reported_not_run() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let answer = client.post("/templates/import/open-ondemand", &json!({"form": FORM, "script": SCRIPT})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let converted = answer.json();
    let notes: Vec<(Value, Value)> = converted["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| (note["line"].clone(), note["code"].clone()))
        .collect();
    let yaml = converted["yaml"].as_str().unwrap();
    let made = client.post("/templates", &json!({"yaml": yaml})).await;
    assert_eq!(made.status, 201, "{}\n{yaml}", made.text());
    let template = made.json();
    assert_eq!((&template["id"], &template["name"]["ko"]), (&json!("solver"), &json!("Solver")));
    let parameters: Vec<(Value, Value, Value)> = template["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| (parameter["name"].clone(), parameter["type"].clone(), parameter["default"].clone()))
        .collect();
    let expected = [
        ("version", "choice", json!("1.0")),
        ("steps", "integer", json!(10)),
        ("input", "string", json!("in.dat")),
        ("notes", "text", json!(null)),
        ("verbose", "boolean", json!(true)),
        ("extra", "string", json!(null)),
    ];
    assert_eq!(parameters, expected.map(|(name, kind, default)| (json!(name), json!(kind), default)));
    assert_eq!(template["resources"], json!({"partition": "compute", "time_limit_minutes": 120}));
    assert_eq!(template["parameters"][1]["maximum"], 100);
    for (line, code) in
        [(json!(35), "ruby"), (json!(37), "ruby"), (json!(3), "ruby"), (json!(4), "ruby"), (json!(5), "ruby")]
    {
        assert!(notes.contains(&(line.clone(), json!(code))), "{line} {code}: {notes:?}");
    }
    for code in ["resource", "unknown-field"] {
        assert!(notes.iter().any(|(line, known)| known == code && !line.is_null()), "{code}: {notes:?}");
    }
    let script = client.post("/templates/solver/render", &json!({"parameters": {"input": "$(touch owned)"}})).await;
    let script = script.json()["script"].as_str().unwrap().to_owned();
    assert!(script.contains("module load solver/'1.0'\n"), "{script}");
    assert!(script.lines().filter(|line| !line.starts_with('#')).all(|line| !line.contains("<%")), "{script}");
    // Of Ruby over several lines nothing becomes a command, and a key is no code.
    let form = "attributes:\n  'x; touch owned; y': {widget: text_field}\n  my-field: {widget: text_field}\n";
    let script = "#!/bin/bash\n<%-\n  touch owned\n-%>\necho\n";
    let converted =
        client.post("/templates/import/open-ondemand", &json!({"form": form, "script": script})).await.json();
    let yaml = converted["yaml"].as_str().unwrap();
    assert!(yaml.contains("  # <%-\n  #   touch owned\n  # -%>\n  echo\n"), "{yaml}");
    let converted = client.post("/templates/import/open-ondemand", &json!({"form": form})).await.json();
    let yaml = converted["yaml"].as_str().unwrap();
    assert!(
        yaml.contains("export my_field={{ my_field }}\n  export x__touch_owned__y={{ x__touch_owned__y }}\n"),
        "{yaml}"
    );
    let refused = client.post("/templates/import/open-ondemand", &json!({"form": "a: [\n"})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["errors"][0]["pointer"]), (422, &json!("/form")));
}
