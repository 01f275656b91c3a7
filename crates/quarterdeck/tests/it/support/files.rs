//! Files of the person of single-user mode, from below and by the API.

use std::fs;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, Client, Site, eventually};

/// What is written here is hers, whoever runs the tests.
pub fn write(site: &Site, path: &str, content: impl AsRef<[u8]>) {
    make(site, path, |path| fs::write(path, content).unwrap());
}

/// Likewise, made in another way.
pub fn make(site: &Site, path: &str, make: impl FnOnce(&Path)) {
    let home = site.path("home");
    let owner = fs::metadata(&home).unwrap();
    let path = Path::new(path);
    fs::create_dir_all(home.join(path).parent().unwrap()).unwrap();
    make(&home.join(path));
    for part in path.ancestors().filter(|part| *part != Path::new("")) {
        lchown(home.join(part), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

/// The names in a directory, hidden ones too.
pub fn names_in(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Status, code, and the field that is wrong.
pub fn refusal(answer: &Answer) -> (u16, String, Option<String>) {
    let problem = answer.json();
    let pointer = problem["errors"][0]["pointer"].as_str().map(str::to_owned);
    (answer.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned(), pointer)
}

/// Begins a task on files and waits until it has ended.
pub async fn perform(client: &Client, deed: &str, body: Value) -> Value {
    let id = begin(client, deed, body).await;
    ended(client, &id).await
}

/// Begins a task on files; answers its id.
pub async fn begin(client: &Client, deed: &str, body: Value) -> String {
    let begun = client.post(&format!("/files/home/{deed}"), &body).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    begun.json()["task"]["id"].as_str().unwrap().to_owned()
}

pub async fn ended(client: &Client, id: &str) -> Value {
    eventually("the task's end", Duration::from_secs(60), async || {
        let task = client.get(&format!("/files/tasks/{id}")).await.json();
        (task["state"] != "running").then_some(task)
    })
    .await
}
