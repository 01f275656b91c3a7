//! A site's own rules: `*.odb = result`, or `run*.dat = mesh if 4d455348 at 0`.

use std::str::FromStr;

use quarterdeck_types::FileKind;
use serde::Deserialize;
use thiserror::Error;

/// Bytes of the file's beginning in which a rule may look.
const LOOKED_AT: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rule {
    /// `*` is any number of characters, `?` one; capitals do not matter.
    pattern: String,
    kind: FileKind,
    /// Bytes, and the offset where they stand.
    magic: Option<(Vec<u8>, usize)>,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("\"{rule}\" is no rule: {problem}")]
pub struct NotARule {
    rule: String,
    problem: &'static str,
}

impl Rule {
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    pub(super) fn kind(&self) -> FileKind {
        self.kind
    }

    pub(super) fn needs_content(&self) -> bool {
        self.magic.is_some()
    }

    /// `head`: the file's first bytes.
    pub(super) fn fits(&self, name: &str, head: &[u8]) -> bool {
        let there = |(bytes, at): &(Vec<u8>, usize)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
        self.magic.as_ref().is_none_or(there) && matches(&self.pattern, name)
    }
}

impl FromStr for Rule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Rule, NotARule> {
        let not = |problem| NotARule { rule: text.to_owned(), problem };
        let (pattern, rest) = text.rsplit_once('=').ok_or_else(|| not("write \"*.ending = kind\""))?;
        let pattern = pattern.trim();
        if pattern.is_empty() || pattern.contains('/') {
            return Err(not("before the = stands a file's name, where * and ? may be in it and / may not"));
        }
        let (kind, magic) = rest.split_once(" if ").map_or((rest, None), |(kind, magic)| (kind, Some(magic)));
        let kind = FileKind::parse(kind.trim())
            .ok_or_else(|| not("the kind is data, config, script, model, mesh, result or document"))?;
        let magic = match magic {
            None => None,
            Some(magic) => Some(bytes_at(magic).ok_or_else(|| {
                not("behind \"if\" stand bytes in hexadecimal and their offset, below 65536: \"if 4d455348 at 0\"")
            })?),
        };
        Ok(Rule { pattern: pattern.to_owned(), kind, magic })
    }
}

fn bytes_at(text: &str) -> Option<(Vec<u8>, usize)> {
    let (digits, at) = text.split_once(" at ")?;
    let digits = digits.trim();
    if digits.is_empty() || digits.len() % 2 != 0 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).ok()).collect();
    let (bytes, at) = (bytes?, at.trim().parse::<usize>().ok()?);
    (at.checked_add(bytes.len())? <= LOOKED_AT).then_some((bytes, at))
}

impl TryFrom<String> for Rule {
    type Error = NotARule;

    fn try_from(text: String) -> Result<Rule, NotARule> {
        text.parse()
    }
}

/// Goes back to the last `*` alone, so that no pattern takes long.
fn matches(pattern: &str, name: &str) -> bool {
    let small = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (pattern, name) = (small(pattern), small(name));
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fits_by_name_and_by_bytes() {
        let rule: Rule = "*.ODB = result".parse().unwrap();
        assert!(rule.fits("blade.odb", b"") && !rule.fits("odb", b"") && !rule.fits("blade.odb2", b""));
        let rule: Rule = "run_??*.dat = mesh if 4d45 at 2".parse().unwrap();
        assert!(rule.fits("RUN_01.dat", b"..ME") && rule.fits("run_가나다.dat", b"..ME.."));
        assert!(!rule.fits("run_1.dat", b"..ME") && !rule.fits("run_01.dat", b"ME") && !rule.fits("run_01.dat", b""));
        let slow: Rule = format!("{}b = data", "*a".repeat(40)).parse().unwrap();
        assert!(!slow.fits(&"a".repeat(255), b""));
        assert!("a=b.txt = data".parse::<Rule>().unwrap().fits("a=b.txt", b""));
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for (wrong, problem) in [
            ("", "write"),
            ("*.odb", "write"),
            ("= data", "before the ="),
            ("a/b = data", "before the ="),
            ("*.odb = results", "the kind is"),
            ("*.odb = data if", "the kind is"),
            ("*.odb = data if 4 at 0", "hexadecimal"),
            ("*.odb = data if 4d at", "hexadecimal"),
            ("*.odb = data if +d at 0", "hexadecimal"),
            ("*.odb = data if 4d at 65536", "hexadecimal"),
            ("*.odb = data if 4d at -1", "hexadecimal"),
        ] {
            let error = wrong.parse::<Rule>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains(problem), "{wrong}: {error}");
        }
    }
}
