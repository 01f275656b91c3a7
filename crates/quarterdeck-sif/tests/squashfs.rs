//! Root file systems of all shapes, made by mksquashfs and by the crate backhand, and read by that crate too: what this
//! one reads of each must be what is in it.

mod entry_points;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use backhand::compression::Compressor;
use backhand::{FilesystemCompressor, FilesystemReader, FilesystemWriter, InnerNode, NodeHeader};
use entry_points::Counted;
use proptest::prelude::*;
use quarterdeck_sif::read;
use rstest::rstest;
use serde_json::{Map, Value, json};
use support::sif_around;

/// What is in a root file system, by path from its root.
type Files = BTreeMap<String, Vec<u8>>;

/// What `apptainer inspect --json --all` prints of an image with these files.
fn inspect_of(files: &Files) -> Value {
    let mut attributes = section(files, ".singularity.d");
    let mut apps = Map::new();
    for path in files.keys() {
        let mut parts = path.split('/');
        let (Some("scif"), Some("apps"), Some(app), Some("scif"), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        apps.insert(app.to_owned(), section(files, &format!("scif/apps/{app}/scif")).into());
    }
    if !apps.is_empty() {
        attributes.insert("apps".to_owned(), apps.into());
    }
    json!({"data": {"attributes": attributes}, "type": "container"})
}

fn section(files: &Files, directory: &str) -> Map<String, Value> {
    let text = |name: &str| {
        let bytes = files.get(&format!("{directory}/{name}"))?;
        Some(String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned())
    };
    let mut section = Map::new();
    for (key, name) in [
        ("runscript", "runscript"),
        ("startscript", "startscript"),
        ("test", "test"),
        ("helpfile", "runscript.help"),
        ("deffile", "Singularity"),
    ] {
        if let Some(text) = text(name).filter(|text| !text.is_empty()) {
            section.insert(key.to_owned(), text.into());
        }
    }
    if let Some(labels) = text("labels.json") {
        section.insert("labels".to_owned(), serde_json::from_str(&labels).unwrap());
    }
    let environment: Map<String, Value> = files
        .keys()
        .filter_map(|path| {
            let name = path.strip_prefix(&format!("{directory}/env/"))?;
            let is_of_docker = directory == ".singularity.d" && name.starts_with("10-docker") && name.ends_with(".sh");
            let is_wanted = is_of_docker || name.starts_with('9') && name.ends_with("-environment.sh");
            is_wanted.then(|| (format!("/{path}"), text(&format!("env/{name}")).unwrap().into()))
        })
        .collect();
    if !environment.is_empty() {
        section.insert("environment".to_owned(), environment.into());
    }
    section
}

/// Every regular file, as the crate backhand reads it.
fn files_by_backhand(squashfs: &[u8]) -> Files {
    let reader = FilesystemReader::from_reader(Cursor::new(squashfs.to_vec())).unwrap();
    let files = reader.files().filter_map(|node| {
        let InnerNode::File(file) = &node.inner else { return None };
        let mut content = Vec::new();
        reader.file(file).reader().read_to_end(&mut content).unwrap();
        Some((node.fullpath.to_str().unwrap().trim_start_matches('/').to_owned(), content))
    });
    files.collect()
}

fn assert_read(squashfs: &[u8], files: &Files) {
    let image = read(squashfs).unwrap();
    assert_eq!((image.inspect, image.unreadable), (Some(inspect_of(files)), None));
}

// ---- made by mksquashfs -----------------------------------------------------------------------------------------

/// `None`, said so, where the machine has no mksquashfs; with `QD_TEST_REQUIRE=1` it must have one.
fn mksquashfs(tree: &Path, options: &[&str]) -> Option<Vec<u8>> {
    let made = tempfile::tempdir().unwrap();
    let out = made.path().join("made.sqfs");
    let mut command = Command::new("mksquashfs");
    command.arg(tree).arg(&out).args(["-noappend", "-no-progress", "-quiet"]).args(options);
    match command.output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            let required = std::env::var("QD_TEST_REQUIRE").is_ok_and(|value| value == "1");
            assert!(!required, "QD_TEST_REQUIRE=1, and mksquashfs does not run: {error}");
            eprintln!("left out: mksquashfs does not run: {error}");
            return None;
        }
    }
    Some(fs::read(out).unwrap())
}

fn write(tree: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = tree.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn files_of(tree: &Path) -> Files {
    fn add(tree: &Path, directory: PathBuf, files: &mut Files) {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_type().unwrap().is_dir() {
                add(tree, entry.path(), files);
            } else if let Ok(content) = fs::read(entry.path()) {
                let path = entry.path().strip_prefix(tree).unwrap().to_str().unwrap().to_owned();
                files.insert(path, content);
            }
        }
    }
    let mut files = Files::new();
    add(tree, tree.to_owned(), &mut files);
    files
}

/// Something in every place, and something beside it that does not count.
fn every_section(tree: &Path) {
    write(tree, ".singularity.d/labels.json", r#"{"Version": "1.2", "empty": ""}"#);
    write(tree, ".singularity.d/runscript", "#!/bin/sh\nexec true\n\n");
    write(tree, ".singularity.d/runscript.help", "도움말\n  second line");
    write(tree, ".singularity.d/startscript", "#!/bin/sh\n");
    write(tree, ".singularity.d/test", "");
    write(tree, ".singularity.d/Singularity", "bootstrap: docker\nfrom: busybox\n\n");
    write(tree, ".singularity.d/env/10-docker2singularity.sh", "#!/bin/sh\nexport PATH=/bin\n");
    write(tree, ".singularity.d/env/90-environment.sh", "export A=1\n");
    write(tree, ".singularity.d/env/91-environment.sh", "");
    write(tree, ".singularity.d/env/94-appsbase.sh", "not this one");
    write(tree, ".singularity.d/env/01-base.sh", "nor this");
    write(tree, "scif/apps/alpha/scif/runscript", "#!/bin/sh\necho alpha\n");
    write(tree, "scif/apps/alpha/scif/labels.json", r#"{"App": "alpha"}"#);
    write(tree, "scif/apps/alpha/scif/env/90-environment.sh", "export ALPHA=1\n");
    write(tree, "scif/apps/alpha/scif/env/10-docker.sh", "not in an app");
    write(tree, "scif/apps/beta/scif/startscript", "#!/bin/sh\necho beta\n");
    write(tree, "scif/apps/.hidden/bin/x", "no app");
    write(tree, "scif/apps/no-app/bin/x", "no app");
    write(tree, "bin/tool", vec![7; 300_000]);
}

/// Pseudo-random text that does not compress well.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        bytes.extend_from_slice(&seed.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

#[rstest]
fn every_compression_and_layout_is_read(
    #[values("gzip", "xz", "zstd", "lz4", "lzma")] compression: &str,
    #[values(
        &[],
        &["-no-fragments"],
        &["-always-use-fragments"],
        &["-noI", "-noD", "-noF", "-noX"],
        &["-b", "4096"],
        &["-b", "1M"]
    )]
    layout: &[&str],
) {
    let tree = tempfile::tempdir().unwrap();
    every_section(tree.path());
    // Longer than a block of any size but the largest, with a hole.
    let mut help = b"help ".repeat(60_000);
    help[150_000..290_000].fill(0);
    write(tree.path(), ".singularity.d/runscript.help", help);
    let Some(squashfs) = mksquashfs(tree.path(), &[&["-comp", compression], layout].concat()) else { return };
    assert_read(&squashfs, &files_of(tree.path()));
    if compression != "lzma" {
        assert_read(&squashfs, &files_by_backhand(&squashfs));
    }
}

#[rstest]
#[case::xz_with_a_filter(&["-comp", "xz", "-Xbcj", "x86"])]
#[case::xz_with_a_small_dictionary(&["-comp", "xz", "-Xdict-size", "8K"])]
#[case::gzip_with_options(&["-comp", "gzip", "-Xcompression-level", "1", "-Xwindow-size", "8"])]
#[case::zstd_at_its_best(&["-comp", "zstd", "-Xcompression-level", "22"])]
#[case::lz4_at_its_best(&["-comp", "lz4", "-Xhc"])]
#[case::no_duplicates_no_exports(&["-no-duplicates", "-no-exports", "-no-xattrs", "-all-root"])]
fn options_of_the_compressors_do_not_matter(#[case] options: &[&str]) {
    let tree = tempfile::tempdir().unwrap();
    every_section(tree.path());
    if let Some(squashfs) = mksquashfs(tree.path(), options) {
        assert_read(&squashfs, &files_of(tree.path()));
    }
}

/// A directory with an index has its names found without reading them all; one without, and one that is listed, are
/// read across metadata blocks.
#[test]
fn big_directories_are_read() {
    let tree = tempfile::tempdir().unwrap();
    every_section(tree.path());
    for number in 0..3000 {
        write(tree.path(), &format!(".singularity.d/env/50-{number:05}-{}.sh", "x".repeat(100)), "");
        write(tree.path(), &format!("{number:05}-beside-the-root/file"), "");
        write(tree.path(), &format!(".singularity.d/m{number:05}-{}", "x".repeat(60)), "");
    }
    for number in 0..200 {
        write(tree.path(), &format!("scif/apps/app{number:03}/scif/runscript"), format!("echo {number}\n"));
    }
    let Some(squashfs) = mksquashfs(tree.path(), &[]) else { return };
    assert_read(&squashfs, &files_of(tree.path()));
    assert_read(&squashfs, &files_by_backhand(&squashfs));
}

/// Files with several names have extended inodes; links lead where they would in the container.
#[test]
fn extended_inodes_and_links_are_read() {
    let tree = tempfile::tempdir().unwrap();
    let root = tree.path();
    every_section(root);
    fs::hard_link(root.join(".singularity.d/runscript"), root.join(".singularity.d/second-name")).unwrap();
    fs::hard_link(root.join(".singularity.d/labels.json"), root.join("third-name")).unwrap();
    let files = files_of(root);
    // The same by other ways: absolute, relative, through a directory, above the root.
    fs::rename(root.join("scif"), root.join("elsewhere")).unwrap();
    let link = |target: &str, path: &str| std::os::unix::fs::symlink(target, root.join(path)).unwrap();
    link("/elsewhere", "scif");
    fs::rename(root.join(".singularity.d/test"), root.join("bin/test")).unwrap();
    link("../../../bin/test", ".singularity.d/test");
    fs::rename(root.join(".singularity.d/startscript"), root.join("bin/start")).unwrap();
    link("/bin/../bin/start", ".singularity.d/startscript");
    // And some that lead nowhere.
    link("itself", ".singularity.d/itself");
    link("itself", ".singularity.d/env/99-environment.sh");
    link("/nowhere/at/all", ".singularity.d/env/98-environment.sh");
    let Some(squashfs) = mksquashfs(root, &[]) else { return };
    let image = read(squashfs.as_slice()).unwrap();
    assert_eq!((image.inspect, image.unreadable), (Some(inspect_of(&files)), None));
}

/// Names that are not UTF-8, or not what one expects, do no harm.
#[test]
fn odd_names_are_read() {
    let tree = tempfile::tempdir().unwrap();
    every_section(tree.path());
    let odd = std::ffi::OsStr::from_bytes(b"9\xff\n'\"-environment.sh");
    fs::write(tree.path().join(".singularity.d/env").join(odd), "export ODD=1\n").unwrap();
    let Some(squashfs) = mksquashfs(tree.path(), &[]) else { return };
    let image = read(squashfs.as_slice()).unwrap();
    assert_eq!(image.environment["/.singularity.d/env/9\u{fffd}\n'\"-environment.sh"], "export ODD=1");
}

#[test]
fn a_large_image_is_read_with_little_of_it() {
    const FILES: usize = 6500;
    const FILE: usize = 14_000;
    let tree = tempfile::tempdir().unwrap();
    every_section(tree.path());
    for number in 0..FILES {
        let path = format!("usr/lib/python3/package{:03}/module-{number:05}.so", number % 300);
        write(tree.path(), &path, noise(FILE, number as u64 + 1));
    }
    let Some(squashfs) = mksquashfs(tree.path(), &[]) else { return };
    let sif = sif_around(&squashfs);
    assert!(sif.len() > 90_000_000, "{} bytes", sif.len());
    let file = Counted::new(&sif, sif.len() as u64);
    let image = read(&file).unwrap();
    assert_eq!((image.inspect, image.unreadable), (Some(inspect_of(&files_of(tree.path()))), None));
    let (read, reads) = (file.read.get(), file.reads.get());
    println!("{read} of {} bytes, {reads} reads", sif.len());
    assert!(read * 400 < sif.len(), "{read} bytes read");
    assert!(reads < 40, "{reads} reads");
}

// ---- made by backhand -------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_tree_is_read(
        compressor in prop::sample::select(vec![Compressor::Gzip, Compressor::Xz, Compressor::Zstd]),
        block_log in 12u32..=20,
        texts in prop::collection::btree_map(
            prop_oneof![
                "\\.singularity\\.d/(runscript|startscript|test|runscript\\.help|Singularity)",
                "\\.singularity\\.d/env/(9[0-9a-z]{0,3}-environment|10-docker[a-z]{0,9}|[0-9]{2}-other)\\.sh",
                "scif/apps/[a-z]{1,4}/scif/(runscript|test|runscript\\.help|startscript|env/9[0-9]-environment\\.sh)",
                "[a-zA-Z]{1,3}/[a-z]{1,9}/[a-z]{1,200}",
            ],
            prop_oneof!["\\PC{0,40}\n{0,3}", "[a-z \n]{0,400}", Just("long\n".repeat(40_000))],
            0..40,
        ),
    ) {
        let header = NodeHeader::new(0o755, 0, 0, 0);
        let mut writer = FilesystemWriter::default();
        writer.set_compressor(FilesystemCompressor::new(compressor, None).unwrap());
        writer.set_block_size(1 << block_log);
        for (path, text) in &texts {
            writer.push_dir_all(Path::new(path).parent().unwrap(), header).unwrap();
            writer.push_file(Cursor::new(text.as_bytes()), path, header).unwrap();
        }
        let mut squashfs = Cursor::new(Vec::new());
        writer.write(&mut squashfs).unwrap();
        let squashfs = squashfs.into_inner();
        let files = texts.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
        assert_read(&squashfs, &files);
    }
}
