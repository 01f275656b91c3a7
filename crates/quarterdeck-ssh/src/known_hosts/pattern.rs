//! Which hosts a line is about.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

const HASHED: &str = "|1|";

#[derive(Debug)]
pub(super) enum Names {
    Listed(Vec<Pattern>),
    /// One name, that cannot be read but recognised.
    Hashed {
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
}

#[derive(Debug)]
pub(super) struct Pattern {
    is_negated: bool,
    /// In small letters.
    text: String,
}

impl Names {
    pub(super) fn parse(word: &str) -> Result<Names, &'static str> {
        if let Some(hashed) = word.strip_prefix(HASHED) {
            let decode = |text: &str| BASE64_STANDARD.decode(text).ok();
            let parts = hashed.split_once('|').and_then(|(salt, hash)| decode(salt).zip(decode(hash)));
            let (salt, hash) = parts.ok_or("its hashed name cannot be read")?;
            if hash.len() != 20 {
                return Err("its hashed name has another length than SHA-1's");
            }
            return Ok(Names::Hashed { salt, hash });
        }
        if word.starts_with('|') {
            return Err("its name is hashed in an unknown way");
        }
        let patterns = word.split(',').map(|pattern| {
            let (is_negated, text) = pattern.strip_prefix('!').map_or((false, pattern), |text| (true, text));
            Pattern { is_negated, text: text.to_ascii_lowercase() }
        });
        Ok(Names::Listed(patterns.collect()))
    }

    /// `name` is in small letters. A name that one of the patterns excludes is not meant, whatever the others say.
    pub(super) fn match_name(&self, name: &str) -> bool {
        match self {
            Names::Listed(patterns) => {
                let mut is_meant = false;
                for pattern in patterns.iter().filter(|pattern| matches(&pattern.text, name)) {
                    if pattern.is_negated {
                        return false;
                    }
                    is_meant = true;
                }
                is_meant
            }
            Names::Hashed { salt, hash } => {
                let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(salt) else { return false };
                mac.update(name.as_bytes());
                mac.verify_slice(hash).is_ok()
            }
        }
    }
}

/// `*` stands for any characters, `?` for one. Takes a time that grows with the product of both lengths at most.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` was, and how much of the name it stands for.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("n1", "n1", true)]
    #[case("N1.Example.ORG", "n1.example.org", true)]
    #[case("n1", "n10", false)]
    #[case("n?", "n1", true)]
    #[case("n?", "n10", false)]
    #[case("*.example.org", "n1.example.org", true)]
    #[case("*.example.org", "example.org", false)]
    #[case("n*1*", "n21x1y", true)]
    #[case("*", "", true)]
    #[case("n1,n2", "n2", true)]
    #[case("*,!n2", "n2", false)]
    #[case("!n2,*", "n3", true)]
    #[case("!n2", "n3", false)]
    #[case("[n1]:2222", "[n1]:2222", true)]
    #[case("[n*]:2222", "[n1]:22", false)]
    #[case("[n*]:*", "[n1]:22", true)]
    fn a_line_is_about(#[case] patterns: &str, #[case] name: &str, #[case] is_meant: bool) {
        assert_eq!(Names::parse(patterns).unwrap().match_name(name), is_meant);
    }

    #[test]
    fn many_stars_take_no_time() {
        let started = std::time::Instant::now();
        assert!(!matches(&"*a".repeat(1000), &"a".repeat(900)));
        assert!(started.elapsed().as_secs() < 2);
    }
}
