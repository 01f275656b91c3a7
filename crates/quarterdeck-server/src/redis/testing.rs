//! A Redis of a test's own, on loopback, which may be killed and frozen. The process tests in `crates/quarterdeck` use
//! this file too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub struct OwnRedis {
    directory: TempDir,
    port: u16,
    server: Option<Child>,
}

impl OwnRedis {
    /// `None`, said so, where the machine has no Redis; with `QD_TEST_REQUIRE=1` it must have one.
    pub fn start() -> Option<OwnRedis> {
        let there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there {
            let required = std::env::var("QD_TEST_REQUIRE").is_ok_and(|value| value == "1");
            assert!(!required, "QD_TEST_REQUIRE=1, and there is no redis-server");
            eprintln!("left out: there is no redis-server");
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut redis = OwnRedis { directory: tempfile::tempdir().unwrap(), port, server: None };
        redis.start_again();
        Some(redis)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Empty, on the same port.
    pub fn start_again(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.current_dir(self.directory.path()).stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(command.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.ask(&["PING"]).is_none_or(|answer| answer != "+PONG\r\n") {
            assert!(Instant::now() < deadline, "Redis does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn kill(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// It keeps its connections and answers nothing, until [`OwnRedis::thaw`].
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a command that must succeed.
    pub fn tell(&self, words: &[&str]) {
        assert_eq!(self.ask(words).as_deref(), Some("+OK\r\n"));
    }

    fn ask(&self, words: &[&str]) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(format!("{}\r\n", words.join(" ")).as_bytes()).ok()?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.server.as_ref().expect("it runs")), signal).unwrap();
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.kill();
        }
    }
}
