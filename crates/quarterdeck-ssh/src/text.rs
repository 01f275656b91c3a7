//! What a stranger wrote, as people may see it.

/// Characters that are shown of one text.
const LONGEST: usize = 200;

/// The text on one line, cut where it is long: without what moves a terminal's cursor or turns the direction of writing.
pub fn printable(bytes: &[u8]) -> String {
    // Of what is not shown nothing is decoded: a character takes four bytes at most.
    let shown = &bytes[..bytes.len().min(4 * (LONGEST + 1))];
    let text = String::from_utf8_lossy(shown);
    let mut characters = text.trim().chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c });
    let mut clean: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() || shown.len() < bytes.len() {
        clean.push('…');
    }
    clean
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(b"No such file", "No such file")]
    #[case(b"  a\n\x1b[31mb\r\n", "a\u{fffd}\u{fffd}[31mb")]
    #[case("권한 없음".as_bytes(), "권한 없음")]
    #[case("a\u{202e}b".as_bytes(), "a\u{fffd}b")]
    #[case(b"caf\xe9", "caf\u{fffd}")]
    fn what_a_stranger_wrote_is_harmless(#[case] bytes: &[u8], #[case] shown: &str) {
        assert_eq!(printable(bytes), shown);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(printable("가".repeat(9000).as_bytes()).chars().count(), LONGEST + 1);
        assert_eq!(printable("가".repeat(LONGEST).as_bytes()).chars().count(), LONGEST);
    }
}
