//! Places on the cluster as people type them: `home:/runs/a.txt`.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, bail};
use quarterdeck_types::{RelativePath, SpaceName};

/// A space and a path beneath it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) space: SpaceName,
    pub(crate) path: RelativePath,
}

impl FromStr for Place {
    type Err = anyhow::Error;

    /// The names of spaces hold colons (`project:wind`), and of files anything.
    fn from_str(text: &str) -> anyhow::Result<Place> {
        let Some((space, path)) = text.split_once(":/") else {
            bail!("write it as SPACE:/PATH, for example home:/runs/input.dat")
        };
        let space = SpaceName::parse(space).with_context(|| format!("{space} is not a space"))?;
        // Shells know nothing of our escapes: a % is a %.
        let path = RelativePath::from_bytes(path.trim_start_matches('/').as_bytes())?;
        Ok(Place { space, path })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:/{}", self.space, quarterdeck_types::place::plain(&self.path.to_string()).escape_control())
    }
}

/// Names of files are somebody's text: control characters must not reach the terminal.
pub(crate) trait EscapeControl {
    fn escape_control(&self) -> String;
}

impl EscapeControl for str {
    fn escape_control(&self) -> String {
        let one = |letter: char| match letter.is_control() {
            true => letter.escape_default().to_string(),
            false => letter.to_string(),
        };
        self.chars().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_it_is_read() {
        for text in ["home:/runs/50% a.txt", "project:wind:/mesh:/a", "scratch:/"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert!("runs/a.txt".parse::<Place>().is_err());
        assert!("home:/../bob".parse::<Place>().is_err());
        assert_eq!("home:/a\u{1b}[2J".parse::<Place>().unwrap().to_string(), "home:/a\\u{1b}[2J");
    }
}
