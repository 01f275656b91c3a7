//! With keys, hashed names and certificates that the real ssh-keygen makes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use rstest::rstest;

use super::*;

struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Keys {
        Keys(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn keygen(&self, arguments: &[&str]) {
        let mut command = Command::new("ssh-keygen");
        let done = command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Makes one; answers its line without a name.
    fn key(&self, name: &str, kind: &str) -> String {
        self.keygen(&["-q", "-t", kind, "-N", "", "-C", "a comment of mine", "-f", name]);
        self.line(name)
    }

    fn line(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap()
    }

    fn shown(&self, name: &str) -> PublicKeyOrCertificate {
        PublicKey::from_openssh(&self.line(name)).unwrap().into()
    }

    /// What the authority `ca` signs for the key `name`.
    fn certificate(&self, ca: &str, name: &str, arguments: &[&str]) -> PublicKeyOrCertificate {
        let public = format!("{name}.pub");
        self.keygen(&[&["-q", "-s", ca, "-I", "an id"], arguments, &[public.as_str()]].concat());
        let text = fs::read_to_string(self.path(&format!("{name}-cert.pub"))).unwrap();
        Certificate::from_openssh(&text).unwrap().into()
    }
}

fn at(name: &str, port: u16) -> Server {
    Server { name: name.to_owned(), port }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn known(text: &str) -> KnownHosts {
    let known = KnownHosts::parse(text.as_bytes());
    assert_eq!(known.bad_lines().1, 0, "{:?}", known.bad_lines());
    known
}

#[test]
fn a_known_key_is_trusted_and_another_is_not() {
    let keys = Keys::new();
    let (one, two) = (keys.key("one", "ed25519"), keys.key("two", "ed25519"));
    let known = known(&format!("# ours\n\n  n1,n2\t{one}n3 {two}"));
    for name in ["n1", "n2", "N1"] {
        assert_eq!(known.check(&at(name, 22), &keys.shown("one"), now()), Ok(()));
    }
    let Err(Untrusted::Changed { host, line, expected, key }) = known.check(&at("n2", 22), &keys.shown("two"), now())
    else {
        panic!()
    };
    assert_eq!((host.as_str(), line), ("n2", 3));
    assert!(expected.starts_with("ssh-ed25519 SHA256:") && key.starts_with("ssh-ed25519 SHA256:") && key != expected);
    let unknown = known.check(&at("n4", 2222), &keys.shown("one"), now()).unwrap_err();
    assert!(matches!(unknown, Untrusted::Unknown { .. }));
    assert!(unknown.to_string().contains("ssh-keyscan -p 2222 n4"), "{unknown}");
}

#[test]
fn a_host_may_have_several_keys_and_is_asked_for_those_that_are_known() {
    let keys = Keys::new();
    let (rsa, ecdsa) = (keys.key("rsa", "rsa"), keys.key("ecdsa", "ecdsa"));
    keys.key("new", "ed25519");
    let known = known(&format!("n1 {rsa}n1 {ecdsa}"));
    for name in ["rsa", "ecdsa"] {
        assert_eq!(known.check(&at("n1", 22), &keys.shown(name), now()), Ok(()));
    }
    let judged = known.judged(&at("n1", 22));
    assert_eq!(judged.keys.len(), 2);
    assert!(judged.keys[0].clone().is_rsa() && !judged.by_certificate);
    // A key of a kind that is not known is another key too.
    let changed = known.check(&at("n1", 22), &keys.shown("new"), now());
    assert!(matches!(changed, Err(Untrusted::Changed { line: 1, .. })), "{changed:?}");
}

#[test]
fn a_port_of_its_own_goes_before_the_host() {
    let keys = Keys::new();
    let (one, two) = (keys.key("one", "ed25519"), keys.key("two", "ed25519"));
    let known = known(&format!("n1 {one}[n1]:2222 {two}"));
    assert_eq!(known.check(&at("n1", 2222), &keys.shown("two"), now()), Ok(()));
    assert!(known.check(&at("n1", 2222), &keys.shown("one"), now()).is_err());
    assert_eq!(known.check(&at("n1", 2223), &keys.shown("one"), now()), Ok(()));
    assert!(known.check(&at("n1", 22), &keys.shown("two"), now()).is_err());
}

#[test]
fn names_that_ssh_keygen_hashed_are_recognised() {
    let keys = Keys::new();
    let one = keys.key("one", "ed25519");
    fs::write(keys.path("hosts"), format!("n1 {one}[n2]:2222 {one}")).unwrap();
    keys.keygen(&["-q", "-H", "-f", "hosts"]);
    let text = fs::read_to_string(keys.path("hosts")).unwrap();
    // A name could be found in a hash by chance.
    assert!(text.lines().all(|line| line.starts_with("|1|")), "{text}");
    let known = known(&text);
    for server in [at("n1", 22), at("N1", 22), at("n2", 2222)] {
        assert_eq!(known.check(&server, &keys.shown("one"), now()), Ok(()));
    }
    assert!(matches!(known.check(&at("n2", 22), &keys.shown("one"), now()), Err(Untrusted::Unknown { .. })));
}

#[test]
fn a_revoked_key_is_refused_whatever_else_is_said_of_it() {
    let keys = Keys::new();
    let (one, ca) = (keys.key("one", "ed25519"), keys.key("ca", "ed25519"));
    let with = |revoked: &str| known(&format!("n1 {one}@cert-authority * {ca}@revoked * {revoked}"));
    let shown = keys.shown("one");
    assert!(matches!(with(&one).check(&at("n1", 22), &shown, now()), Err(Untrusted::Revoked { line: 3, .. })));
    let certificate = keys.certificate("ca", "one", &["-h", "-n", "n1"]);
    for revoked in [&one, &ca] {
        let refused = with(revoked).check(&at("n1", 22), &certificate, now());
        assert!(matches!(refused, Err(Untrusted::Revoked { .. })), "{refused:?}");
    }
    let elsewhere = known(&format!("n1 {one}@revoked n2 {one}"));
    assert_eq!(elsewhere.check(&at("n1", 22), &shown, now()), Ok(()));
}

#[test]
fn a_certificate_of_a_known_authority_is_trusted() {
    let keys = Keys::new();
    let ca = keys.key("ca", "rsa");
    keys.key("host", "ed25519");
    let known = known(&format!("@cert-authority n*,!n2 {ca}"));
    let certificate = keys.certificate("ca", "host", &["-h", "-n", "n1,n2"]);
    assert!(known.judged(&at("n1", 22)).by_certificate && !known.judged(&at("n2", 22)).by_certificate);
    for port in [22, 2222] {
        assert_eq!(known.check(&at("n1", port), &certificate, now()), Ok(()));
    }
    assert!(matches!(known.check(&at("n2", 22), &certificate, now()), Err(Untrusted::Unknown { .. })));
    // The key alone says nothing.
    assert!(matches!(known.check(&at("n1", 22), &keys.shown("host"), now()), Err(Untrusted::Unknown { .. })));
}

#[rstest]
#[case::a_users(&["-n", "n1"], "not a host's")]
#[case::of_other_hosts(&["-h", "-n", "n2,n10"], "for other hosts")]
#[case::of_no_host(&["-h"], "for other hosts")]
#[case::ended(&["-h", "-n", "n1", "-V", "20200101:20200201"], "has ended")]
#[case::to_come(&["-h", "-n", "n1", "-V", "20900101:20910101"], "not hold yet")]
#[case::with_a_critical_option(&["-h", "-n", "n1", "-O", "critical:a@b=c"], "critical option \"a@b\"")]
#[case::by_sha_1(&["-h", "-n", "n1", "-t", "ssh-rsa"], "SHA-1")]
fn a_certificate_that_does_not_hold_is_refused(#[case] arguments: &[&str], #[case] why: &str) {
    let keys = Keys::new();
    let ca = keys.key("ca", "rsa");
    keys.key("host", "ed25519");
    let certificate = keys.certificate("ca", "host", arguments);
    let refused = known(&format!("@cert-authority n1 {ca}")).check(&at("n1", 22), &certificate, now());
    let Err(Untrusted::Certificate { why: said, .. }) = refused else { panic!("{refused:?}") };
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_worth_its_key() {
    let keys = Keys::new();
    let (ca, host) = (keys.key("ca", "ed25519"), keys.key("host", "ed25519"));
    keys.key("other", "ed25519");
    let certificate = keys.certificate("other", "host", &["-h", "-n", "n1"]);
    let refused = known(&format!("@cert-authority n1 {ca}")).check(&at("n1", 22), &certificate, now());
    assert!(refused.unwrap_err().to_string().contains("none of those in known_hosts"));
    let known = known(&format!("@cert-authority n1 {ca}n1 {host}"));
    assert_eq!(known.check(&at("n1", 22), &certificate, now()), Ok(()));
}

#[test]
fn a_certificate_that_was_altered_is_refused() {
    let keys = Keys::new();
    let ca = keys.key("ca", "ed25519");
    keys.key("host", "ed25519");
    let PublicKeyOrCertificate::Certificate(certificate) = keys.certificate("ca", "host", &["-h", "-n", "n2"]) else {
        panic!()
    };
    let mut bytes = certificate.to_bytes().unwrap();
    let name = bytes.windows(6).position(|window| window == b"\0\0\0\x02n2").unwrap();
    bytes[name + 5] = b'1';
    let altered = Certificate::from_bytes(&bytes).unwrap();
    assert_eq!(altered.valid_principals(), ["n1"]);
    let refused = known(&format!("@cert-authority n1 {ca}")).check(&at("n1", 22), &altered.into(), now());
    assert!(refused.unwrap_err().to_string().contains("signature is wrong"));
}

#[test]
fn bad_lines_are_told_and_take_nothing_from_the_others() {
    let keys = Keys::new();
    let one = keys.key("one", "ed25519");
    let blob = one.split(' ').nth(1).unwrap();
    let mut text = format!(
        "@trusted n1 {one}n1 ssh-ed25519\nn1 2048 35 1234567\nn1 ssh-ed25519 AAAA\n|1|x {one}|2|a|b {one}n1 ssh-rsa {blob}\n"
    )
    .into_bytes();
    text.extend(b"n\xff1 ssh-ed25519 AAAA\n");
    text.extend(format!("n1 {one}").as_bytes());
    let known = KnownHosts::parse(&text);
    let (bad, total) = known.bad_lines();
    assert_eq!(bad.iter().map(|line| line.number).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    assert_eq!(total, 8);
    assert_eq!(bad[2].why, "it has a key of SSH 1");
    assert_eq!(known.check(&at("n1", 22), &keys.shown("one"), now()), Ok(()));
    let many = KnownHosts::parse("x\n".repeat(1000).as_bytes());
    assert_eq!((many.bad_lines().0.len(), many.bad_lines().1), (MAX_BAD_LINES, 1000));
}

#[test]
fn hosts_that_the_real_ssh_keygen_finds_are_found() {
    let keys = Keys::new();
    let one = keys.key("one", "ed25519");
    let lines = ["n1", "n?0", "*.example.org,!bad.example.org", "[n3]:2222", "10.0.0.*"];
    let hosts =
        ["n1", "n10", "n20", "nx0", "a.example.org", "bad.example.org", "example.org", "[n3]:2222", "n3", "10.0.0.7"];
    for line in lines {
        let text = format!("{line} {one}");
        fs::write(keys.path("hosts"), &text).unwrap();
        for host in hosts {
            let found = Command::new("ssh-keygen").args(["-F", host, "-f"]).arg(keys.path("hosts")).output().unwrap();
            let ours = Names::parse(line).unwrap().match_name(host);
            assert_eq!(ours, !found.stdout.is_empty(), "{line} and {host}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_file_says_it_is_read(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let known = KnownHosts::parse(&text);
        let _ = known.judged(&at("n1", 22));
    }

    #[test]
    fn whatever_its_lines_say_they_are_read(
        text in "(@cert-authority |@revoked |\\|1\\|)?[n*?!,\\[\\]:0-9]{0,9}[ \t](ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]{0,80}\n?"
    ) {
        let known = KnownHosts::parse(text.as_bytes());
        prop_assert_eq!(known.bad_lines().1, 1);
    }
}
