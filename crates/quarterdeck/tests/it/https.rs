//! HTTPS by the server itself, with certificates that openssl makes here.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::unistd::chown;
use reqwest::{Certificate, Client, Version};
use rstest::rstest;
use serde_json::json;

use crate::support::{Site, eventually, left_out, runs_as};

const NAME: &str = "portal.example.org";
const QUARTERDECK: &str = env!("CARGO_BIN_EXE_quarterdeck");

/// A certificate of its own authority, with its key, where the server's user can read both.
struct Pair {
    directory: tempfile::TempDir,
}

impl Pair {
    fn new() -> Option<Pair> {
        if Command::new("openssl").arg("version").output().is_err() {
            return left_out("HTTPS needs openssl");
        }
        let pair = Pair { directory: tempfile::tempdir_in("/var/tmp").unwrap() };
        fs::set_permissions(pair.directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        pair.renew();
        Some(pair)
    }

    /// Another key and certificate in the same place, each there from one moment to the next.
    fn renew(&self) {
        let [key, certificate] = ["key.new", "certificate.new"].map(|name| self.directory.path().join(name));
        let subject = format!("/CN={NAME}");
        let names = format!("subjectAltName=DNS:{NAME},IP:127.0.0.1");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", &subject, "-addext", &names, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        let server = runs_as();
        chown(&key, Some(server.uid), Some(server.gid)).unwrap();
        fs::rename(key, self.key()).unwrap();
        fs::rename(certificate, self.certificate()).unwrap();
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    async fn site(&self, more: &[(&str, &str)]) -> (Site, SocketAddr) {
        let (certificate, key) = (self.certificate(), self.key());
        let ours = [
            ("QUARTERDECK_SERVER__PUBLIC_URL", "https://portal.example.org"),
            ("QUARTERDECK_TLS__CERTIFICATE", certificate.to_str().unwrap()),
            ("QUARTERDECK_TLS__KEY", key.to_str().unwrap()),
        ];
        let site = Site::single_user_in(Path::new("/var/tmp"), &[&ours, more].concat()).await;
        let address = site.base().strip_prefix("http://").unwrap().parse().unwrap();
        (site, address)
    }

    /// Trusts what lies there now and nothing else; opens a connection for each request.
    fn client(&self, address: SocketAddr) -> Client {
        let root = Certificate::from_pem(&fs::read(self.certificate()).unwrap()).unwrap();
        let client = Client::builder().tls_certs_only([root]).resolve(NAME, address).pool_max_idle_per_host(0);
        client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }
}

fn url(address: SocketAddr, path: &str) -> String {
    format!("https://{NAME}:{}{path}", address.port())
}

#[tokio::test]
async fn a_site_with_a_certificate_speaks_https_and_http_2_and_its_cookies_stay_safe() {
    let Some(pair) = Pair::new() else { return };
    let (site, address) = pair.site(&[]).await;
    let client = pair.client(address);
    let person = site.person();
    let credentials = json!({"username": person, "password": site.password(&person)});
    let answer = client.post(url(address, "/api/v1/auth/login")).json(&credentials).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let token = answer.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();

    // 8 MiB, far beyond what HTTP/2 sends before it is read.
    let bytes = vec![0x5a_u8; 8 << 20];
    let upload = client.post(url(address, "/api/v1/uploads")).bearer_auth(&token);
    let upload = upload.header("Tus-Resumable", "1.0.0").header("Upload-Length", bytes.len());
    // "a.bin"
    let upload = upload.header("Upload-Metadata", "filename YS5iaW4=");
    let upload = upload.header("Content-Type", "application/offset+octet-stream").body(bytes.clone());
    let uploaded = upload.send().await.unwrap();
    assert_eq!(uploaded.status(), 201, "{}", uploaded.text().await.unwrap());
    assert_eq!(fs::read(site.home(&person).join("quarterdeck/uploads/a.bin")).unwrap(), bytes);

    let by_address = format!("https://{address}/health");
    let answer = client.get(by_address).send().await.unwrap();
    assert!(!answer.headers().contains_key("strict-transport-security"), "an address is no site's name");
    let plain = Client::new().get(format!("http://{address}/health")).send().await;
    assert!(plain.is_err(), "nothing is said in the clear");
}

#[tokio::test]
async fn a_new_certificate_is_shown_while_connections_go_on() {
    let Some(pair) = Pair::new() else { return };
    let (_site, address) = pair.site(&[]).await;
    let root = Certificate::from_pem(&fs::read(pair.certificate()).unwrap()).unwrap();
    // One connection each, kept.
    let busy = (0..50).map(|_| {
        let client = Client::builder().tls_certs_only([root.clone()]).http1_only().resolve(NAME, address);
        let client = client.build().unwrap();
        tokio::spawn(async move {
            let begun = std::time::Instant::now();
            let mut answered = 0;
            while begun.elapsed() < Duration::from_secs(12) {
                let answer = client.get(url(address, "/health")).send().await.unwrap();
                assert!(answer.status().is_success());
                answer.bytes().await.unwrap();
                answered += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            answered
        })
    });
    let busy: Vec<_> = busy.collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = pair.client(address);
    pair.renew();
    let after = pair.client(address);
    eventually("the new certificate", Duration::from_secs(20), async || {
        after.get(url(address, "/health")).send().await.ok().filter(|answer| answer.status().is_success())
    })
    .await;
    assert!(before.get(url(address, "/health")).send().await.is_err(), "the old one is shown no more");
    for client in busy {
        assert!(client.await.unwrap() > 0, "no request of a connection that was there failed");
    }

    // A key that is not the certificate's: what was shown stays.
    let shown = pair.client(address);
    let other = Pair::new().unwrap();
    fs::copy(other.key(), pair.key()).unwrap();
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(shown.get(url(address, "/health")).send().await.unwrap().status().is_success());
}

/// What scanners of TLS look for (testssl, Mozilla's "intermediate").
#[rstest]
#[case::tls_1_3(&["-tls1_3"], true)]
#[case::tls_1_2(&["-tls1_2"], true)]
#[case::tls_1_1(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], false)]
#[case::tls_1_0(&["-tls1", "-cipher", "ALL:@SECLEVEL=0"], false)]
#[case::no_forward_secrecy(&["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-GCM-SHA384"], false)]
#[case::cbc(&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384"], false)]
#[case::finite_field(&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], false)]
#[tokio::test]
async fn only_what_is_safe_is_offered(#[case] offer: &[&str], #[case] accepted: bool) {
    let Some(pair) = Pair::new() else { return };
    let (_site, address) = pair.site(&[]).await;
    let client = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-CAfile"])
        .arg(pair.certificate())
        .args(["-verify_return_error", "-brief"])
        .args(offer)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(client.status.success(), accepted, "{}", String::from_utf8_lossy(&client.stderr));
}

#[tokio::test]
async fn the_plain_port_sends_people_to_the_sites_own_address_and_nowhere_else() {
    let Some(pair) = Pair::new() else { return };
    let plain: SocketAddr = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let listen = plain.to_string();
    let (_site, _) = pair.site(&[("QUARTERDECK_TLS__REDIRECT_LISTEN", listen.as_str())]).await;
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for host in [NAME, "evil.example"] {
        let answer = client.post(format!("http://{plain}/jobs?q=%2F%2Fevil")).header("host", host);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 308);
        assert_eq!(answer.headers()["location"], "https://portal.example.org/jobs?q=%2F%2Fevil");
    }
}

#[test]
fn does_not_start_with_a_key_that_is_not_the_certificates_or_open_to_others() {
    let (Some(pair), Some(other)) = (Pair::new(), Pair::new()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let start = |key: &Path| {
        let output = Command::new(QUARTERDECK)
            .args(["serve", "--single-user", "--listen=127.0.0.1:0", "--data"])
            .arg(directory.path().join("data"))
            .env("QUARTERDECK_TLS__CERTIFICATE", pair.certificate())
            .env("QUARTERDECK_TLS__KEY", key)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let words = start(&other.key());
    assert!(words.contains("is not that of the certificate"), "{words}");
    fs::set_permissions(pair.key(), PermissionsExt::from_mode(0o640)).unwrap();
    let words = start(&pair.key());
    assert!(words.contains("chmod 600"), "{words}");
    let words = start(&pair.certificate());
    assert!(words.contains("tls.key"), "{words}");
}
