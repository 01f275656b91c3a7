//! Slurm's compressed lists of nodes: `c[1-3,07],g1`.

use std::collections::{BTreeMap, BTreeSet};

/// No list of a real cluster's is longer; a longer one is somebody's joke.
const MOST: usize = 100_000;
/// Of one element: as many dimensions as Slurm has (HIGHEST_DIMENSIONS).
pub(crate) const MOST_BRACKETS: usize = 5;
/// More than a host's name may have (RFC 1123).
const LONGEST_NAME: usize = 255;

/// The names in a list, in its order. `None`: it is no list of Slurm's.
///
/// Source of the format: scontrol(1), "show hostnames".
pub fn expand(list: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for part in split_outside_brackets(list) {
        if part.matches('[').count() > MOST_BRACKETS {
            return None;
        }
        expand_into(part, String::new(), &mut names)?;
    }
    Some(names)
}

/// The names as one list, those that differ in a number at their end together.
pub fn compress(names: &[&str]) -> String {
    let mut numbers: BTreeMap<(&str, usize), BTreeSet<u64>> = BTreeMap::new();
    let mut plain = BTreeSet::new();
    for name in names {
        let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &name[prefix.len()..];
        match number(digits) {
            Some(number) => drop(numbers.entry((prefix, digits.len())).or_default().insert(number)),
            None => drop(plain.insert(*name)),
        }
    }
    let mut elements: Vec<String> =
        numbers.iter().map(|((prefix, width), numbers)| element(prefix, *width, numbers)).collect();
    elements.extend(plain.into_iter().map(str::to_owned));
    elements.join(",")
}

fn element(prefix: &str, width: usize, numbers: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let ranges: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match first == last {
            true => format!("{first:0width$}"),
            false => format!("{first:0width$}-{last:0width$}"),
        })
        .collect();
    match ranges.as_slice() {
        [one] if !one.contains('-') => format!("{prefix}{one}"),
        ranges => format!("{prefix}[{}]", ranges.join(",")),
    }
}

/// One element may have several brackets (`r[1-2]n[1-9]`), of which the last runs fastest.
fn expand_into(rest: &str, before: String, names: &mut Vec<String>) -> Option<()> {
    let Some((prefix, behind)) = rest.split_once('[') else {
        if rest.contains(']') || names.len() >= MOST || before.len() + rest.len() > LONGEST_NAME {
            return None;
        }
        names.push(before + rest);
        return Some(());
    };
    let (ranges, rest) = behind.split_once(']')?;
    if before.len() + prefix.len() > LONGEST_NAME {
        return None;
    }
    for range in ranges.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (from, to) = (number(first)?, number(last)?);
        if to < from || to - from >= MOST as u64 {
            return None;
        }
        for n in from..=to {
            expand_into(rest, format!("{before}{prefix}{n:0width$}", width = first.len()), names)?;
        }
    }
    Some(())
}

fn number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn split_outside_brackets(list: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let parts = list.split(move |c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        c == ',' && !inside
    });
    parts.filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", &[])]
    #[case("c1", &["c1"])]
    #[case("c[1-3],g1", &["c1", "c2", "c3", "g1"])]
    #[case("n[08-11,20]", &["n08", "n09", "n10", "n11", "n20"])]
    #[case("r[1-2]n[1-2]-x", &["r1n1-x", "r1n2-x", "r2n1-x", "r2n2-x"])]
    fn reads_compressed_lists(#[case] list: &str, #[case] names: &[&str]) {
        assert_eq!(expand(list).unwrap(), names);
    }

    #[rstest]
    fn refuses_what_is_none(
        #[values("c[1-", "c[3-1]", "c[]", "c[a-b]", "c]1", "c[1-999999999]", "c[1-9[2]]", "[1][1][1][1][1][1]")]
        list: &str,
    ) {
        assert_eq!(expand(list), None);
    }

    #[rstest]
    #[case(&[], "")]
    #[case(&["c1"], "c1")]
    #[case(&["c3", "c1", "c2", "g1", "login"], "c[1-3],g1,login")]
    #[case(&["n08", "n09", "n10", "n12", "n9"], "n9,n[08-10,12]")]
    fn writes_compressed_lists(#[case] names: &[&str], #[case] list: &str) {
        assert_eq!(compress(names), list);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(names in prop::collection::btree_set("[a-z]{1,3}[0-9]{0,4}", 0..30)) {
            let list = compress(&names.iter().map(String::as_str).collect::<Vec<_>>());
            let read: BTreeSet<String> = expand(&list).unwrap().into_iter().collect();
            prop_assert_eq!(read, names);
        }

        #[test]
        fn never_gets_out_of_hand(list in "[c0-9,\\[\\]-]{0,40}") {
            prop_assert!(expand(&list).is_none_or(|names| names.len() <= MOST));
        }
    }
}
