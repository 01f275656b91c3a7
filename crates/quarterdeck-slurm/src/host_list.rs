//! Slurm's lists of hosts: `c[1-3,5],rack[1-2]n[01-16]`.

use crate::node_list::MOST_BRACKETS;

/// Whether the list names this host. Nothing is written out: a list may name a hundred thousand.
pub fn contains(list: &str, host: &str) -> bool {
    let mut depth = 0;
    let outside = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    };
    let mut patterns = list.split(outside).filter(|pattern| pattern.matches('[').count() <= MOST_BRACKETS);
    patterns.any(|pattern| matches(pattern, host))
}

fn matches(pattern: &str, host: &str) -> bool {
    let Some((literal, rest)) = pattern.split_once('[') else { return pattern == host };
    let (Some(host), Some((ranges, rest))) = (host.strip_prefix(literal), rest.split_once(']')) else { return false };
    let digits = host.bytes().take_while(u8::is_ascii_digit).count();
    // Digits may follow the brackets too.
    (1..=digits).any(|length| {
        let (number, behind) = host.split_at(length);
        ranges.split(',').any(|range| is_in(range, number)) && matches(rest, behind)
    })
}

/// `7`, `1-16`, or `01-16`, whose numbers are all as wide as the first.
fn is_in(range: &str, number: &str) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (Ok(low), Ok(high), Ok(value)) = (first.parse::<u64>(), last.parse::<u64>(), number.parse::<u64>()) else {
        return false;
    };
    let plain = number.len() == 1 || !number.starts_with('0');
    (low..=high).contains(&value) && if number.len() > first.len() { plain } else { number.len() == first.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("c1", "c1")]
    #[case("c[1-3,5]", "c5")]
    #[case("a,c[1-3],g1", "g1")]
    #[case("c[08-12]", "c09")]
    #[case("c[8-12]", "c10")]
    #[case("rack[1-2]n[01-16]", "rack2n16")]
    #[case("c[1-3]-ib", "c2-ib")]
    #[case("c[1-2]0", "c20")]
    fn names_of_the_list_are_in_it(#[case] list: &str, #[case] host: &str) {
        assert!(contains(list, host));
    }

    #[rstest]
    #[case("", "c1")]
    #[case("c[1-3]", "c4")]
    #[case("c[1-3]", "c")]
    #[case("c[1-3]", "c12")]
    #[case("c[08-12]", "c8")]
    #[case("c[8-12]", "c08")]
    #[case("rack[1-2]n[01-16]", "rack3n01")]
    #[case("c[1-3", "c1")]
    #[case("c[1-99999999999999999999]", "c1")]
    fn others_are_not(#[case] list: &str, #[case] host: &str) {
        assert!(!contains(list, host));
    }
}
