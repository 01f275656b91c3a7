//! Who is admitted, and how long the agent stays.

use std::os::unix::fs::PermissionsExt;

use quarterdeck_types::agent::{Answer, ErrorCode, MAX_REQUEST_BYTES, PROTOCOL, Request};

use crate::support::{Site, home, wait_for};

#[test]
fn says_who_it_is_and_what_the_site_allows() {
    let site = Site::with_agent();
    let Answer::Hello(hello) = site.stranger().ask(Request::Hello { protocol: PROTOCOL }) else { panic!() };
    assert_eq!((hello.user.as_str(), hello.uid), ("alice", rustix::process::getuid().as_raw()));
    let spaces: Vec<_> = hello.spaces.iter().map(|space| (space.name.as_str(), space.root.as_str())).collect();
    let (at_home, at_scratch) = (site.path("home"), site.path("scratch"));
    assert_eq!(spaces, [("home", at_home.to_str().unwrap()), ("scratch", at_scratch.to_str().unwrap())]);
    assert_eq!(site.socket().metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn another_protocol_is_refused_before_anything_else_is_read() {
    let site = Site::with_agent();
    let mut client = site.stranger();
    assert_eq!(client.error(Request::Hello { protocol: PROTOCOL + 1 }), ErrorCode::Version);
    assert!(client.receive().is_none());
    assert_eq!(site.stranger().error(Request::Stat { at: home("") }), ErrorCode::BadRequest);
}

#[test]
fn nonsense_ends_at_most_its_own_connection() {
    let site = Site::with_agent();
    let mut client = site.client();
    client.send(&serde_json::json!({"do": "run", "shell": "id"}));
    assert!(matches!(client.receive(), Some((Answer::Error(error), _)) if error.code == ErrorCode::BadRequest));
    client.send(&serde_json::json!({"do": "stat", "at": {"space": "home", "path": "../x"}}));
    assert!(matches!(client.receive(), Some((Answer::Error(error), _)) if error.code == ErrorCode::BadRequest));
    assert_eq!(client.error(Request::OpenTerminal { columns: 80, rows: 24 }), ErrorCode::Unsupported);

    let mut flood = site.client();
    flood.send_as_far_as_it_goes(&vec![b'x'; MAX_REQUEST_BYTES + 1]);
    assert!(flood.receive().is_none());
    client.entry(Request::Stat { at: home("") });
}

#[test]
fn a_seventeenth_connection_is_told_that_the_agent_is_busy() {
    let site = Site::with_agent();
    let mut clients = Vec::new();
    // Not at once sixteen: the connection that saw the agent start may still be there for a moment.
    wait_for("sixteen connections", || {
        clients.extend(site.try_client());
        clients.len() == 16
    });
    assert!(matches!(site.stranger().receive(), Some((Answer::Error(error), _)) if error.code == ErrorCode::Busy));
    drop(clients);
    wait_for("a free place", || site.try_client().is_some());
}

#[test]
fn another_uid_is_not_answered() {
    let mut site = Site::new();
    site.start(&["--server-uid", "4000000"]);
    let mut client = site.stranger();
    client.send_as_far_as_it_goes(b"{\"do\":\"hello\",\"protocol\":1}\n");
    assert!(client.receive().is_none());
}

#[test]
fn leaves_when_idle_though_connections_are_open() {
    let mut site = Site::new();
    site.start(&["--idle-seconds", "1"]);
    let mut client = site.client();
    assert!(site.wait().success());
    assert!(client.receive().is_none());
    assert!(!site.socket().exists());
}

#[test]
fn a_configuration_that_others_may_write_is_refused() {
    let site = Site::new();
    std::fs::set_permissions(site.path("agent.toml"), PermissionsExt::from_mode(0o666)).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck-agent"))
        .arg("--socket")
        .arg(site.socket())
        .arg("--config")
        .arg(site.path("agent.toml"))
        .args(["--server-uid", "0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("agent.toml: others than its owner may write it"));
}
