//! What kind a file is: by its content, a site's rules, and before all what its user says; what is warned of, and what a
//! site does not take.

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::uploading::{announced, append, create, files_in, hidden_in, id_of, info, single_user, uploads};
use crate::support::{Answer, Client, Site};

const NUMBERS: &[u8] = b"# t p\n0.0 1.0\n0.1 1.1\n";
const PICKLE: &[u8] = b"\x80\x04\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.";

async fn told(client: &Client, name: &str, bytes: &[u8]) -> Value {
    let id = client.upload(name, bytes).await;
    info(client, &id).await
}

fn kind_of(info: &Value) -> (&str, &str, &str) {
    (
        info["kind"].as_str().unwrap(),
        info["kind_source"].as_str().unwrap(),
        info["kind_reason"]["code"].as_str().unwrap(),
    )
}

/// Started anew, with this in its environment.
async fn site_with(environment: &[(&str, &str)]) -> (Site, Client) {
    let (mut site, client) = single_user().await;
    site.kill_server();
    site.start_server(environment).await;
    (site, client)
}

#[tokio::test]
async fn content_goes_before_the_name_and_the_reason_is_told() {
    let (_site, client) = single_user().await;
    let id = announced(&client, "a.vtk", 10).await;
    assert_eq!(kind_of(&info(&client, &id).await), ("mesh", "name", "name"), "until its content is known");
    let points = "# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS 1 float\n0 0 0\n";
    let mesh = told(&client, "a.vtk", points.as_bytes()).await;
    assert_eq!(kind_of(&mesh), ("mesh", "content", "format-without"));
    let result = told(&client, "b.vtk", format!("{points}POINT_DATA 1\n").as_bytes()).await;
    assert_eq!(kind_of(&result), ("result", "content", "format-with"));
    let reason = &result["kind_reason"];
    assert_eq!(reason["params"], json!({"format": "VTK POLYDATA", "with": "POINT_DATA, CELL_DATA"}));
    assert_eq!(reason["text"], "By its content: VTK POLYDATA with POINT_DATA, CELL_DATA.");
    assert_eq!(kind_of(&told(&client, "notes.dat", NUMBERS).await), ("data", "content", "numeric-columns"));
    assert_eq!(kind_of(&told(&client, "run.txt", b"#!/bin/bash\ntrue\n").await), ("script", "content", "shebang"));
    assert_eq!(kind_of(&told(&client, "empty.csv", b"").await), ("data", "name", "name"));
    let listed = client.get("/uploads").await.json();
    assert_eq!(listed["items"][0]["kind_reason"]["code"], "name");
}

#[tokio::test]
async fn what_the_user_says_wins_and_is_remembered_for_the_ending_until_she_says_otherwise() {
    let (mut site, client) = single_user().await;
    let pair = |key: &str, value: &str| format!("{key} {}", BASE64_STANDARD.encode(value));
    let metadata = format!("{},{}", pair("filename", "first.dat"), pair("kind", "result"));
    let headers = [("Upload-Length", "22"), ("Upload-Metadata", metadata.as_str())];
    let first = id_of(&create(&client, &headers, NUMBERS, true).await);
    let first = info(&client, &first).await;
    assert_eq!((&first["state"], kind_of(&first)), (&json!("finished"), ("result", "user", "chosen")));

    site.restart_server().await;
    let second = told(&client, "second.DAT", NUMBERS).await;
    assert_eq!(kind_of(&second), ("result", "user", "remembered"));
    assert_eq!(second["kind_reason"]["text"], "As you chose for *.dat last time.");
    assert_eq!(kind_of(&told(&client, "other.txt", NUMBERS).await).1, "content");

    let path = format!("/uploads/{}/info", second["id"].as_str().unwrap());
    let changed = client.patch(&path, &json!({"kind": "mesh"})).await.json();
    assert_eq!(kind_of(&changed), ("mesh", "user", "chosen"));
    assert_eq!(kind_of(&told(&client, "third.dat", NUMBERS).await), ("mesh", "user", "remembered"));
}

#[tokio::test]
async fn what_a_user_said_can_be_left_to_the_content_again_also_for_the_next_files() {
    let (site, client) = single_user().await;
    let first = told(&client, "first.dat", NUMBERS).await;
    let path = format!("/uploads/{}/info", first["id"].as_str().unwrap());
    client.patch(&path, &json!({"kind": "mesh"})).await;
    assert_eq!(kind_of(&told(&client, "second.dat", NUMBERS).await), ("mesh", "user", "remembered"));

    let again = client.patch(&path, &json!({"kind": null})).await.json();
    assert_eq!(kind_of(&again), kind_of(&first));
    assert_eq!(kind_of(&told(&client, "third.dat", NUMBERS).await), kind_of(&first));
    assert_eq!(client.patch(&path, &json!({})).await.status, 422, "nothing said is not \"nothing\" said");

    // Nobody can look into it: its name tells.
    fs::remove_file(site.home(&site.person()).join("quarterdeck/uploads/first.dat")).unwrap();
    assert_eq!(kind_of(&client.patch(&path, &json!({"kind": null})).await.json()).1, "name");

    // While it comes: its content tells when it is whole.
    let id = announced(&client, "fourth.dat", NUMBERS.len()).await;
    append(&client, &id, 0, &NUMBERS[..5]).await;
    let path = format!("/uploads/{id}/info");
    client.patch(&path, &json!({"kind": "document"})).await;
    client.patch(&path, &json!({"kind": null})).await;
    append(&client, &id, 5, &NUMBERS[5..]).await;
    assert_eq!(kind_of(&info(&client, &id).await), kind_of(&first));
}

#[tokio::test]
async fn a_choice_made_while_the_file_comes_stays_when_it_is_whole() {
    let (_site, client) = single_user().await;
    let id = announced(&client, "a.vtk", NUMBERS.len()).await;
    append(&client, &id, 0, &NUMBERS[..5]).await;
    client.patch(&format!("/uploads/{id}/info"), &json!({"kind": "document"})).await;
    append(&client, &id, 5, &NUMBERS[5..]).await;
    let whole = info(&client, &id).await;
    assert_eq!((&whole["state"], kind_of(&whole)), (&json!("finished"), ("document", "user", "chosen")));
}

#[tokio::test]
async fn a_sites_rules_go_before_content_and_behind_the_user() {
    let rules = "*.odb = result,run?.dat = mesh if 4d455348 at 2";
    let (_site, client) = site_with(&[("QUARTERDECK_UPLOADS__KIND_RULES", rules)]).await;
    let ruled = told(&client, "blade.odb", NUMBERS).await;
    assert_eq!(kind_of(&ruled), ("result", "site_rule", "rule"));
    assert_eq!(ruled["kind_reason"]["params"], json!({"pattern": "*.odb"}));
    assert_eq!(kind_of(&told(&client, "run1.dat", b"--MESH--").await), ("mesh", "site_rule", "rule"));
    assert_eq!(kind_of(&told(&client, "run2.dat", NUMBERS).await).1, "content");
    let path = format!("/uploads/{}/info", ruled["id"].as_str().unwrap());
    client.patch(&path, &json!({"kind": "data"})).await;
    assert_eq!(kind_of(&told(&client, "next.odb", NUMBERS).await), ("data", "user", "remembered"));
}

#[tokio::test]
async fn a_wrong_rule_is_said_at_the_start_with_its_key() {
    let site = Site::single_user().await;
    let check = |text: &str| {
        let file = site.path("etc/wrong.toml");
        fs::write(&file, format!("[uploads]\n{text}\n")).unwrap();
        let output = site.quarterdeck(&["config", "check", "--config", file.to_str().unwrap()]).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (ok, said) = check("kind_rules = [\"*.odb = result\"]\nrefuse = [\"macros\", \"pickles\"]");
    assert!(ok, "{said}");
    for (text, key, problem) in [
        ("kind_rules = [\"*.odb = results\"]", "kind_rules", "the kind is data, config"),
        ("kind_rules = [\"*.odb = mesh if 4x at 0\"]", "kind_rules", "hexadecimal"),
        ("refuse = [\"viruses\"]", "refuse", "executables"),
    ] {
        let (ok, said) = check(text);
        assert!(!ok && said.contains(key) && said.contains(problem), "{text}: {said}");
    }
}

#[tokio::test]
async fn what_runs_by_itself_is_warned_of() {
    let (_site, client) = single_user().await;
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0";
    assert_eq!(told(&client, "tool", elf).await["warnings"], json!(["executables"]));
    assert_eq!(told(&client, "weights.dat", PICKLE).await["warnings"], json!(["pickles"]));
    assert_eq!(told(&client, "plain.dat", NUMBERS).await["warnings"], json!([]));
}

#[tokio::test]
async fn what_a_site_refuses_is_not_placed_and_leaves_nothing() {
    let (site, client) = site_with(&[("QUARTERDECK_UPLOADS__REFUSE", "executables,pickles")]).await;
    let refused = |answer: &Answer| {
        assert_eq!(answer.status, 422, "{}", answer.text());
        answer.json()["code"].as_str().unwrap().to_owned()
    };
    // At its first bytes, however much is to come.
    let id = announced(&client, "big.dat", 5_000_000).await;
    assert_eq!(refused(&append(&client, &id, 0, &[PICKLE, &[0; 1000]].concat()).await), "pickles-refused");
    assert_eq!(client.get(&format!("/uploads/{id}/info")).await.status, 404);
    assert_eq!(append(&client, &id, 0, b"x").await.status, 404);
    // With its announcement.
    let metadata = format!("filename {}", BASE64_STANDARD.encode("model.pkl"));
    let length = PICKLE.len().to_string();
    let headers = [("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
    assert_eq!(refused(&create(&client, &headers, PICKLE, true).await), "pickles-refused");
    // A byte at a time: when it is whole.
    let id = announced(&client, "small.dat", PICKLE.len()).await;
    for (at, byte) in PICKLE.iter().enumerate().take(PICKLE.len() - 1) {
        assert_eq!(append(&client, &id, at, &[*byte]).await.status, 204);
    }
    let last = PICKLE.len() - 1;
    assert_eq!(refused(&append(&client, &id, last, &PICKLE[last..]).await), "pickles-refused");
    // Made of parts, of which neither tells.
    let mut parts = Vec::new();
    for piece in [&b"\x7f"[..], b"ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0"] {
        let headers = [("Upload-Length", &*piece.len().to_string()), ("Upload-Concat", "partial")];
        let part = id_of(&create(&client, &headers, b"", false).await);
        assert_eq!(append(&client, &part, 0, piece).await.status, 204);
        parts.push(format!("/api/v1/uploads/{part}"));
    }
    let concat = format!("final;{}", parts.join(" "));
    let headers = [("Upload-Concat", concat.as_str()), ("Upload-Metadata", metadata.as_str())];
    assert_eq!(refused(&create(&client, &headers, b"", false).await), "executables-refused");

    assert_eq!((files_in(&uploads(&site)), hidden_in(&uploads(&site))), (Vec::<String>::new(), 0));
    assert_eq!(client.get("/uploads").await.json()["items"], json!([]));
    let audit = client.get("/audit?action=upload.finish").await.json();
    let events = audit["items"].as_array().unwrap();
    let of = |risk: &str| {
        let is = |event: &&Value| event["result"] == "refused" && event["detail"]["refused"] == risk;
        events.iter().filter(is).count()
    };
    assert_eq!((of("pickles"), of("executables")), (3, 1), "{audit}");
    // What is not refused comes, and is warned of.
    assert_eq!(told(&client, "plain.dat", NUMBERS).await["state"], "finished");
}
