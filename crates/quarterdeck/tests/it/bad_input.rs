//! What a submission may not say: each gets a problem with a pointer to the field, and nothing comes of it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Site, eventually, unique};

/// An id that nothing has.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";
const SCRIPT: &str = "#!/bin/bash -l\ntrue\n";

/// What is put over a good submission, and what is told: code and pointer of each fault.
fn faults() -> Vec<(Value, &'static [(&'static str, &'static str)])> {
    let long = "x".repeat(201);
    vec![
        (json!({"name": ""}), &[("missing-name", "/name")]),
        (json!({"name": " \t "}), &[("missing-name", "/name")]),
        (json!({"name": "two\nlines"}), &[("control-character", "/name")]),
        (json!({"name": "a\u{0}b"}), &[("control-character", "/name")]),
        (json!({"name": "\u{1b}[31mred"}), &[("control-character", "/name")]),
        (json!({"name": long}), &[("too-long", "/name")]),
        (json!({"name": 5}), &[("wrong-shape", "/name")]),
        (json!({"script": null}), &[("no-script", "/template")]),
        (json!({"template": "shell"}), &[("two-scripts", "/script")]),
        (json!({"script": "echo no interpreter\n"}), &[("no-shebang", "/script")]),
        (json!({"script": "\u{feff}#!/bin/bash\n"}), &[("no-shebang", "/script")]),
        (json!({"script": ""}), &[("no-shebang", "/script")]),
        (json!({"script": "#!/bin/bash\r\ntrue\r\n"}), &[("dos-line-ends", "/script")]),
        (json!({"script": "#!/bin/bash\necho a\u{0}b\n"}), &[("nul-byte", "/script")]),
        (json!({"script": "#!/bin/bash\n#SBATCH --comment='open\n"}), &[("open-quote", "/script")]),
        (json!({"script": "#!/bin/bash\n#SBATCH --test-only\n"}), &[("refused-directive", "/script")]),
        (json!({"script": "#!/bin/bash\n#SBATCH --wait\n"}), &[("refused-directive", "/script")]),
        (json!({"script": "#!/bin/bash\n#SBATCH -M elsewhere\n"}), &[("refused-directive", "/script")]),
        (json!({"script": "#!/bin/bash\n#SBATCH hetjob\n#SBATCH -QW\n"}), &[("refused-directive", "/script")]),
        (json!({"script": format!("#!/bin/bash\n{}", "#".repeat(5 << 20))}), &[("too-long", "/script")]),
        // Too long only once it is quoted.
        (json!({"environment": {"A": "'".repeat(2 << 20)}}), &[("too-long", "/script")]),
        (json!({"script": null, "template": "없는-템플릿"}), &[("no-such-template", "/template")]),
        (json!({"script": null, "template": "../shell"}), &[("no-such-template", "/template")]),
        (json!({"script": null, "template": "shell@0.0.1"}), &[("no-such-template", "/template")]),
        (json!({"script": null, "template": "a\u{0}b"}), &[("no-such-template", "/template")]),
        (
            json!({"script": null, "template": "shell", "parameters": {"$(id)/~": "x"}}),
            &[("unknown-parameter", "/parameters/$(id)~1~0")],
        ),
        (
            json!({"script": null, "template": "shell", "parameters": {"commands": "x".repeat(5 << 20)}}),
            &[("too-long", "/parameters/commands")],
        ),
        (
            json!({"script": null, "template": "shell", "parameters": {"commands": "a\u{0}b"}}),
            &[("nul-byte", "/parameters/commands")],
        ),
        (
            json!({"script": null, "template": "python-data", "parameters": {"separator": "|", "decimals": 16}}),
            &[
                ("missing-file", "/files"),
                ("not-a-choice", "/parameters/separator"),
                ("out-of-range", "/parameters/decimals"),
            ],
        ),
        (json!({"script": null, "template": "apptainer-run"}), &[("image-required", "/image")]),
        (json!({"image": {"id": NOTHING}}), &[("no-such-image", "/image/id")]),
        (json!({"image": {"id": "demo.sif"}}), &[("wrong-shape", "/image/id")]),
        (json!({"files": [{"upload": NOTHING}]}), &[("no-such-upload", "/files/0/upload")]),
        (json!({"files": [{"upload": NOTHING, "as": "../up"}]}), &[("bad-name", "/files/0/as")]),
        (json!({"files": [{"upload": NOTHING, "as": "a\u{0}b"}]}), &[("bad-name", "/files/0/as")]),
        (json!({"working_directory": "../bob"}), &[("bad-path", "/working_directory")]),
        (json!({"working_directory": "/etc"}), &[("bad-path", "/working_directory")]),
        (json!({"working_directory": "%zz"}), &[("bad-path", "/working_directory")]),
        (json!({"environment": {"A=1;id": "x"}}), &[("bad-variable", "/environment/A=1;id")]),
        (json!({"environment": {"a/b~c": "x"}}), &[("bad-variable", "/environment/a~1b~0c")]),
        (json!({"environment": {"한글": "x"}}), &[("bad-variable", "/environment/한글")]),
        (json!({"environment": {"": "x"}}), &[("bad-variable", "/environment/")]),
        (json!({"environment": {"UID": "0"}}), &[("read-only-variable", "/environment/UID")]),
        (json!({"environment": {"A": "x\u{0}"}}), &[("nul-byte", "/environment/A")]),
        (
            json!({"script": "#!/usr/bin/env python3\nprint(1)\n", "environment": {"A": "1"}}),
            &[("not-for-a-shell", "/script")],
        ),
        (json!({"resources": {"nodes": 0}}), &[("out-of-range", "/resources/nodes")]),
        (json!({"resources": {"nodes": -1}}), &[("wrong-shape", "/resources/nodes")]),
        (json!({"resources": {"memory_mib": u64::MAX}}), &[("out-of-range", "/resources/memory_mib")]),
        (json!({"resources": {"gpus": {"count": 0}}}), &[("out-of-range", "/resources/gpus/count")]),
        (json!({"resources": {"gpus": {"count": 1, "type": "a b"}}}), &[("not-a-word", "/resources/gpus/type")]),
        (json!({"resources": {"partition": "x\n#SBATCH --uid=0"}}), &[("not-a-word", "/resources/partition")]),
        (json!({"resources": {"account": "$(id)"}}), &[("not-a-word", "/resources/account")]),
        (json!({"resources": {"qos": "-x"}}), &[("not-a-word", "/resources/qos")]),
        (json!({"resources": {"array": "0-9;id"}}), &[("not-an-array", "/resources/array")]),
        (json!({"resources": {"uid": 0}}), &[("wrong-shape", "/resources/uid")]),
        (json!({"user": "root"}), &[("wrong-shape", "/user")]),
        (
            json!({"name": "", "script": "x", "resources": {"nodes": 0}, "environment": {"1": ""}}),
            &[
                ("missing-name", "/name"),
                ("no-shebang", "/script"),
                ("out-of-range", "/resources/nodes"),
                ("bad-variable", "/environment/1"),
            ],
        ),
    ]
}

#[tokio::test]
async fn a_fault_is_named_by_its_field_and_nothing_is_submitted() {
    let site = Site::single_user().await;
    name_the_faults(&site.client(&site.person()).await, "local").await;
}

#[tokio::test]
async fn nothing_faulty_reaches_slurm() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let read = async || {
        let partitions = alice.get("/clusters/slurm/partitions").await.json();
        partitions["items"].as_array().filter(|items| !items.is_empty()).map(drop)
    };
    eventually("the partitions", Duration::from_secs(20), read).await;
    let name = unique("faulty");
    let wrong = json!({"name": name, "script": SCRIPT, "resources": {"partition": "nowhere"}});
    let problem = alice.post("/clusters/slurm/jobs", &wrong).await.json();
    assert_eq!(faults_of(&problem), [("no-such-partition".to_owned(), "/resources/partition".to_owned())]);
    // What only Slurm knows to be wrong is told in Slurm's words, and the list says that there is no such job.
    let refused = json!({"name": name, "script": "#!/bin/bash\n#SBATCH --uid=0\ntrue\n"});
    let problem = alice.post("/clusters/slurm/jobs", &refused).await.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(422), &json!("scheduler-refused")));
    assert_eq!(problem["params"]["message"], "--uid only permitted by root user");
    let rows = alice.jobs_named("slurm", &name).await;
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["state"], &rows[0]["job_id"]), (&json!("NOT_SUBMITTED"), &Value::Null));
    assert!(site.slurm().jobs_named(&name).is_empty());
}

#[tokio::test]
async fn files_and_directories_that_cannot_be_used_are_faults_of_their_fields() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let upload = client.upload("input.dat", b"data").await;
    let unfinished = {
        let announce = client.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
        let announce = announce.header("Upload-Length", "5").header("Upload-Metadata", "filename YQ==");
        let answer = client.send(announce).await;
        answer.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned()
    };
    let home = site.home(&site.person());
    std::os::unix::fs::symlink("/etc", home.join("outside")).unwrap();
    std::fs::write(home.join("plain"), "").unwrap();
    let removed = client.upload("removed.dat", b"data").await;
    std::fs::remove_file(home.join("quarterdeck/uploads/removed.dat")).unwrap();
    let cases = [
        (json!({"files": [{"upload": unfinished}]}), "not-finished", "/files/0/upload"),
        (json!({"files": [{"upload": upload}, {"upload": upload}]}), "name-taken", "/files/1/as"),
        (json!({"files": [{"upload": upload}, {"upload": removed}]}), "unusable-file", "/files/1"),
        (json!({"working_directory": "outside"}), "unusable-directory", "/working_directory"),
        (json!({"working_directory": "plain"}), "unusable-directory", "/working_directory"),
    ];
    for (change, code, pointer) in cases {
        let problem = client.post("/clusters/local/jobs", &changed(&change)).await.json();
        assert_eq!(faults_of(&problem), [(code.to_owned(), pointer.to_owned())], "{change}: {problem}");
    }
    assert_eq!(jobs(&client, "local").await, 0);
}

#[tokio::test]
async fn what_is_no_json_is_told_so() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let cases: [(&str, Vec<u8>, u16, &str); 7] = [
        ("application/json", b"{".to_vec(), 400, "unreadable"),
        ("application/json", Vec::new(), 400, "unreadable"),
        ("application/json", b"\xff\xfe".to_vec(), 400, "unreadable"),
        ("application/json", format!("{}{{}}", changed(&json!({}))).into_bytes(), 400, "unreadable"),
        ("application/json", [b"{\"parameters\":".to_vec(), b"{\"a\":".repeat(100_000)].concat(), 400, "unreadable"),
        ("text/plain", changed(&json!({})).to_string().into_bytes(), 415, "not-json"),
        (
            "application/json",
            changed(&json!({"script": "#".repeat(10 << 20)})).to_string().into_bytes(),
            413,
            "too-large",
        ),
    ];
    for (kind, body, status, code) in cases {
        let request = client.request(Method::POST, "/clusters/local/jobs").header("content-type", kind).body(body);
        let answer = client.send(request).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (status, &json!(code)), "{}", answer.text());
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    assert_eq!(jobs(&client, "local").await, 0);
}

/// A chunk of an upload whose session ended meanwhile: "sign in again" must not become a broken network.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_while_still_sending_hears_it() {
    let site = Site::single_user().await;
    let address = site.base().trim_start_matches("http://").to_owned();
    let send = move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "PATCH /api/v1/uploads/01a22421-0c2f-7651-8eda-d0c4a07ef851 HTTP/1.1\r\nHost: {address}\r\n\
             Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
            32 << 20
        );
        stream.write_all(head.as_bytes())?;
        for _ in 0..512 {
            stream.write_all(&[0; 64 << 10])?;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    let answer = tokio::task::spawn_blocking(send).await.unwrap();
    assert!(answer.as_ref().is_ok_and(|answer| answer.starts_with("HTTP/1.1 401")), "{answer:?}");
}

#[tokio::test]
async fn queries_that_make_no_sense_are_told_so() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let jobs = "/clusters/local/jobs";
    let cases = [
        (format!("{jobs}?state=%27%20or%201=1"), 422, "/state"),
        (format!("{jobs}?sort=name"), 422, "/sort"),
        (format!("{jobs}?cursor=x"), 422, "/cursor"),
        (format!("{jobs}?limit=-1"), 400, ""),
        (format!("{jobs}?q=%00"), 400, ""),
        (format!("{jobs}/%00"), 404, ""),
        (format!("{jobs}/5;id"), 404, ""),
        (format!("{jobs}/--user=root"), 404, ""),
        ("/clusters/nowhere/jobs".to_owned(), 404, ""),
        ("/templates/..%2fshell".to_owned(), 404, ""),
        ("/templates/a%00b".to_owned(), 404, ""),
        ("/images/not-an-id".to_owned(), 404, ""),
        ("/images?cursor=x".to_owned(), 400, ""),
        ("/images?state=lost".to_owned(), 400, ""),
        ("/images/drift?cursor=x".to_owned(), 400, ""),
        ("/uploads/not-an-id/info".to_owned(), 404, ""),
        ("/files/home%2f..".to_owned(), 404, ""),
        ("/files/nowhere".to_owned(), 404, ""),
        ("/files/home?path=../..".to_owned(), 422, "/path"),
        ("/files/home?path=%252e%252e".to_owned(), 422, "/path"),
        ("/files/home?path=/etc".to_owned(), 422, "/path"),
        (format!("/files/home?path={}", "a/".repeat(3000)), 422, "/path"),
    ];
    for (path, status, pointer) in cases {
        let answer = client.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let named = faults_of(&answer.json()).into_iter().map(|(_, pointer)| pointer).next().unwrap_or_default();
        assert_eq!(named, pointer, "{path}");
    }
}

#[tokio::test]
async fn the_same_key_makes_one_job_whatever_comes_at_once() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let name = unique("same-key");
    let job = json!({"name": name, "script": SCRIPT});
    let submit = async |job: &Value| client.try_submit("local", job, "one key").await.expect("the server answers");
    let all = futures_util::future::join_all((0..8).map(|_| submit(&job))).await;
    let (made, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 201);
    assert!(!made.is_empty());
    for answer in &others {
        assert_eq!(answer.json()["code"], "idempotency-key-in-flight");
    }
    let replayed = submit(&job).await;
    assert!(made.iter().all(|answer| answer.json()["id"] == replayed.json()["id"]));
    assert_eq!(client.jobs_named("local", &name).await.len(), 1);
    let other = submit(&json!({"name": name, "script": "#!/bin/sh\nfalse\n"})).await;
    assert_eq!((other.status.as_u16(), &other.json()["code"]), (422, &json!("idempotency-key-reused")));
}

#[tokio::test]
async fn a_refusal_is_replayed_as_a_refusal() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let job = json!({"name": unique("refused"), "script": "#!/bin/bash\n#SBATCH --uid=0\ntrue\n"});
    let first = alice.try_submit("slurm", &job, "a key").await.unwrap().json();
    let again = alice.try_submit("slurm", &job, "a key").await.unwrap().json();
    for name in ["status", "code", "params"] {
        assert_eq!(first[name], again[name]);
    }
    assert_eq!(first["code"], "scheduler-refused");
}

async fn name_the_faults(client: &Client, cluster: &str) {
    for (change, told) in faults() {
        for path in [format!("/clusters/{cluster}/jobs"), format!("/clusters/{cluster}/jobs/preview")] {
            let answer = client.post(&path, &changed(&change)).await;
            let problem = answer.json();
            let short: String = change.to_string().chars().take(100).collect();
            let expected: Vec<(String, String)> = told.iter().map(|(c, p)| (c.to_string(), p.to_string())).collect();
            assert_eq!(faults_of(&problem), expected, "{short}");
            assert_eq!((answer.status.as_u16(), &problem["code"]), (422, &json!("invalid")), "{short}");
            let details = problem["errors"].as_array().unwrap().iter().map(|error| error["detail"].as_str().unwrap());
            assert!(details.into_iter().all(|detail| !detail.is_empty()), "{short}");
        }
    }
    assert_eq!(jobs(client, cluster).await, 0);
}

/// A submission with nothing wrong but this.
fn changed(change: &Value) -> Value {
    let mut job = json!({"name": "good", "script": SCRIPT});
    for (field, value) in change.as_object().unwrap() {
        job[field] = value.clone();
    }
    job
}

/// Code and pointer of each field that a problem names.
fn faults_of(problem: &Value) -> Vec<(String, String)> {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let word = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|error| (word(error, "code"), word(error, "pointer"))).collect()
}

async fn jobs(client: &Client, cluster: &str) -> u64 {
    client.get(&format!("/clusters/{cluster}/jobs?count=true")).await.json()["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_asks_in_vain_is_told_before_it_is_submitted() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let warnings = async |directive: &str| {
        let job = json!({"name": "elsewhere", "script": format!("#!/bin/bash\n{directive}\ntrue\n")});
        let preview = client.post("/clusters/local/jobs/preview", &job).await;
        assert_eq!(preview.status, 200, "{}", preview.text());
        preview.json()["warnings"].clone()
    };
    let told = warnings("#SBATCH -D /scratch").await;
    assert_eq!((&told[0]["pointer"], &told[0]["code"]), (&json!("/script"), &json!("ignored-directive")));
    assert_eq!(told[0]["params"], json!({"option": "chdir", "value": "/scratch"}));
    assert_eq!(warnings("#SBATCH --time=5").await, json!([]));
}

/// The first and the last moment that can be written, on which nothing can be reckoned any more.
#[tokio::test]
async fn no_time_is_too_long_ago_or_too_far_away() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    for time in ["-262143-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "%2B262142-12-31T23:59:59Z"] {
        for path in ["/clusters/local/use", "/clusters/local/jobs", "/audit"] {
            for name in ["since", "until"] {
                let answer = client.get(&format!("{path}?{name}={time}")).await;
                assert!([200, 422].contains(&answer.status.as_u16()), "{path} {name} {time}: {}", answer.text());
            }
            let answer = client.get(&format!("{path}?since=-262143-01-01T00:00:00Z&until={time}")).await;
            assert!([200, 422].contains(&answer.status.as_u16()), "{path} to {time}: {}", answer.text());
        }
    }
}
