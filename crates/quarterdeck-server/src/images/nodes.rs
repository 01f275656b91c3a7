//! The nodes whose own images are looked for over SSH, and how each is looked at.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck_ssh::known_hosts::Server;
use quarterdeck_ssh::{Access, Host as SshHost, Identity, JumpHost, KeyFiles, KnownHosts, Limits};
use tokio::time::{Instant, sleep};

use crate::app::App;
use crate::config::{Nodes, Ssh};
use crate::images::remote::Remote;
use crate::images::visit::{Host, Source};

/// Between two tries: after the first; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// What Slurm's nodes are waited for when the server has just started.
const SLURM_TIME: Duration = Duration::from_secs(60);
const MAX_KNOWN_HOSTS_BYTES: u64 = 16 << 20;

/// A node, and where its images may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) directories: Vec<PathBuf>,
}

/// The nodes that the site has named. The error says why they cannot be told.
pub(super) async fn targets(app: &App, cluster: &str) -> Result<Vec<Target>, String> {
    let ssh = &app.config.images.ssh;
    if ssh.nodes.are_none() {
        return Ok(Vec::new());
    }
    let is_by_slurm = ssh.nodes == Nodes::OfSlurm;
    let of_slurm = match slurm_nodes(app, cluster, is_by_slurm || !ssh.partition_directories.is_empty()).await {
        Ok(nodes) => nodes,
        Err(why) if is_by_slurm => return Err(why),
        Err(_) => Arc::default(),
    };
    let names = match &ssh.nodes {
        Nodes::Listed(names) => names.clone(),
        Nodes::OfSlurm => of_slurm.iter().map(|node| node.name.clone()).collect(),
    };
    let targets = names.into_iter().map(|name| {
        let partitions = of_slurm.iter().find(|node| node.name == name).map(|node| node.partitions.as_slice());
        let directories = directories(ssh, partitions.unwrap_or_default());
        Target { host: Host { source: Source::Node, cluster: cluster.to_owned(), node: name }, directories }
    });
    Ok(targets.filter(|target| !target.directories.is_empty()).collect())
}

/// Of the nodes that can be looked at, as far as is known now.
pub(super) fn names(app: &App, cluster: &str) -> Vec<String> {
    match &app.config.images.ssh.nodes {
        Nodes::Listed(names) => names.clone(),
        Nodes::OfSlurm => {
            let view = app.clusters.find(cluster).map(|cluster| cluster.view());
            view.iter().flat_map(|view| view.node_list.iter().map(|node| node.name.clone())).collect()
        }
    }
}

fn directories(ssh: &Ssh, partitions: &[String]) -> Vec<PathBuf> {
    let of_partitions = ssh.partition_directories.iter().filter(|one| partitions.contains(&one.partition));
    let all = ssh.directories.iter().chain(of_partitions.map(|one| &one.directory));
    let mut directories: Vec<PathBuf> = Vec::new();
    for directory in all {
        if !directories.contains(directory) {
            directories.push(directory.clone());
        }
    }
    directories
}

/// What Slurm has, once it has been read; a server that has just started waits for that.
async fn slurm_nodes(app: &App, cluster: &str, is_needed: bool) -> Result<Arc<Vec<quarterdeck_slurm::Node>>, String> {
    let Some(cluster) = app.clusters.find(cluster).filter(|_| is_needed) else {
        return if is_needed { Err("there is no Slurm that has nodes".to_owned()) } else { Ok(Arc::default()) };
    };
    let started = Instant::now();
    loop {
        let view = cluster.view();
        if view.nodes.as_of.is_some() {
            return Ok(view.node_list);
        }
        if started.elapsed() > SLURM_TIME {
            let why = view.nodes.stale_reason.unwrap_or_default();
            return Err(format!("Slurm's nodes could not be read ({why})"));
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// What all nodes are signed in to with, read anew for each scan: keys and known hosts change while the server runs.
pub(super) async fn access(ssh: &Ssh) -> Result<Arc<Access>, String> {
    let ssh = ssh.clone();
    let reading = tokio::task::spawn_blocking(move || read_access(&ssh));
    reading.await.unwrap_or_else(|panic| Err(panic.to_string())).map(Arc::new)
}

fn read_access(ssh: &Ssh) -> Result<Access, String> {
    let identity = match (&ssh.key_file, &ssh.agent) {
        (Some(key), _) => {
            let files = KeyFiles {
                key: key.clone(),
                passphrase: ssh.passphrase_file.clone(),
                certificate: ssh.certificate_file.clone(),
            };
            Identity::load(&files).map_err(|error| error.to_string())?
        }
        (None, Some(socket)) => Identity::agent(socket.clone()),
        (None, None) => return Err("there is nothing to sign in with: set images.ssh.key_file".to_owned()),
    };
    let jump = ssh.jump_host.as_ref().map(|jump| {
        let user = jump.user.clone().unwrap_or_else(|| ssh.user.clone());
        JumpHost::new(ssh_host(&jump.host, jump.port), user)
    });
    Ok(Access {
        user: ssh.user.clone(),
        identity,
        known_hosts: Arc::new(read_known_hosts(ssh)?),
        jump,
        limits: Limits {
            phase: Duration::from_secs(ssh.connect_seconds),
            request: Duration::from_secs(ssh.request_seconds),
        },
    })
}

fn read_known_hosts(ssh: &Ssh) -> Result<KnownHosts, String> {
    let file = ssh.known_hosts.display();
    let mut text = Vec::new();
    fs::File::open(&ssh.known_hosts)
        .and_then(|file| file.take(MAX_KNOWN_HOSTS_BYTES + 1).read_to_end(&mut text))
        .map_err(|error| format!("{file} with the nodes' keys cannot be read ({error}): see images.ssh.known_hosts"))?;
    if text.len() as u64 > MAX_KNOWN_HOSTS_BYTES {
        return Err(format!("{file} is larger than 16 MiB: keep there what is needed"));
    }
    let known = KnownHosts::parse(&text);
    let (bad, total) = known.bad_lines();
    for line in bad {
        tracing::warn!("line {} of {file} counts for nothing: {} ({total} such lines)", line.number, line.why);
    }
    Ok(known)
}

fn ssh_host(name: &str, port: u16) -> SshHost {
    SshHost { server: Server { name: name.to_owned(), port }, address: name.to_owned() }
}

/// Connects to a node; one that cannot be connected to is not given up at once.
pub(super) async fn connect<'a>(
    ssh: &Ssh,
    access: &Access,
    node: &str,
    tries: &Tries<'a>,
) -> Result<Connected<'a>, String> {
    let host = ssh_host(node, ssh.port);
    let mut pause = FIRST_PAUSE;
    let mut left = ssh.tries;
    loop {
        let permit = tries.connections.acquire().await.map_err(|error| error.to_string())?;
        (tries.begun)();
        let deadline = Instant::now() + tries.time;
        let error = match start(access, &host, deadline).await {
            Ok(remote) => return Ok(Connected { remote, _permit: permit }),
            Err(error) => error,
        };
        drop(permit);
        left -= 1;
        if left == 0 || !error.may_pass() {
            return Err(error.to_string());
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// Does the work on the first of these nodes that it can be done on, within that time on each; the error is that of the
/// last.
pub(super) async fn on_one_of<T, F: Future<Output = Result<T, String>>>(
    ssh: &Ssh,
    nodes: &[String],
    time: Duration,
    work: impl Fn(Remote) -> F,
) -> Result<T, String> {
    let access = access(ssh).await?;
    let connections = tokio::sync::Semaphore::new(1);
    let mut failed = "it lies nowhere any more".to_owned();
    for node in nodes {
        let tries = Tries { time, connections: &connections, begun: &|| () };
        let done = match connect(ssh, &access, node, &tries).await {
            Ok(connected) => work(connected.remote.clone()).await,
            Err(why) => Err(why),
        };
        match done {
            Ok(done) => return Ok(done),
            Err(why) => failed = format!("{node}: {why}"),
        }
    }
    Err(failed)
}

/// How nodes take turns.
pub(super) struct Tries<'a> {
    /// That one of them may take altogether.
    pub(super) time: Duration,
    pub(super) connections: &'a tokio::sync::Semaphore,
    pub(super) begun: &'a (dyn Fn() + Send + Sync),
}

/// A node that is being looked at, and counts as long as it is.
pub(super) struct Connected<'a> {
    pub(super) remote: Remote,
    _permit: tokio::sync::SemaphorePermit<'a>,
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.remote.cut();
    }
}

async fn start(access: &Access, host: &SshHost, deadline: Instant) -> Result<Remote, quarterdeck_ssh::Error> {
    let connection = quarterdeck_ssh::connect(access, host).await?;
    let sftp = connection.sftp(deadline).await?;
    Ok(Remote::new(connection, sftp))
}

#[cfg(test)]
mod tests;
