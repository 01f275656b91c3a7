//! Images on nodes, as clients see them: real nodes are looked at over SSH, all or some, and a scan is ended.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sshd::{self, Sshd};
use crate::support::{Client, Site, runs_as};

async fn ended(client: &Client, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let scan = client.get(&format!("/images/scans/{id}")).await.json();
        if scan["state"] != "queued" && scan["state"] != "running" {
            return scan;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{scan}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn begin(client: &Client, wish: &Value) -> String {
    let scan = client.post("/images/scan", wish).await;
    assert_eq!(scan.status, 202, "{}", scan.text());
    scan.json()["scan_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nodes_are_looked_at_all_or_some_and_each_says_what_is_wrong() {
    if !sshd::is_there() {
        return;
    }
    let (keys, person) = (sshd::Site::new(), runs_as());
    let images = tempfile::Builder::new().prefix("quarterdeck-images.").tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(images.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-sif/tests/images/lean-gzip.sif");
    fs::copy(real, images.path().join("solver.sif")).unwrap();
    let port = sshd::free_port("127.0.0.1");
    let nodes: Vec<Sshd> = (0..3).map(|_| keys.node_at(&sshd::free_address(), port, "")).collect();
    // The third one is unknown.
    let known: String = nodes[..2].iter().map(Sshd::known_hosts_line).collect();
    let known = keys.write("known_hosts", &known);
    for file in [&keys.path("user"), &known] {
        chown(file, Some(person.uid.as_raw()), Some(person.gid.as_raw())).unwrap();
    }
    let names: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    let (list, port, key) = (names.join(","), port.to_string(), keys.path("user"));
    let environment = [
        ("QUARTERDECK_IMAGES__SSH__NODES", list.as_str()),
        ("QUARTERDECK_IMAGES__SSH__DIRECTORIES", images.path().to_str().unwrap()),
        ("QUARTERDECK_IMAGES__SSH__USER", &person.name),
        ("QUARTERDECK_IMAGES__SSH__PORT", &port),
        ("QUARTERDECK_IMAGES__SSH__KEY_FILE", key.to_str().unwrap()),
        ("QUARTERDECK_IMAGES__SSH__KNOWN_HOSTS", known.to_str().unwrap()),
    ];
    let site = Site::single_user_in(Path::new("/var/tmp"), &environment).await;
    let client = site.client(&site.person()).await;
    let id = begin(&client, &json!({})).await;
    let scan = ended(&client, &id).await;
    let of = |name: &str| scan["hosts"].as_array().unwrap().iter().find(|host| host["host"] == name).unwrap();
    for name in &names[..2] {
        assert_eq!((&of(name)["state"], &of(name)["error"]), (&json!("finished"), &json!(null)), "{scan}");
        assert_eq!(of(name)["images_unchanged"], 1, "the scan at the start found it: {scan}");
    }
    assert_eq!(of(names[2])["state"], "failed");
    assert!(of(names[2])["error"].as_str().unwrap().contains("not in known_hosts"), "{scan}");

    let found = client.get("/images?q=solver").await.json();
    let image = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|image| image["path"].as_str().unwrap().contains("quarterdeck-images"))
        .unwrap();
    assert_eq!(image["hosts"], 2, "{image}");
    let detail = client.get(&format!("/images/{}", image["id"].as_str().unwrap())).await.json();
    assert!(detail["locations"].as_array().unwrap().iter().all(|location| location["source"] == "node"), "{detail}");
    assert_eq!(client.get(&format!("/images?node={}&q=solver", names[0])).await.json()["items"][0]["id"], image["id"]);

    // A part.
    let id = begin(&client, &json!({"nodes": [names[1]], "paths": [images.path()]})).await;
    let scan = ended(&client, &id).await;
    assert_eq!(scan["hosts"].as_array().unwrap().len(), 1, "{scan}");
    for (wish, pointer, code) in [
        (json!({"nodes": [names[0], "n99"]}), "/nodes/1", "no-such-node"),
        (json!({"paths": ["/etc"]}), "/paths/0", "no-such-directory"),
        (json!({"paths": [images.path().join("../../etc")]}), "/paths/0", "no-such-directory"),
        (json!({"paths": [images.path().join("x".repeat(2000))]}), "/paths/0", "no-such-directory"),
        (json!({"paths": vec![images.path(); 1000]}), "/paths", "too-many-directories"),
        (json!({"nodes": vec!["n99"; 100_000]}), "/nodes/0", "no-such-node"),
        (json!({"node": "n1"}), "/node", "wrong-shape"),
    ] {
        let refused = client.post("/images/scan", &wish).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.body.len() < 10_000, "what is wrong with much is told of some");
        let error = &refused.json()["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{error}");
    }

    let id = begin(&client, &json!({"nodes": vec![&names[1]; 100_000]})).await;
    let scan = ended(&client, &id).await;
    assert_eq!(scan["hosts"].as_array().unwrap().len(), 1, "named often, looked at once");

    // Ended; one that is over stays as it is.
    assert_eq!(client.delete(&format!("/images/scans/{id}")).await.status, 202);
    assert_eq!(ended(&client, &id).await["state"], "finished");
    assert_eq!(client.delete(&format!("/images/scans/{}", uuid::Uuid::nil())).await.status, 404);
    assert!(!site.server_log().contains("PRIVATE KEY"));
}
