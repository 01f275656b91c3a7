//! Images on the disks of many nodes, looked for over SSH: each node an sshd of its own on 127.0.0.0/8 with a root
//! directory and ten images of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kib;
use crate::sshd;
use crate::support::{Client, Site, runs_as};

const NODES: usize = 200;
const IMAGES: usize = 10;
/// A small image that Apptainer made, of which each node has other copies.
const IMAGE: &str = "../quarterdeck-sif/tests/images/lean-gzip.sif";
/// Where a header has the UUID.
const UUID_AT: usize = 48;
/// May only read, and has no shell.
const ACCOUNT: &str = "nobody";

/// Needs root, since only root may give a node a root directory of its own.
pub async fn measure() {
    if !rustix::process::getuid().is_root() || !sshd::is_there() {
        println!("| images on {NODES} nodes | left out: needs root and openssh-server | | |");
        return;
    }
    let keys = sshd::Site::new();
    // sshd wants each directory on the way to belong to root, and to be written by nobody else.
    let roots = tempfile::Builder::new().prefix("quarterdeck-bench.").tempdir_in("/var/lib").unwrap();
    fs::set_permissions(roots.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let addresses: Vec<String> = (0..NODES).map(|n| format!("127.77.{}.{}", n / 200, n % 200 + 1)).collect();
    let port = sshd::free_port("127.77.0.1");
    let person = runs_as();
    let known = keys.write("known_hosts", "");
    for file in [&keys.path("user"), &known] {
        chown(file, Some(person.uid.as_raw()), Some(person.gid.as_raw())).unwrap();
    }
    let (list, port_text, key) = (addresses.join(","), port.to_string(), keys.path("user"));
    let environment = [
        ("QUARTERDECK_IMAGES__SSH__NODES", list.as_str()),
        ("QUARTERDECK_IMAGES__SSH__DIRECTORIES", "/images"),
        ("QUARTERDECK_IMAGES__SSH__USER", ACCOUNT),
        ("QUARTERDECK_IMAGES__SSH__PORT", &port_text),
        ("QUARTERDECK_IMAGES__SSH__KEY_FILE", key.to_str().unwrap()),
        ("QUARTERDECK_IMAGES__SSH__KNOWN_HOSTS", known.to_str().unwrap()),
        ("QUARTERDECK_IMAGES__SSH__TRIES", "1"),
    ];
    // No node is up yet: what the server takes by itself is known before anything is looked at.
    let site = Site::single_user_in(Path::new("/var/tmp"), &environment).await;
    let client = site.client(&site.person()).await;
    scan(&client).await;
    let server = site.server_id();
    let before = kib(server, "status", "VmRSS:");

    let image = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(IMAGE)).unwrap();
    let mut nodes = Vec::new();
    let mut known_hosts = String::new();
    for (number, address) in addresses.iter().enumerate() {
        let root = roots.path().join(address);
        put_images(&root.join("images"), &image, number);
        let node =
            keys.node_at(address, port, &format!("ChrootDirectory {}\nForceCommand internal-sftp -R", root.display()));
        known_hosts += &node.known_hosts_line();
        nodes.push(node);
    }
    fs::write(&known, known_hosts).unwrap();

    let peak = Peak::watch(server);
    let (first, found) = scan(&client).await;
    assert_all(&found, "images_read");
    let (second, found) = scan(&client).await;
    assert_all(&found, "images_unchanged");
    let growth = peak.end().saturating_sub(before) as f64 / 1024.0;
    let (first, second) = (first.as_secs_f64(), second.as_secs_f64());
    let what = format!("{IMAGES} images on each of {NODES} nodes by SSH");
    println!("| {what}, first scan | {first:.1} s | 20 s (aim) | {:.2} |", first / 20.0);
    println!("| {what}, second scan, nothing changed | {second:.1} s | 6 s (aim) | {:.2} |", second / 6.0);
    println!("| {what}, growth of the server's memory | {growth:.0} MiB | 64 MiB (aim) | {:.2} |", growth / 64.0);
}

fn put_images(directory: &Path, image: &[u8], node: usize) {
    fs::create_dir_all(directory).unwrap();
    for number in 0..IMAGES {
        let mut image = image.to_vec();
        image[UUID_AT..UUID_AT + 8].copy_from_slice(&(node as u64 + 1).to_le_bytes());
        image[UUID_AT + 8..UUID_AT + 16].copy_from_slice(&(number as u64 + 1).to_le_bytes());
        fs::write(directory.join(format!("image{number}.sif")), image).unwrap();
    }
}

fn assert_all(scan: &Value, count: &str) {
    for host in
        scan["hosts"].as_array().unwrap().iter().filter(|host| host["host"].as_str().unwrap().starts_with("127."))
    {
        assert_eq!((&host[count], &host["error"]), (&json!(IMAGES), &json!(null)), "{host}");
    }
}

/// How long a scan takes from the request on, and what it says.
async fn scan(client: &Client) -> (Duration, Value) {
    let begun = Instant::now();
    let answer = client.post("/images/scan", &json!({})).await;
    let path = format!("/images/scans/{}", answer.json()["scan_id"].as_str().unwrap());
    loop {
        let scan = client.get(&path).await.json();
        if scan["state"] == "finished" {
            return (begun.elapsed(), scan);
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{}", scan["state"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The most memory that a process takes while it is watched.
struct Peak {
    most: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Peak {
    fn watch(pid: u32) -> Peak {
        let peak = Peak { most: Arc::default(), is_over: Arc::default() };
        let (most, is_over) = (peak.most.clone(), peak.is_over.clone());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                most.fetch_max(kib(pid, "status", "VmRSS:"), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        peak
    }

    /// In KiB.
    fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.most.load(Ordering::Relaxed)
    }
}
