//! Under which name a request was made.

use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue};
use axum::http::{StatusCode, Uri};

use crate::config::Config;
use crate::problem::Problem;

/// HTTP/2 says the host beside the path; everything behind this finds it where HTTP/1.1 says it.
pub(crate) fn complete(request: &mut Request) {
    if request.headers().contains_key(HOST) {
        return;
    }
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
}

/// Refuses, on a server that listens on its own machine alone, what came under a name that is not its own: a page of
/// another site that lets its name lead to 127.0.0.1 for a moment (DNS rebinding) would be of the portal's own origin.
pub(crate) fn check(config: &Config, request: &Request) -> Result<(), Problem> {
    if !config.server.listen.ip().is_loopback() {
        return Ok(());
    }
    let is_ours = |host: &HeaderValue| {
        let name = host.to_str().ok().and_then(name_of).unwrap_or_default();
        is_this_machine(&name) || config.public_host().is_some_and(|public| public == name)
    };
    // All of them, where there are several: nobody knows which one counted for whoever sent it.
    if request.headers().get_all(HOST).iter().all(is_ours) {
        return Ok(());
    }
    let detail = "The portal is not known under this name: open it by its own address. An administrator can name it as \
                  server.public_url.";
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail))
}

/// Whether browsers may be told to use HTTPS alone from now on: under the name that the site gave, and no other. They
/// keep that for a year, so it must never be said of `localhost` or of an address.
pub(crate) fn is_always_safe(config: &Config, request: &Request) -> bool {
    let Some(public) = config.public_host().filter(|_| config.cookies_are_secure()) else { return false };
    let name = request.headers().get(HOST).and_then(|host| host.to_str().ok()).and_then(name_of);
    name == Some(public.clone()) && public.contains('.') && !is_address(&public)
}

/// Without its port, in lower case; an IPv6 address without its brackets.
pub(crate) fn name_of(host: &str) -> Option<String> {
    // A user's name before the host belongs into no `Host`.
    let uri: Uri = format!("http://{host}/").parse().ok().filter(|_| !host.contains('@'))?;
    let name = uri.host()?;
    Some(name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase())
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

fn is_this_machine(name: &str) -> bool {
    let is_loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    is_loopback || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use rstest::rstest;

    use super::*;

    fn site(public_url: Option<&str>, listen: &str) -> Config {
        let mut config = Config::load(None).unwrap();
        config.server.listen = listen.parse().unwrap();
        config.server.public_url = public_url.map(str::to_owned);
        config
    }

    fn to(host: &str) -> Request<Body> {
        Request::builder().uri("/").header(HOST, host).body(Body::empty()).unwrap()
    }

    #[rstest]
    #[case::by_its_address("127.0.0.1:8080", true)]
    #[case::by_name("localhost:8080", true)]
    #[case::by_its_ipv6_address("[::1]:8080", true)]
    #[case::as_the_site_calls_it("Portal.Example.org:443", true)]
    #[case::by_a_name_that_leads_here("evil.example:8080", false)]
    #[case::by_a_name_that_looks_so("localhost.evil.example", false)]
    #[case::by_another_address("192.0.2.1", false)]
    #[case::by_nonsense("a b", false)]
    #[case::by_a_name_before_it("evil.example@localhost", false)]
    fn on_its_own_machine_the_portal_answers_to_its_own_names(#[case] host: &str, #[case] answers: bool) {
        let config = site(Some("https://portal.example.org"), "127.0.0.1:8080");
        assert_eq!(check(&config, &to(host)).is_ok(), answers);
        let open = site(None, "0.0.0.0:8080");
        assert!(check(&open, &to(host)).is_ok(), "on the network the names are the site's business");
    }

    #[test]
    fn of_several_names_each_has_to_be_the_portals() {
        let mut request = to("localhost");
        request.headers_mut().append(HOST, "evil.example".parse().unwrap());
        assert!(check(&site(None, "127.0.0.1:8080"), &request).is_err());
    }

    #[rstest]
    #[case::the_sites(Some("https://portal.example.org"), "portal.example.org:8443", true)]
    #[case::another(Some("https://portal.example.org"), "other.example.org", false)]
    #[case::an_address(Some("https://192.0.2.1"), "192.0.2.1", false)]
    #[case::this_machine(Some("https://localhost"), "localhost", false)]
    #[case::plain(Some("http://portal.example.org"), "portal.example.org", false)]
    #[case::unnamed(None, "portal.example.org", false)]
    fn https_alone_is_asked_for_under_the_sites_name(
        #[case] public_url: Option<&str>,
        #[case] host: &str,
        #[case] asked: bool,
    ) {
        assert_eq!(is_always_safe(&site(public_url, "0.0.0.0:443"), &to(host)), asked);
    }

    #[test]
    fn http_2_says_its_host_beside_the_path() {
        let mut request = Request::builder().uri("https://portal.example.org:8443/jobs").body(Body::empty()).unwrap();
        complete(&mut request);
        assert_eq!(request.headers()[HOST], "portal.example.org:8443");
    }
}
