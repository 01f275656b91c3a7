//! Two clients that nobody here wrote: tus-js-client and tuspy, as their documentation uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use tokio::process::Command;

use crate::support::uploading::{files_in, hidden_in, info, single_user, uploads};
use crate::support::{Client, Site, left_out};

const PYTHON: &str = "/usr/bin/python3";
/// In letters that macOS has taken apart.
const TYPED: &str = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} 격자, 50%.stl";
const KEPT: &str = "한글 격자, 50%.stl";

#[rstest]
#[case("plain")]
#[case("cut")]
#[case("parallel")]
#[case("parallel-cut")]
#[case("deferred")]
#[tokio::test]
async fn tus_js_client_uploads(#[case] mode: &str) {
    let (site, client) = single_user().await;
    let Some(command) = tus_js_client(&site, &client, mode) else { return };
    whole(&site, &client, command).await;
}

#[rstest]
#[case("plain")]
#[case("cut")]
#[case("checksum")]
#[tokio::test]
async fn tuspy_uploads(#[case] mode: &str) {
    let (site, client) = single_user().await;
    let Some(command) = tuspy(&site, &client, mode) else { return };
    whole(&site, &client, command).await;
}

/// It goes on by itself when the server is killed, however often.
#[rstest]
#[case("plain")]
#[case("parallel")]
#[tokio::test]
async fn tus_js_client_outlives_servers(#[case] mode: &str) {
    let (mut site, client) = single_user().await;
    let slowly = [("QUARTERDECK_UPLOADS__MAX_BYTES_PER_SECOND", "2000000")];
    site.kill_server();
    site.start_server(&slowly).await;
    let Some(mut command) = tus_js_client(&site, &client, mode) else { return };
    let running = tokio::spawn(async move { command.output().await.unwrap() });
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(!running.is_finished(), "it was to take longer");
        site.kill_server();
        site.start_server(&slowly).await;
    }
    let output = running.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::read(uploads(&site).join(KEPT)).unwrap() == fs::read(source(&site)).unwrap());
}

fn tus_js_client(site: &Site, client: &Client, mode: &str) -> Option<Command> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    if !web.join("node_modules/tus-js-client").exists() {
        return left_out("web/node_modules is not there (`make web`)");
    }
    let mut command = Command::new("node");
    command.arg(script("tus_js.mjs")).arg(web).arg(format!("{}/api/v1/uploads", site.base()));
    command.arg(written(site)).arg(TYPED).arg(mode).env("TOKEN", client.token()).kill_on_drop(true);
    Some(command)
}

fn tuspy(site: &Site, client: &Client, mode: &str) -> Option<Command> {
    let there = std::process::Command::new(PYTHON).args(["-c", "import tusclient"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        return left_out("there is no python3-tuspy");
    }
    let mut command = Command::new(PYTHON);
    command.arg(script("tuspy_client.py")).arg(format!("{}/api/v1/uploads", site.base()));
    command.arg(written(site)).arg(TYPED).arg(mode).env("TOKEN", client.token()).kill_on_drop(true);
    Some(command)
}

async fn whole(site: &Site, client: &Client, mut command: Command) {
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let id = said.trim().rsplit('/').next().unwrap();
    let about = info(client, id).await;
    assert_eq!(
        (&about["state"], &about["filename"], &about["kind"]),
        (&json!("finished"), &json!(KEPT), &json!("mesh"))
    );
    assert!(fs::read(uploads(site).join(KEPT)).unwrap() == fs::read(source(site)).unwrap());
    assert_eq!((files_in(&uploads(site)), hidden_in(&uploads(site))), (vec![KEPT.to_owned()], 0));
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support").join(name)
}

fn source(site: &Site) -> PathBuf {
    site.path("etc/source.bin")
}

fn written(site: &Site) -> PathBuf {
    let bytes: Vec<u8> = (0..9_000_001_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(source(site), bytes).unwrap();
    source(site)
}
