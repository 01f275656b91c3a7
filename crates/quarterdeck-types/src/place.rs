//! Where a user's file is: a space that the site allows, and a path beneath it. Nothing else names a file between
//! the processes, so that no path from outside is ever opened as it stands.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Longest path and name that Linux takes (`PATH_MAX`, `NAME_MAX`).
const MAX_PATH_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 255;

#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum InvalidPath {
    #[error("the path is longer than {MAX_PATH_BYTES} bytes: choose a shorter one")]
    TooLong,
    #[error("a name in the path is longer than {MAX_NAME_BYTES} bytes: choose a shorter one")]
    NameTooLong,
    #[error("the path holds a NUL byte: remove it")]
    Nul,
    #[error("the path may not begin with \"/\": write it relative to the space")]
    Absolute,
    #[error("the path may not hold \"..\": write it without")]
    Parent,
    #[error("the name is empty, \".\", \"..\" or holds \"/\": choose a file name")]
    NotAName,
    #[error("a % must be followed by two hexadecimal digits: write %25 for the sign itself")]
    BadEscape,
    #[error("a space's name is made of a-z, 0-9, \"-\", \"_\", \":\" and \".\"")]
    NotASpace,
}

/// The name of a root that the site allows: `home`, `scratch`, `project:wind`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SpaceName(String);

impl SpaceName {
    pub fn parse(text: &str) -> Result<SpaceName, InvalidPath> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_:.".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(InvalidPath::NotASpace);
        }
        Ok(SpaceName(text.to_owned()))
    }

    /// The space that every account has.
    pub fn home() -> SpaceName {
        SpaceName("home".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path beneath a space: no leading slash, no `..`, no NUL; the empty path is the space itself. Names on Linux are
/// bytes: as text, a byte that is not UTF-8 is written `%FF`, and `%` itself `%25`. Two texts that differ are two files.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RelativePath(Vec<u8>);

impl RelativePath {
    /// Reads the escaped text that [`fmt::Display`] writes. `./` and doubled or trailing slashes are dropped.
    pub fn parse(text: &str) -> Result<RelativePath, InvalidPath> {
        RelativePath::from_bytes(&unescape(text)?)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<RelativePath, InvalidPath> {
        if bytes.len() > MAX_PATH_BYTES {
            return Err(InvalidPath::TooLong);
        }
        if bytes.first() == Some(&b'/') {
            return Err(InvalidPath::Absolute);
        }
        let mut kept: Vec<&[u8]> = Vec::new();
        for name in bytes.split(|b| *b == b'/') {
            match name {
                b"" | b"." => {}
                b".." => return Err(InvalidPath::Parent),
                _ if name.contains(&0) => return Err(InvalidPath::Nul),
                _ if name.len() > MAX_NAME_BYTES => return Err(InvalidPath::NameTooLong),
                _ => kept.push(name),
            }
        }
        Ok(RelativePath(kept.join(&b'/')))
    }

    pub fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn join(&self, name: &FileName) -> RelativePath {
        let mut bytes = self.0.clone();
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_os_str().as_bytes());
        RelativePath(bytes)
    }

    /// The path's directory and its last name; `None` for the space itself.
    pub fn split(&self) -> Option<(RelativePath, FileName)> {
        let cut = self.0.iter().rposition(|b| *b == b'/');
        let (parent, name) = match cut {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&self.0[..0], &self.0[..]),
        };
        let name = FileName::from_bytes(name).ok()?;
        Some((RelativePath(parent.to_vec()), name))
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(&self.0, f)
    }
}

impl fmt::Debug for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelativePath({self})")
    }
}

/// One name in a directory, as bytes; escaped as text like [`RelativePath`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(OsString);

impl FileName {
    pub fn parse(text: &str) -> Result<FileName, InvalidPath> {
        FileName::from_bytes(&unescape(text)?)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<FileName, InvalidPath> {
        match bytes {
            b"" | b"." | b".." => Err(InvalidPath::NotAName),
            _ if bytes.contains(&b'/') => Err(InvalidPath::NotAName),
            _ if bytes.contains(&0) => Err(InvalidPath::Nul),
            _ if bytes.len() > MAX_NAME_BYTES => Err(InvalidPath::NameTooLong),
            _ => Ok(FileName(OsString::from_vec(bytes.to_vec()))),
        }
    }

    pub fn as_os_str(&self) -> &OsStr {
        &self.0
    }

    /// For people: bytes that are not UTF-8 become U+FFFD. Not for finding the file again.
    pub fn display(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0.as_bytes(), f)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName({self})")
    }
}

/// A file or directory of the user's: by space, or by the absolute path that a job recorded (its output, its working
/// directory). The agent looks for the allowed root above an absolute path and then resolves beneath it like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Place {
    In { space: SpaceName, path: RelativePath },
    Absolute { absolute: String },
}

impl Place {
    pub fn home(path: RelativePath) -> Place {
        Place::In { space: SpaceName::home(), path }
    }

    /// The place of an absolute path as Slurm and people write it, where `%` stands for itself.
    pub fn absolute(path: &str) -> Place {
        Place::Absolute { absolute: path.replace('%', "%25") }
    }
}

/// An escaped path as Slurm and people write it; bytes that are not UTF-8 become U+FFFD.
pub fn plain(escaped: &str) -> String {
    match unescape(escaped) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => escaped.to_owned(),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::In { space, path } => write!(f, "{space}:{path}"),
            Place::Absolute { absolute } => f.write_str(absolute),
        }
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, InvalidPath> {
    if text.len() > 3 * MAX_PATH_BYTES {
        return Err(InvalidPath::TooLong);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| (b as char).to_digit(16)).ok_or(InvalidPath::BadEscape);
        let value = digit()? * 16 + digit()?;
        bytes.push(value as u8);
    }
    Ok(bytes)
}

fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for part in chunk.valid().split_inclusive('%') {
            match part.strip_suffix('%') {
                Some(before) => write!(f, "{before}%25")?,
                None => f.write_str(part)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

macro_rules! text_in_json {
    ($type:ty, $parse:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
text_in_json!(RelativePath, RelativePath::parse);
text_in_json!(FileName, FileName::parse);

impl<'de> Deserialize<'de> for SpaceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SpaceName::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("a/b", "a/b")]
    #[case("./a//b/", "a/b")]
    #[case("", "")]
    #[case("작업/입력.txt", "작업/입력.txt")]
    #[case("100%25", "100%25")]
    #[case("a\n$(id)'\"", "a\n$(id)'\"")]
    fn reads_paths_beneath_a_space(#[case] text: &str, #[case] kept: &str) {
        assert_eq!(RelativePath::parse(text).unwrap().to_string(), kept);
    }

    #[rstest]
    #[case("/etc/passwd", InvalidPath::Absolute)]
    #[case("a/../b", InvalidPath::Parent)]
    #[case("%2e%2e/b", InvalidPath::Parent)]
    #[case("a%00b", InvalidPath::Nul)]
    #[case("100%", InvalidPath::BadEscape)]
    fn refuses_paths_that_could_leave_it(#[case] text: &str, #[case] why: InvalidPath) {
        assert_eq!(RelativePath::parse(text), Err(why));
    }

    #[test]
    fn an_absolute_path_of_slurms_is_escaped_and_comes_back() {
        let Place::Absolute { absolute } = Place::absolute("/home/alice/100%j.out") else { unreachable!() };
        assert_eq!(absolute, "/home/alice/100%25j.out");
        assert_eq!(plain(&absolute), "/home/alice/100%j.out");
    }

    #[test]
    fn splits_into_directory_and_name() {
        let (parent, name) = RelativePath::parse("a/b/c").unwrap().split().unwrap();
        assert_eq!((parent.to_string(), name.to_string()), ("a/b".into(), "c".into()));
        assert!(RelativePath::default().split().is_none());
    }

    proptest! {
        #[test]
        fn any_name_on_disk_survives_as_text(bytes in proptest::collection::vec(any::<u8>(), 1..60)) {
            if let Ok(name) = FileName::from_bytes(&bytes) {
                prop_assert_eq!(FileName::parse(&name.to_string()).unwrap(), name);
            }
        }
    }
}
