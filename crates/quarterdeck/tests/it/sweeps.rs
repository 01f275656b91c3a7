//! Sweeps: a row a task, on the one-machine queue and on a real Slurm.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::bytes::{LINES, TEXTS, beneath, read};
use crate::support::{Client, Site, eventually, unique};

const SOON: Duration = Duration::from_secs(60);
const ENDS: [&str; 2] = ["COMPLETED", "FAILED"];

/// What it is given it writes down in the directory where it runs.
const TEMPLATE: &str = "
id: writes-its-row
version: '1.0.0'
name: {en: Test, ko: 시험}
description: {en: Test, ko: 시험}
category: general
tags: []
schedulers: [slurm, local]
image: none
resources: {}
parameters:
  - {name: value, type: text, required: false, label: {en: Value, ko: 값}}
  - {name: count, type: integer, minimum: 1, maximum: 100, default: 7, required: true, label: {en: Count, ko: 개수}}
  - {name: code, type: integer, minimum: 0, maximum: 9, default: 0, required: true, label: {en: Code, ko: 코드}}
files:
  - {name: input.txt, kind: data, required: true, label: {en: Input, ko: 입력}}
script: |
  printf %s {{ value }} > got-value
  printf %s {{ count }} > got-count
  {% if count == 3 %}
  cat <<'END' > got-branch
  three
  END
  {% endif %}
  cat input.txt > got-input
  cat \"$FILE_DATA_INPUT_TXT\" > got-variable
  echo \"row $SLURM_ARRAY_TASK_ID\"
  exit {{ code }}
";

#[tokio::test]
async fn on_local() {
    let site = Site::single_user().await;
    let person = site.person();
    let client = site.client(&person).await;
    add_template(&site, &client).await;
    values_arrive(&site, &client, "local", &person).await;
    rows_fail_and_run_again(&client, "local").await;
    own_scripts_get_variables(&client, "local").await;
    faults_point_to_their_cells(&client, "local").await;
}

#[tokio::test]
async fn on_slurm() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    add_template(&site, &site.client("admin").await).await;
    values_arrive(&site, &alice, "slurm", "alice").await;
    let number = rows_fail_and_run_again(&alice, "slurm").await;
    let told = site.slurm().run("sacct", &["-nPX", "--allusers", "-j", &number, "--format", "JobID,State,ExitCode"]);
    let mut told: Vec<String> = told.lines().map(|line| line.replacen(&format!("{number}_"), "", 1)).collect();
    told.sort();
    assert_eq!(told, ["1|COMPLETED|0:0", "2|FAILED|3:0", "3|COMPLETED|0:0", "4|FAILED|4:0"]);
    own_scripts_get_variables(&alice, "slurm").await;
    let bob = site.client("bob").await;
    let foreign = bob.get(&format!("/clusters/slurm/jobs/{number}/sweep")).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text());
}

/// On the one-machine queue an array is as on Slurm: so many at once, cancelled as a whole, a number of its own.
#[tokio::test]
async fn an_array_of_the_local_queue_keeps_to_its_limit_and_is_cancelled_whole() {
    let mut site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let job = json!({"name": unique("array"), "script": "#!/bin/bash\nsleep 300\n", "resources": {"array": "2-9:2%1"}});
    let array = client.submit("local", &job).await;
    let (id, number) = (array["id"].as_str().unwrap(), array["job_id"].as_str().unwrap());
    client.wait_for("local", id, &["RUNNING"]).await;
    let states = async |client: &Client| {
        let tasks = client.get(&format!("/clusters/local/jobs?array={id}&sort=submitted_at")).await.json();
        let tasks = tasks["items"].as_array().unwrap().clone();
        let word = |task: &Value| format!("{} {}", task["job_id"].as_str().unwrap(), task["state"].as_str().unwrap());
        tasks.iter().map(word).collect::<Vec<_>>()
    };
    let expected = |states: [&str; 4]| -> Vec<String> {
        [2, 4, 6, 8].into_iter().zip(states).map(|(task, state)| format!("{number}_{task} {state}")).collect()
    };
    assert_eq!(states(&client).await, expected(["RUNNING", "PENDING", "PENDING", "PENDING"]));
    site.restart_server().await;
    let client = site.client(&site.person()).await;
    assert_eq!(client.delete(&format!("/clusters/local/jobs/{number}_2")).await.status, 202);
    let next =
        async || (states(&client).await == expected(["CANCELLED", "RUNNING", "PENDING", "PENDING"])).then_some(());
    eventually("the next task", SOON, next).await;
    assert_eq!(client.delete(&format!("/clusters/local/jobs/{id}")).await.status, 202);
    client.wait_for("local", id, &["CANCELLED"]).await;
    assert_eq!(states(&client).await, expected(["CANCELLED"; 4]));
    let after = client.submit("local", &json!({"name": "after", "script": "#!/bin/bash\ntrue\n"})).await;
    assert_eq!(after["job_id"], (number.parse::<u64>().unwrap() + 1).to_string());
    let endless = json!({"name": "endless", "script": "#!/bin/bash\ntrue\n", "resources": {"array": "0-99999"}});
    let refused = client.post("/clusters/local/jobs", &endless).await.json();
    assert_eq!(refused["code"], "scheduler-refused", "{refused}");
}

async fn add_template(site: &Site, admin: &Client) {
    fs::create_dir_all(site.path("templates/community")).unwrap();
    fs::write(site.path("templates/community/writes-its-row.yaml"), TEMPLATE).unwrap();
    assert_eq!(admin.post("/templates/scan", &json!({})).await.json()["failed"], json!([]));
}

/// Each value reaches its own task byte for byte, and none is executed; files too, by the template's name for them.
async fn values_arrive(site: &Site, client: &Client, cluster: &str, user: &str) {
    let values: Vec<&str> = LINES.into_iter().chain(TEXTS).collect();
    let files = ["mesh 'one'.txt", "-two $(touch canary).txt"];
    let mut inputs = Vec::new();
    for name in files {
        inputs.push(json!({"upload": client.upload(name, name.as_bytes()).await}));
    }
    let row = |(i, value): (usize, &&str)| json!({"value": value, "count": i % 4 + 1, "input.txt": files[i % 2]});
    let rows: Vec<Value> = values.iter().enumerate().map(row).collect();
    let job = json!({"name": unique("values"), "template": "writes-its-row", "files": inputs,
        "sweep": {"parameters": ["value", "count", "input.txt"], "rows": rows}});
    let preview = client.post(&format!("/clusters/{cluster}/jobs/preview"), &job).await;
    assert_eq!(preview.status, 200, "{}", preview.text());
    let array = format!("#SBATCH --array=\"1-{}\"", values.len());
    let script = preview.json()["script"].as_str().unwrap().to_owned();
    assert!(script.contains(&array) && script.contains("# Rows from 4 on go likewise."), "{script}");

    let submitted = client.submit(cluster, &job).await;
    let done = client.wait_for(cluster, submitted["id"].as_str().unwrap(), &ENDS).await;
    assert_eq!(done["state"], "COMPLETED", "{done}");
    assert_eq!(done["sweep"], true);
    let table = whole_table(client, cluster, submitted["id"].as_str().unwrap(), values.len()).await;
    assert_eq!(table["parameters"], json!(["value", "count", "input.txt"]));
    for ((i, value), row) in values.iter().enumerate().zip(table["rows"].as_array().unwrap()) {
        assert_eq!((&row["number"], &row["values"]["value"]), (&json!(i + 1), &json!(value)));
        let job = &row["job"];
        assert_eq!(
            (&row["state"], &job["state"], &job["exit_code"]),
            (&json!("COMPLETED"), &json!("COMPLETED"), &json!(0))
        );
        let directory = PathBuf::from(job["working_directory"].as_str().unwrap());
        assert_eq!(directory, Path::new(done["working_directory"].as_str().unwrap()).join(format!("rows/{}", i + 1)));
        assert_eq!(read(&directory.join("got-value")), *value);
        assert_eq!(read(&directory.join("got-count")), (i % 4 + 1).to_string());
        assert_eq!(directory.join("got-branch").exists(), i % 4 + 1 == 3, "{value:?}");
        assert_eq!(read(&directory.join("got-input")), files[i % 2]);
        assert_eq!(read(&directory.join("got-variable")), files[i % 2]);
        let output = client.output(cluster, job["id"].as_str().unwrap()).await;
        assert_eq!(output, format!("row {}\n", i + 1));
    }
    let canaries = beneath(&site.home(user)).into_iter().filter(|path| path.file_name().unwrap() == "canary");
    assert_eq!(Vec::<PathBuf>::from_iter(canaries), Vec::<PathBuf>::new(), "something was executed");
}

/// Answers the number of the sweep of which two rows failed.
async fn rows_fail_and_run_again(client: &Client, cluster: &str) -> String {
    let input = client.upload("input.txt", b"for all").await;
    let rows = json!([{"code": 0, "value": "=1+1"}, {"code": 3, "value": "b"}, {"value": "c"}, {"code": 4}]);
    let job = json!({"name": unique("fails"), "template": "writes-its-row", "files": [{"upload": input}],
        "parameters": {"count": 5, "value": "the job's"},
        "sweep": {"parameters": ["code", "value"], "rows": rows, "at_once": 2}});
    let submitted = client.submit(cluster, &job).await;
    let id = submitted["id"].as_str().unwrap();
    let done = client.wait_for(cluster, id, &ENDS).await;
    assert_eq!(done["state"], "FAILED");
    let table = whole_table(client, cluster, id, 4).await;
    let told = |row: &Value| (row["state"].clone(), row["job"]["exit_code"].clone());
    let expected = [("COMPLETED", 0), ("FAILED", 3), ("COMPLETED", 0), ("FAILED", 4)];
    let rows: Vec<_> = table["rows"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(rows, expected.map(|(state, code)| (json!(state), json!(code))));
    let last = &table["rows"][3]["job"];
    assert_eq!(read(&PathBuf::from(last["working_directory"].as_str().unwrap()).join("got-value")), "the job's");

    let path = format!("/clusters/{cluster}/jobs/{id}");
    let exported = client.get(&format!("{path}/sweep/export")).await;
    assert_eq!(exported.headers["content-type"], "text/csv; charset=utf-8; header=present");
    let text = exported.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "task,code,value,state,exit_code,signal,started_at,ended_at,elapsed_seconds");
    assert!(lines[1].starts_with("1,0,'=1+1,COMPLETED,0,"), "{text}");
    assert!(lines[2].starts_with("2,3,b,FAILED,3,"), "{text}");

    // What each wrote, in its output and in a file.
    let values = async |query: &str| {
        let answer = client.get(&format!("{path}/sweep/values{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()["items"].as_array().unwrap().clone();
        items.iter().map(|item| (item["number"].as_u64().unwrap(), item["text"].clone())).collect::<Vec<_>>()
    };
    let expected = [(1, json!("row 1")), (2, json!("row 2")), (3, json!("row 3")), (4, json!("row 4"))];
    assert_eq!(values("").await, expected);
    let expected = [(3, json!("c")), (4, json!("the job's"))];
    assert_eq!(values("?file=got-value&line=first&from=3").await, expected);
    assert_eq!(values("?file=no/such&from=4").await, [(4, Value::Null)]);
    let above = client.get(&format!("{path}/sweep/values?file=../1/got-value")).await.json();
    assert_eq!(above["errors"][0]["pointer"], "/file", "{above}");

    // One task again is its row alone.
    let one = client.get(&format!("/clusters/{cluster}/jobs/{}/request", last["id"].as_str().unwrap())).await.json();
    assert_eq!(one["sweep"]["rows"], json!([{"code": 4}]));
    let its = client.get(&format!("/clusters/{cluster}/jobs/{}/sweep", last["id"].as_str().unwrap())).await.json();
    assert_eq!((its["rows"].as_array().unwrap().len(), &its["rows"][0]["number"]), (1, &json!(4)));
    // Those that failed, with another code.
    let changes = json!({"sweep": {"rows": [{"code": 0, "value": "b"}, {"code": 0}]}});
    let again = client.post(&format!("{path}/resubmit"), &changes).await;
    assert_eq!(again.status, 201, "{}", again.text());
    let again = again.json();
    let request =
        client.get(&format!("/clusters/{cluster}/jobs/{}/request", again["id"].as_str().unwrap())).await.json();
    assert_eq!(
        (&request["sweep"]["parameters"], &request["sweep"]["rows"]),
        (&json!(["code", "value"]), &changes["sweep"]["rows"])
    );
    let done = client.wait_for(cluster, again["id"].as_str().unwrap(), &ENDS).await;
    assert_eq!(done["state"], "COMPLETED");
    let single = client.submit(cluster, &json!({"name": "single", "script": "#!/bin/bash\ntrue\n"})).await;
    let none = client.get(&format!("/clusters/{cluster}/jobs/{}/sweep", single["id"].as_str().unwrap())).await;
    assert_eq!((none.status.as_u16(), none.json()["code"].clone()), (404, json!("no-sweep")));
    submitted["job_id"].as_str().unwrap().to_owned()
}

/// Two sweeps in one directory do not meet.
async fn own_scripts_get_variables(client: &Client, cluster: &str) {
    let directory = unique("chosen");
    let script = "#!/bin/bash\nprintf %s \"$WORD-$NUMBER-$COMMON\" > got\n";
    let mut seen = Vec::new();
    for word in ["it's", "$(id)"] {
        let job = json!({"name": unique("own"), "script": script, "working_directory": directory,
            "environment": {"COMMON": "all"},
            "sweep": {"parameters": ["WORD", "NUMBER"], "rows": [{"WORD": word, "NUMBER": 1.5}, {"WORD": word, "NUMBER": true}]}});
        let submitted = client.submit(cluster, &job).await;
        let id = submitted["id"].as_str().unwrap();
        let done = client.wait_for(cluster, id, &ENDS).await;
        assert_eq!(done["state"], "COMPLETED", "{done}");
        let table = whole_table(client, cluster, id, 2).await;
        for (row, number) in table["rows"].as_array().unwrap().iter().zip(["1.5", "true"]) {
            let path = PathBuf::from(row["job"]["working_directory"].as_str().unwrap()).join("got");
            seen.push((path, format!("{word}-{number}-all")));
        }
    }
    for (path, text) in seen {
        assert_eq!(read(&path), text);
    }
}

async fn faults_point_to_their_cells(client: &Client, cluster: &str) {
    let input = client.upload("input.txt", b"for all").await;
    let template = json!({"name": "faulty", "template": "writes-its-row", "files": [{"upload": input}]});
    let script = json!({"name": "faulty", "script": "#!/bin/bash\ntrue\n"});
    let with = |job: &Value, sweep: Value| {
        let mut job = job.clone();
        job["sweep"] = sweep;
        job
    };
    let table = |parameters: Value, rows: Value| json!({"parameters": parameters, "rows": rows});
    let mut array = with(&template, table(json!(["count"]), json!([{"count": 1}])));
    array["resources"] = json!({"array": "0-3"});
    let mut no_file = with(&template, table(json!(["input.txt"]), json!([{"input.txt": "input.txt"}, {}])));
    no_file["files"][0]["as"] = json!("other.txt");
    let long = "x".repeat(39_000);
    let cases: Vec<(Value, Vec<(&str, &str)>)> = vec![
        (with(&template, table(json!(["count"]), json!([]))), vec![("no-rows", "/sweep/rows")]),
        (with(&template, table(json!([]), json!([{}]))), vec![("no-columns", "/sweep/parameters")]),
        (with(&template, table(json!(["a", "a"]), json!([{}]))), vec![("name-taken", "/sweep/parameters/1")]),
        (with(&template, table(json!(["nothing"]), json!([{}]))), vec![("unknown-parameter", "/sweep/parameters/0")]),
        (
            with(&template, table(json!(["count"]), json!([{"count": 1}, {"code": 1}]))),
            vec![("unknown-parameter", "/sweep/rows/1/code")],
        ),
        (
            with(
                &template,
                table(
                    json!(["count", "value"]),
                    json!([{"count": 1}, {"count": 101, "value": "a\u{0}b"}, {"count": "3"}]),
                ),
            ),
            vec![("nul-byte", "/sweep/rows/1/value")],
        ),
        (
            with(
                &template,
                table(json!(["count"]), json!([{"count": 1}, {"count": 101}, {"count": "3"}, {"count": [3]}])),
            ),
            vec![("wrong-type", "/sweep/rows/3/count")],
        ),
        (
            with(
                &template,
                table(json!(["count"]), json!([{"count": 1}, {"count": 101}, {"count": "3"}, {"count": null}])),
            ),
            vec![("out-of-range", "/sweep/rows/1/count"), ("wrong-type", "/sweep/rows/2/count")],
        ),
        (
            with(&template, table(json!(["input.txt"]), json!([{"input.txt": "input.txt"}, {"input.txt": "../x"}]))),
            vec![("no-such-file", "/sweep/rows/1/input.txt")],
        ),
        (no_file, vec![("no-such-file", "/sweep/rows/0/input.txt"), ("missing-file", "/sweep/rows/1/input.txt")]),
        (array, vec![("two-arrays", "/resources/array")]),
        // Beside what is wrong with the job.
        (
            json!({"name": "faulty", "template": "writes-its-row",
                "sweep": {"parameters": ["count"], "rows": [{"count": 1}, {"count": 0}]}}),
            vec![("missing-file", "/files"), ("out-of-range", "/sweep/rows/1/count")],
        ),
        (
            with(&template, table(json!(["count"]), json!(vec![json!({"count": 1}); 1001]))),
            vec![("too-many", "/sweep/rows")],
        ),
        (
            with(
                &template,
                table(
                    json!(["value", "count"]),
                    Value::from_iter((0..1000).map(|i| json!({"value": format!("{long}{i}")}))),
                ),
            ),
            vec![],
        ),
        (with(&script, table(json!(["A-B"]), json!([{}]))), vec![("bad-variable", "/sweep/parameters/0")]),
        (with(&script, table(json!(["UID"]), json!([{}]))), vec![("read-only-variable", "/sweep/parameters/0")]),
        (
            with(
                &json!({"name": "faulty", "script": "#!/bin/bash\n#SBATCH --output=all.txt\ntrue\n"}),
                table(json!(["A"]), json!([{"A": 1}, {"A": 2}])),
            ),
            vec![("shared-output", "/script")],
        ),
        (
            with(
                &json!({"name": "faulty", "script": "#!/usr/bin/python3\npass\n"}),
                table(json!(["A"]), json!([{"A": 1}])),
            ),
            vec![("not-for-a-shell", "/script")],
        ),
    ];
    let path = format!("/clusters/{cluster}/jobs");
    let before = client.jobs_named(cluster, "faulty").await.len();
    for (job, expected) in cases {
        let answer = client.post(&path, &job).await;
        if expected.is_empty() {
            // Too large for a request, or for a script.
            assert!([413, 422].contains(&answer.status.as_u16()), "{}", answer.text());
            continue;
        }
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let told: Vec<_> =
            errors.iter().map(|e| (e["code"].as_str().unwrap(), e["pointer"].as_str().unwrap())).collect();
        assert_eq!(told, expected, "{}", answer.text());
    }
    assert_eq!(client.jobs_named(cluster, "faulty").await.len(), before, "nothing was submitted");
}

/// The table once every task is in it: accounting may tell of some a little later.
async fn whole_table(client: &Client, cluster: &str, id: &str, rows: usize) -> Value {
    eventually("every row's end", SOON, async || {
        let answer = client.get(&format!("/clusters/{cluster}/jobs/{id}/sweep")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let table = answer.json();
        let told = table["rows"].as_array().unwrap();
        assert_eq!(told.len(), rows);
        told.iter().all(|row| row["job"]["exit_code"].is_number()).then_some(table.clone())
    })
    .await
}
