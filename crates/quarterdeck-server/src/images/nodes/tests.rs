//! Scans of real nodes: each an sshd of its own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::app::testing::app_with;
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::images::scan::begin;
use crate::images::testing::{listed, listed_as, names, put};
use crate::images::{HostProgress, HostState, Image, Scan, ScanState, State, Wish, store};
use sshd::{Site, Sshd};

mod found_out;
mod servers;
#[path = "../../../../quarterdeck-ssh/tests/it/sshd.rs"]
mod sshd;

/// A cluster, and the portal that looks at it.
struct Cluster {
    db: Db,
    site: Site,
    port: u16,
    images: tempfile::TempDir,
    data: tempfile::TempDir,
    known_hosts: String,
    nodes: Vec<String>,
    /// Seconds.
    node_time: u64,
    tries: u32,
    /// With which images are signed.
    signing_keys: Vec<PathBuf>,
    /// Nodes compute digests.
    digest: bool,
}

impl Cluster {
    fn new(db: Db) -> Cluster {
        Cluster {
            db,
            site: Site::new(),
            port: sshd::free_port("127.0.0.1"),
            images: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
            known_hosts: String::new(),
            nodes: Vec::new(),
            node_time: 60,
            tries: 1,
            signing_keys: Vec::new(),
            digest: false,
        }
    }

    /// A node that is known and looked at; all have the disk of this host.
    fn node(&mut self, more: &str) -> Sshd {
        let node = self.site.node_at(&sshd::free_address(), self.port, more);
        self.known_hosts += &node.known_hosts_line();
        self.nodes.push(node.address.clone());
        node
    }

    fn troubled(&mut self, kind: &str) -> Sshd {
        self.node(&trouble(kind))
    }

    /// Starts the node anew, configured otherwise.
    fn again(&self, node: Sshd, more: &str) -> Sshd {
        let (address, port) = (node.address.clone(), node.port);
        node.stop();
        self.site.node_at(&address, port, more)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.images.path().join(path)
    }

    fn app(&self) -> App {
        let known_hosts = self.site.write("known_hosts", &self.known_hosts);
        app_with(&self.db, self.data.path(), chrono::Utc::now(), |config| {
            config.images.signing_keys = self.signing_keys.clone();
            let ssh = &mut config.images.ssh;
            ssh.nodes = Nodes::Listed(self.nodes.clone());
            ssh.directories = vec![self.images.path().to_owned()];
            ssh.user = sshd::user();
            ssh.port = self.port;
            ssh.key_file = Some(self.site.path("user"));
            ssh.known_hosts = known_hosts;
            ssh.connect_seconds = 5;
            ssh.request_seconds = 2;
            ssh.node_seconds = self.node_time;
            ssh.tries = self.tries;
            ssh.digest = self.digest;
        })
    }

    async fn scan(&self) -> Scan {
        scan_of(&self.app(), Wish::default()).await
    }
}

/// Runs the test on each database, with a cluster that has no nodes yet; nowhere without sshd.
async fn on_each_cluster(test: impl AsyncFn(Cluster)) {
    if sshd::is_there() {
        on_each_database(async |db| test(Cluster::new(db)).await).await;
    }
}

/// What a node is configured with whose SFTP makes this trouble.
fn trouble(kind: &str) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../quarterdeck-ssh/tests/it/sftp_trouble.py");
    format!("Subsystem sftp /usr/bin/python3 {} {kind}", program.display())
}

async fn scan_of(app: &App, wish: Wish) -> Scan {
    let id = begin(app, wish);
    ended(app, id).await
}

async fn ended(app: &App, id: uuid::Uuid) -> Scan {
    loop {
        let scan = app.images.progress(id).unwrap();
        if !matches!(scan.state, ScanState::Queued | ScanState::Running) {
            return scan;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Of a node, in a scan that was whole.
fn of<'a>(scan: &'a Scan, node: &str) -> &'a HostProgress {
    assert_eq!(scan.state, ScanState::Finished);
    scan.hosts.iter().find(|host| host.host == node).unwrap_or_else(|| panic!("{node} in {scan:?}"))
}

async fn states(db: &Db, image: &Image) -> Vec<(String, State)> {
    let rows = store::places::of_image(db.read(), image.id, 100).await.unwrap();
    rows.into_iter().map(|row| (row.node, State::parse(&row.state).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_nodes_are_found_and_those_of_a_shared_file_system_are_read_once() {
    on_each_cluster(async |mut cluster| {
        let log = cluster.site.path("sftp.log");
        let tells = format!("Subsystem sftp /usr/lib/openssh/sftp-server -e -l INFO 2>>{}", log.display());
        let nodes: Vec<Sshd> = (0..3).map(|_| cluster.node(&tells)).collect();
        put("lean-gzip.sif", &cluster.at("tools/solver.sif"));
        put("lean-signed-pgp.sif", &cluster.at("signed.sif"));
        let scan = cluster.scan().await;
        for node in &nodes {
            let host = of(&scan, &node.address);
            assert_eq!((host.state, host.files_seen, host.images_read), (HostState::Finished, 2, 2), "{host:?}");
            assert_eq!((&host.error, host.errors_total), (&None, 0));
        }
        assert_eq!(names(&cluster.db).await, ["signed", "solver"]);
        let solver = listed(&cluster.db).await.pop().unwrap();
        assert_eq!(solver.path, cluster.at("tools/solver.sif").to_str().unwrap());
        assert!(!solver.apps.is_empty() && solver.problem.is_none());
        assert_eq!(states(&cluster.db, &solver).await.len(), 3);
        assert_eq!(reads(&log), [128, 128, 128, 128, LARGE, LARGE]);

        let scan = cluster.scan().await;
        assert!(nodes.iter().all(|node| of(&scan, &node.address).images_unchanged == 2), "{scan:?}");
        assert_eq!(reads(&log).len(), 6, "what has not changed is not opened");
        // One that comes later takes it from the catalogue.
        let late = cluster.node(&tells);
        let scan = cluster.scan().await;
        assert_eq!(of(&scan, &late.address).images_read, 2);
        assert_eq!(reads(&log), [128, 128, 128, 128, 128, 128, LARGE, LARGE]);
        assert_eq!(states(&cluster.db, &solver).await.len(), 4);
    })
    .await;
}

/// More than a header.
const LARGE: u64 = 1 << 20;

/// Bytes read of each file that nodes had opened, in their order; what is more than a header counts as one.
fn reads(log: &Path) -> Vec<u64> {
    let log = fs::read_to_string(log).unwrap();
    let closed = log.lines().filter_map(|line| line.split_once("bytes read ")?.1.split(' ').next()?.parse().ok());
    let mut reads: Vec<u64> = closed.map(|bytes: u64| if bytes > 128 { LARGE } else { bytes }).collect();
    reads.sort_unstable();
    reads
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_node_has_its_own_error_in_time_and_the_others_are_whole() {
    on_each_cluster(async |mut cluster| {
        for number in 0..3 {
            put("lean-gzip.sif", &cluster.at(&format!("{number}.sif")));
        }
        let good: Vec<Sshd> = (0..3).map(|_| cluster.node("")).collect();
        let known = cluster.known_hosts.clone();
        let changed = cluster.node("");
        let unknown = cluster.node("");
        cluster.known_hosts = format!("{known}[{}]:{} {}", changed.address, changed.port, cluster.site.text("ca.pub"));
        let revoked = cluster.node("");
        cluster.known_hosts += &format!("@revoked {}", revoked.known_hosts_line());
        let silent = std::net::TcpListener::bind((sshd::free_address(), cluster.port)).unwrap();
        let away = sshd::free_address();
        cluster.nodes.extend([silent.local_addr().unwrap().ip().to_string(), away.clone()]);
        let mut expected = vec![
            (changed.address.clone(), "has another key"),
            (unknown.address.clone(), "is not in known_hosts"),
            (revoked.address.clone(), "revokes"),
            (silent.local_addr().unwrap().ip().to_string(), "its greeting took longer than 5 s"),
            (away, "cannot be connected to"),
        ];
        let kinds = [
            ("hang", "did not answer within 2 s"),
            ("close", "closed the connection"),
            ("endless-names", "no end"),
            ("huge", "no SFTP"),
            ("noise", "no SFTP"),
            ("silent", "starting SFTP took longer than 5 s"),
        ];
        let troubled: Vec<Sshd> = kinds.iter().map(|(kind, _)| cluster.troubled(kind)).collect();
        expected.extend(troubled.iter().zip(kinds).map(|(node, (_, why))| (node.address.clone(), why)));

        let started = std::time::Instant::now();
        let scan = cluster.scan().await;
        assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
        for (node, why) in &expected {
            let host = of(&scan, node);
            let error = host.error.as_deref().unwrap_or_default();
            assert!(host.state == HostState::Failed && error.contains(why), "{why}: {host:?}");
        }
        for node in &good {
            let host = of(&scan, &node.address);
            assert_eq!((host.state, host.images_read, host.errors_total), (HostState::Finished, 3, 0), "{host:?}");
        }
        let images = listed(&cluster.db).await;
        assert_eq!(images.len(), 3, "{images:?}");
        for image in &images {
            let hosts: BTreeSet<String> = states(&cluster.db, image).await.into_iter().map(|(node, _)| node).collect();
            assert_eq!(hosts, good.iter().map(|node| node.address.clone()).collect());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_away_keeps_its_images_as_stale_and_has_them_again_when_it_returns() {
    on_each_cluster(async |mut cluster| {
        put("lean-gzip.sif", &cluster.at("a.sif"));
        let (stays, goes) = (cluster.node(""), cluster.node(""));
        cluster.scan().await;
        let image = listed(&cluster.db).await.remove(0);
        let (address, port) = (goes.address.clone(), goes.port);
        goes.stop();
        let scan = cluster.scan().await;
        let host = of(&scan, &address);
        assert_eq!((host.state, host.images_stale, host.images_removed), (HostState::Failed, 1, 0));
        let state = async |node: &str| {
            states(&cluster.db, &image).await.into_iter().find(|(name, _)| name == node).map(|(_, state)| state)
        };
        assert_eq!(state(&address).await, Some(State::Stale));
        assert_eq!(state(&stays.address).await, Some(State::Active));

        let back = cluster.site.node_at(&address, port, "");
        let scan = cluster.scan().await;
        assert_eq!(of(&scan, &back.address).images_unchanged, 1);
        assert_eq!(state(&address).await, Some(State::Active));

        // A node that is no longer looked at has nothing any more.
        cluster.nodes.retain(|node| *node != address);
        cluster.scan().await;
        assert_eq!(state(&address).await, Some(State::Inactive));
        assert_eq!(names(&cluster.db).await, ["a"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_lost_midway_loses_nothing() {
    on_each_cluster(async |mut cluster| {
        for number in 0..3 {
            put("lean-gzip.sif", &cluster.at(&format!("{number}.sif")));
        }
        let node = cluster.node("");
        cluster.scan().await;
        // It lists one image, which is new, and goes away while that is read.
        let node = cluster.again(node, &trouble("close"));
        let scan = cluster.scan().await;
        let host = of(&scan, &node.address);
        assert_eq!((host.images_removed, host.images_stale, host.images_read), (0, 3, 0), "{host:?}");
        let images = listed(&cluster.db).await;
        assert_eq!(images.len(), 3, "{images:?}");
        assert!(images.iter().all(|image| image.state == State::Stale));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_bytes_links_and_what_is_forbidden_end_nothing() {
    on_each_cluster(async |mut cluster| {
        for name in
            ["new\nline.sif", "quote'\"$(x).sif", "그림.sif", "1/2/3/4/5/6/7/8/in.sif", "1/2/3/4/5/6/7/8/9/out.sif"]
        {
            put("lean-gzip.sif", &cluster.at(name));
        }
        let latin = cluster.images.path().join(OsStr::from_bytes(b"caf\xe9.sif"));
        put("lean-gzip.sif", &latin);
        put("lean-gzip.sif", &cluster.images.path().join(OsStr::from_bytes(b"\xff/under.txt")));
        symlink(cluster.images.path(), cluster.at("loop")).unwrap();
        symlink(cluster.at("그림.sif"), cluster.at("link.sif")).unwrap();
        fs::write(cluster.at("gone.sif"), "no image").unwrap();
        let node = cluster.node("");
        let scan = cluster.scan().await;
        let host = of(&scan, &node.address);
        assert_eq!((host.state, &host.error), (HostState::Finished, &None));
        let problems: Vec<&str> = host.errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(host.errors_total, 3, "{host:?}");
        for why in ["not UTF-8", "8 directories", "not an Apptainer image"] {
            assert!(problems.iter().any(|problem| problem.contains(why)), "{problems:?}");
        }
        assert_eq!(names(&cluster.db).await, ["gone", "in", "new\nline", "quote'\"$(x)", "그림"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_of_some_nodes_or_paths_leaves_the_rest_as_it_is_known() {
    on_each_cluster(async |mut cluster| {
        for name in ["a/1.sif", "b/2.sif"] {
            put("lean-gzip.sif", &cluster.at(name));
        }
        let (first, second) = (cluster.node(""), cluster.node(""));
        let app = cluster.app();
        scan_of(&app, Wish::default()).await;
        fs::remove_file(cluster.at("a/1.sif")).unwrap();
        fs::remove_file(cluster.at("b/2.sif")).unwrap();
        let nodes = Some(vec![first.address.clone()]);
        let wish = Wish { nodes, paths: Some(vec![cluster.at("a")]) };
        let scan = scan_of(&app, wish).await;
        assert_eq!(scan.hosts.len(), 1, "{scan:?}");
        assert_eq!(of(&scan, &first.address).images_removed, 1);
        let images = listed(&cluster.db).await;
        assert_eq!(images.iter().map(|image| &*image.name).collect::<Vec<_>>(), ["1", "2"]);
        let told = states(&cluster.db, &images[0]).await;
        assert!(told.contains(&(first.address.clone(), State::Inactive)), "{told:?}");
        assert!(told.contains(&(second.address.clone(), State::Active)));
        assert!(states(&cluster.db, &images[1]).await.iter().all(|(_, state)| *state == State::Active));

        // Of a node that is away, what lies elsewhere is not in doubt.
        first.stop();
        let wish = Wish { nodes: None, paths: Some(vec![cluster.at("a")]) };
        let scan = scan_of(&app, wish).await;
        assert_eq!(scan.hosts.iter().map(|host| host.images_stale).sum::<u64>(), 0);
        scan_of(&app, Wish::default()).await;
        let stale = listed_as(&cluster.db, &store::Wanted { state: Some("stale"), ..Default::default() }).await;
        assert_eq!(stale.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_is_ended_stops_at_once_and_dooms_nothing() {
    on_each_cluster(async |mut cluster| {
        put("lean-gzip.sif", &cluster.at("a.sif"));
        let node = cluster.node("");
        cluster.scan().await;
        let node = cluster.again(node, &trouble("slow-endless"));
        let app = cluster.app();
        let id = begin(&app, Wish::default());
        while app.images.progress(id).unwrap().hosts.last().is_none_or(|host| host.files_seen == 0) {
            sleep(Duration::from_millis(5)).await;
        }
        let started = std::time::Instant::now();
        assert!(app.images.cancel(id, app.clock.now()).unwrap());
        assert_eq!(ended(&app, id).await.state, ScanState::Cancelled);
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!(listed(&cluster.db).await[0].state, State::Active);
        // The connection is cut, and with it what the node was doing.
        while node.serves() {
            assert!(started.elapsed() < Duration::from_secs(10));
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hangs_once_is_tried_again() {
    on_each_cluster(async |mut cluster| {
        put("lean-gzip.sif", &cluster.at("a.sif"));
        let node = cluster.node("");
        let (address, port) = (node.address.clone(), node.port);
        node.stop();
        cluster.tries = 4;
        let app = cluster.app();
        let id = begin(&app, Wish::default());
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(app.images.progress(id).unwrap().state, ScanState::Running);
        let _node = cluster.site.node_at(&address, port, "");
        assert_eq!(of(&ended(&app, id).await, &address).images_read, 1);
    })
    .await;
}

#[tokio::test]
async fn without_a_usable_key_each_node_says_why_and_nothing_is_lost() {
    on_each_cluster(async |mut cluster| {
        put("lean-gzip.sif", &cluster.at("a.sif"));
        let node = cluster.node("");
        cluster.scan().await;
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(cluster.site.path("user"), open).unwrap();
        let scan = cluster.scan().await;
        let host = of(&scan, &node.address);
        assert!(host.error.as_ref().unwrap().contains("chmod 600") && host.images_stale == 1, "{host:?}");
    })
    .await;
}

#[test]
fn a_partitions_nodes_have_its_directories_too() {
    let mut ssh = crate::config::Config::load(None).unwrap().images.ssh;
    ssh.directories = vec!["/images".into()];
    ssh.partition_directories = ["gpu = /gpu", "gpu = /images", "big = /big"].map(|one| one.parse().unwrap()).to_vec();
    let of = |partitions: &[&str]| {
        let partitions: Vec<String> = partitions.iter().map(|name| name.to_string()).collect();
        directories(&ssh, &partitions)
    };
    assert_eq!(of(&[]), [Path::new("/images")]);
    assert_eq!(of(&["gpu"]), [Path::new("/images"), Path::new("/gpu")]);
    assert_eq!(of(&["big", "gpu"]), [Path::new("/images"), Path::new("/gpu"), Path::new("/big")]);
}
