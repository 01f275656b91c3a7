//! A real mail server of a test's own, on loopback, with STARTTLS and a password; and the mails that it took.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use nix::unistd::User;
use serde_json::Value;
use tempfile::TempDir;

use super::{eventually, left_out, secrets};

const SINK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/smtp_sink.py");
const PYTHON: &str = "/usr/bin/python3";
const NAME: &str = "portal";
const PASSWORD: &str = "a password for the mail server";

pub struct MailServer {
    directory: TempDir,
    port: u16,
    server: Option<Child>,
}

/// A mail, as its reader sees it.
#[derive(Debug)]
pub struct Mail {
    pub to: Vec<String>,
    pub head: String,
    pub subject: String,
    pub body: String,
}

impl MailServer {
    /// `None`, said so, where the machine lacks what it is made of.
    pub async fn start() -> Option<MailServer> {
        let there = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            return left_out("there is no python3-aiosmtpd");
        }
        let directory = tempfile::Builder::new().prefix("qd-mail-").tempdir_in("/var/tmp").unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut mail = MailServer { directory, port: super::receiver::free_port(), server: None };
        let new_certificate = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 \
                               -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
        let mut openssl = Command::new("openssl");
        openssl.args(new_certificate.split_whitespace()).arg("-keyout").arg(mail.path("key"));
        let output = openssl.arg("-out").arg(mail.path("certificate")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        secrets::remember(PASSWORD);
        fs::write(mail.path("password"), format!("{PASSWORD}\n")).unwrap();
        fs::set_permissions(mail.path("password"), PermissionsExt::from_mode(0o600)).unwrap();
        let reader = User::from_name("quarterdeck").unwrap().expect("dev/slurm makes the account quarterdeck");
        chown(mail.path("password"), Some(reader.uid.as_raw()), None).unwrap();
        mail.start_again().await;
        Some(mail)
    }

    pub async fn start_again(&mut self) {
        let mut command = Command::new(PYTHON);
        command.args([SINK, &self.port.to_string()]).args([self.path("certificate"), self.path("key")]);
        command.args([NAME, PASSWORD]).arg(self.path("mails")).stdin(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        eventually("the mail server's start", Duration::from_secs(20), async || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        })
        .await;
    }

    pub fn stop(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// What a site is configured with to use it.
    pub fn configuration(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        vec![
            ("QUARTERDECK_MAIL__SERVER", format!("127.0.0.1:{}", self.port)),
            ("QUARTERDECK_MAIL__FROM", "Quarterdeck <portal@example.org>".to_owned()),
            ("QUARTERDECK_MAIL__USERNAME", NAME.to_owned()),
            ("QUARTERDECK_MAIL__PASSWORD_FILE", path("password")),
            ("QUARTERDECK_MAIL__AUTHORITY", path("certificate")),
        ]
    }

    /// All that it took, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let lines = fs::read_to_string(self.path("mails")).unwrap_or_default();
        lines.lines().map(|line| read(&serde_json::from_str(line).unwrap())).collect()
    }

    /// Waits for so many.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        let enough = async || Some(self.mails()).filter(|mails| mails.len() >= count);
        eventually(&format!("{count} mails"), Duration::from_secs(60), enough).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.stop();
        }
    }
}

fn read(mail: &Value) -> Mail {
    let data = mail["data"].as_str().unwrap();
    let (head, body) = data.split_once("\r\n\r\n").expect("a head and a body");
    // Long lines go on behind a space.
    let head = head.replace("\r\n ", " ");
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let body = match field("Content-Transfer-Encoding: ") {
        "base64" => decode(&body.replace("\r\n", "")),
        "quoted-printable" => quoted_printable(body),
        _ => body.to_owned(),
    };
    Mail {
        to: mail["to"].as_array().unwrap().iter().map(|to| to.as_str().unwrap().to_owned()).collect(),
        subject: encoded_words(field("Subject: ")),
        head: head.clone(),
        body: body.replace("\r\n", "\n"),
    }
}

/// `=?utf-8?b?…?=` (RFC 2047); the space between two such words is none.
fn encoded_words(text: &str) -> String {
    let mut read = String::new();
    let mut was_encoded = false;
    for word in text.split(' ') {
        let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        let joined = read.is_empty() || (was_encoded && encoded.is_some());
        if !joined {
            read.push(' ');
        }
        read += &encoded.map_or_else(|| word.to_owned(), decode);
        was_encoded = encoded.is_some();
    }
    read
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

fn decode(text: &str) -> String {
    String::from_utf8(BASE64_STANDARD_NO_PAD.decode(text.trim_end_matches('=')).unwrap()).unwrap()
}
