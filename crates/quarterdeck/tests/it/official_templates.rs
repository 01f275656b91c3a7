//! The templates that ship: bash reads what they make, and those whose programs are here run. For the others see
//! `official_programs`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::bytes::{LINES, TEXTS};
use crate::support::{Client, Site, eventually, unique};

const ENDS: [&str; 2] = ["COMPLETED", "FAILED"];

#[tokio::test]
async fn on_local_bash_reads_each_script_whatever_is_chosen() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let upload = client.upload("any", b"text").await;
    let templates = official(&client, "local").await;
    assert!(templates.len() >= 15, "only {} templates", templates.len());
    for template in &templates {
        let whole = every_parameter(template);
        let mut choices = vec![required_parameters(template), whole.clone()];
        for parameter in template["parameters"].as_array().unwrap() {
            let name = parameter["name"].as_str().unwrap();
            let mut others: Vec<Value> =
                parameter["choices"].as_array().unwrap().iter().map(|choice| choice["value"].clone()).collect();
            if parameter["type"] == "boolean" {
                others = vec![json!(true), json!(false)];
            }
            choices.extend(others.into_iter().map(|value| {
                let mut given = whole.clone();
                given.insert(name.to_owned(), value);
                given
            }));
        }
        for parameters in choices {
            bash_reads(&client, "local", template, &parameters, &upload).await;
        }
    }
}

#[tokio::test]
async fn on_slurm_bash_reads_each_script() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let upload = alice.upload("any", b"text").await;
    for template in &official(&alice, "slurm").await {
        for parameters in [required_parameters(template), every_parameter(template)] {
            bash_reads(&alice, "slurm", template, &parameters, &upload).await;
        }
    }
}

/// Names of modules, programs and jobs are plain words: what has a meaning to a shell, or looks like an option, is no
/// such name.
#[tokio::test]
async fn a_name_that_is_no_plain_word_is_refused() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let upload = client.upload("any", b"text").await;
    for template in &official(&client, "local").await {
        let is_name = |parameter: &&Value| parameter["type"] == "string" && !is_free(template, parameter);
        let named: Vec<&str> = template["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_name)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        for text in LINES.into_iter().chain(TEXTS).filter(|text| !is_plain_word(text)) {
            let mut parameters = required_parameters(template);
            parameters.extend(named.iter().map(|name| ((*name).to_owned(), json!(text))));
            let answer = preview(&client, "local", template, &parameters, &upload, None).await;
            let told: Vec<String> = answer["errors"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|error| error["pointer"].as_str().unwrap().to_owned())
                // One that needs an image is not given any.
                .filter(|pointer| pointer.starts_with("/parameters/"))
                .collect();
            let expected: Vec<String> = named.iter().map(|name| format!("/parameters/{name}")).collect();
            assert_eq!(told, expected, "{}: {text:?}", template["id"]);
        }
    }
}

/// Paths, names of columns and of files that the user adds: whatever she likes.
fn is_free(template: &Value, parameter: &Value) -> bool {
    let name = parameter["name"].as_str().unwrap();
    ["column", "environment", "scratch"].contains(&name) || (name == "program" && template["category"] == "general")
}

fn is_plain_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_.+/@:-".contains(c)) && !text.starts_with(['-', '.'])
}

#[tokio::test]
async fn on_local_what_can_run_here_runs() {
    let site = Site::single_user().await;
    what_can_run_here_runs(&site.client(&site.person()).await, "local").await;
}

#[tokio::test]
async fn on_slurm_what_can_run_here_runs() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    what_can_run_here_runs(&alice, "slurm").await;
    let program = alice.upload("rank.sh", b"#!/bin/sh\necho \"rank $SLURM_PROCID of $SLURM_NTASKS: $1\"\n").await;
    let parameters = json!({"program": "rank.sh", "arguments": "$(id) 한 글", "launcher": "srun"});
    let job = json!({"name": unique("mpi"), "template": "mpi", "parameters": parameters,
        "files": [{"upload": program}], "resources": {"tasks": 2}});
    let (job, output) = finished(&alice, "slurm", &job).await;
    assert_eq!(job["state"], "COMPLETED", "{output}");
    let mut lines: Vec<&str> = output.lines().collect();
    lines[1..].sort_unstable();
    let expected = [
        "2 processes of 1 threads on 1 nodes, started by srun",
        "rank 0 of 2: $(id) 한 글",
        "rank 1 of 2: $(id) 한 글",
    ];
    assert_eq!(lines, expected);
}

/// A C program with OpenMP, and Python.
async fn what_can_run_here_runs(client: &Client, cluster: &str) {
    let source = b"#include <stdio.h>\nint main(int count, char **words) {\n  int sum = 0;\n\
        #pragma omp parallel reduction(+:sum)\n  sum += 1;\n  printf(\"%d threads: %s\\n\", sum, words[1]);\n\
        return count - 2;\n}\n";
    let source = client.upload("sum.c", source).await;
    let job = json!({"name": unique("openmp"), "template": "openmp", "files": [{"upload": source}],
        "parameters": {"program": "sum.c", "arguments": "$(id) 한 글"}, "resources": {"cpus_per_task": 2}});
    let (job, output) = finished(client, cluster, &job).await;
    assert_eq!((&job["state"], output.as_str()), (&json!("COMPLETED"), "2 threads: $(id) 한 글\n"));

    let script = client.upload("script.py", b"import sys\nprint(sys.argv[1:])\nsys.exit(len(sys.argv))\n").await;
    let mut job = json!({"name": unique("python"), "template": "python-script", "files": [{"upload": script}],
        "parameters": {"arguments": "$(id)\n'한 글'"}});
    let (done, output) = finished(client, cluster, &job).await;
    assert_eq!((&done["exit_code"], output.as_str()), (&json!(3), "['$(id)', \"'한 글'\"]\n"));
    let requirements = client.upload("requirements.txt", b"# ours\nno-such-package >= 1.0  # nowhere\n-r more\n").await;
    job["files"] = json!([{"upload": script}, {"upload": requirements}]);
    let (done, output) = finished(client, cluster, &job).await;
    assert_eq!(done["exit_code"], 1);
    assert!(output.contains("\n  no-such-package >= 1.0: not installed\n"), "{output}");
}

/// Bash reads what the template makes of these, with an image too where there is one.
async fn bash_reads(client: &Client, cluster: &str, template: &Value, parameters: &Map<String, Value>, upload: &str) {
    let mut images = Vec::new();
    if template["image"] != "required" {
        images.push(None);
    }
    if template["image"] != "none" && Site::demo_image().is_some() {
        images.push(Some(client.image("demo").await));
    }
    for image in images {
        let answer = preview(client, cluster, template, parameters, upload, image).await;
        let script = answer["script"].as_str().unwrap_or_else(|| panic!("{}: {answer}", template["id"]));
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let read = bash.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success() && complaint.is_empty(), "{}: {complaint}\n{script}", template["id"]);
    }
}

async fn preview(
    client: &Client,
    cluster: &str,
    template: &Value,
    parameters: &Map<String, Value>,
    upload: &str,
    image: Option<Value>,
) -> Value {
    let file = |slot: &Value| json!({"upload": upload, "as": slot["name"]});
    let mut job = json!({"name": "preview", "template": template["id"], "parameters": parameters});
    job["files"] = template["files"].as_array().unwrap().iter().map(file).collect();
    if let Some(image) = image {
        job["image"] = json!({"id": image});
    }
    client.post(&format!("/clusters/{cluster}/jobs/preview"), &job).await.json()
}

/// The official ones that run on clusters of this kind.
async fn official(client: &Client, scheduler: &str) -> Vec<Value> {
    let all = client.get("/templates?limit=500").await.json();
    let ours = |template: &&Value| {
        let runs_here = template["schedulers"].as_array().unwrap().contains(&json!(scheduler));
        template["source"] == "official" && runs_here
    };
    all["items"].as_array().unwrap().iter().filter(ours).cloned().collect()
}

/// What has to be given because it has no default.
fn required_parameters(template: &Value) -> Map<String, Value> {
    let parameters = template["parameters"].as_array().unwrap().iter();
    let has_to_be_given = |parameter: &&Value| parameter["required"] == true && parameter["default"].is_null();
    parameters.filter(has_to_be_given).map(|parameter| (name_of(parameter), a_value(parameter))).collect()
}

fn every_parameter(template: &Value) -> Map<String, Value> {
    let parameters = template["parameters"].as_array().unwrap().iter();
    parameters.map(|parameter| (name_of(parameter), a_value(parameter))).collect()
}

fn name_of(parameter: &Value) -> String {
    parameter["name"].as_str().unwrap().to_owned()
}

fn a_value(parameter: &Value) -> Value {
    match (parameter["name"].as_str().unwrap(), parameter["type"].as_str().unwrap()) {
        ("modules", _) => json!("gcc/13.2 openmpi/4.1.6"),
        ("stack_size", _) => json!("64M"),
        (_, "string") if parameter["pattern"].is_string() => json!("word"),
        (_, "string") => json!("it's $(id) 한글"),
        (_, "text") => json!("it's $(id)\nEOF\nPYTHON\n한글\n"),
        (_, "boolean") => json!(true),
        (_, "choice") => parameter["choices"][0]["value"].clone(),
        _ if parameter["maximum"].is_number() => parameter["maximum"].clone(),
        _ => json!(7),
    }
}

async fn finished(client: &Client, cluster: &str, job: &Value) -> (Value, String) {
    let submitted = client.submit(cluster, job).await;
    let id = submitted["id"].as_str().unwrap();
    client.wait_for(cluster, id, &ENDS).await;
    // The queue may tell of the code a little later.
    let told = async || Some(client.job(cluster, id).await).filter(|job| job["exit_code"].is_number());
    let done = eventually("its exit code", Duration::from_secs(30), told).await;
    (done, client.output(cluster, id).await)
}
