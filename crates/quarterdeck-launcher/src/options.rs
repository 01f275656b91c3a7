//! The launcher's command line, read by hand: what runs as root holds no more code than it needs.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: quarterdeck-launcher [--config FILE]            start agents for the server (as root)
       quarterdeck-launcher stop USER [--config FILE]  end a user's agent (as root)

FILE is /etc/quarterdeck/launcher.toml unless given.";

const DEFAULT_CONFIG: &str = "/etc/quarterdeck/launcher.toml";

#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Serve {
        config: PathBuf,
    },
    Stop {
        config: PathBuf,
        user: String,
    },
    /// The launcher's own: see [`crate::become_user`].
    Become(Vec<OsString>),
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut rest = arguments.into_iter().peekable();
    let sub_command = rest.next_if(|first| !first.to_string_lossy().starts_with('-'));
    let user = match sub_command.as_ref().map(|name| name.to_string_lossy()).as_deref() {
        None => None,
        Some("become") => return Ok(Command::Become(rest.collect())),
        Some("stop") => {
            let user = rest.next().ok_or("stop needs a user's name")?;
            Some(user.into_string().map_err(|_| "the user's name is not UTF-8")?)
        }
        Some(other) => return Err(format!("there is no sub-command {other:?}")),
    };
    let mut config = PathBuf::from(DEFAULT_CONFIG);
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--config") => config = rest.next().ok_or("--config needs a file")?.into(),
            Some("--help" | "-h") => return Ok(Command::Help),
            _ => return Err(format!("{argument:?} is not an option")),
        }
    }
    Ok(match user {
        Some(user) => Command::Stop { config, user },
        None => Command::Serve { config },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn reads_what_the_usage_says() {
        assert_eq!(parse(words("")), Ok(Command::Serve { config: DEFAULT_CONFIG.into() }));
        let stop = Command::Stop { config: "/a.toml".into(), user: "alice".into() };
        assert_eq!(parse(words("stop alice --config /a.toml")), Ok(stop));
        assert!(parse(words("stop")).is_err());
        assert!(parse(words("start alice")).is_err());
        assert!(parse(words("--config")).is_err());
    }
}
