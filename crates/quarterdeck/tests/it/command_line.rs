//! `quarterdeck login | upload | download`, as people run them on their own machines.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::support::uploading::{files_in, hidden_in, single_user, standing, uploads};
use crate::support::{Client, Site, eventually};

const SOON: Duration = Duration::from_secs(30);
const SCOPES: &[&str] = &["uploads:read", "uploads:write", "files:read"];

/// A person's own machine: a home, and the commands run in it with her key.
struct Machine {
    home: PathBuf,
    url: String,
    key: String,
}

impl Machine {
    async fn of(site: &Site, client: &Client) -> Machine {
        let (_, bearing) = client.key(SCOPES).await;
        let home = site.path("machine");
        fs::create_dir_all(&home).unwrap();
        Machine { home, url: site.base(), key: bearing.token().to_owned() }
    }

    fn quarterdeck(&self, words: &[&str]) -> Command {
        let mut command = self.without_key(words);
        command.env("QUARTERDECK_URL", &self.url).env("QUARTERDECK_KEY", &self.key);
        command
    }

    fn without_key(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.args(words).current_dir(&self.home).env_clear().env("HOME", &self.home);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// What it prints; it has to succeed.
    async fn run(&self, words: &[&str]) -> String {
        let output = self.quarterdeck(words).output().await.unwrap();
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it complains of; it has to fail.
    async fn refused(&self, words: &[&str]) -> String {
        let output = self.quarterdeck(words).output().await.unwrap();
        assert!(!output.status.success(), "{words:?} succeeded");
        said(&output)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.home.join(below)
    }

    /// What is remembered of the one transfer that is not finished.
    fn unfinished(&self) -> Option<Value> {
        let files = fs::read_dir(self.path(".local/state/quarterdeck/transfers")).ok()?;
        let mut files = files.map(|file| file.unwrap().path());
        let file = files.find(|file| !file.file_name().unwrap().to_string_lossy().starts_with('.'))?;
        serde_json::from_slice(&fs::read(file).ok()?).ok()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// So many bytes, of which no two places look alike.
fn write_pattern(path: &Path, length: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(path).unwrap();
    let mut block = vec![0_u8; 1 << 20];
    for at in (0..length).step_by(block.len()) {
        for (place, eight) in block.chunks_exact_mut(8).enumerate() {
            eight.copy_from_slice(&(at + place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        }
        let count = (length - at).min(block.len() as u64) as usize;
        file.write_all_at(&block[..count], at).unwrap();
    }
}

fn same(one: &Path, other: &Path) -> bool {
    fs::read(one).unwrap() == fs::read(other).unwrap()
}

#[tokio::test]
async fn a_folder_goes_up_and_comes_down_the_same() {
    let (site, client) = single_user().await;
    let machine = Machine::of(&site, &client).await;
    let files = [("계산/격자 50%.stl", 3 << 20), ("계산/run/big.dat", (100 << 20) + 7), ("계산/run/empty", 0)];
    files.iter().for_each(|(name, length)| write_pattern(&machine.path(name), *length));

    let printed = machine.run(&["upload", "계산", "--to", "home:/in"]).await;
    assert_eq!(printed.lines().count(), 3, "{printed}");
    assert!(printed.contains("home:/in/계산/격자 50%.stl\n"), "{printed}");
    let there = site.home(&site.person()).join("in");
    files.iter().for_each(|(name, _)| assert!(same(&there.join(name), &machine.path(name)), "{name}"));
    // Nothing is left of the parts that the big one came in.
    assert_eq!(hidden_in(&there.join("계산/run")), 0);
    let uploads = client.get("/uploads").await.json();
    let sums: Vec<_> = uploads["items"].as_array().unwrap().iter().map(|upload| upload["sha256"].is_string()).collect();
    assert_eq!(sums, [true; 3], "each was compared as a whole");

    machine.run(&["download", "home:/in/계산", "--to", "back"]).await;
    files.iter().for_each(|(name, _)| assert!(same(&machine.path("back").join(name), &machine.path(name)), "{name}"));
    // What is there already is not fetched again.
    let before = fs::metadata(machine.path("back/계산/run/big.dat")).unwrap().ino();
    machine.run(&["download", "home:/in/계산", "--to", "back"]).await;
    assert_eq!(fs::metadata(machine.path("back/계산/run/big.dat")).unwrap().ino(), before);
}

#[tokio::test]
async fn an_upload_that_was_killed_goes_on_when_the_command_is_run_again() {
    let (mut site, client) = single_user().await;
    site.kill_server();
    site.start_server(&[("QUARTERDECK_UPLOADS__MAX_BYTES_PER_SECOND", "8000000")]).await;
    let machine = Machine::of(&site, &client).await;
    write_pattern(&machine.path("big.dat"), 70 << 20);

    let mut running = machine.quarterdeck(&["upload", "big.dat"]).spawn().unwrap();
    let parts = eventually("bytes of both parts", SOON, async || {
        let known = machine.unfinished()?;
        let parts = known["parts"].as_array()?.iter().map(|part| part["upload"].as_str().map(str::to_owned));
        let parts: Vec<String> = parts.collect::<Option<_>>()?;
        for part in &parts {
            (standing(&client, part).await > 0).then_some(())?;
        }
        Some(parts)
    })
    .await;
    assert_eq!(parts.len(), 2);
    running.kill().await.unwrap();
    site.kill_server();
    site.start_server(&[]).await;
    assert_eq!((files_in(&uploads(&site)).len(), hidden_in(&uploads(&site))), (0, 2));

    machine.run(&["upload", "big.dat"]).await;
    assert!(same(&uploads(&site).join("big.dat"), &machine.path("big.dat")));
    // Those that were begun are in it: one that began anew would have left them.
    assert_eq!(hidden_in(&uploads(&site)), 0);
    assert_eq!(machine.unfinished(), None);
}

#[tokio::test]
async fn an_upload_outlives_the_server() {
    let (mut site, client) = single_user().await;
    let slowly = [("QUARTERDECK_UPLOADS__MAX_BYTES_PER_SECOND", "4000000")];
    site.kill_server();
    site.start_server(&slowly).await;
    let machine = Machine::of(&site, &client).await;
    write_pattern(&machine.path("a.dat"), 20 << 20);
    let mut command = machine.quarterdeck(&["upload", "a.dat"]);
    let running = tokio::spawn(async move { command.output().await.unwrap() });
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        assert!(!running.is_finished(), "it was to take longer");
        site.kill_server();
        site.start_server(&slowly).await;
    }
    let output = running.await.unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(same(&uploads(&site).join("a.dat"), &machine.path("a.dat")));
}

#[tokio::test]
async fn a_download_that_was_killed_goes_on_and_is_of_one_state_of_the_file() {
    let (site, client) = single_user().await;
    let machine = Machine::of(&site, &client).await;
    let there = site.home(&site.person()).join("result.dat");
    write_pattern(&there, 300 << 20);
    let hidden = || {
        let mut names = fs::read_dir(&machine.home).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(".quarterdeck-part-"))
    };
    let interrupt = async || {
        let mut running = machine.quarterdeck(&["download", "home:/result.dat"]).spawn().unwrap();
        eventually("the first bytes on the disk", SOON, async || {
            (machine.unfinished()?["parts"][0]["done"].as_u64()? > 0).then_some(())
        })
        .await;
        running.kill().await.unwrap();
        hidden().expect("what came so far")
    };

    let part = interrupt().await;
    assert!(!machine.path("result.dat").exists(), "never half a file under its name");
    // A mark in what came so far stays there if it is not fetched again.
    File::options().write(true).open(&part).unwrap().write_all_at(b"mark", 0).unwrap();
    machine.run(&["download", "home:/result.dat"]).await;
    let mut whole = fs::read(machine.path("result.dat")).unwrap();
    assert_eq!(&whole[..4], b"mark");
    whole[..4].copy_from_slice(&fs::read(&there).unwrap()[..4]);
    assert!(whole == fs::read(&there).unwrap());
    assert!(hidden().is_none());

    fs::remove_file(machine.path("result.dat")).unwrap();
    interrupt().await;
    File::options().write(true).open(&there).unwrap().write_all_at(b"anew", 150 << 20).unwrap();
    machine.run(&["download", "home:/result.dat"]).await;
    assert!(same(&machine.path("result.dat"), &there));
}

#[tokio::test]
async fn what_is_there_is_not_replaced_unasked() {
    let (site, client) = single_user().await;
    let machine = Machine::of(&site, &client).await;
    fs::write(site.home(&site.person()).join("a.txt"), "new").unwrap();
    fs::write(machine.path("a.txt"), "mine").unwrap();
    let said = machine.refused(&["download", "home:/a.txt"]).await;
    assert!(said.contains("--replace"), "{said}");
    assert_eq!(fs::read(machine.path("a.txt")).unwrap(), b"mine");
    machine.run(&["download", "home:/a.txt", "--replace"]).await;
    assert_eq!(fs::read(machine.path("a.txt")).unwrap(), b"new");
}

#[tokio::test]
async fn what_cannot_be_had_is_told() {
    let (site, client) = single_user().await;
    let machine = Machine::of(&site, &client).await;
    fs::write(machine.path("a.txt"), "a").unwrap();
    for (words, told) in [
        (&["download", "home:/missing"][..], "home:/missing: "),
        (&["download", "nowhere:/a"], "nowhere:/a: "),
        (&["download", "a.txt"], "SPACE:/PATH"),
        (&["upload", "missing.txt"], "missing.txt"),
        (&["upload", "a.txt", "--to", "home:/../x"], "\"..\""),
        (&["upload", "a.txt", "--kind", "film"], "data, config, script"),
    ] {
        let said = machine.refused(words).await;
        assert!(said.contains(told), "{words:?}: {said}");
    }
    let (_, reader) = client.key(&["files:read"]).await;
    let reader = Machine { key: reader.token().to_owned(), ..machine };
    let said = reader.refused(&["upload", "a.txt"]).await;
    assert!(said.contains("uploads:write"), "{said}");
}

#[tokio::test]
async fn a_key_is_kept_for_its_owner_alone() {
    let (site, client) = single_user().await;
    let machine = Machine::of(&site, &client).await;
    let login = async |url: &str, key: &str| {
        fs::write(machine.path("key"), key).unwrap();
        let mut command = machine.without_key(&["login", url, "--key-stdin"]);
        command.stdin(File::open(machine.path("key")).unwrap()).output().await.unwrap()
    };
    let kept = machine.path(".config/quarterdeck/credentials.toml");

    fs::write(machine.path("a.txt"), "a").unwrap();
    let output = machine.without_key(&["upload", "a.txt"]).output().await.unwrap();
    assert!(said(&output).contains("quarterdeck login"), "{}", said(&output));
    for (url, key, told) in [
        (site.base(), "qd_nobodys", "does not know this key"),
        ("http://hpc.example.org".to_owned(), machine.key.as_str(), "https://"),
        ("http://127.0.0.1:1".to_owned(), machine.key.as_str(), "cannot be reached"),
    ] {
        let output = login(&url, key).await;
        assert!(!output.status.success() && said(&output).contains(told), "{url}: {}", said(&output));
        assert!(!kept.exists());
    }

    let output = login(&site.base(), &machine.key).await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(kept.parent().unwrap()).unwrap().permissions().mode() & 0o7777, 0o700);
    let output = machine.without_key(&["upload", "a.txt"]).output().await.unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(fs::read(uploads(&site).join("a.txt")).unwrap(), b"a");
}
