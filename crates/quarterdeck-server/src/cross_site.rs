//! Tells what our own page asks from what another site makes a browser ask.

use axum::http::{HeaderMap, StatusCode, header};

use crate::problem::Problem;

/// Refuses what a browser says comes from elsewhere. Programs that are no browsers say nothing, and are trusted with
/// what they bring.
///
/// `Sec-Fetch-Site` cannot be set by a page (Fetch Metadata, W3C); browsers without it send `Origin` with a POST.
pub(crate) fn refuse(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let own = match (text("sec-fetch-site"), text(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let host = text(header::HOST.as_str()).unwrap_or_default();
            origin.split_once("://").is_some_and(|(_, origin)| origin.eq_ignore_ascii_case(host))
        }
        (None, None) => true,
    };
    if own {
        return Ok(());
    }
    let detail = "This request comes from another site: open the portal itself.";
    Err(Problem::new(StatusCode::FORBIDDEN, "cross-site", detail))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use rstest::rstest;

    use super::refuse;

    #[rstest]
    #[case::our_page(&[("sec-fetch-site", "same-origin"), ("origin", "https://portal.example"), ("host", "portal.example")], true)]
    #[case::behind_a_proxy_that_changes_the_host(&[("sec-fetch-site", "same-origin"), ("origin", "https://portal.example"), ("host", "127.0.0.1:8080")], true)]
    #[case::typed(&[("sec-fetch-site", "none"), ("host", "portal.example")], true)]
    #[case::a_program(&[("host", "portal.example")], true)]
    #[case::an_old_browser(&[("origin", "https://portal.example:8443"), ("host", "portal.example:8443")], true)]
    #[case::another_site(&[("sec-fetch-site", "cross-site"), ("host", "portal.example")], false)]
    #[case::a_sibling(&[("sec-fetch-site", "same-site"), ("host", "portal.example")], false)]
    #[case::another_site_in_an_old_browser(&[("origin", "https://evil.example"), ("host", "portal.example")], false)]
    #[case::a_sandboxed_frame(&[("origin", "null"), ("host", "portal.example")], false)]
    #[case::another_port(&[("origin", "http://portal.example:81"), ("host", "portal.example")], false)]
    fn only_our_own_page_may_use_the_cookie(#[case] headers: &[(&str, &str)], #[case] own: bool) {
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        let headers: HeaderMap = headers.iter().map(pair).collect();
        assert_eq!(refuse(&headers).is_ok(), own);
    }
}
