//! Whether a host is who it claims to be, by a `known_hosts` file as OpenSSH has it.
//!
//! Source: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", and OpenSSH's `hostfile.c`. Where OpenSSH would ask a person, or
//! take a new key into the file, the answer here is no.

mod certificate;
mod pattern;

use std::collections::BTreeSet;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};
use thiserror::Error;

use pattern::Names;

/// Bad lines that are remembered; all are counted.
const MAX_BAD_LINES: usize = 20;
/// No key takes more.
const MAX_LINE_BYTES: usize = 64 << 10;

/// What the file says.
#[derive(Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
    bad_lines: Vec<BadLine>,
    bad_lines_total: usize,
}

/// A line that could not be read, and counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    pub why: &'static str,
}

/// The host that is to be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As it is written in `known_hosts`.
    pub name: String,
    pub port: u16,
}

#[derive(Debug)]
struct Entry {
    line: usize,
    marker: Marker,
    names: Names,
    key: PublicKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    /// A host's own key.
    None,
    CertAuthority,
    Revoked,
}

/// Why a host is not spoken to.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Untrusted {
    #[error(
        "{host} is not in known_hosts: compare its key ({key}) with what its administrator says, and add the line of \
         `ssh-keyscan {scan}` with that key"
    )]
    Unknown { host: String, scan: String, key: String },
    #[error(
        "{host} has another key ({key}) than line {line} of known_hosts says ({expected}): ask its administrator whether \
         it was installed anew. If so, replace the line; if not, somebody may be in between"
    )]
    Changed { host: String, line: usize, expected: String, key: String },
    #[error("{host} has a key ({key}) that line {line} of known_hosts revokes: give the host another key")]
    Revoked { host: String, line: usize, key: String },
    #[error("{host} has a certificate that does not hold: {why}")]
    Certificate { host: String, why: String },
}

/// What can be asked of a host so that `known_hosts` can judge it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Kinds of keys that the file has of this host.
    pub(crate) keys: Vec<Algorithm>,
    /// An authority may have signed for it.
    pub(crate) by_certificate: bool,
}

impl KnownHosts {
    pub fn parse(text: &[u8]) -> KnownHosts {
        let mut known = KnownHosts::default();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            match read_line(line) {
                Ok(None) => {}
                Ok(Some((marker, names, key))) => known.entries.push(Entry { line: number, marker, names, key }),
                Err(why) => {
                    known.bad_lines_total += 1;
                    if known.bad_lines.len() < MAX_BAD_LINES {
                        known.bad_lines.push(BadLine { number, why });
                    }
                }
            }
        }
        known
    }

    /// Lines that could not be read: the first of them, and how many there are.
    pub fn bad_lines(&self) -> (&[BadLine], usize) {
        (&self.bad_lines, self.bad_lines_total)
    }

    /// Whether this is the host's key, or a certificate of an authority's for it.
    ///
    /// # Errors
    /// It is not, or cannot be told. `now` is in seconds since 1970.
    pub fn check(&self, server: &Server, shown: &PublicKeyOrCertificate, now: u64) -> Result<(), Untrusted> {
        let key = shown.public_key();
        let certificate = shown.certificate();
        self.check_revoked(server, &key, certificate)?;
        let entries = self.entries_of(server);
        if let Some(certificate) = certificate {
            let is_authority =
                |entry: &&Entry| entry.marker == Marker::CertAuthority && entry.is_key(certificate.signature_key());
            if entries.iter().any(is_authority) {
                let invalid = |why| Untrusted::Certificate { host: server.shown(), why };
                return certificate::check(certificate, &server.name, now).map_err(invalid);
            }
        }
        // A certificate of nobody's is worth as much as the key in it.
        let mut plain = entries.iter().filter(|entry| entry.marker == Marker::None);
        let Some(first) = plain.clone().next() else {
            let authorities = entries.iter().any(|entry| entry.marker == Marker::CertAuthority);
            return Err(match certificate {
                Some(certificate) if authorities => Untrusted::Certificate {
                    host: server.shown(),
                    why: format!(
                        "its authority ({}) is none of those in known_hosts",
                        fingerprint(certificate.signature_key())
                    ),
                },
                _ => Untrusted::Unknown { host: server.shown(), scan: server.scan(), key: describe(&key) },
            });
        };
        if plain.any(|entry| entry.is_key(key.key_data())) {
            return Ok(());
        }
        let same_kind = entries
            .iter()
            .find(|entry| entry.marker == Marker::None && entry.key.algorithm() == key.algorithm())
            .unwrap_or(first);
        Err(Untrusted::Changed {
            host: server.shown(),
            line: same_kind.line,
            expected: describe(&same_kind.key),
            key: describe(&key),
        })
    }

    /// What to ask this host for: the kinds of keys by which it is known come first.
    pub(crate) fn judged(&self, server: &Server) -> Judged {
        let entries = self.entries_of(server);
        let mut keys = Vec::new();
        for entry in entries.iter().filter(|entry| entry.marker == Marker::None) {
            if !keys.contains(&entry.key.algorithm()) {
                keys.push(entry.key.algorithm());
            }
        }
        Judged { keys, by_certificate: entries.iter().any(|entry| entry.marker == Marker::CertAuthority) }
    }

    fn check_revoked(
        &self,
        server: &Server,
        key: &PublicKey,
        certificate: Option<&Certificate>,
    ) -> Result<(), Untrusted> {
        let names: BTreeSet<String> = server.names().into_iter().collect();
        let revoked = self.entries.iter().find(|entry| {
            entry.marker == Marker::Revoked
                && names.iter().any(|name| entry.names.match_name(name))
                && (entry.is_key(key.key_data())
                    || certificate.is_some_and(|certificate| entry.is_key(certificate.signature_key())))
        });
        match revoked {
            Some(entry) => {
                Err(Untrusted::Revoked { host: server.shown(), line: entry.line, key: describe(&entry.key) })
            }
            None => Ok(()),
        }
    }

    /// The lines of a host at a port of its own; where there is none, those of the host, as ssh does it.
    fn entries_of(&self, server: &Server) -> Vec<&Entry> {
        let mut found = Vec::new();
        for name in server.names() {
            let known = self.entries.iter().filter(|entry| entry.marker != Marker::Revoked);
            found = known.filter(|entry| entry.names.match_name(&name)).collect();
            if !found.is_empty() {
                break;
            }
        }
        found
    }
}

impl Server {
    /// By which it is looked for, the more exact first. OpenSSH writes the usual port nowhere, and names in small
    /// letters.
    fn names(&self) -> Vec<String> {
        let name = self.name.to_ascii_lowercase();
        if self.port == 22 { vec![name] } else { vec![format!("[{name}]:{}", self.port), name] }
    }

    fn shown(&self) -> String {
        if self.port == 22 { self.name.clone() } else { format!("[{}]:{}", self.name, self.port) }
    }

    /// What follows `ssh-keyscan`.
    fn scan(&self) -> String {
        if self.port == 22 { self.name.clone() } else { format!("-p {} {}", self.port, self.name) }
    }
}

impl Entry {
    fn is_key(&self, key: &KeyData) -> bool {
        self.key.key_data() == key
    }
}

/// `None`: the line says nothing.
fn read_line(line: &[u8]) -> Result<Option<(Marker, Names, PublicKey)>, &'static str> {
    let line = line.trim_ascii();
    if line.is_empty() || line[0] == b'#' {
        return Ok(None);
    }
    if line.len() > MAX_LINE_BYTES {
        return Err("it is longer than 64 KiB");
    }
    let line = str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut word = || words.next().ok_or("it has fewer than three words");
    let mut first = word()?;
    let mut marker = Marker::None;
    if first.starts_with('@') {
        marker = match first {
            "@cert-authority" => Marker::CertAuthority,
            "@revoked" => Marker::Revoked,
            _ => return Err("its marker is unknown"),
        };
        first = word()?;
    }
    let names = Names::parse(first)?;
    let (kind, blob) = (word()?, word()?);
    if kind.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it has a key of SSH 1");
    }
    let key = PublicKey::from_openssh(&format!("{kind} {blob}")).map_err(|_| "its key cannot be read")?;
    Ok(Some((marker, names, key)))
}

/// A key as people compare it.
fn describe(key: &PublicKey) -> String {
    let algorithm = crate::printable(key.algorithm().as_str().as_bytes());
    format!("{algorithm} {}", fingerprint(key.key_data()))
}

fn fingerprint(key: &KeyData) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

#[cfg(test)]
mod tests;
