//! The one way in which a value enters a shell script.

/// Writes a text as one word of a POSIX shell, whatever it holds: nothing in it is expanded or executed.
///
/// A CR LF inside is written as two adjoining quoted parts, since sbatch takes any script that holds one for a
/// Windows file and refuses it. NUL cannot be in a script at all, so it is left out: refuse it earlier.
pub fn quote(text: &str) -> String {
    let inner = text.replace('\0', "").replace('\'', r"'\''").replace("\r\n", "\r''\n");
    format!("'{inner}'")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn as_bash_reads(word: &str) -> Vec<u8> {
        let script = format!("printf %s {word}\n");
        Command::new("bash").args(["--noprofile", "--norc", "-c", &script]).output().unwrap().stdout
    }

    #[test]
    fn bash_reads_hostile_values_byte_for_byte() {
        for text in [
            "",
            "it's",
            "$(touch /tmp/x) `id` $HOME",
            "a\r\nb\r",
            "\\",
            "'\r\n'",
            "한국어\n#SBATCH -J x",
            "!!",
            "\u{1b}[0m",
        ] {
            let word = quote(text);
            assert_eq!(as_bash_reads(&word), text.as_bytes());
            assert!(!word.contains("\r\n"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn bash_reads_any_text_byte_for_byte(text in r#"([^\x00]|[\r\n'"\\$`!#]){0,60}"#) {
            let word = quote(&text);
            prop_assert_eq!(as_bash_reads(&word), text.as_bytes());
            prop_assert!(!word.contains("\r\n"));
        }
    }
}
