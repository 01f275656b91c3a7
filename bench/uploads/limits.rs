//! What uploads are measured against, on the same file system and in the same run: a socket whose bytes go to a file,
//! which is what no server can beat, and nginx, which takes a PUT and promises less.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Ended;
use crate::uploads::raw::Connection;

const BUFFER: usize = 1 << 20;

/// Listens, and writes what comes on each connection to a file of its own, until it is closed; then it answers one byte.
pub fn sink(directory: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let directory = directory.to_owned();
    // For as long as the benchmark runs.
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (mut stream, path) = (stream.unwrap(), directory.join(format!("sink-{number}")));
            std::thread::spawn(move || {
                let mut file = File::create(&path).unwrap();
                let mut buffer = vec![0; BUFFER];
                loop {
                    match stream.read(&mut buffer).unwrap() {
                        0 => break,
                        count => file.write_all(&buffer[..count]).unwrap(),
                    }
                }
                std::fs::remove_file(path).unwrap();
                stream.write_all(b"!").unwrap();
            });
        }
    });
    address
}

/// nginx with WebDAV's PUT, one worker a core, where the machine has it.
pub struct Nginx {
    pub address: SocketAddr,
    pub files: PathBuf,
    master: Ended,
}

impl Nginx {
    pub fn start(directory: &Path) -> Option<Nginx> {
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).exists())?;
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let root = directory.join("nginx");
        let files = root.join("files");
        for made in [&root, &files, &root.join("body")] {
            std::fs::create_dir_all(made).unwrap();
            std::fs::set_permissions(made, PermissionsExt::from_mode(0o777)).unwrap();
        }
        let place = root.display();
        let configuration = format!(
            "daemon off; worker_processes auto; pid {place}/pid; error_log {place}/log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_max_body_size 0; client_body_temp_path {place}/body;\n\
             server {{ listen {address}; root {place}/files; location / {{ dav_methods PUT; }} }} }}\n"
        );
        std::fs::write(root.join("nginx.conf"), configuration).unwrap();
        let master = Command::new(program)
            .arg("-c")
            .arg(root.join("nginx.conf"))
            .arg("-p")
            .arg(&root)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Nginx { address, files, master: Ended(master) };
        for _ in 0..100 {
            if std::net::TcpStream::connect(address).is_ok() {
                assert_eq!(Connection::to(address).ask("PUT", "/first", &[], 1).status, 201);
                return Some(nginx);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nginx did not come up: {}", std::fs::read_to_string(root.join("log")).unwrap_or_default());
    }

    /// Its processes.
    pub fn processes(&self) -> Vec<Pid> {
        let id = self.master.0.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let ids = children.split_whitespace().map(|id| id.parse().unwrap()).chain([id as i32]);
        ids.filter_map(Pid::from_raw).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Told to end, the master takes its workers with it; killed, it would leave them.
        let _ = kill_process(Pid::from_child(&self.master.0), Signal::TERM);
        let _ = self.master.0.wait();
    }
}
