//! What people type arrives in the job byte for byte, and none of it is ever executed: names, parameters, variables
//! and file names, on `local` and on a real Slurm.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Client, Site, unique};

/// Beneath the job's own directory, where it starts: anything that runs one of these texts leaves it there.
const CANARY: &str = "canary";

/// Texts of one line, without `/`: good for names of jobs and of files too.
pub const LINES: [&str; 30] = [
    "plain",
    " leading and trailing ",
    "it's \"quoted\" `back` ''",
    "$(touch canary)",
    "`touch canary`",
    "'; touch canary; '",
    "\"; touch canary; \"",
    "$'\\x27; touch canary #'",
    "& touch canary &",
    "| tee canary",
    "> canary",
    "{touch,canary}",
    "((touch)) $((1+1)) ${HOME} $HOME ~ ~root",
    "!! !$ ^a^b",
    "* ? [a-z] .*",
    "-rf",
    "--help",
    "%s %n %d %j %A %%",
    "\\",
    "a\\nb\\0c\\",
    "# no comment",
    "#SBATCH --uid=0",
    "{{ container }} {% raw %}",
    "<img src=x onerror=alert(1)>",
    "한국어 작업",
    "\u{1112}\u{1161}\u{11ab} \u{1100}\u{1173}\u{11af}",
    "日本語 🚀 é e\u{301}",
    "\u{202e}txt.exe\u{200b}",
    "..hidden",
    "EOF",
];

/// Texts that only values can be.
pub const TEXTS: [&str; 12] = [
    "",
    "/etc/passwd",
    "two\nlines",
    "\n\nlines at both ends\n\n",
    "\ttab\t",
    "\r\n",
    "carriage\rreturn\r\n",
    "\u{1b}[31mred\u{7f}\u{1}",
    "'\n#SBATCH --uid=0\ntouch canary\n'",
    "$(touch canary)\n`touch canary`\n",
    "EOF\ntouch canary\n",
    "$((1/0)); touch canary",
];

#[tokio::test]
async fn on_local() {
    let site = Site::single_user().await;
    let person = site.person();
    let client = site.client(&person).await;
    everything(&site, &client, &client, "local", &person).await;
}

#[tokio::test]
async fn on_slurm() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, admin) = (site.client("alice").await, site.client("admin").await);
    everything(&site, &alice, &admin, "slurm", "alice").await;
    names_in_slurm(&site, &alice).await;
}

async fn everything(site: &Site, client: &Client, admin: &Client, cluster: &str, user: &str) {
    environment(client, cluster).await;
    parameters(site, client, admin, cluster).await;
    files(client, cluster).await;
    let left = beneath(&site.home(user)).into_iter().filter(|path| path.file_name().unwrap() == CANARY);
    assert_eq!(Vec::<PathBuf>::from_iter(left), Vec::<PathBuf>::new(), "something was executed");
}

async fn environment(client: &Client, cluster: &str) {
    let values: Vec<&str> = LINES.into_iter().chain(TEXTS).collect();
    let variables: BTreeMap<String, &str> = values.iter().enumerate().map(|(i, v)| (format!("V{i}"), *v)).collect();
    let script = "#!/bin/bash -l\nfor v in ${!V@}; do printf %s \"${!v}\" > \"got-$v\"; done\n";
    let job = json!({"name": unique("environment"), "script": script, "environment": variables});
    let directory = completed(client, cluster, &job).await;
    for (name, value) in variables {
        assert_eq!(read(&directory.join(format!("got-{name}"))), value, "{name}");
    }
}

async fn parameters(site: &Site, client: &Client, admin: &Client, cluster: &str) {
    let values: Vec<&str> = LINES.into_iter().chain(TEXTS).collect();
    let id = write_template(site, values.len());
    assert_eq!(admin.post("/templates/scan", &json!({})).await.json()["failed"], json!([]));
    let given: BTreeMap<String, &str> = values.iter().enumerate().map(|(i, v)| (format!("p{i}"), *v)).collect();
    let job = json!({"name": unique("parameters"), "template": id, "parameters": given});
    let directory = completed(client, cluster, &job).await;
    for (name, value) in given {
        assert_eq!(read(&directory.join(format!("got-{name}"))), value, "{name}");
    }
}

async fn files(client: &Client, cluster: &str) {
    let long = format!("{}.txt", "한".repeat(83));
    let names: Vec<&str> = LINES.into_iter().chain(["new\nline", "tab\tbed", "\u{1b}[2J", long.as_str()]).collect();
    let mut inputs = Vec::new();
    for (i, name) in names.iter().enumerate() {
        // Half of them are uploaded by this name, half are given it for the job.
        if i % 2 == 0 {
            inputs.push(json!({"upload": client.upload(name, name.as_bytes()).await}));
        } else {
            inputs.push(json!({"upload": client.upload("plain name", name.as_bytes()).await, "as": name}));
        }
    }
    let script = "#!/bin/bash -l\nfor v in ${!FILE_@}; do printf '%s\\0%s\\0' \"$v\" \"${!v}\"; done > variables\n\
                  for v in ${!FILE_@}; do cat -- \"${!v}\" > \"got-$v\"; done\n";
    let job = json!({"name": unique("files"), "script": script, "files": inputs});
    let row = client.submit(cluster, &job).await;
    let row = client.wait_for(cluster, row["id"].as_str().unwrap(), &["COMPLETED", "FAILED"]).await;
    assert_eq!(row["state"], "COMPLETED");
    let directory = PathBuf::from(row["working_directory"].as_str().unwrap());
    let variables = fs::read(directory.join("variables")).unwrap();
    let mut words = variables.split(|byte| *byte == 0).map(|word| String::from_utf8(word.to_vec()).unwrap());
    let paths: BTreeMap<String, String> = std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect();
    let given = row["files"].as_array().unwrap();
    assert_eq!(given.len(), names.len());
    for (i, (file, name)) in given.iter().zip(&names).enumerate() {
        let variable = file["variable"].as_str().unwrap();
        // An uploaded name is put together where its letters were taken apart.
        let is_now = if i % 2 == 0 { name.replace("e\u{301}", "\u{e9}") } else { (*name).to_owned() };
        assert_eq!(file["name"], is_now);
        let expected = directory.join(&is_now);
        assert_eq!(paths[variable].as_bytes(), expected.as_os_str().as_bytes(), "{name:?}");
        assert_eq!(read(&directory.join(format!("got-{variable}"))), *name);
    }
}

/// Slurm itself has the name as it was typed, and so has the job.
async fn names_in_slurm(site: &Site, alice: &Client) {
    let script = "#!/bin/bash -l\nprintf %s \"$SLURM_JOB_NAME\" > got-name\n";
    let mut rows = Vec::new();
    for name in LINES {
        rows.push(alice.submit("slurm", &json!({"name": name, "script": script})).await);
    }
    for (row, name) in rows.iter().zip(LINES) {
        let job = alice.wait_for("slurm", row["id"].as_str().unwrap(), &["COMPLETED", "FAILED"]).await;
        assert_eq!((&job["state"], &job["name"]), (&json!("COMPLETED"), &json!(name)));
        let number = job["job_id"].as_str().unwrap();
        let told = site.slurm().run("squeue", &["-h", "-t", "all", "-j", number, "--format", "%j"]);
        assert_eq!(told.strip_suffix('\n'), Some(name));
        let directory = PathBuf::from(job["working_directory"].as_str().unwrap());
        assert_eq!(read(&directory.join("got-name")), name);
        assert!(!directory.join(CANARY).exists(), "{name} was executed");
    }
}

/// A template that writes each of its parameters into a file; answers its id.
fn write_template(site: &Site, parameters: usize) -> String {
    let id = "writes-its-parameters";
    let one = |i| format!("  - {{name: p{i}, type: text, required: false, label: {{en: Value, ko: 값}}}}\n");
    let write = |i| format!("  printf %s {{{{ p{i} }}}} > got-p{i}\n");
    let text = format!(
        "id: {id}\nversion: '1.0.0'\nname: {{en: Test, ko: 시험}}\ndescription: {{en: Test, ko: 시험}}\ncategory: general\n\
         tags: []\nschedulers: [slurm, local]\nimage: none\nresources: {{}}\nparameters:\n{}script: |\n{}",
        (0..parameters).map(one).collect::<String>(),
        (0..parameters).map(write).collect::<String>(),
    );
    fs::create_dir_all(site.path("templates/community")).unwrap();
    fs::write(site.path("templates/community/writes-its-parameters.yaml"), text).unwrap();
    id.to_owned()
}

/// Where a job worked that was submitted and ended well.
async fn completed(client: &Client, cluster: &str, job: &Value) -> PathBuf {
    let row = client.submit(cluster, job).await;
    let row = client.wait_for(cluster, row["id"].as_str().unwrap(), &["COMPLETED", "FAILED"]).await;
    assert_eq!(row["state"], "COMPLETED", "{row}");
    PathBuf::from(row["working_directory"].as_str().unwrap())
}

pub fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

pub fn beneath(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    let with_theirs = |path: PathBuf| if path.is_dir() && !path.is_symlink() { beneath(&path) } else { vec![path] };
    entries.flat_map(with_theirs).collect()
}
