//! What a user puts in the place of her files (links, devices, pipes, holes) makes the portal read nothing else, and
//! wait for nothing.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use reqwest::Method;
use serde_json::json;

use crate::support::files::perform;
use crate::support::{Answer, Client, Site, unique};

/// No answer may wait for what never comes.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_jobs_output_is_read_beneath_the_spaces_alone() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (job, output) = job_with_output(&client).await;
    fs::write(site.path("home/beside"), "beside").unwrap();
    let cases = [
        ("/etc/passwd", 403, "leaves-space"),
        ("/proc/self/environ", 403, "leaves-space"),
        ("/dev/zero", 403, "leaves-space"),
        ("../../../../../../../../etc/passwd", 403, "leaves-space"),
        ("nowhere", 404, "no-output-yet"),
    ];
    for (target, status, code) in cases {
        let answer = with_in_its_place(&output, |path| symlink(target, path).unwrap(), read(&client, &job)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (status, &json!(code)), "{target}");
    }
    let link = |path: &Path| symlink(site.path("home/beside"), path).unwrap();
    assert_eq!(with_in_its_place(&output, link, read(&client, &job)).await.text(), "beside", "her own file, by a link");
    let directory = |path: &Path| fs::create_dir(path).unwrap();
    assert_eq!(with_in_its_place(&output, directory, read(&client, &job)).await.json()["code"], "is-a-directory");
}

#[tokio::test]
async fn a_pipe_in_an_outputs_place_keeps_nobody_waiting() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (job, output) = job_with_output(&client).await;
    fs::remove_file(&output).unwrap();
    nix::unistd::mkfifo(&output, Mode::S_IRWXU | Mode::S_IRWXG | Mode::S_IRWXO).unwrap();
    let started = Instant::now();
    assert_eq!(read(&client, &job).await.json()["code"], "not-a-regular-file");
    let mut live = client.live().await;
    let channel = format!("output:local:{job}");
    live.subscribe(&channel).await;
    assert_eq!(live.hear().await["code"], "not-a-regular-file");
    assert!(started.elapsed() < SOON);
}

#[tokio::test]
async fn of_an_enormous_output_only_what_is_asked_for_is_read() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (job, output) = job_with_output(&client).await;
    let size = 1_u64 << 40;
    File::options().write(true).open(&output).unwrap().set_len(size).unwrap();
    let range = async |range: &str| {
        let request = client.request(Method::GET, &format!("/clusters/local/jobs/{job}/output")).header("Range", range);
        client.send(request).await
    };
    let first = range("bytes=0-3").await;
    assert_eq!((first.status.as_u16(), first.text()), (206, "done".to_owned()));
    assert_eq!(first.headers["content-range"], format!("bytes 0-3/{size}"));
    assert_eq!(range("bytes=-5").await.body, [0; 5]);
    for beyond in ["bytes=1099511627776-", "bytes=99999999999999999999999-"] {
        assert_eq!(range(beyond).await.status, 416, "{beyond}");
    }
    let tail = client.get(&format!("/clusters/local/jobs/{job}/output?tail=7")).await;
    assert_eq!((tail.body.len(), &tail.headers["x-output-size"]), (7, &size.to_string().parse().unwrap()));
}

#[tokio::test]
async fn output_is_never_a_page() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (job, output) = job_with_output(&client).await;
    fs::write(output, "<script>alert(1)</script>").unwrap();
    let answer = read(&client, &job).await;
    assert_eq!(answer.text(), "<script>alert(1)</script>");
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["content-disposition"], "attachment");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn links_that_lead_in_a_circle_lead_to_nothing() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let home = site.home(&site.person());
    symlink("round", home.join("round")).unwrap();
    symlink(home.join("wide"), home.join("wide")).unwrap();
    for path in ["round", "wide", "round/below"] {
        for asked in [format!("/files/home?path={path}"), format!("/files/home/content?path={path}")] {
            let answer = client.get(&asked).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (404, &json!("file-not-found")), "{asked}");
        }
    }
    for path in ["round/new", "wide/new"] {
        let made = client.post("/files/home/mkdir", &json!({"path": path})).await;
        assert_eq!((made.status.as_u16(), &made.json()["code"]), (404, &json!("file-not-found")), "{path}");
    }
    for (deed, body) in [
        ("copy", json!({"paths": ["round/file"], "to": ""})),
        ("copy", json!({"paths": ["round"], "to": "wide"})),
        ("extract", json!({"path": "round"})),
        ("checksum", json!({"path": "wide"})),
    ] {
        let task = perform(&client, deed, body).await;
        assert_eq!(task["problem"]["code"], "file-not-found", "{deed}: {task}");
    }
}

#[tokio::test]
async fn an_output_that_goes_nowhere_is_said_to_be_kept_nowhere() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let script = "#!/bin/bash\n#SBATCH --output=/dev/null\necho lost\n";
    let job = client.submit("local", &json!({"name": unique("null"), "script": script})).await;
    let id = job["id"].as_str().unwrap();
    client.wait_for("local", id, &["COMPLETED"]).await;
    let answer = read(&client, id).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (409, &json!("output-not-kept")));
}

#[tokio::test]
async fn directories_are_listed_beneath_the_spaces_alone() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let home = site.home(&site.person());
    for (name, target) in [("etc", "/etc"), ("self", "/proc/self"), ("up", "../.."), ("root", "/proc/self/root")] {
        symlink(target, home.join(name)).unwrap();
        let answer = client.get(&format!("/files/home?path={name}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("leaves-space")), "{name}");
        let below = client.get(&format!("/files/home?path={name}/passwd")).await;
        assert_eq!(below.status, 403, "{name}");
    }
    let listed = client.get("/files/home").await.json();
    let kind_of = |name: &str| {
        listed["items"].as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap()["kind"].clone()
    };
    assert_eq!(kind_of("etc"), "link");
}

/// A job that is over and wrote `done`; its id and its output's path.
async fn job_with_output(client: &Client) -> (String, PathBuf) {
    let job = client.submit("local", &json!({"name": unique("output"), "script": "#!/bin/bash\necho done\n"})).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let job = client.wait_for("local", &id, &["COMPLETED"]).await;
    (id, PathBuf::from(job["output_path"].as_str().unwrap()))
}

/// Awaits an answer while something else is where the file was.
async fn with_in_its_place(path: &Path, put: impl FnOnce(&Path), answer: impl Future<Output = Answer>) -> Answer {
    let kept = path.with_extension("kept");
    fs::rename(path, &kept).unwrap();
    put(path);
    let answer = answer.await;
    if path.is_symlink() {
        fs::remove_file(path).unwrap()
    } else {
        fs::remove_dir(path).unwrap()
    }
    fs::rename(kept, path).unwrap();
    answer
}

async fn read(client: &Client, job: &str) -> Answer {
    client.get(&format!("/clusters/local/jobs/{job}/output")).await
}
