//! The agent's command line, read by hand: a parser's crate would be the largest part of the agent.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: quarterdeck-agent (--listen-stdin | --socket PATH) --config FILE --server-uid UID [--idle-seconds S]
       quarterdeck-agent supervise DIRECTORY

  --listen-stdin    listen on the socket that the launcher bound and passed as standard input
  --socket PATH     make this socket (single-user mode)
  --config FILE     the site's programs and spaces; may be left out with --socket
  --server-uid UID  the only uid that may connect
  --idle-seconds S  leave when nothing was asked for so long (default 900)
  supervise         for the agent itself: runs one job of the local scheduler";

const DEFAULT_IDLE: Duration = Duration::from_secs(15 * 60);

#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve(Options),
    Supervise { directory: PathBuf },
}

#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) listen: Listen,
    /// `None`: the defaults, in single-user mode.
    pub(crate) config: Option<PathBuf>,
    pub(crate) server_uid: u32,
    pub(crate) idle: Duration,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Listen {
    /// Multi-user mode: the launcher bound it, and it is our standard input.
    Stdin,
    /// Single-user mode: we bind it ourselves.
    Path(PathBuf),
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut rest = arguments.into_iter();
    let (mut listen, mut config, mut server_uid, mut idle) = (None, None, None, DEFAULT_IDLE);
    let mut first = true;
    while let Some(argument) = rest.next() {
        let name = argument.to_string_lossy().into_owned();
        let mut value = || rest.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "supervise" if first => return Ok(Command::Supervise { directory: value()?.into() }),
            "--help" | "-h" => return Ok(Command::Help),
            "--listen-stdin" => listen = Some(Listen::Stdin),
            "--socket" => listen = Some(Listen::Path(value()?.into())),
            "--config" => config = Some(PathBuf::from(value()?)),
            "--server-uid" => server_uid = Some(number(&name, value()?)?),
            "--idle-seconds" => idle = Duration::from_secs(number(&name, value()?)?.into()),
            _ => return Err(format!("{name} is not an option")),
        }
        first = false;
    }
    let listen = listen.ok_or("--listen-stdin or --socket is missing")?;
    if listen == Listen::Stdin && config.is_none() {
        return Err("--config is missing".into());
    }
    let server_uid = server_uid.ok_or("--server-uid is missing")?;
    Ok(Command::Serve(Options { listen, config, server_uid, idle }))
}

fn number(name: &str, value: OsString) -> Result<u32, String> {
    let text = value.to_string_lossy();
    text.parse().map_err(|_| format!("{name} takes a number, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn reads_what_the_launcher_and_the_server_write() {
        let launched = parse(words("--listen-stdin --config /etc/a.toml --server-uid 990 --idle-seconds 60"));
        let expected = Options {
            listen: Listen::Stdin,
            config: Some("/etc/a.toml".into()),
            server_uid: 990,
            idle: Duration::from_secs(60),
        };
        assert_eq!(launched, Ok(Command::Serve(expected)));
        let single = parse(words("--socket /run/a.sock --server-uid 1000"));
        let expected =
            Options { listen: Listen::Path("/run/a.sock".into()), config: None, server_uid: 1000, idle: DEFAULT_IDLE };
        assert_eq!(single, Ok(Command::Serve(expected)));
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, message) in [
            ("", "--listen-stdin or --socket is missing"),
            ("--listen-stdin --server-uid 1", "--config is missing"),
            ("--socket a --server-uid x", "--server-uid takes a number, not \"x\""),
            ("--socket a", "--server-uid is missing"),
            ("--shell", "--shell is not an option"),
        ] {
            assert_eq!(parse(words(line)), Err(message.to_owned()), "{line}");
        }
    }
}
