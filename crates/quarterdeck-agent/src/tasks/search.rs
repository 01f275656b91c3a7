//! Looks through a directory and all below it.

use std::os::unix::ffi::OsStrExt;

use quarterdeck_types::agent::{AgentError, ErrorCode};
use quarterdeck_types::file_task::{Found, MAX_FOUND, Wanted};
use quarterdeck_types::{FileName, Place, RelativePath};
use rustix::fs::{OFlags, Stat};
use unicode_normalization::UnicodeNormalization;

use crate::errors::Outcome;
use crate::files::{CAREFUL, entry};
use crate::resolve::{Located, Spaces};
use crate::tasks::progress::Progress;
use crate::tasks::tree::{self, Here, Visit, is_file, size_of};

pub(crate) fn run(spaces: &Spaces, progress: &Progress, below: &Place, wanted: &Wanted) -> Outcome<()> {
    let at = spaces.locate(below)?;
    let directory = spaces.open(&at, OFlags::RDONLY | OFlags::DIRECTORY | CAREFUL)?;
    let pattern = wanted.name.as_deref().filter(|name| !name.is_empty()).map(Pattern::new);
    let mut search = Search { progress, at: &at, wanted, pattern };
    match tree::below(progress, directory, Vec::new(), &at, &mut search) {
        Err(error) if error.code == ErrorCode::TooMuch => {
            progress.more();
            Ok(())
        }
        other => other,
    }
}

struct Search<'a> {
    progress: &'a Progress,
    at: &'a Located,
    wanted: &'a Wanted,
    pattern: Option<Pattern>,
}

impl Visit for Search<'_> {
    fn enter(&mut self, here: &Here<'_>) -> Outcome<bool> {
        self.look(here)?;
        Ok(true)
    }

    fn entry(&mut self, here: &Here<'_>) -> Outcome<()> {
        self.look(here)
    }
}

impl Search<'_> {
    fn look(&mut self, here: &Here<'_>) -> Outcome<()> {
        self.progress.entry(here.path);
        if !self.is_wanted(here.about, &here.name.to_string_lossy()) {
            return Ok(());
        }
        let path = [self.at.path.as_os_str().as_bytes(), here.path].join(&b'/');
        // What is too long to be named cannot be gone to.
        let path = RelativePath::from_bytes(path.strip_prefix(b"/").unwrap_or(&path));
        let (Ok(path), Ok(name)) = (path, FileName::from_bytes(here.name.as_bytes())) else { return Ok(()) };
        if self.progress.status().found as usize >= MAX_FOUND {
            return Err(AgentError::new(ErrorCode::TooMuch, "as many were found as are told of"));
        }
        self.progress.find(Found { path, entry: entry(&name, here.about, None) });
        Ok(())
    }

    fn is_wanted(&self, about: &Stat, name: &str) -> bool {
        let Wanted { min_size, max_size, modified_since_us, .. } = self.wanted;
        let sized = min_size.is_some() || max_size.is_some();
        let size = size_of(about);
        (!sized || is_file(about))
            && min_size.is_none_or(|least| size >= least)
            && max_size.is_none_or(|most| size <= most)
            && modified_since_us.is_none_or(|since| about.st_mtime.saturating_mul(1_000_000) >= since)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(name))
    }
}

/// Part of a name, or with `*` and `?` a pattern of a whole one; neither the case counts nor whether a letter is
/// written as one character or taken apart, as macOS does.
struct Pattern {
    text: Vec<char>,
    is_glob: bool,
}

impl Pattern {
    fn new(text: &str) -> Pattern {
        Pattern { is_glob: text.contains(['*', '?']), text: folded(text) }
    }

    fn matches(&self, name: &str) -> bool {
        let name = folded(name);
        match self.is_glob {
            true => matches_glob(&self.text, &name),
            false => name.windows(self.text.len().max(1)).any(|part| part == self.text),
        }
    }
}

fn folded(text: &str) -> Vec<char> {
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// Goes back to the last `*` alone: no pattern takes longer than its length times the name's.
fn matches_glob(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[from] => (at, from) = (at + 1, from + 1),
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (at, from) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("mesh", "Big-MESH-1.stl", true)]
    #[case("mesh", "mes.h", false)]
    #[case("*.stl", "mesh.STL", true)]
    #[case("*.stl", "mesh.stl.gz", false)]
    #[case("mesh-??.*", "mesh-01.vtk", true)]
    #[case("mesh-??.*", "mesh-1.vtk", false)]
    #[case("a*b*c", "a--b-b--c", true)]
    #[case("a*b*c", "a--b-b--", false)]
    #[case("메시", "큰\u{1106}\u{1166}\u{1109}\u{1175}.stl", true)]
    #[case("\u{1106}\u{1166}\u{1109}\u{1175}*", "메시.stl", true)]
    #[case("*", "", true)]
    fn names_are_found_by_a_part_or_a_pattern(#[case] pattern: &str, #[case] name: &str, #[case] found: bool) {
        assert_eq!(Pattern::new(pattern).matches(name), found);
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let pattern = Pattern::new(&format!("{}b", "a*".repeat(100)));
        assert!(!pattern.matches(&"a".repeat(255)));
    }
}
