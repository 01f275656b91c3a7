//! `quarterdeck image inspect`, on images of which the real Apptainer said what is in them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::Site;

fn image(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-sif/tests/images").join(name)
}

fn inspect(name: &str, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.args(["image", "inspect"]).arg(image(name)).args(options).output().unwrap()
}

fn printed(name: &str, options: &[&str]) -> String {
    let output = inspect(name, options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn keys() -> String {
    image("fixture-pgp-public.asc").to_str().unwrap().to_owned()
}

#[test]
fn json_is_what_apptainer_prints() {
    for (name, real) in [("lean-gzip.sif", "apptainer_inspect_all"), ("lean.sqfs", "inspect_from_filesystem")] {
        let expected: Value =
            serde_json::from_slice(&fs::read(image(&format!("{name}.expected.json"))).unwrap()).unwrap();
        let ours: Value = serde_json::from_str(&printed(name, &["--json"])).unwrap();
        assert_eq!(ours, expected[real], "{name}");
    }
}

/// Where the real tool runs the container to find out.
#[test]
fn without_stored_metadata_the_real_tool_prints_the_same() {
    let Some(demo) = Site::demo_image() else { return };
    let apptainer = |arguments: &[&str], image: &Path| {
        let output = Command::new(std::env::var_os("QD_TEST_APPTAINER").unwrap()).args(arguments).arg(image).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let directory = tempfile::tempdir().unwrap();
    let bare = directory.path().join("bare.sif");
    fs::copy(demo, &bare).unwrap();
    apptainer(&["sif", "del", "2"], &bare);
    let real: Value = serde_json::from_slice(&apptainer(&["inspect", "--json", "--all"], &bare)).unwrap();
    let ours: Value = serde_json::from_str(&printed(bare.to_str().unwrap(), &["--json"])).unwrap();
    assert_eq!(ours, real);
}

#[test]
fn lines_say_what_the_image_is() {
    let lines = printed("lean-fsonly.sif", &[]);
    for line in ["format\tSIF", "architecture\tamd64", "signatures\t0", "apps\talpha beta", "label\tVersion\t1.2.3"] {
        assert!(lines.lines().any(|ours| ours == line), "{line} is not among\n{lines}");
    }
    assert!(!lines.contains("unreadable"));
}

#[test]
fn signatures_are_checked_with_the_keys_given() {
    let line = |options: &[&str]| {
        let lines = printed("lean-signed-pgp.sif", options);
        lines.lines().find(|line| line.starts_with("signature\t")).unwrap().to_owned()
    };
    assert!(line(&[]).ends_with("4dd480770883b4947c780ab803f8579a6197815a\tunchecked: give --keys"));
    let verified = "verified: Portico Fixture (test only) <fixture@example.org>";
    assert!(line(&["--keys", &keys()]).ends_with(verified));
}

/// A key that the real tool made, and an image that it signed with it.
#[test]
fn what_the_real_tool_signed_is_verified_with_its_key() {
    let Some(demo) = Site::demo_image() else { return };
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    // It asks which key is meant, of the one that there is.
    fs::write(at("answer"), "0\n").unwrap();
    let apptainer = |arguments: &[&str]| {
        let mut command = Command::new(std::env::var_os("QD_TEST_APPTAINER").unwrap());
        command.env("APPTAINER_KEYSDIR", at("keys")).args(arguments).stdin(File::open(at("answer")).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    fs::copy(demo, at("signed.sif")).unwrap();
    let who = ["--name", "Site", "--email", "images@example.org", "--comment", "", "--password", "", "--push=false"];
    apptainer(&[&["key", "newpair"], who.as_slice()].concat());
    apptainer(&["sign", &at("signed.sif")]);
    fs::create_dir(at("trusted")).unwrap();
    apptainer(&["key", "export", "--armor", &at("trusted/site.asc")]);
    apptainer(&["key", "export", &at("trusted/site.bin")]);

    for keys in [at("trusted/site.asc"), at("trusted/site.bin"), at("trusted")] {
        let lines = printed(&at("signed.sif"), &["--keys", &keys]);
        assert!(lines.contains("\tverified: Site"), "{lines}");
        assert!(lines.contains("\nsigned\tverified\n"), "{lines}");
    }
    assert!(printed(&at("signed.sif"), &["--keys", &keys()]).contains("\tunknown key\nsigned\twith an unknown key\n"));
    fs::write(at("trusted/readme"), "no key").unwrap();
    let output = inspect(&at("signed.sif"), &["--keys", &at("trusted")]);
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("trusted/readme: this is neither an OpenPGP public key")
    );
}

#[test]
fn a_signature_that_does_not_hold_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let changed = directory.path().join("changed.sif");
    let mut bytes = fs::read(image("lean-signed-pgp.sif")).unwrap();
    bytes[60_000] ^= 1;
    fs::write(&changed, bytes).unwrap();
    let output = inspect(changed.to_str().unwrap(), &["--keys", &keys()]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a signature does not hold (object 3 (FS) was changed): do not run this image"), "{said}");
}

/// A terminal does what it is told by an escape sequence.
#[test]
fn what_an_image_is_called_in_does_not_reach_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let (tree, made) = (directory.path().join("tree"), directory.path().join("made.sqfs"));
    fs::create_dir_all(tree.join(".singularity.d/env")).unwrap();
    fs::create_dir_all(tree.join("scif/apps/\u{1b}]0;app\u{7}/scif")).unwrap();
    fs::write(tree.join(".singularity.d/labels.json"), json!({"\u{1b}[31mred": "\u{1b}[2J"}).to_string()).unwrap();
    // More than is read of one text.
    fs::write(tree.join(".singularity.d/env/9\u{1b}[8m-environment.sh"), vec![b'x'; 2 << 20]).unwrap();
    match Command::new("mksquashfs").arg(&tree).arg(&made).arg("-quiet").output() {
        Err(error) => {
            assert!(std::env::var_os("QD_TEST_REQUIRE").is_none(), "mksquashfs: {error}");
            return eprintln!("left out: there is no mksquashfs");
        }
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
    }
    for options in [&[][..], &["--json"]] {
        let output = inspect(made.to_str().unwrap(), options);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("2097152") || said.contains("1048576"), "the long text is told of: {said}");
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{options:?}: {said:?}");
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let output = inspect("bad-magic.sif", &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("this is not an Apptainer image"));
    let output = inspect("empty.sif", &["--json"]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("it holds no root file system"));
}
