//! Keeps out of the log what a client puts into an address although it must not.

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

    #[test]
    fn a_long_path_is_cut() {
        assert_eq!(super::path(&"/가".repeat(9000)).chars().count(), 500);
    }
}
