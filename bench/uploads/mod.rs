//! Uploads by tus over loopback onto a file system in memory, so that what is measured is the server and not the disk;
//! beside each what a bare socket that writes to a file does with as many bytes and connections.

mod limits;
mod raw;

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::process::Pid;

use crate::support::{Site, processes};
use crate::{MIB, kib};
use limits::Nginx;
use raw::Connection;

const MEMORY: &str = "/dev/shm";
const ONE_STREAM: u64 = 2048 * MIB;
/// Of many streams together.
const MANY_STREAMS: u64 = 4096 * MIB;
const CHUNK: u64 = 8 * MIB;
const BIG_CHUNK: u64 = 64 * MIB;
/// More would not fit into memory: what has come is taken away behind the writer, as in a sparse file.
const HUGE: u64 = 20_000 * MIB;
const SMALL_FILES: u64 = 2000;
const SMALL: u64 = 16 << 10;
const SMALL_CONNECTIONS: u64 = 16;
/// Of each figure that a neighbour on the machine could spoil: the best counts, on all sides.
const ROUNDS: usize = 3;
const OCTETS: (&str, &str) = ("Content-Type", "application/offset+octet-stream");
const VERSION: (&str, &str) = ("Tus-Resumable", "1.0.0");
/// "bench.bin"
const NAME: (&str, &str) = ("Upload-Metadata", "filename YmVuY2guYmlu");

/// A site on a file system in memory, and whom its uploads are from.
struct Bench {
    site: Site,
    address: SocketAddr,
    bearer: String,
    uploads: PathBuf,
}

pub async fn measure() {
    let site = Site::single_user_in(Path::new(MEMORY), &[("QUARTERDECK_UPLOADS__CONCURRENT_PER_USER", "64")]).await;
    let person = site.person();
    let bearer = format!("Bearer {}", site.client(&person).await.token());
    let address = site.base().strip_prefix("http://").unwrap().parse().unwrap();
    let uploads = site.home(&person).join("quarterdeck/uploads");
    let bench = Bench { site, address, bearer, uploads };
    // Threads of its own, none of which is to wait for another's poll.
    tokio::task::spawn_blocking(move || {
        // First, while the server has nothing that it keeps from other work.
        bench.memory();
        bench.throughput();
        bench.small_files();
        bench.whoever_waits();
    })
    .await
    .unwrap();
}

impl Bench {
    fn throughput(&self) {
        let directory = tempfile::tempdir_in(MEMORY).unwrap();
        fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let sink = limits::sink(directory.path());
        let nginx = Nginx::start(directory.path());
        for (streams, bytes, chunk, least) in [
            (1, ONE_STREAM, CHUNK, 0.70),
            (1, ONE_STREAM, BIG_CHUNK, 0.70),
            (8, MANY_STREAMS, CHUNK, 0.85),
            (64, MANY_STREAMS, CHUNK, 0.85),
        ] {
            let mut best = [Best::default(), Best::default(), Best::default()];
            for _ in 0..ROUNDS {
                best[0].take(&[], || side_by_side(streams, |_| to_sink(sink, bytes / streams)), bytes);
                let ours = self.processes();
                best[1].take(&ours, || side_by_side(streams, |_| self.upload(bytes / streams, chunk)), bytes);
                self.remove();
                if let Some(nginx) = &nginx {
                    let put = |stream| to_nginx(nginx.address, stream, bytes / streams);
                    best[2].take(&nginx.processes(), || side_by_side(streams, put), bytes);
                    remove_files_in(&nginx.files);
                }
            }
            let [sink, ours, dav] = best;
            let what = format!("upload, {streams} stream(s), {} MiB in {} MiB chunks", bytes / MIB, chunk / MIB);
            let beside = nginx.as_ref().map_or(String::new(), |_| format!("; nginx PUT {:.0}", dav.rate));
            println!(
                "| {what} | {:.0} MB/s | socket to file {:.0}{beside}; aim {least:.2} of the socket | {:.2} |",
                ours.rate,
                sink.rate,
                ours.rate / sink.rate
            );
            let beside = nginx.as_ref().map_or(String::new(), |_| format!("nginx {:.2}, ", dav.cpu));
            println!(
                "| its processor time, server and agent | {:.2} s/GB | {beside}aim 0.50 s/GB | {:.2} |",
                ours.cpu,
                ours.cpu / 0.50
            );
        }
    }

    /// Each signed in, recorded in the database, written as its owner, synced and put in place.
    fn small_files(&self) {
        let each = SMALL_FILES / SMALL_CONNECTIONS;
        let length = SMALL.to_string();
        let create = |stream| {
            let mut connection = Connection::to(self.address);
            for number in 0..each {
                let name = format!("filename {}", BASE64_STANDARD.encode(format!("{stream}-{number}.bin")));
                let headers = [("Upload-Length", &*length), ("Upload-Metadata", &name), OCTETS];
                let answer = self.ask(&mut connection, "POST", "/api/v1/uploads", &headers, SMALL);
                assert_eq!(answer.status, 201);
            }
        };
        let mut best = 0.0_f64;
        for _ in 0..ROUNDS {
            let started = Instant::now();
            side_by_side(SMALL_CONNECTIONS, create);
            best = best.max(SMALL_FILES as f64 / started.elapsed().as_secs_f64());
            self.remove();
        }
        println!(
            "| {SMALL_FILES} files of 16 KiB, one request each | {best:.0} files/s | 4000 files/s (aim) | {:.2} |",
            best / 4000.0
        );
    }

    fn memory(&self) {
        let server = self.site.server_id();
        let grown = |work: &dyn Fn()| {
            std::thread::sleep(Duration::from_secs(2));
            fs::write(format!("/proc/{server}/clear_refs"), "5").unwrap();
            let before = kib(server, "status", "VmRSS:");
            work();
            let growth = kib(server, "status", "VmHWM:").saturating_sub(before) as f64 / 1024.0;
            self.remove();
            growth
        };
        for chunk in [CHUNK, BIG_CHUNK] {
            let growth = grown(&|| self.upload_sparse(HUGE, chunk));
            let what = format!("server memory above idle, {} MiB in {} MiB chunks", HUGE / MIB, chunk / MIB);
            println!("| {what} | {growth:.1} MiB | 32 MiB (aim) | {:.2} |", growth / 32.0);
        }
        for chunk in [CHUNK, BIG_CHUNK] {
            let growth = grown(&|| side_by_side(64, |_| self.upload(64 * MIB, chunk)));
            let what = format!("server memory above idle, 64 uploads at once in {} MiB chunks", chunk / MIB);
            println!("| {what} | {growth:.1} MiB | 32 MiB (aim) | {:.2} |", growth / 32.0);
        }
    }

    /// Who asks while bytes come, who goes on for one that fell silent, and what is left of a chunk that was cut.
    fn whoever_waits(&self) {
        let path = self.announce(1024 * MIB);
        let over = AtomicBool::new(false);
        let slowest = std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut connection = Connection::to(self.address);
                let mut slowest = Duration::ZERO;
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    assert_eq!(self.ask(&mut connection, "HEAD", &path, &[], 0).status, 200);
                    slowest = slowest.max(asked.elapsed());
                    std::thread::sleep(Duration::from_millis(5));
                }
                slowest
            });
            self.append_all(&path, 1024 * MIB, 512 * MIB, |_| ());
            over.store(true, Ordering::Relaxed);
            asking.join().unwrap()
        });
        let slowest = slowest.as_secs_f64() * 1000.0;
        println!("| slowest HEAD while bytes come | {slowest:.0} ms | 100 ms (aim) | {:.2} |", slowest / 100.0);
        self.remove();

        let path = self.announce(BIG_CHUNK);
        let mut silent = Connection::to(self.address);
        self.begin(&mut silent, "PATCH", &path, &[("Upload-Offset", "0"), OCTETS], BIG_CHUNK);
        silent.send(BIG_CHUNK / 2);
        std::thread::sleep(Duration::from_secs(2));
        let (begun, mut connection) = (Instant::now(), Connection::to(self.address));
        let offset = self.ask(&mut connection, "HEAD", &path, &[], 0).number("upload-offset");
        let headers = [("Upload-Offset", &*offset.to_string()), OCTETS];
        assert_eq!(self.ask(&mut connection, "PATCH", &path, &headers, MIB).status, 204);
        let taken = begun.elapsed().as_secs_f64();
        println!("| going on for a sender who fell silent | {taken:.2} s | 1 s (aim) | {taken:.2} |");
        drop(silent);
        self.remove();

        let path = self.announce(BIG_CHUNK);
        let sent = BIG_CHUNK - 4 * MIB;
        let mut cut = Connection::to(self.address);
        self.begin(&mut cut, "PATCH", &path, &[("Upload-Offset", "0"), OCTETS], BIG_CHUNK);
        cut.send(sent);
        drop(cut);
        std::thread::sleep(Duration::from_secs(1));
        let kept = self.ask(&mut connection, "HEAD", &path, &[], 0).number("upload-offset");
        let kept = kept as f64 / sent as f64;
        println!("| bytes kept of a chunk that was cut | {:.0} % | 85 % (aim) | {:.2} |", kept * 100.0, kept / 0.85);
        self.remove();
    }

    fn upload(&self, bytes: u64, chunk: u64) {
        self.append_all(&self.announce(bytes), bytes, chunk, |_| ());
    }

    /// Takes away what has come, chunk by chunk.
    fn upload_sparse(&self, bytes: u64, chunk: u64) {
        let path = self.announce(bytes);
        let id = path.rsplit('/').next().unwrap();
        let hidden = File::options().write(true).open(self.uploads.join(format!(".quarterdeck-upload-{id}"))).unwrap();
        self.append_all(&path, bytes, chunk, |offset| {
            fallocate(&hidden, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, offset).unwrap();
        });
    }

    /// An upload's path.
    fn announce(&self, bytes: u64) -> String {
        let mut connection = Connection::to(self.address);
        let headers = [("Upload-Length", &*bytes.to_string()), NAME];
        let answer = self.ask(&mut connection, "POST", "/api/v1/uploads", &headers, 0);
        assert_eq!(answer.status, 201);
        answer.header("location").to_owned()
    }

    fn append_all(&self, path: &str, bytes: u64, chunk: u64, after: impl Fn(u64)) {
        let mut connection = Connection::to(self.address);
        for offset in (0..bytes).step_by(chunk as usize) {
            let length = chunk.min(bytes - offset);
            let headers = [("Upload-Offset", &*offset.to_string()), OCTETS];
            assert_eq!(self.ask(&mut connection, "PATCH", path, &headers, length).status, 204);
            after(offset + length);
        }
    }

    fn ask(
        &self,
        connection: &mut Connection,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: u64,
    ) -> raw::Answer {
        self.begin(connection, method, path, headers, length);
        connection.send(length);
        connection.answer(method)
    }

    fn begin(&self, connection: &mut Connection, method: &str, path: &str, headers: &[(&str, &str)], length: u64) {
        let ours = [("Authorization", &*self.bearer), VERSION];
        connection.begin(method, path, &[&ours, headers].concat(), length);
    }

    /// The server, and the agent that it started.
    fn processes(&self) -> Vec<Pid> {
        processes::that_mention(&self.site.path("").display().to_string())
    }

    fn remove(&self) {
        remove_files_in(&self.uploads);
    }
}

/// Bytes a second and processor time of the better of several runs.
#[derive(Default)]
struct Best {
    /// 10^6 bytes a second.
    rate: f64,
    /// Seconds for 10^9 bytes.
    cpu: f64,
}

impl Best {
    fn take(&mut self, processes: &[Pid], work: impl FnOnce(), bytes: u64) {
        let before = processor_time(processes);
        let started = Instant::now();
        work();
        let rate = bytes as f64 / 1e6 / started.elapsed().as_secs_f64();
        let cpu = (processor_time(processes) - before) / (bytes as f64 / 1e9);
        if rate > self.rate {
            self.rate = rate;
        }
        if self.cpu == 0.0 || cpu < self.cpu {
            self.cpu = cpu;
        }
    }
}

/// Seconds, in the kernel and outside.
fn processor_time(processes: &[Pid]) -> f64 {
    let of = |pid: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        // The name, in parentheses, may hold anything; utime and stime are the 14th and 15th fields.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
        ticks(11) + ticks(12)
    };
    processes.iter().map(of).sum::<f64>() / rustix::param::clock_ticks_per_second() as f64
}

fn side_by_side(streams: u64, work: impl Fn(u64) + Sync) {
    std::thread::scope(|scope| {
        for stream in 0..streams {
            let work = &work;
            scope.spawn(move || work(stream));
        }
    });
}

fn to_sink(address: SocketAddr, bytes: u64) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let piece = vec![0x5a; MIB as usize];
    (0..bytes / MIB).for_each(|_| stream.write_all(&piece).unwrap());
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.read_exact(&mut [0]).unwrap();
}

fn to_nginx(address: SocketAddr, stream: u64, bytes: u64) {
    let answer = Connection::to(address).ask("PUT", &format!("/{stream}"), &[], bytes);
    assert!(matches!(answer.status, 201 | 204), "{}", answer.status);
}

fn remove_files_in(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}
