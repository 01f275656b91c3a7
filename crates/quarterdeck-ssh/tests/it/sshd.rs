//! Real nodes: an sshd each, on an address of its own below 127.0.0.0/8, with keys of its own.

#![allow(dead_code, reason = "other crates' tests use other parts")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const SSHD: &str = "/usr/sbin/sshd";
const KEYGEN: &str = "ssh-keygen";

/// Keys that a site has: `user` signs in, with `user-cert.pub` too; `ca` signs for hosts and users.
pub struct Site {
    directory: tempfile::TempDir,
}

/// A node. Dropping it ends it.
pub struct Sshd {
    process: Child,
    pub address: String,
    pub port: u16,
    directory: PathBuf,
}

/// Whether nodes can be started here. As `dev/test` runs it, they can.
pub fn is_there() -> bool {
    let is_there = Path::new(SSHD).exists();
    assert!(is_there || std::env::var_os("QD_TEST_REQUIRE").is_none(), "no {SSHD}: apt-get install openssh-server");
    if !is_there {
        eprintln!("left out: no {SSHD}");
    }
    is_there
}

/// Whom nodes let in: whoever runs the tests.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Site {
    pub fn new() -> Site {
        let site = Site { directory: tempfile::tempdir_in("/var/tmp").unwrap() };
        // Nodes may let in somebody else than who runs the tests.
        fs::set_permissions(site.directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["user", "ca"] {
            site.keygen(&["-t", "ed25519", "-N", "", "-f", name]);
        }
        fs::copy(site.path("user.pub"), site.path("authorized_keys")).unwrap();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn keygen(&self, arguments: &[&str]) {
        let mut command = Command::new(KEYGEN);
        let done = command.current_dir(self.directory.path()).arg("-q").args(arguments).stdin(Stdio::null()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts a node; `more` stands before what is usual in its configuration, and wins.
    pub fn node(&self, more: &str) -> Sshd {
        self.node_at(&free_address(), 0, more)
    }

    /// The same, at this address and port; 0 picks a free one.
    pub fn node_at(&self, address: &str, port: u16, more: &str) -> Sshd {
        let name = format!("node-{address}");
        let directory = self.path(&name);
        if !directory.exists() {
            fs::create_dir(&directory).unwrap();
            self.keygen(&["-t", "ed25519", "-N", "", "-f", &format!("{name}/host")]);
        }
        Sshd::start(address, port, &directory, &self.path("authorized_keys"), more)
    }

    /// Has the authority sign for a node with its address, so that it shows a certificate when it is started again.
    pub fn certify(&self, node: &Sshd, arguments: &[&str]) {
        let key = node.directory.join("host.pub");
        self.keygen(&[&["-s", "ca", "-I", "a node", "-h"], arguments, &[key.to_str().unwrap()]].concat());
    }
}

impl Sshd {
    fn start(address: &str, port: u16, directory: &Path, authorized: &Path, more: &str) -> Sshd {
        // As root, sshd wants it; Debian's service makes it.
        let _ = fs::create_dir("/run/sshd");
        let port = if port == 0 { free_port(address) } else { port };
        let (host, certificate) = (directory.join("host"), directory.join("host-cert.pub"));
        let certificate =
            if certificate.exists() { format!("HostCertificate {}\n", certificate.display()) } else { String::new() };
        let sftp = if more.contains("Subsystem") { "" } else { "Subsystem sftp internal-sftp\n" };
        let config = format!(
            "{more}\n{certificate}ListenAddress {address}\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\nMaxStartups 500\nPrintMotd no\n{sftp}",
            host.display(),
            authorized.display(),
        );
        let file = directory.join("sshd_config");
        fs::write(&file, config).unwrap();
        let log = fs::File::options().append(true).create(true).open(directory.join("log")).unwrap();
        let mut command = Command::new(SSHD);
        command.args(["-D", "-e", "-f"]).arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().unwrap();
        let node = Sshd { process, address: address.to_owned(), port, directory: directory.to_owned() };
        let started = Instant::now();
        while TcpStream::connect((address, port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "sshd does not start: {}", node.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        node
    }

    /// What `known_hosts` says of it.
    pub fn known_hosts_line(&self) -> String {
        format!("[{}]:{} {}", self.address, self.port, fs::read_to_string(self.directory.join("host.pub")).unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap()
    }

    /// Whether it has a connection.
    pub fn serves(&self) -> bool {
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        !fs::read_to_string(children).unwrap().trim().is_empty()
    }

    /// Ends it and whatever it serves.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.end();
    }
}

/// One that no other test has, in this process or another.
pub fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    format!("127.{}.{}.{}", 100 + process % 100, (process / 100) % 250 + 1, 1 + number % 250)
}

pub fn free_port(address: &str) -> u16 {
    TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port()
}
