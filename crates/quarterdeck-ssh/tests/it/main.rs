//! With real nodes, and some that behave badly.

mod connecting;
mod digesting;
mod reading;
mod sshd;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck_ssh::known_hosts::Server;
use quarterdeck_ssh::{Access, Error, Host, Identity, KeyFiles, KnownHosts, Limits, Sftp, connect};
use tokio::time::Instant;

use sshd::{Site, Sshd};

const LIMITS: Limits = Limits { phase: Duration::from_secs(20), request: Duration::from_secs(20) };
/// For what is to run out.
const SHORT: Limits = Limits { phase: Duration::from_secs(3), request: Duration::from_millis(800) };

fn key(site: &Site, name: &str) -> KeyFiles {
    KeyFiles { key: site.path(name), passphrase: None, certificate: None }
}

fn access(site: &Site, known_hosts: &str) -> Access {
    access_with(Identity::load(&key(site, "user")).unwrap(), known_hosts)
}

fn access_with(identity: Identity, known_hosts: &str) -> Access {
    let known_hosts = Arc::new(KnownHosts::parse(known_hosts.as_bytes()));
    Access { user: sshd::user(), identity, known_hosts, jump: None, limits: LIMITS }
}

fn host(node: &Sshd) -> Host {
    host_at(&node.address, node.port)
}

fn host_at(address: &str, port: u16) -> Host {
    Host { server: Server { name: address.to_owned(), port }, address: address.to_owned() }
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Connects and reads a file of the node's.
async fn reach(access: &Access, node: &Sshd) -> Result<(), Error> {
    let connection = connect(access, &host(node)).await?;
    let sftp = connection.sftp(in_a_minute()).await?;
    let file = sftp.open(b"/etc/hostname").await.unwrap();
    let mut text = [0; 4096];
    let length = sftp.read(&file, 0, &mut text).await.unwrap();
    assert_eq!(text[..length], std::fs::read("/etc/hostname").unwrap());
    Ok(())
}

/// A node whose SFTP makes this trouble.
fn troubled(site: &Site, kind: &str) -> Sshd {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sftp_trouble.py");
    site.node(&format!("Subsystem sftp /usr/bin/python3 {} {kind}", program.display()))
}

struct Session {
    sftp: Sftp,
    _connection: quarterdeck_ssh::Connection,
}

async fn session(site: &Site, node: &Sshd, limits: Limits, deadline: Instant) -> Result<Session, Error> {
    let mut access = access(site, &node.known_hosts_line());
    access.limits = limits;
    let connection = connect(&access, &host(node)).await?;
    let sftp = connection.sftp(deadline).await?;
    Ok(Session { sftp, _connection: connection })
}

fn path_of(directory: &tempfile::TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}
