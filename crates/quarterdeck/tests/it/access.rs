//! Who gets in, and to what: every operation of the OpenAPI document as every role and with every kind of bad token;
//! signing in and out; what the server refuses to start with.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use quarterdeck_server::{Role, Rule, TABLE};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Live, Site, left_out, unique};

/// An id that nothing has.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn each_operation_admits_whom_the_table_says() {
    let site = Site::single_user().await;
    for role in ["viewer", "user", "operator"] {
        site.add_account(&format!("one-{role}"), role);
    }
    let mut roles = Vec::new();
    for (role, name) in [(Role::Viewer, "one-viewer"), (Role::User, "one-user"), (Role::Operator, "one-operator")] {
        roles.push((role, name.to_owned(), site.client(name).await));
    }
    roles.push((Role::Admin, site.person(), site.client(&site.person()).await));
    let stranger = reqwest::Client::new();
    for (method, path) in operations(&site).await {
        let rule = rule_of(&method, &path).unwrap_or_else(|| panic!("{method} {path} is not in the table"));
        let request = stranger.request(parsed(&method), format!("{}{}", site.base(), filled(&path)));
        let status = request.send().await.unwrap().status().as_u16();
        assert_eq!(
            status == 401 && !is_refresh(&path),
            rule != Rule::Public,
            "{method} {path} without a token: {status}"
        );
        for (role, name, client) in &mut roles {
            let answer = call(client, &method, &path).await;
            if path.ends_with("/logout-all") {
                *client = site.client(name).await;
            }
            let admitted = match rule {
                Rule::Public | Rule::Known => true,
                Rule::Session(least) | Rule::Role(least, _) => *role >= least,
            };
            // A handler may refuse too (who has no Unix user has no files), in other words.
            let by_role = answer.status == 403 && (answer.body.is_empty() || answer.json()["code"] == "forbidden");
            assert_eq!(by_role, !admitted, "{method} {path} as {role:?}: {} {}", answer.status, answer.text());
            assert!(answer.status != 401 || is_refresh(&path), "{method} {path} as {role:?}");
        }
    }
}

#[tokio::test]
async fn a_key_of_each_scope_opens_what_the_table_says_and_nothing_else() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let scopes: Vec<String> = serde_json::from_value(admin.get("/auth/me").await.json()["scopes"].clone()).unwrap();
    for area in ["jobs", "images", "templates", "uploads", "users"] {
        assert!(scopes.contains(&format!("{area}:read")) && scopes.contains(&format!("{area}:write")), "{scopes:?}");
    }
    let operations = operations(&site).await;
    for scope in &scopes {
        let (_, key) = admin.key(&[scope]).await;
        for (method, path) in &operations {
            let admitted = match rule_of(method, path).unwrap() {
                Rule::Public | Rule::Known => true,
                Rule::Session(_) => false,
                Rule::Role(_, needed) => needed.to_string() == *scope,
            };
            let answer = call(&key, method, path).await;
            let code =
                if answer.body.is_empty() { json!("missing-scope") } else { answer.json_or_null()["code"].clone() };
            let refused = answer.status == 403 && (code == "missing-scope" || code == "not-by-key");
            assert_eq!(refused, !admitted, "{method} {path} with {scope}: {} {code}", answer.status);
            assert!(answer.status != 401 || is_refresh(path), "{method} {path} with {scope}");
        }
    }
}

#[tokio::test]
async fn the_document_and_the_table_name_the_same_operations() {
    let site = Site::single_user().await;
    let mut documented: BTreeSet<(String, String)> = operations(&site).await.into_iter().collect();
    for path in ["/api/v1/openapi.json", "/api/docs", "/api/docs/{*file}"] {
        documented.insert(("GET".into(), path.into()));
    }
    let table: BTreeSet<(String, String)> =
        TABLE.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(documented, table);
}

/// Programs that make clients of the document name functions by it.
#[tokio::test]
async fn each_operation_has_a_name_of_its_own() {
    let site = Site::single_user().await;
    let document = reqwest::get(format!("{}/api/v1/openapi.json", site.base())).await.unwrap();
    let document: Value = serde_json::from_slice(&document.bytes().await.unwrap()).unwrap();
    let mut named = BTreeSet::new();
    for (method, path) in operations(&site).await {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
        assert!(named.insert(name.to_owned()), "{method} {path}: {name} is another operation's too");
    }
}

#[tokio::test]
async fn no_bad_token_is_let_in_anywhere() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let claims = claims_of(client.token());
    let key = fs::read(site.path("data/signing.key")).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let key_id = jsonwebtoken::decode_header(client.token()).unwrap().kid;
    let signed = |algorithm, claims: &Value, key: &[u8]| {
        let header = Header { kid: key_id.clone(), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key)).unwrap()
    };
    let header = |algorithm: &str| json!({"alg": algorithm, "typ": "JWT", "kid": key_id});
    let good = signed(Algorithm::HS256, &claims, &key);
    assert_eq!(client.bearing(&good).get("/auth/me").await.status, 200, "the test signs as the server does");

    let signature = client.token().rsplit('.').next().unwrap();
    let (ended, refresh_token) = site.client_with_token(&site.person()).await;
    ended.post("/auth/logout", &json!({"refresh_token": refresh_token})).await;
    let (id, revoked) = client.key(&["jobs:read"]).await;
    assert_eq!(client.delete(&format!("/api-keys/{id}")).await.status, 204);
    let (_, good_key) = client.key(&["jobs:read"]).await;
    let mut changed = good_key.token().to_owned();
    let last = changed.pop();
    changed.push(if last == Some('0') { '1' } else { '0' });
    let bad = [
        ("expired", signed(Algorithm::HS256, &with("exp", json!(claims["iat"])), &key)),
        ("without an end", signed(Algorithm::HS256, &with("exp", Value::Null), &key)),
        ("another key", signed(Algorithm::HS256, &claims, b"a key of 32 bytes, but not ours!")),
        ("empty key", signed(Algorithm::HS256, &claims, b"")),
        ("another algorithm", signed(Algorithm::HS512, &claims, &key)),
        ("alg none", unsigned(&header("none"), &claims, "")),
        ("alg none with a signature", unsigned(&header("none"), &claims, signature)),
        ("RS256 said, signed by nobody", unsigned(&header("RS256"), &claims, signature)),
        ("of no key", unsigned(&json!({"alg": "HS256", "typ": "JWT"}), &claims, signature)),
        ("another issuer", signed(Algorithm::HS256, &with("iss", json!("elsewhere")), &key)),
        ("another user", signed(Algorithm::HS256, &with("sub", json!(NOTHING)), &key)),
        ("no such session", signed(Algorithm::HS256, &with("sid", json!(NOTHING)), &key)),
        ("ended session", ended.token().to_owned()),
        ("a revoked key", revoked.token().to_owned()),
        ("a key with a character changed", changed),
        ("what looks like a key", "qd_".to_owned()),
    ];
    for (method, path) in operations(&site).await {
        if rule_of(&method, &path) == Some(Rule::Public) {
            continue;
        }
        for (what, token) in &bad {
            let answer = call(&client.bearing(token), &method, &path).await;
            assert_eq!(answer.status, 401, "{method} {path}, {what}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert!(answer.body.is_empty() || answer.json()["code"] == "not-signed-in", "{}", answer.text());
        }
    }
    let mut live = Live::open(&site.base()).await;
    live.say(&json!({"type": "auth", "token": bad[0].1})).await;
    assert_eq!(live.close_code().await, 4401);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let site = Site::single_user().await;
    let paths = [
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1/auth/login"),
        ("PUT", "/api/v1/uploads"),
        ("TRACE", "/api/v1/meta"),
        ("GET", "/assets/nothing.js"),
        ("POST", "/"),
        ("DELETE", "/jobs"),
    ];
    for (method, path) in paths {
        let request = reqwest::Client::new().request(parsed(method), format!("{}{path}", site.base()));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 404, "{method} {path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let id = json!(response.headers()["x-request-id"].to_str().unwrap());
        let problem: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(
            (&problem["status"], &problem["code"], &problem["instance"]),
            (&json!(404), &json!("not-found"), &id)
        );
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_alike() {
    let site = Site::single_user().await;
    let (person, stranger) = (site.person(), site.client(&site.person()).await.bearing(""));
    let mut told = BTreeSet::new();
    for (username, password) in
        [(person.as_str(), "wrong"), ("nobody-of-this-name", "wrong"), ("a\0b", "wrong"), ("", "")]
    {
        let answer = stranger.post("/auth/login", &json!({"username": username, "password": password})).await;
        assert!(!answer.headers.contains_key("set-cookie"));
        let mut problem = answer.json();
        problem.as_object_mut().unwrap().remove("instance");
        assert_eq!(problem["status"], 401);
        told.insert(problem.to_string());
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn the_log_holds_no_secret() {
    let mut site = Site::single_user().await;
    site.kill_server();
    site.start_server(&[("RUST_LOG", "debug")]).await;
    let (client, refresh_token) = site.client_with_token(&site.person()).await;
    let wrong = "a password typed wrong";
    client.post("/auth/login", &json!({"username": site.person(), "password": wrong})).await;
    let cookie = client.request(Method::POST, "/auth/refresh").header("cookie", format!("qd_refresh={refresh_token}"));
    let rotated = client.send(cookie).await;
    let rotated = rotated.headers["set-cookie"].to_str().unwrap().split([';', '=']).nth(1).unwrap().to_owned();
    client.get(&format!("/auth/me?access_token={}", client.token())).await;
    let mut live = client.live().await;
    live.say(&json!({"type": "ping"})).await;
    live.hear().await;
    let script = "#!/bin/bash\necho $TOKEN\n";
    let job = json!({"name": unique("log"), "script": script, "environment": {"TOKEN": "a token of the job's"}});
    client.submit("local", &job).await;

    let log = site.server_log();
    assert!(log.contains("/api/v1/auth/login"), "requests are logged");
    let password = site.password(&site.person());
    for secret in [&password, wrong, client.token(), &refresh_token, &rotated, "a token of the job's"] {
        assert!(!log.contains(secret), "the log holds {secret:?}");
    }
}

#[rstest]
#[case::open_to_others(0o644, b"0123456789abcdef0123456789abcdef", "chmod 600")]
#[case::short(0o600, b"secret", "no strong key")]
#[case::empty(0o600, b"", "no strong key")]
#[case::the_same_byte(0o600, &[0; 32], "no strong key")]
fn does_not_start_with_a_weak_key(#[case] mode: u32, #[case] key: &[u8], #[case] reason: &str) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    fs::write(data.join("signing.key"), key).unwrap();
    fs::set_permissions(data.join("signing.key"), PermissionsExt::from_mode(mode)).unwrap();
    let words = refusal(Command::new(QUARTERDECK).args(["serve", "--single-user", "--data"]).arg(&data));
    assert!(words.contains(reason) && words.contains("signing.key"), "{words}");
}

#[test]
fn does_not_start_with_data_open_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).unwrap();
    let words = refusal(Command::new(QUARTERDECK).args(["serve", "--single-user", "--data"]).arg(&data));
    assert!(words.contains("chmod 700"), "{words}");
}

#[test]
fn a_site_is_not_served_by_root() {
    if !rustix::process::getuid().is_root() {
        left_out::<()>("only root can try to serve a site as root");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let config =
        written(directory.path(), &format!("[server]\ndata = '{}'\n", directory.path().join("data").display()));
    let words = refusal(Command::new(QUARTERDECK).args(["serve", "--config"]).arg(config));
    assert!(words.contains("does not run as root"), "{words}");
    assert!(!directory.path().join("data").exists(), "and leaves nothing behind");
}

#[rstest]
#[case("[server]\nlisten_on = '127.0.0.1:0'\n", "listen_on")]
#[case("[sever]\n", "sever")]
#[case("[uploads]\nchunk_size = 5\n", "uploads.chunk_size")]
#[case("[slurm]\nname = 'a/b'\n", "slurm.name")]
#[case("[limits]\nsubmit = '60/day'\n", "submit = '60/day'")]
#[case("[redis]\nurl = 'http://redis'\n", "redis.url")]
#[case("[server]\ntrusted_proxies = ['localhost']\n", "trusted_proxies")]
fn does_not_start_with_a_configuration_that_it_does_not_understand(#[case] text: &str, #[case] named: &str) {
    let directory = tempfile::tempdir().unwrap();
    let config = written(directory.path(), text);
    let words = refusal(Command::new(QUARTERDECK).args(["serve", "--config"]).arg(config));
    assert!(words.contains(named), "{words}");
}

#[test]
fn does_not_start_with_a_signing_key_of_images_that_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("site.asc");
    fs::write(&key, "no key").unwrap();
    let text = format!("[images]\nsigning_keys = ['{}']\n", key.display());
    let config = written(directory.path(), &text);
    let data = directory.path().join("data");
    let mut serve = Command::new(QUARTERDECK);
    let words = refusal(serve.args(["serve", "--single-user", "--config"]).arg(&config).arg("--data").arg(data));
    let expected = format!("reading the signing key {}: this is neither an OpenPGP public key", key.display());
    assert!(words.contains("images.signing_keys") && words.contains(&expected), "{words}");
    let checked = Command::new(QUARTERDECK).args(["config", "check", "--config"]).arg(config).output().unwrap();
    assert!(!checked.status.success() && String::from_utf8(checked.stderr).unwrap().contains(&expected));
}

const QUARTERDECK: &str = env!("CARGO_BIN_EXE_quarterdeck");

/// What a server says that does not start.
fn refusal(command: &mut Command) -> String {
    let output = command.arg("--listen=127.0.0.1:0").output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn written(directory: &Path, text: &str) -> std::path::PathBuf {
    let path = directory.join("quarterdeck.toml");
    fs::write(&path, text).unwrap();
    path
}

/// Method and path of every operation that the running server documents.
async fn operations(site: &Site) -> Vec<(String, String)> {
    let document: Value = serde_json::from_slice(
        &reqwest::get(format!("{}/api/v1/openapi.json", site.base())).await.unwrap().bytes().await.unwrap(),
    )
    .unwrap();
    let methods = ["get", "post", "put", "patch", "delete", "head", "options"];
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let given = methods.iter().filter(|method| item.get(**method).is_some());
        given.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

fn rule_of(method: &str, path: &str) -> Option<Rule> {
    TABLE.iter().find(|route| route.method == method && route.path == path).map(|route| route.rule)
}

/// Everybody may ask for new tokens, and without a cookie gets none.
fn is_refresh(path: &str) -> bool {
    path == "/api/v1/auth/refresh"
}

fn filled(path: &str) -> String {
    path.replace("{cluster}", "local")
        .replace("{space}", "home")
        .replace("{node}", "no-such-node")
        .replace("{job}", NOTHING)
        .replace("{id}", NOTHING)
        .replace("{key}", NOTHING)
        .replace("{ticket}", NOTHING)
}

fn parsed(method: &str) -> Method {
    Method::from_bytes(method.as_bytes()).unwrap()
}

async fn call(client: &Client, method: &str, path: &str) -> Answer {
    client.send(client.request_at(parsed(method), &filled(path))).await
}

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn unsigned(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}
