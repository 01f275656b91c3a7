//! The figures of the README, each beside a limit measured in the same run on the same disk: `make bench`.
//! Prints the table that `bench/run` puts into `bench/RESULTS.md`; some figures alone: `cargo bench --bench figures -- jobs`.

mod images;
mod nodes;
#[path = "../crates/quarterdeck-ssh/tests/it/sshd.rs"]
mod sshd;
#[path = "../crates/quarterdeck/tests/it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
mod support;
mod templates;
mod uploads;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck_types::agent::{Answer, MAX_ANSWER_BYTES, PROTOCOL, Request};
use quarterdeck_types::wire::{self, LineReader};
use reqwest::Method;
use support::{Client, Site};

const MIB: u64 = 1 << 20;
const UPLOAD: u64 = 2048 * MIB;
/// What the page sends in one request.
const CHUNK: u64 = 8 * MIB;
const AUDIT_WRITERS: usize = 16;
const AUDIT_TIME: Duration = Duration::from_secs(5);
const SIGN_INS: usize = 101;
const ENTRIES: usize = 65_000;
const FILES_PAGE: usize = 500;
const FILES_PAGES: usize = 21;
const JOBS: usize = 20_000;
const FEW_JOBS: usize = 500;
/// What the page asks for at once, and how often it is asked.
const JOBS_PAGE: u64 = 50;
const JOBS_PAGES: usize = 51;

#[tokio::main]
async fn main() {
    println!("| figure | measured | limit in the same run | ratio |");
    println!("| --- | --- | --- | --- |");
    // Cargo's own arguments begin with a dash.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |figure: &str| wanted.is_empty() || wanted.iter().any(|name| name == figure);
    if is_wanted("agent") {
        agent_memory();
    }
    if is_wanted("audit") {
        audit().await;
    }
    if is_wanted("files") {
        files().await;
    }
    if is_wanted("images") {
        images::measure();
    }
    if is_wanted("nodes") {
        nodes::measure().await;
    }
    if is_wanted("jobs") {
        jobs().await;
    }
    if is_wanted("sign-in") {
        sign_in().await;
    }
    if is_wanted("templates") {
        templates::measure().await;
    }
    if is_wanted("upload") {
        upload().await;
    }
    if is_wanted("uploads") {
        uploads::measure().await;
    }
}

/// The first page of a big directory, beside a program that reads the same directory and looks at as many of its files.
async fn files() {
    let site = Site::single_user().await;
    let person = site.person();
    let client = site.client(&person).await;
    let directory = site.home(&person).join("many");
    fs::create_dir(&directory).unwrap();
    (0..ENTRIES).for_each(|number| drop(File::create(directory.join(format!("{number:05}.dat"))).unwrap()));
    let (mut times, mut limits) = (Vec::new(), Vec::new());
    for _ in 0..FILES_PAGES {
        let started = Instant::now();
        let page = client.get(&format!("/files/home?path=many&limit={FILES_PAGE}")).await;
        times.push(started.elapsed());
        assert_eq!(page.json()["items"].as_array().unwrap().len(), FILES_PAGE);
        let started = Instant::now();
        let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for name in names.iter().take(FILES_PAGE) {
            let _looked_at = fs::symlink_metadata(directory.join(name)).unwrap();
        }
        limits.push(started.elapsed());
    }
    let [page, limit] = [times, limits].map(median);
    println!(
        "| first {FILES_PAGE} of {ENTRIES} entries of a directory, median of {FILES_PAGES} | {page:.0} ms | a program that \
         reads, sorts and looks at as many: {limit:.0} ms; aim 200 ms | {:.2} |",
        page / limit
    );
    fs::remove_dir_all(&directory).unwrap();
}

/// A long queue that is seen for the first time, beside the database that writes the same rows from a table of its own;
/// the same again, unchanged; and the first page of its list, beside that of a short one.
async fn jobs() {
    let many = jobs_bench(JOBS).await;
    let limit = many.bench.write_again().await.unwrap().as_secs_f64() * 1000.0;
    let first = many.first.as_secs_f64() * 1000.0;
    println!(
        "| {JOBS} jobs seen for the first time, SQLite | {first:.0} ms | SQLite copies their rows: {limit:.0} ms | {:.2} |",
        first / limit
    );
    let again = many.again.as_secs_f64() * 1000.0;
    println!(
        "| the same queue again, unchanged | {again:.0} ms | 2000 ms between two readings (aim) | {:.2} |",
        again / 2000.0
    );
    let few = jobs_bench(FEW_JOBS).await;
    let [many, few] = [page_time(&many.bench).await, page_time(&few.bench).await];
    println!(
        "| page of {JOBS_PAGE} of {JOBS} jobs, counted, median of {JOBS_PAGES} | {many:.1} ms | of {FEW_JOBS} jobs: {few:.1} ms | \
         {:.2} |",
        many / few
    );
}

struct Jobs {
    bench: quarterdeck_server::JobsBench,
    first: Duration,
    again: Duration,
    _directory: tempfile::TempDir,
}

async fn jobs_bench(jobs: usize) -> Jobs {
    let directory = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut config = quarterdeck_server::Config::load(None).unwrap();
    config.server.data = directory.path().to_owned();
    let bench = quarterdeck_server::JobsBench::start(config).await.unwrap();
    let started = Instant::now();
    bench.see(jobs).await.unwrap();
    let first = started.elapsed();
    let started = Instant::now();
    bench.see(jobs).await.unwrap();
    Jobs { bench, first, again: started.elapsed(), _directory: directory }
}

/// In milliseconds.
async fn page_time(jobs: &quarterdeck_server::JobsBench) -> f64 {
    let mut times = Vec::new();
    for _ in 0..JOBS_PAGES {
        let started = Instant::now();
        assert_eq!(jobs.page(JOBS_PAGE).await.unwrap().0, JOBS_PAGE as usize);
        times.push(started.elapsed());
    }
    median(times)
}

/// A wrong password for a name that somebody has and for one that nobody has, in turns: who measures must not learn
/// which is which.
async fn sign_in() {
    let site = Site::single_user().await;
    let (known, unknown) = (site.person(), "nobody-has-this-name".to_owned());
    let client = site.client(&known).await.bearing("");
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..SIGN_INS {
        for (name, times) in [&known, &unknown].into_iter().zip(&mut times) {
            let started = Instant::now();
            let credentials = serde_json::json!({"username": name, "password": "a wrong password"});
            assert_eq!(client.post("/auth/login", &credentials).await.status, 401);
            times.push(started.elapsed());
        }
    }
    let [known, unknown] = times.map(median);
    let ratio = known / unknown;
    assert!((0.8..1.25).contains(&ratio), "who measures learns which names exist: {ratio:.2}");
    println!(
        "| sign-in, wrong password, median of {SIGN_INS} | known name: {known:.1} ms | unknown name: {unknown:.1} ms | \
         {ratio:.2} |"
    );
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// Events that stand alone, each on the disk before its writer goes on, while the chain is sealed; beside it how often
/// one process can append as many bytes and sync them.
async fn audit() {
    let directory = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut config = quarterdeck_server::Config::load(None).unwrap();
    config.server.data = directory.path().to_owned();
    let audit = Arc::new(quarterdeck_server::AuditBench::start(&config).await.unwrap());
    let path = directory.path().join("limit");
    let limit_before = appends(&path);
    let started = Instant::now();
    let write = |_| {
        let audit = audit.clone();
        tokio::spawn(async move {
            let mut written = 0_u32;
            while started.elapsed() < AUDIT_TIME {
                audit.record().await.unwrap();
                written += 1;
            }
            written
        })
    };
    let mut written = 0;
    for writer in (0..AUDIT_WRITERS).map(write).collect::<Vec<_>>() {
        written += writer.await.unwrap();
    }
    let events = f64::from(written) / started.elapsed().as_secs_f64();
    // The first is the chain's own.
    assert_eq!(audit.sealed().await.unwrap(), u64::from(written) + 1);
    let limit = appends(&path).max(limit_before);
    println!(
        "| audit, {AUDIT_WRITERS} writers in the server's process, SQLite | {events:.0} events/s | \
         one writer, append 1 KiB and sync: {limit:.0} /s; aim 1000 events/s | {:.2} |",
        events / limit
    );
}

/// Synced appends a second.
fn appends(path: &Path) -> f64 {
    let mut file = File::options().append(true).create(true).open(path).unwrap();
    let (started, mut number) = (Instant::now(), 0_u32);
    while started.elapsed() < Duration::from_secs(2) {
        file.write_all(&[0x5a; 1024]).unwrap();
        file.sync_data().unwrap();
        number += 1;
    }
    f64::from(number) / started.elapsed().as_secs_f64()
}

/// An idle agent with one greeted connection, as each active user has one.
fn agent_memory() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("agent.sock");
    let executable = Path::new(env!("CARGO_BIN_EXE_quarterdeck")).with_file_name("quarterdeck-agent");
    let uid = rustix::process::getuid().as_raw().to_string();
    let mut agent = Ended(
        Command::new(executable)
            .arg("--socket")
            .arg(&socket)
            .args(["--server-uid", &uid])
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    let connection = loop {
        match UnixStream::connect(&socket) {
            Ok(connection) => break connection,
            Err(error) => assert!(Instant::now() < deadline, "the agent does not listen: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    wire::send(&connection, &Request::Hello { protocol: PROTOCOL }, None).unwrap();
    let answer = LineReader::default().receive(&connection, MAX_ANSWER_BYTES).unwrap().unwrap();
    assert!(matches!(answer.parse().unwrap(), Answer::Hello(_)));
    std::thread::sleep(Duration::from_secs(1));
    let pss = kib(agent.0.id(), "smaps_rollup", "Pss:") as f64 / 1024.0;
    println!("| agent, idle, proportional memory | {pss:.2} MiB | 2 MiB (aim) | {:.2} |", pss / 2.0);
    agent.0.kill().unwrap();
}

/// One file by tus over loopback, in the page's chunks, each synced before it is answered; beside it the same bytes
/// written and synced likewise by one process, without a network.
async fn upload() {
    let site = Site::single_user().await;
    let person = site.person();
    let client = site.client(&person).await;
    let chunk = vec![0x5a_u8; CHUNK as usize];
    let path = site.home(&person).join("quarterdeck-bench-limit");
    let limit_before = write_and_sync(&path, &chunk);

    let server = site.server_id();
    fs::write(format!("/proc/{server}/clear_refs"), "5").unwrap();
    let before = kib(server, "status", "VmRSS:");
    let started = Instant::now();
    send(&client, &chunk, UPLOAD).await;
    let upload = rate(started.elapsed());
    let growth = kib(server, "status", "VmHWM:").saturating_sub(before) as f64 / 1024.0;

    // The disk is shared with other machines: the better of two runs is nearer to what it can do.
    let limit = write_and_sync(&path, &chunk).max(limit_before);
    fs::remove_file(&path).unwrap();
    remove_uploads(&site.home(&person));
    let ratio = upload / limit;
    println!("| upload, 2 GiB in 8 MiB chunks | {upload:.0} MB/s | write and sync: {limit:.0} MB/s | {ratio:.2} |");
    println!("| server memory growth meanwhile | {growth:.1} MiB | 32 MiB (aim) | {:.2} |", growth / 32.0);
}

async fn send(client: &Client, chunk: &[u8], size: u64) {
    let create = client
        .request(Method::POST, "/uploads")
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", size)
        // "bench.bin"
        .header("Upload-Metadata", "filename YmVuY2guYmlu");
    let created = create.send().await.unwrap();
    assert_eq!(created.status(), 201);
    let location = created.headers()["location"].to_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let body = bytes::Bytes::copy_from_slice(chunk);
    for offset in (0..size).step_by(chunk.len()) {
        let patch = client
            .request(Method::PATCH, &location)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(body.clone());
        assert_eq!(patch.send().await.unwrap().status(), 204);
    }
}

fn write_and_sync(path: &Path, chunk: &[u8]) -> f64 {
    let mut file = File::create(path).unwrap();
    let started = Instant::now();
    for _ in 0..UPLOAD / CHUNK {
        file.write_all(chunk).unwrap();
        file.sync_data().unwrap();
    }
    rate(started.elapsed())
}

fn remove_uploads(home: &Path) {
    let uploads = fs::read_dir(home.join("quarterdeck/uploads")).unwrap();
    for entry in uploads.map(|entry| entry.unwrap().path()) {
        if entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with("bench")) {
            fs::remove_file(entry).unwrap();
        }
    }
}

/// In 10^6 bytes a second.
fn rate(elapsed: Duration) -> f64 {
    UPLOAD as f64 / 1e6 / elapsed.as_secs_f64()
}

/// A line of a process's file below /proc, in KiB.
fn kib(pid: u32, file: &str, line: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find_map(|l| l.strip_prefix(line)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// A child that does not outlive the benchmark.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
