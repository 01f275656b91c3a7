//! What `Upload-Metadata` says of a file: pairs of a key and a base64 value, separated by commas.

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use quarterdeck_types::place::InvalidPath;
use quarterdeck_types::{FileKind, FileName, RelativePath, SpaceName};
use unicode_normalization::UnicodeNormalization;

use super::PartOf;
use crate::problem::{FieldError, Problem};

/// What a client says of the file itself.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) filename: Option<FileName>,
    /// Directories beneath the target, where a folder is uploaded.
    pub(crate) within: RelativePath,
    pub(crate) kind: Option<FileKind>,
    pub(crate) space: SpaceName,
    pub(crate) directory: Option<RelativePath>,
    pub(crate) sha256: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) part: Option<PartOf>,
}

/// Longest `fingerprint`, in bytes.
pub(super) const MAX_FINGERPRINT: usize = 128;

pub(super) fn parse(text: &str) -> Result<Metadata, Problem> {
    let mut pairs = pairs(text)?;
    let mut said = |key: &str| pairs.remove(key).filter(|value| !value.is_empty());
    let wrong = |field: &str, detail: String| {
        Problem::invalid(vec![FieldError::new(format!("/{field}"), "bad-metadata", detail)])
    };
    // Names as people type them: a % in one is a %.
    let relative = match said("relativePath") {
        Some(path) => RelativePath::from_bytes(composed(&path).as_bytes())
            .map_err(|error| wrong("relativePath", error.to_string()))?
            .split(),
        None => None,
    };
    let filename = match said("filename") {
        Some(name) => {
            let name: Result<FileName, InvalidPath> = FileName::from_bytes(composed(&name).as_bytes());
            Some(name.map_err(|error| wrong("filename", error.to_string()))?)
        }
        None => relative.as_ref().map(|(_, name)| name.clone()),
    };
    let kind = match said("kind") {
        Some(kind) => Some(FileKind::parse(&kind).ok_or_else(|| wrong("kind", format!("\"{kind}\" is not a kind.")))?),
        None => None,
    };
    let space = match said("space") {
        Some(space) => SpaceName::parse(&space).map_err(|error| wrong("space", error.to_string()))?,
        None => SpaceName::home(),
    };
    // That of a directory that is there already, as the API names it.
    let directory = match said("directory") {
        Some(path) => Some(RelativePath::parse(&path).map_err(|error| wrong("directory", error.to_string()))?),
        None => None,
    };
    let sha256 = match said("sha256").map(|digits| digits.to_ascii_lowercase()) {
        Some(digits) if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(digits),
        Some(_) => return Err(wrong("sha256", "A SHA-256 is 64 hexadecimal digits.".to_owned())),
        None => None,
    };
    let fingerprint = match said("fingerprint") {
        Some(text) if is_fingerprint(&text) => Some(text),
        Some(_) => {
            let detail = format!("A fingerprint is at most {MAX_FINGERPRINT} letters, digits, '-', '_', '.' and ':'.");
            return Err(wrong("fingerprint", detail));
        }
        None => None,
    };
    let part = match said("part") {
        Some(text) => Some(PartOf::read(&text).ok_or_else(|| {
            let detail = "Say which part it is, of how many, and the bytes of the whole: 2/4/1073741824.".to_owned();
            wrong("part", detail)
        })?),
        None => None,
    };
    let within = relative.map(|(within, _)| within).unwrap_or_default();
    Ok(Metadata { filename, within, kind, space, directory, sha256, fingerprint, part })
}

pub(super) fn is_fingerprint(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_FINGERPRINT).contains(&text.len()) && text.bytes().all(is_plain)
}

fn pairs(text: &str) -> Result<HashMap<String, String>, Problem> {
    let mut pairs = HashMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let decoded = BASE64_STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(|| {
            Problem::unreadable(format!(
                "The value of {} in Upload-Metadata is not UTF-8 in base64.",
                key.escape_default()
            ))
        })?;
        pairs.insert(key.to_owned(), decoded);
    }
    Ok(pairs)
}

/// macOS takes names apart (NFD: ㅎㅏㄴ), and everybody else types them whole: two that look alike are to be one.
fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// The directory that a path leads to from another one.
pub(super) fn beneath(directory: RelativePath, within: &RelativePath) -> Result<RelativePath, Problem> {
    use std::os::unix::ffi::OsStrExt;
    let parts = [directory.as_os_str().as_bytes(), within.as_os_str().as_bytes()];
    RelativePath::from_bytes(&parts.join(&b'/'))
        .map_err(|error| Problem::invalid(vec![FieldError::new("/relativePath", "bad-metadata", error.to_string())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Metadata, Problem> {
        let pair = |(key, value): &(&str, &str)| format!("{key} {}", BASE64_STANDARD.encode(value));
        parse(&pairs.iter().map(pair).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn names_taken_apart_are_put_together() {
        let metadata = of(&[("filename", "\u{1112}\u{1161}\u{11ab}.txt")]).unwrap();
        assert_eq!(metadata.filename.unwrap().display(), "한.txt");
        let metadata = of(&[("relativePath", "e\u{301}/b%/c.txt")]).unwrap();
        assert_eq!(metadata.filename.unwrap().display(), "c.txt");
        assert_eq!(metadata.within.to_string(), "é/b%25");
    }

    #[test]
    fn a_path_from_outside_stays_beneath() {
        for path in ["../a", "/etc/passwd", "a/../../b", "a\0b"] {
            assert!(of(&[("relativePath", path)]).is_err(), "{path}");
        }
        assert!(of(&[("filename", "a"), ("sha256", "abc")]).is_err());
    }
}
