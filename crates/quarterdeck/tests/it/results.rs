//! What a job left in its directory: found, listed, read in parts and downloaded, by its owner and nobody else.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Site, eventually, secrets, unique};

#[tokio::test]
async fn a_jobs_directory_is_found_listed_and_read() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let (job, directory) = job_that_wrote(&client, "local", "mkdir sub; printf 'a,b\\n1,2\\n' > sub/table.csv").await;
    let place = client.get(&format!("/clusters/local/jobs/{job}/directory")).await.json();
    assert_eq!(place["space"], "home");
    assert_eq!(site.home(&site.person()).join(place["path"].as_str().unwrap()), directory);
    let sub = format!("{}/sub", place["path"].as_str().unwrap());
    let listed = client.get(&format!("/files/home?path={sub}")).await.json();
    let table = &listed["items"][0];
    assert_eq!((&table["name"], &table["size"]), (&json!("table.csv"), &json!(8)));
    assert_eq!(content(&client, table["path"].as_str().unwrap(), None).await.text(), "a,b\n1,2\n");
}

#[tokio::test]
async fn a_file_is_read_in_parts_and_is_never_a_page() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::write(site.path("home/page.html"), "<script>alert(1)</script>").unwrap();
    let whole = content(&client, "page.html", None).await;
    assert_eq!((whole.status.as_u16(), whole.text().as_str()), (200, "<script>alert(1)</script>"));
    assert_eq!(whole.headers["content-type"], "application/octet-stream");
    assert_eq!(whole.headers["content-disposition"], "attachment; filename*=UTF-8''page.html");
    assert_eq!(whole.headers["x-content-type-options"], "nosniff");
    assert_eq!(whole.headers["content-security-policy"], "sandbox; default-src 'none'");
    let cases = [("bytes=0-7", "<script>", "bytes 0-7/25"), ("bytes=-9", "</script>", "bytes 16-24/25")];
    for (range, text, told) in cases {
        let part = content(&client, "page.html", Some(range)).await;
        assert_eq!((part.status.as_u16(), part.text().as_str()), (206, text), "{range}");
        assert_eq!(part.headers["content-range"], told);
    }
    assert_eq!(content(&client, "page.html", Some("bytes=25-")).await.status, 416);
    fs::write(site.path("home/empty"), "").unwrap();
    for range in ["bytes=0-9", "bytes=-9", "bytes=0-"] {
        assert_eq!(content(&client, "empty", Some(range)).await.status, 416, "{range}");
    }
    assert_eq!(content(&client, "page.html", Some("bytes=-0")).await.status, 416);
    assert_eq!(content(&client, "empty", None).await.body, b"");
}

#[tokio::test]
async fn a_name_that_is_not_utf_8_is_listed_read_and_downloaded() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::write(site.path("home").join(OsStr::from_bytes(b"r\xe9sum\xe9 100%")), "bytes").unwrap();
    let listed = client.get("/files/home").await.json();
    let entry = listed["items"].as_array().unwrap().iter().find(|entry| entry["path"] == "r%E9sum%E9 100%25").unwrap();
    assert_eq!(entry["name"], "r\u{fffd}sum\u{fffd} 100%");
    let path = entry["path"].as_str().unwrap();
    assert_eq!(content(&client, path, None).await.text(), "bytes");
    let ticket = ticket(&client, path).await;
    let answer = ticket.fetch(&client).await;
    assert_eq!(answer.text(), "bytes");
    let told = "attachment; filename*=UTF-8''r%EF%BF%BDsum%EF%BF%BD%20100%25";
    assert_eq!(answer.headers["content-disposition"], told);
}

#[tokio::test]
async fn links_out_of_the_spaces_lead_nowhere() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let home = site.home(&site.person());
    for (name, target) in [("passwd", "/etc/passwd"), ("environ", "/proc/self/environ"), ("up", "../../../etc/passwd")]
    {
        symlink(target, home.join(name)).unwrap();
        for answer in [content(&client, name, None).await, new_download(&client, name).await] {
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("leaves-space")), "{name}");
        }
    }
    assert_eq!(content(&client, "../etc/passwd", None).await.status, 422);
    assert_eq!(content(&client, "", None).await.json()["code"], "is-a-directory");
}

#[tokio::test]
async fn a_ticket_is_good_once_and_only_with_its_cookie() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::write(site.path("home/result"), "result").unwrap();
    let one = ticket(&client, "result").await;
    let another = ticket(&site.client(&site.person()).await, "result").await;
    assert_eq!(one.fetch_with(&client, "").await.status, 404, "without a cookie");
    assert_eq!(one.fetch_with(&client, &another.cookie).await.status, 404, "with another session's");
    let elsewhere = one.request(&client, &one.cookie).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(client.send(elsewhere).await.json()["code"], "cross-site");

    let answer = one.fetch(&client).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "result"), "what failed did not use it up");
    assert_eq!(
        (&answer.headers["content-length"], &answer.headers["cache-control"]),
        (&"6".parse().unwrap(), &"no-store".parse().unwrap())
    );
    assert_eq!(one.fetch(&client).await.status, 404, "a second time");
    assert!(site.server_log().contains("/api/v1/downloads/[redacted]"));
}

#[tokio::test]
async fn a_ticket_ends_with_its_session() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::write(site.path("home/result"), "result").unwrap();
    let ticket = ticket(&client, "result").await;
    assert_eq!(client.post("/auth/logout-all", &json!({})).await.status, 204);
    assert_eq!(ticket.fetch(&client).await.status, 404);
}

#[tokio::test]
async fn keys_read_files_and_get_no_tickets() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::write(site.path("home/result"), "result").unwrap();
    let (_, key) = client.key(&["files:read"]).await;
    assert_eq!(content(&key, "result", None).await.text(), "result");
    assert_eq!(new_download(&key, "result").await.json()["code"], "not-by-key");
}

#[tokio::test]
async fn anothers_files_and_jobs_stay_closed() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    let (job, directory) = job_that_wrote(&alice, "slurm", "echo secret > result; chmod 600 result").await;
    let place = alice.get(&format!("/clusters/slurm/jobs/{job}/directory")).await.json();
    let path = format!("{}/result", place["path"].as_str().unwrap());
    assert_eq!(content(&alice, &path, None).await.text(), "secret\n");
    let told = bob.get(&format!("/clusters/slurm/jobs/{job}/directory")).await;
    assert_eq!((told.status.as_u16(), &told.json()["code"]), (403, &json!("not-your-job")));
    // The same words lead into bob's own home, where there is no such file.
    assert_eq!(content(&bob, &path, None).await.status, 404);

    // A directory that alice opens to everybody, linked from bob's home, is outside of his spaces all the same.
    fs::create_dir_all(site.home("bob")).unwrap();
    symlink(&directory, site.home("bob").join("hers")).unwrap();
    let tag = site.home("bob").file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(content(&bob, &format!("{tag}/hers/result"), None).await.json()["code"], "leaves-space");
    fs::set_permissions(directory.join("result"), PermissionsExt::from_mode(0o000)).unwrap();
    assert_eq!(content(&alice, &path, None).await.json()["code"], "permission-denied");
}

#[tokio::test]
async fn a_directory_outside_the_spaces_is_said_to_be_so() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let submit = "cd /tmp && exec sbatch --parsable --output=/dev/null --wrap true";
    let submit = ["--reuid=alice", "--regid=alice", "--init-groups", "sh", "-c", submit];
    let number = site.slurm().run("setpriv", &submit).trim().to_owned();
    // Where it worked is known when accounting has told.
    let path = format!("/clusters/slurm/jobs/{number}/directory");
    let told = eventually("the job's directory", Duration::from_secs(60), async || {
        Some(alice.get(&path).await).filter(|answer| answer.status != 404)
    });
    let told = told.await;
    assert_eq!((told.status.as_u16(), &told.json()["code"]), (403, &json!("leaves-space")), "{}", told.text());
}

struct Ticket {
    url: String,
    cookie: String,
}

impl Ticket {
    async fn fetch(&self, client: &Client) -> Answer {
        self.fetch_with(client, &self.cookie).await
    }

    async fn fetch_with(&self, client: &Client, cookie: &str) -> Answer {
        client.send(self.request(client, cookie)).await
    }

    /// As a browser sends it: no token.
    fn request(&self, client: &Client, cookie: &str) -> reqwest::RequestBuilder {
        client.bearing("").request_at(Method::GET, &self.url).header("Cookie", format!("qd_download={cookie}"))
    }
}

async fn ticket(client: &Client, path: &str) -> Ticket {
    let answer = new_download(client, path).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let set = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Max-Age=60", &format!("Path={url}")] {
        assert!(set.contains(attribute), "{set}");
    }
    secrets::remember(url.rsplit('/').next().unwrap());
    let cookie = set.split([';', '=']).nth(1).unwrap().to_owned();
    Ticket { url, cookie }
}

async fn new_download(client: &Client, path: &str) -> Answer {
    client.post("/downloads", &json!({"space": "home", "paths": [path]})).await
}

async fn content(client: &Client, path: &str, range: Option<&str>) -> Answer {
    let query = Url::parse_with_params("http://host", [("path", path)]).unwrap();
    let request = client.request(Method::GET, &format!("/files/home/content?{}", query.query().unwrap()));
    client.send(range.into_iter().fold(request, |request, range| request.header("Range", range))).await
}

/// A job that did this and is over: its id, and where it worked.
async fn job_that_wrote(client: &Client, cluster: &str, commands: &str) -> (String, PathBuf) {
    let script = format!("#!/bin/bash\n{commands}\n");
    let job: Value = client.submit(cluster, &json!({"name": unique("results"), "script": script})).await;
    let id = job["id"].as_str().unwrap().to_owned();
    let job = client.wait_for(cluster, &id, &["COMPLETED", "FAILED"]).await;
    assert_eq!(job["state"], "COMPLETED");
    (id, PathBuf::from(job["working_directory"].as_str().unwrap()))
}
