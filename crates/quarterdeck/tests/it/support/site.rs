//! One site: a directory of its own, the server on a port of its own, and where there are several users the launcher.
//! What was started is ended by its id, and what was written is removed, when the [`Site`] is dropped.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use nix::unistd::User;
use tempfile::TempDir;

use super::{Client, Slurm, eventually, left_out, processes, secrets};

/// The users of `dev/slurm`.
pub const CROWD: [&str; 10] = [
    "alice",
    "bob",
    "qd-load-1",
    "qd-load-2",
    "qd-load-3",
    "qd-load-4",
    "qd-load-5",
    "qd-load-6",
    "qd-load-7",
    "qd-load-8",
];
/// Not in /tmp or the checkout, which are often closed to other users.
const SITES: &str = "/var/tmp";
const SERVER_USER: &str = "quarterdeck";
/// Of every account that the tests make.
const PASSWORD: &str = "battery staple of the tests";
const UNLIMITED: [&str; 8] = ["SIGN_IN", "SUBMIT", "NEW_UPLOAD", "NODE_ACTION", "REBOOT", "SCAN", "WRITE", "READ"];
const START: Duration = Duration::from_secs(30);

pub struct Site {
    directory: TempDir,
    mode: Mode,
    slurm: Option<Slurm>,
    launcher: Option<Child>,
    server: Option<Child>,
    /// Further ones on the same data.
    others: Vec<Child>,
    /// Of each of its processes.
    environment: Vec<(String, String)>,
    /// Kept from the first start on, so that clients find a restarted server.
    address: Option<SocketAddr>,
}

enum Mode {
    MultiUser,
    /// As this Unix user, `None`: as whoever runs the tests.
    SingleUser(Option<User>),
}

/// Whom the server of a single-user site runs as: what it is to read belongs to her.
pub fn runs_as() -> User {
    alice().unwrap_or_else(|| User::from_uid(nix::unistd::getuid()).unwrap().expect("the account has a name"))
}

/// Where root runs the tests, and she exists.
fn alice() -> Option<User> {
    if rustix::process::getuid().is_root() { User::from_name("alice").unwrap() } else { None }
}

impl Site {
    /// Launcher and server on the given Slurm; accounts alice, bob and admin.
    pub async fn multi_user() -> Option<Site> {
        Some(Site::multi_user_on(Slurm::given()?).await)
    }

    pub async fn multi_user_on(slurm: Slurm) -> Site {
        Site::multi_user_with(slurm, &[]).await
    }

    /// Likewise, with this in the environment of each of its processes, however often it is restarted.
    pub async fn multi_user_with(slurm: Slurm, environment: &[(&str, String)]) -> Site {
        let mut site = Site::prepare(Mode::MultiUser, Some(slurm));
        site.environment = environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        site.write_multi_user_configuration();
        for (name, role) in [("alice", "user"), ("bob", "user"), ("admin", "admin")] {
            site.add_account(name, role);
        }
        site.start_launcher().await;
        site.start_server(&[]).await;
        site
    }

    /// One person with the `local` cluster: alice, where root runs the tests and she exists, else whoever runs them.
    pub async fn single_user() -> Site {
        Site::single_user_in(Path::new(SITES), &[]).await
    }

    /// Likewise on another file system than usual, with this in the server's environment.
    pub async fn single_user_in(directory: &Path, environment: &[(&str, &str)]) -> Site {
        let mut site = Site::prepare_in(directory, Mode::SingleUser(alice()), None);
        site.start_server(environment).await;
        site
    }

    /// Alice alone, with the clusters `local` and `slurm`.
    pub async fn single_user_on(slurm: Slurm) -> Site {
        let alice = User::from_name("alice").unwrap().expect("dev/slurm makes the account alice");
        let mut site = Site::prepare(Mode::SingleUser(Some(alice)), Some(slurm));
        site.start_server(&[]).await;
        site
    }

    /// Starts the server with this beside its environment. In single-user mode the agent inherits it.
    pub async fn start_server(&mut self, environment: &[(&str, &str)]) {
        assert!(self.server.is_none(), "the server runs already");
        let listen = self.address.map_or("127.0.0.1:0".to_owned(), |address| address.to_string());
        let (server, address) = self.launch("server", &listen, environment).await;
        (self.server, self.address) = (Some(server), Some(address));
    }

    /// Starts a further server on the same data; answers its `http://ADDRESS`.
    pub async fn start_another_server(&mut self) -> String {
        let (server, address) = self.launch("another-server", "127.0.0.1:0", &[]).await;
        self.others.push(server);
        format!("http://{address}")
    }

    async fn launch(&self, name: &str, listen: &str, environment: &[(&str, &str)]) -> (Child, SocketAddr) {
        let executable = self.path("bin/quarterdeck");
        let mut command = self.command_of_server(&executable);
        match &self.mode {
            Mode::MultiUser => {
                command.arg("serve").arg("--config").arg(self.path("etc/quarterdeck.toml"));
            }
            Mode::SingleUser(_) => {
                command.args(["serve", "--single-user", "--data"]).arg(self.path("data"));
                command.env("QUARTERDECK_TEMPLATES__DIRECTORY", self.path("templates"));
                if let Some(slurm) = &self.slurm {
                    command.env("QUARTERDECK_SLURM__ENABLED", "true").env("QUARTERDECK_SLURM__CONF", slurm.conf());
                    command.env("QUARTERDECK_SLURM__POLL_SECONDS", "1");
                }
                if let Some((apptainer, image)) = apptainer() {
                    command.env("QUARTERDECK_IMAGES__APPTAINER", apptainer);
                    command.env("QUARTERDECK_IMAGES__DIRECTORIES", image.parent().unwrap());
                }
            }
        }
        // All tests come from one address and most as one user; those of limits.rs set their own.
        command.envs(UNLIMITED.map(|class| (format!("QUARTERDECK_LIMITS__{class}"), "off")));
        command.args(["--listen", listen]).envs(environment.iter().copied());
        let out = self.path(&format!("log/{name}.out"));
        command.stdin(Stdio::null()).stdout(fs::File::create(&out).unwrap()).stderr(self.log(name));
        let mut server = command.spawn().unwrap();
        let address = eventually("the server's start", START, async || {
            let ended = server.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}\n{}", self.server_log());
            let text = fs::read_to_string(&out).unwrap();
            text.lines()
                .find_map(|line| line.strip_prefix("Quarterdeck listens on http")?.split_once("://")?.1.parse().ok())
        });
        let address = address.await;
        (server, address)
    }

    /// The server's process.
    pub fn server_id(&self) -> u32 {
        self.server.as_ref().expect("the server runs").id()
    }

    /// Ends the server without warning.
    pub fn kill_server(&mut self) {
        let mut server = self.server.take().expect("the server runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Waits until the server has ended by itself.
    pub async fn server_end(&mut self) -> ExitStatus {
        let mut server = self.server.take().expect("the server runs");
        eventually("the server's end", START, async || server.try_wait().unwrap()).await
    }

    /// Ends the server without warning and starts it again on the same data and the same port.
    pub async fn restart_server(&mut self) {
        self.kill_server();
        self.start_server(&[]).await;
    }

    /// Ends this user's agent without warning; `false` where there is none.
    pub fn kill_agent(&self, user: &str) -> bool {
        let agent = processes::listener(&self.agent_socket(user));
        agent.map(processes::kill).is_some()
    }

    /// A client signed in under this name: alice, bob or admin; in single-user mode the one person.
    pub async fn client(&self, username: &str) -> Client {
        Client::sign_in(&self.base(), username, &self.password(username)).await
    }

    /// Like [`Site::client`], without a cookie; answers the refresh token too.
    pub async fn client_with_token(&self, username: &str) -> (Client, String) {
        Client::sign_in_with_token(&self.base(), username, &self.password(username)).await
    }

    pub fn password(&self, username: &str) -> String {
        match &self.mode {
            Mode::SingleUser(_) if username == self.person() => {
                fs::read_to_string(self.path("data/initial-password")).unwrap().trim().to_owned()
            }
            _ => PASSWORD.to_owned(),
        }
    }

    /// `http://ADDRESS`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address.expect("the server was started"))
    }

    /// The name of the one person of single-user mode.
    pub fn person(&self) -> String {
        match &self.mode {
            Mode::MultiUser => panic!("a site has several"),
            Mode::SingleUser(Some(user)) => user.name.clone(),
            Mode::SingleUser(None) => runs_as().name,
        }
    }

    /// Beneath the site's own directory.
    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// The directory in this user's home beneath which everything is that the site makes there.
    pub fn home(&self, user: &str) -> PathBuf {
        match &self.mode {
            Mode::MultiUser => User::from_name(user).unwrap().unwrap().dir.join(self.tag()),
            Mode::SingleUser(_) => self.path("home"),
        }
    }

    /// Of all who may have used it.
    fn homes(&self) -> Vec<PathBuf> {
        match &self.mode {
            Mode::MultiUser => {
                let there = CROWD.iter().filter(|user| User::from_name(user).is_ok_and(|user| user.is_some()));
                there.map(|user| self.home(user)).filter(|home| home.exists()).collect()
            }
            Mode::SingleUser(_) => vec![self.path("home")],
        }
    }

    pub fn slurm(&self) -> &Slurm {
        self.slurm.as_ref().expect("this site has a Slurm")
    }

    /// What the server wrote to its log.
    pub fn server_log(&self) -> String {
        fs::read_to_string(self.path("log/server")).unwrap_or_default()
    }

    /// Where the demo image is, if this run of the tests was given one.
    pub fn demo_image() -> Option<PathBuf> {
        match apptainer() {
            Some((_, image)) => Some(image),
            None => left_out("QD_TEST_APPTAINER and QD_TEST_IMAGE do not name an Apptainer and its demo image"),
        }
    }

    fn prepare(mode: Mode, slurm: Option<Slurm>) -> Site {
        Site::prepare_in(Path::new(SITES), mode, slurm)
    }

    fn prepare_in(directory: &Path, mode: Mode, slurm: Option<Slurm>) -> Site {
        let directory = tempfile::Builder::new().prefix("qd-it-").tempdir_in(directory).unwrap();
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let (others, environment) = (Vec::new(), Vec::new());
        let site = Site { directory, mode, slurm, launcher: None, server: None, others, environment, address: None };
        for name in ["bin", "etc", "run", "log", "data", "home"] {
            fs::create_dir(site.path(name)).unwrap();
            fs::set_permissions(site.path(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        let executable = Path::new(env!("CARGO_BIN_EXE_quarterdeck"));
        if fs::hard_link(executable, site.path("bin/quarterdeck")).is_err() {
            fs::copy(executable, site.path("bin/quarterdeck")).unwrap();
        }
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        run(Command::new("cp").arg("-r").arg(templates).arg(site.path("templates")));
        let owner = match &site.mode {
            Mode::MultiUser => User::from_name(SERVER_USER).unwrap(),
            Mode::SingleUser(user) => user.clone(),
        };
        for name in ["data", "home"] {
            fs::set_permissions(site.path(name), PermissionsExt::from_mode(0o700)).unwrap();
        }
        // Where the server puts what users share.
        fs::create_dir_all(site.path("templates/community")).unwrap();
        for name in ["data", "home", "templates/community"] {
            if let Some(owner) = &owner {
                chown(site.path(name), Some(owner.uid.as_raw()), Some(owner.gid.as_raw())).unwrap();
            }
        }
        site
    }

    fn write_multi_user_configuration(&self) {
        let (root, tag, slurm) = (self.directory.path().display(), self.tag(), self.slurm());
        let conf = slurm.conf().display();
        let images = apptainer().map(|(apptainer, image)| {
            let directory = image.parent().unwrap().to_owned();
            format!("[images]\napptainer = '{}'\ndirectories = ['{}']\n", apptainer.display(), directory.display())
        });
        let server = format!(
            "[server]\ndata = '{root}/data'\n[agents]\nlauncher = '{root}/run/launcher.sock'\n\
             [slurm]\nenabled = true\nconf = '{conf}'\npoll_seconds = 1\n[templates]\ndirectory = '{root}/templates'\nprivate = '{tag}/templates'\n\
             [jobs]\ndirectory = '{tag}/jobs'\n[uploads]\ndirectory = '{tag}/uploads'\n{}",
            images.unwrap_or_default()
        );
        let agent = format!(
            "state = '~/{tag}/state'\n[programs]\nsbatch = '/usr/bin/sbatch'\nscancel = '/usr/bin/scancel'\n\
             scontrol = '/usr/bin/scontrol'\nsstat = '/usr/bin/sstat'\n[environment]\nSLURM_CONF = '{conf}'\n"
        );
        let launcher = format!(
            "server_user = '{SERVER_USER}'\nportal_group = 'quarterdeck-users'\nruntime_directory = '{root}/run'\n\
             agent = '{root}/bin/quarterdeck'\nagent_arguments = ['agent']\nagent_config = '{root}/etc/agent.toml'\n\
             journal = '{root}/log/launcher-journal'\nagent_log = '{root}/log/agents'\n\
             starts_per_minute_and_user = 300\n"
        );
        for (name, text) in [("quarterdeck", server), ("agent", agent), ("launcher", launcher)] {
            fs::write(self.path(&format!("etc/{name}.toml")), text).unwrap();
        }
    }

    /// Runs a sub-command on this site's configuration, as the server's user.
    pub fn run_quarterdeck(&self, words: &[&str]) {
        run(self.quarterdeck(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log("command")));
    }

    /// `quarterdeck` on the host of the server, as its user and on its data.
    pub fn quarterdeck(&self, words: &[&str]) -> Command {
        let mut command = self.command_of_server(&self.path("bin/quarterdeck"));
        command.args(words);
        match &self.mode {
            Mode::MultiUser => command.arg("--config").arg(self.path("etc/quarterdeck.toml")),
            Mode::SingleUser(_) => command.env("QUARTERDECK_SERVER__DATA", self.path("data")),
        };
        command
    }

    /// A further account, for [`Site::client`]; its Unix user has the same name, if there is one.
    pub fn add_account(&self, name: &str, role: &str) {
        let mut command = self.quarterdeck(&["user"]);
        command.args(["add", name, "--role", role, "--password-stdin"]);
        let password = self.path("etc/password");
        fs::write(&password, PASSWORD).unwrap();
        run(command.stdin(fs::File::open(password).unwrap()).stdout(Stdio::null()).stderr(self.log("user")));
    }

    /// Runs a sub-command like [`Site::run_quarterdeck`] and answers what came of it, success or not.
    pub fn run_command(&self, words: &[&str]) -> Output {
        self.quarterdeck(words).stdin(Stdio::null()).output().unwrap()
    }

    async fn start_launcher(&mut self) {
        let mut command = Command::new(self.path("bin/quarterdeck"));
        command.arg("launcher").arg("--config").arg(self.path("etc/launcher.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(self.log("launcher"));
        self.launcher = Some(command.spawn().unwrap());
        let socket = self.path("run/launcher.sock");
        eventually("the launcher's start", START, async || socket.exists().then_some(())).await;
    }

    /// A program as the user that the server runs as, with an environment of that user's.
    fn command_of_server(&self, program: &Path) -> Command {
        let user = match &self.mode {
            Mode::MultiUser => Some(SERVER_USER),
            Mode::SingleUser(user) => user.as_ref().map(|user| user.name.as_str()),
        };
        let mut command = match user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--init-groups"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LANG", "C.UTF-8");
        command.env("HOME", self.path("home")).env("RUST_BACKTRACE", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Mode::SingleUser(_) = self.mode {
            command.env("USER", self.person()).env("SHELL", "/bin/bash");
        }
        command
    }

    /// Where this user's agent listens while it runs.
    pub fn agent_socket(&self, user: &str) -> PathBuf {
        match &self.mode {
            Mode::MultiUser => self.path(&format!("run/agents/{}.sock", User::from_name(user).unwrap().unwrap().uid)),
            Mode::SingleUser(_) => self.path("data/agent.sock"),
        }
    }

    /// Names the site in other people's homes, and in the arguments and environment of what it starts.
    fn tag(&self) -> String {
        self.directory.path().file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn log(&self, name: &str) -> fs::File {
        fs::File::options().append(true).create(true).open(self.path(&format!("log/{name}"))).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("---- the server's log\n{}", self.server_log());
        }
        for mut child in [self.server.take(), self.launcher.take()].into_iter().flatten().chain(self.others.drain(..)) {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(slurm) = &self.slurm {
            for home in self.homes() {
                slurm.cancel_below(&home.to_string_lossy());
            }
        }
        // Agents, supervisors and local jobs, which outlive the server on purpose. Again, since one that is looked at
        // may just be starting another.
        for _ in 0..10 {
            let left = processes::that_mention(&self.tag());
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(processes::kill);
        }
        if let Mode::MultiUser = self.mode {
            for home in self.homes() {
                let _ = fs::remove_dir_all(home);
            }
        }
        if !std::thread::panicking() {
            let found = ["log", "data"].iter().find_map(|directory| secrets::find_in(&self.path(directory)));
            assert_eq!(found, None, "a secret was written down");
        }
    }
}

/// The Apptainer and the image that this run of the tests was given.
fn apptainer() -> Option<(PathBuf, PathBuf)> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    Some((variable("QD_TEST_APPTAINER")?, variable("QD_TEST_IMAGE")?))
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
