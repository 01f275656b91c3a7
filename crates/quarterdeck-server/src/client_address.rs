//! Which address a request came from: the peer's, or, behind proxies that the site trusts, the one that they say.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::{HeaderMap, HeaderName};

use crate::networks::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address. Each proxy adds on the right whom it heard the request from, so reading begins there and ends
/// at the first address that is no trusted proxy's: what stands left of it is only that one's word. Something that is
/// no address ends it too.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.contains(address));
    let mut client = peer.to_canonical();
    let mut lines: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.as_bytes()).collect();
    if !is_trusted(client) {
        if !lines.is_empty() {
            say_once(client);
        }
        return client;
    }
    lines.reverse();
    for hop in lines.into_iter().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        let Some(address) = read(hop) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// Whose addresses are counted together: an IPv4 address, or the IPv6 network of which one household has all.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 64)).into(),
        v4 => v4,
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    // A proxy that listens on both families writes ::ffff:192.0.2.1.
    Some(address.to_canonical())
}

/// A proxy that nobody named makes all its clients one, who share their limits and lock each other out.
fn say_once(peer: IpAddr) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Ordering::Relaxed) {
        tracing::warn!(%peer, "a request with X-Forwarded-For came from an address that is not in server.trusted_proxies: if that is a proxy of yours, name it there, else all its clients are counted as one");
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use rstest::rstest;

    use super::*;

    /// Of a site with one proxy on the host and others in front of it.
    const TRUSTED: [&str; 3] = ["127.0.0.1", "10.1.0.0/16", "fd00::/8"];

    fn address(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<Network> = TRUSTED.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[rstest]
    #[case::nothing_said("127.0.0.1", &[], "127.0.0.1")]
    #[case::by_one_proxy("127.0.0.1", &["203.0.113.7"], "203.0.113.7")]
    #[case::by_several("127.0.0.1", &["203.0.113.7, 10.1.2.3,10.1.9.9"], "203.0.113.7")]
    #[case::in_several_lines("127.0.0.1", &["203.0.113.7", "10.1.2.3, 10.1.9.9"], "203.0.113.7")]
    #[case::with_a_port("127.0.0.1", &["203.0.113.7:4711"], "203.0.113.7")]
    #[case::ipv6("fd00::1", &["2001:db8::7"], "2001:db8::7")]
    #[case::ipv6_in_brackets("127.0.0.1", &["[2001:db8::7]"], "2001:db8::7")]
    #[case::ipv6_with_a_port("127.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7")]
    #[case::ipv4_as_ipv6("::ffff:127.0.0.1", &["::ffff:203.0.113.7, ::ffff:10.1.2.3"], "203.0.113.7")]
    #[case::a_client_among_the_proxies("127.0.0.1", &["10.1.2.3"], "10.1.2.3")]
    fn a_trusted_proxy_is_believed(#[case] peer: &str, #[case] lines: &[&str], #[case] client: &str) {
        assert_eq!(address(peer, lines), client);
    }

    #[rstest]
    #[case::from_no_proxy("203.0.113.7", &["198.51.100.1"], "203.0.113.7")]
    #[case::from_near_a_proxy("10.2.0.1", &["198.51.100.1"], "10.2.0.1")]
    #[case::as_ipv6("::ffff:203.0.113.7", &["127.0.0.1"], "203.0.113.7")]
    #[case::left_of_the_client("127.0.0.1", &["198.51.100.1, 203.0.113.7"], "203.0.113.7")]
    #[case::left_of_the_client_as_a_proxy("127.0.0.1", &["127.0.0.1, 10.1.2.3, 203.0.113.7, 10.1.2.3"], "203.0.113.7")]
    #[case::in_a_line_of_its_own("127.0.0.1", &["198.51.100.1", "203.0.113.7"], "203.0.113.7")]
    #[case::left_of_garbage("127.0.0.1", &["198.51.100.1, unknown"], "127.0.0.1")]
    #[case::left_of_nothing("127.0.0.1", &["198.51.100.1,, 10.1.2.3"], "10.1.2.3")]
    #[case::garbage("127.0.0.1", &["203.0.113.7.example.org"], "127.0.0.1")]
    #[case::not_text("127.0.0.1", &["198.51.100.1", "주소"], "127.0.0.1")]
    fn what_a_client_says_is_not(#[case] peer: &str, #[case] lines: &[&str], #[case] client: &str) {
        assert_eq!(address(peer, lines), client);
    }
}
