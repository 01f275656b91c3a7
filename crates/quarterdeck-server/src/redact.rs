//! Keeps secrets out of the log, and out of what people send on.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::Method;
use regex::Regex;

/// API keys, access tokens, and whatever else is as long and as random as a secret.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    #[allow(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
    Regex::new(r"qd_[0-9A-Za-z]+|eyJ[0-9A-Za-z_.\-]+|[0-9A-Za-z_\-]{43,}").unwrap()
});
const LONGEST: usize = 500;

/// Each leaves its groups `before` and `after`.
static IN_TEXT: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    const NAME: &str =
        r"(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)";
    let value = r#"(?:"[^"\n]*"|'[^'\n]*'|[^\s'"]+)"#;
    let patterns = [
        r"(?s)(?<before>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?<after>-----END [A-Z ]*PRIVATE KEY-----|\z)".to_owned(),
        r"(?<before>://[^/\s:@]*:)[^/\s@]+(?<after>@)".to_owned(),
        r#"(?i)(?<before>\bauthorization["']?\s*[:=]\s*["']?(?:\w+\s+)?)[^\s'"]+(?<after>)"#.to_owned(),
        r"(?i)(?<before>\bbearer\s+)[0-9A-Za-z_.~+/=\-]{8,}(?<after>)".to_owned(),
        format!(r#"(?i)(?<before>[\w\-]*{NAME}[\w\-]*["']?\s*[=:]\s*){value}(?<after>)"#),
        format!(r"(?i)(?<before>--?[\w\-]*{NAME}\s+){value}(?<after>)"),
        r"(?<before>)\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{20,}|hf_[0-9A-Za-z]{20,}|sk-[0-9A-Za-z_\-]{20,})(?<after>)"
            .to_owned(),
    ];
    #[allow(clippy::unwrap_used, reason = "the patterns are constants, and a test uses them")]
    patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect()
});

/// A method as the log may have it: clients can make up one as long as a request may be.
pub(crate) fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// An address's path as the log may have it. Its query is left out altogether.
pub(crate) fn path(path: &str) -> Cow<'_, str> {
    let end = path.char_indices().nth(LONGEST).map_or(path.len(), |(end, _)| end);
    SECRETS.replace_all(&path[..end], "[redacted]")
}

/// A text without what looks like secrets in it, and how many there were. Somebody who reads it may know of more.
pub(crate) fn secrets(text: &str) -> (Cow<'_, str>, usize) {
    let (mut clean, mut count) = (Cow::Borrowed(text), 0);
    for (pattern, by) in
        IN_TEXT.iter().map(|pattern| (pattern, "$before[redacted]$after")).chain([(&*SECRETS, "[redacted]")])
    {
        // What was taken out already is none.
        let found = pattern.find_iter(&clean).filter(|found| !found.as_str().contains("[redacted]")).count();
        if found > 0 {
            clean = Cow::Owned(pattern.replace_all(&clean, by).into_owned());
            count += found;
        }
    }
    (clean, count)
}

/// Whether a variable of this name holds a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const PARTS: [&str; 8] = ["PASS", "SECRET", "TOKEN", "KEY", "CRED", "AUTH", "COOKIE", "SESSION"];
    let name = name.to_ascii_uppercase();
    PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case(
        "/api/v1/uploads/019ac5d1-7c1e-7d8a-9d3e-3b8f0e5a1c22/info",
        "/api/v1/uploads/019ac5d1-7c1e-7d8a-9d3e-3b8f0e5a1c22/info"
    )]
    #[case("/api/v1/qd_019ac5d17c1e/x", "/api/v1/[redacted]/x")]
    #[case("/api/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/api/[redacted]")]
    #[case("/x/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJK", "/x/[redacted]")]
    #[case("/템플릿/가", "/템플릿/가")]
    fn secrets_in_a_path_are_not_logged(#[case] path: &str, #[case] logged: &str) {
        assert_eq!(super::path(path), logged);
    }

    #[rstest]
    #[case("export DB_PASSWORD='a b c'; run", "export DB_PASSWORD=[redacted]; run")]
    #[case("API_KEY: abc", "API_KEY: [redacted]")]
    #[case(r#"{"token": "abc", "n": 1}"#, r#"{"token": [redacted], "n": 1}"#)]
    #[case("mysql --password hunter2 -u x", "mysql --password [redacted] -u x")]
    #[case("git clone https://alice:hunter2@host/x.git", "git clone https://alice:[redacted]@host/x.git")]
    #[case("curl -H 'Authorization: Basic aGk='", "curl -H 'Authorization: Basic [redacted]'")]
    #[case("AKIAIOSFODNN7EXAMPLE", "[redacted]")]
    #[case(
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----"
    )]
    #[case("-----BEGIN PRIVATE KEY-----\nabc", "-----BEGIN PRIVATE KEY-----[redacted]")]
    fn secrets_in_a_text_are_taken_out(#[case] text: &str, #[case] clean: &str) {
        assert_eq!(super::secrets(text), (clean.into(), 1));
    }

    #[rstest]
    #[case("module load gcc/13\nsrun ./solve --tokens-per-batch=5")]
    #[case("epoch 3: 512 tokens/s, loss=0.1")]
    #[case("/home/alice/monkey/keyboard.txt")]
    fn what_is_no_secret_stays(#[case] text: &str) {
        let (clean, count) = super::secrets(text);
        if text.contains("--tokens") {
            // A name that only looks like one: better too much than too little.
            assert_eq!(count, 1);
        } else {
            assert_eq!((clean.as_ref(), count), (text, 0));
        }
    }

    #[test]
    fn a_long_path_is_cut() {
        assert_eq!(super::path(&"/가".repeat(9000)).chars().count(), 500);
    }
}
