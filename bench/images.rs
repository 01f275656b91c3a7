//! What an image of 92 MB says of itself, beside the real `apptainer inspect`: with the metadata that Apptainer stores,
//! and without, where Apptainer has to run the container and Quarterdeck walks its file system.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::median;

const FILES: u64 = 6500;
const FILE: usize = 14_000;
const TIMES: usize = 21;
const INSPECT: [&str; 3] = ["inspect", "--json", "--all"];
/// The id of the stored metadata in an image that Apptainer built.
const METADATA: &str = "2";

/// Needs `QD_TEST_APPTAINER`, `QD_TEST_IMAGE` (a small image that runs) and squashfs-tools.
pub fn measure() {
    let given = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(apptainer), Some(small)) = (given("QD_TEST_APPTAINER"), given("QD_TEST_IMAGE")) else {
        println!("| image of 92 MB | left out: no Apptainer (QD_TEST_APPTAINER, QD_TEST_IMAGE) | | |");
        return;
    };
    let directory = tempfile::tempdir_in("/var/tmp").unwrap();
    let stored = build(&apptainer, &small, directory.path());
    let bare = directory.path().join("bare.sif");
    fs::copy(&stored, &bare).unwrap();
    run(Command::new(&apptainer).args(["sif", "del", METADATA]).arg(&bare));
    figure("its stored metadata", &apptainer, &stored, 5);
    figure("its file system walked", &apptainer, &bare, 40);
}

fn figure(what: &str, apptainer: &Path, image: &Path, aim: u32) {
    let quarterdeck = env!("CARGO_BIN_EXE_quarterdeck");
    let (mut theirs, mut ours, mut process) = (Vec::new(), Vec::new(), Vec::new());
    // In turns, so that a neighbour on the machine disturbs all alike.
    for _ in 0..TIMES {
        let (time, real) = timed(|| run(Command::new(apptainer).args(INSPECT).arg(image)));
        theirs.push(time);
        let (time, read) = timed(|| quarterdeck_sif::read(&File::open(image).unwrap()).unwrap());
        ours.push(time);
        let (time, _) = timed(|| run(Command::new(quarterdeck).args(["image", "inspect", "--json"]).arg(image)));
        process.push(time);
        assert_eq!(read.inspect, Some(serde_json::from_slice::<Value>(&real).unwrap()));
    }
    let [theirs, ours, process] = [theirs, ours, process].map(median);
    for (by, time) in [("read in process", ours), ("by `quarterdeck image inspect`", process)] {
        println!(
            "| image of 92 MB, {what}, {by}, median of {TIMES} | {time:.2} ms | `apptainer inspect`: {theirs:.0} ms; aim \
             {aim} times faster | {:.0} times |",
            theirs / time
        );
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = Instant::now();
    let done = work();
    (started.elapsed(), done)
}

/// What it printed.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The small image's files and many more, built by Apptainer.
fn build(apptainer: &Path, small: &Path, directory: &Path) -> PathBuf {
    let (tree, image) = (directory.join("tree"), directory.join("large.sif"));
    let at = quarterdeck_sif::read(&File::open(small).unwrap()).unwrap();
    let root = at.descriptors.iter().find(|object| object.data_type == quarterdeck_sif::DataType::Partition).unwrap();
    run(Command::new("unsquashfs").args(["-q", "-n", "-o", &root.offset.to_string(), "-d"]).arg(&tree).arg(small));
    let mut seed = 1_u64;
    for number in 0..FILES {
        let package = tree.join(format!("usr/lib/many/package{:03}", number % 300));
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join(format!("module{number:05}")), noise(&mut seed)).unwrap();
    }
    // In a user namespace everyone builds alike; the home of its own keeps the caller's clean.
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user"]).arg(apptainer).args(["--quiet", "build", "--ignore-fakeroot-command"]);
    run(command.arg(&image).arg(&tree).env("HOME", directory));
    image
}

/// What does not compress.
fn noise(seed: &mut u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(FILE + 8);
    while bytes.len() < FILE {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes
}
