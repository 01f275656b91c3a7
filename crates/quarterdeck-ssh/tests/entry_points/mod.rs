//! The door through which `known_hosts` files come in, and what must be true whatever they say. `fuzz/` goes through the
//! same.

use std::sync::LazyLock;

use quarterdeck_ssh::KnownHosts;
use quarterdeck_ssh::known_hosts::Server;
use russh::keys::{Certificate, PublicKey, PublicKeyOrCertificate};

/// In 2026, when one of the certificates has ended and the other holds.
const NOW: u64 = 1_790_000_000;

/// What a host shows, and the keys that may stand for it: its own, and its authority's.
struct Shown {
    what: PublicKeyOrCertificate,
    keys: Vec<&'static str>,
}

static SHOWN: LazyLock<Vec<Shown>> = LazyLock::new(|| {
    let ed25519 = include_str!("../hosts/ed25519.pub");
    let ecdsa = include_str!("../hosts/ecdsa.pub");
    let key = |line| Shown { what: PublicKey::from_openssh(line).unwrap().into(), keys: vec![blob(line)] };
    let certificate = |line, keys| Shown { what: Certificate::from_openssh(line).unwrap().into(), keys };
    let held = certificate(
        include_str!("../hosts/ed25519-cert.pub"),
        vec![blob(ed25519), blob(include_str!("../hosts/ca.pub"))],
    );
    let ended = certificate(include_str!("../hosts/ecdsa-cert.pub"), vec![blob(ecdsa)]);
    vec![key(ed25519), key(ecdsa), key(include_str!("../hosts/rsa.pub")), held, ended]
});

/// The key within its line, in base 64.
fn blob(line: &'static str) -> &'static str {
    line.split(' ').nth(1).unwrap().trim()
}

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| {
    let server = |(name, port): (&str, u16)| Server { name: name.to_owned(), port };
    [("n1", 22), ("n1", 2222), ("N1.Example.org", 22), ("192.0.2.1", 22)].map(server).into()
});

/// As a `known_hosts` file, by which several hosts are judged.
pub fn read_as_known_hosts(bytes: &[u8]) {
    let known = KnownHosts::parse(bytes);
    let (remembered, total) = known.bad_lines();
    assert!(remembered.len() <= total && remembered.len() <= 20);
    for shown in SHOWN.iter() {
        let believed: Vec<&Server> =
            SERVERS.iter().filter(|server| known.check(server, &shown.what, NOW).is_ok()).collect();
        if believed.is_empty() {
            continue;
        }
        assert!(shown.keys.iter().any(|key| holds(bytes, key)), "{believed:?} is believed by a key that is not there");
        for key in shown.keys.iter().filter(|key| holds(bytes, key)) {
            let kind = key_kind(key);
            let revoked = [bytes, format!("\n@revoked * {kind} {key}\n").as_bytes()].concat();
            let known = KnownHosts::parse(&revoked);
            let is_believed = |server: &&Server| known.check(server, &shown.what, NOW).is_ok();
            assert!(!believed.iter().any(is_believed), "what is revoked is believed");
        }
    }
}

fn holds(bytes: &[u8], key: &str) -> bool {
    bytes.windows(key.len()).any(|part| part == key.as_bytes())
}

fn key_kind(key: &str) -> &'static str {
    let kinds = [("AAAAC3", "ssh-ed25519"), ("AAAAE2", "ecdsa-sha2-nistp256"), ("AAAAB3", "ssh-rsa")];
    kinds.into_iter().find(|(begin, _)| key.starts_with(begin)).unwrap().1
}
