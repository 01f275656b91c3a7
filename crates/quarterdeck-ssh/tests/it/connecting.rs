//! Signing in, and being refused, each with an error of its own.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use quarterdeck_ssh::{IdentityError, JumpHost, Phase, Untrusted};

use super::*;

#[tokio::test]
async fn signs_in_with_a_key() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("");
    reach(&access(&site, &node.known_hosts_line()), &node).await.unwrap();
}

#[tokio::test]
async fn signs_in_with_keys_of_each_kind() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("");
    for kind in ["rsa", "ecdsa"] {
        site.keygen(&["-t", kind, "-N", "", "-f", kind]);
        site.write("authorized_keys", &site.text(&format!("{kind}.pub")));
        let identity = Identity::load(&key(&site, kind)).unwrap();
        reach(&access_with(identity, &node.known_hosts_line()), &node).await.unwrap();
    }
}

#[tokio::test]
async fn signs_in_with_an_encrypted_key_and_its_passphrase() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("");
    site.keygen(&["-p", "-P", "", "-N", "correct horse", "-f", "user"]);
    let with = |passphrase: Option<&str>| {
        let passphrase = passphrase.map(|text| site.write("passphrase", text));
        Identity::load(&KeyFiles { passphrase, ..key(&site, "user") })
    };
    let identity = with(Some("correct horse\n")).unwrap();
    reach(&access_with(identity, &node.known_hosts_line()), &node).await.unwrap();
    assert!(matches!(with(None), Err(IdentityError::Encrypted { .. })));
    assert!(matches!(with(Some("wrong horse")), Err(IdentityError::WrongPassphrase { .. })));
}

#[tokio::test]
async fn signs_in_with_a_certificate() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    site.write("authorized_keys", "");
    let node = site.node(&format!("TrustedUserCAKeys {}", site.path("ca.pub").display()));
    let known = node.known_hosts_line();
    let without = reach(&access(&site, &known), &node).await;
    assert!(matches!(without, Err(Error::NotLetIn { .. })), "{without:?}");

    let user = sshd::user();
    site.keygen(&["-s", "ca", "-I", "us", "-n", &user, "user.pub"]);
    let files = KeyFiles { certificate: Some(site.path("user-cert.pub")), ..key(&site, "user") };
    reach(&access_with(Identity::load(&files).unwrap(), &known), &node).await.unwrap();

    for (arguments, why) in [
        (["-n", &user, "-V", "20200101:20200201"].as_slice(), "does not hold now"),
        (&["-h", "-n", &user], "it is a host's"),
    ] {
        site.keygen(&[&["-s", "ca", "-I", "us"], arguments, &["user.pub"]].concat());
        let refused = Identity::load(&files).err().unwrap().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

#[tokio::test]
async fn signs_in_with_an_agent() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("");
    let (socket, known) = (site.path("agent"), node.known_hosts_line());
    let by_agent = || access_with(Identity::agent(socket.clone()), &known);
    let away = reach(&by_agent(), &node).await;
    assert!(matches!(&away, Err(Error::Identity(IdentityError::Agent { why, .. })) if why.contains("start ssh-agent")));

    let mut agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        thread::sleep(Duration::from_millis(5));
    }
    let empty = reach(&by_agent(), &node).await;
    assert!(matches!(&empty, Err(Error::Identity(IdentityError::Agent { why, .. })) if why.contains("ssh-add")));
    // A key that is not let in stands before the one that is.
    site.keygen(&["-t", "ed25519", "-N", "", "-f", "stranger"]);
    for name in ["stranger", "user"] {
        let mut add = Command::new("ssh-add");
        assert!(add.arg("-q").arg(site.path(name)).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
    }
    let reached = reach(&by_agent(), &node).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    reached.unwrap();
}

#[tokio::test]
async fn goes_through_a_jump_host_that_known_hosts_has_too() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let (jump, node, other) = (site.node("MaxSessions 0"), site.node(""), site.node(""));
    let through = |known: String| {
        let mut access = access(&site, &known);
        access.jump = Some(JumpHost::new(host(&jump), sshd::user()));
        access
    };
    let (known_jump, known_node) = (jump.known_hosts_line(), node.known_hosts_line() + &other.known_hosts_line());
    let access = through(known_jump.clone() + &known_node);
    reach(&access, &node).await.unwrap();
    reach(&access, &other).await.unwrap();
    assert_eq!(jump.log().matches("Accepted publickey").count(), 1, "one connection serves all nodes");

    let unknown_jump = reach(&through(known_node), &node).await.unwrap_err();
    assert!(unknown_jump.to_string().starts_with(&format!("the jump host {}", jump.address)), "{unknown_jump}");
    let unknown_node = reach(&through(known_jump), &node).await;
    assert!(matches!(unknown_node, Err(Error::Untrusted(Untrusted::Unknown { .. }))), "{unknown_node:?}");
    let nobody = connect(&access, &host_at(&sshd::free_address(), 9)).await;
    assert!(nobody.err().unwrap().to_string().contains("jump host could not connect"));
}

#[tokio::test]
async fn a_host_that_is_not_who_it_was_hears_nothing_of_the_key() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("LogLevel DEBUG1");
    let line = node.known_hosts_line();
    let another = format!("[{}]:{} {}", node.address, node.port, site.text("ca.pub"));
    let unknown = reach(&access(&site, ""), &node).await;
    assert!(matches!(unknown, Err(Error::Untrusted(Untrusted::Unknown { .. }))), "{unknown:?}");
    let changed = reach(&access(&site, &another), &node).await;
    assert!(matches!(changed, Err(Error::Untrusted(Untrusted::Changed { line: 1, .. }))), "{changed:?}");
    let revoked = reach(&access(&site, &format!("{line}@revoked {line}")), &node).await;
    assert!(matches!(revoked, Err(Error::Untrusted(Untrusted::Revoked { .. }))), "{revoked:?}");
    assert!(!node.log().contains("userauth-request"), "{}", node.log());
    reach(&access(&site, &line), &node).await.unwrap();
    assert!(node.log().contains("userauth-request"));
}

#[tokio::test]
async fn a_host_is_known_by_a_hashed_name_and_by_a_certificate() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let node = site.node("");
    site.write("hosts", &node.known_hosts_line());
    site.keygen(&["-H", "-f", "hosts"]);
    assert!(!site.text("hosts").contains(&node.address));
    reach(&access(&site, &site.text("hosts")), &node).await.unwrap();

    let authority = format!("@cert-authority 127.* {}", site.text("ca.pub"));
    let without = reach(&access(&site, &authority), &node).await;
    assert!(matches!(without, Err(Error::Untrusted(Untrusted::Unknown { .. }))), "{without:?}");
    site.certify(&node, &["-n", &node.address]);
    let (address, port) = (node.address.clone(), node.port);
    node.stop();
    let node = site.node_at(&address, port, "");
    reach(&access(&site, &authority), &node).await.unwrap();
    // One who knows the plain key alone is shown that.
    reach(&access(&site, &node.known_hosts_line()), &node).await.unwrap();

    site.certify(&node, &["-n", "another"]);
    node.stop();
    let node = site.node_at(&address, port, "");
    let refused = reach(&access(&site, &authority), &node).await;
    assert!(matches!(refused, Err(Error::Untrusted(Untrusted::Certificate { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_host_shows_the_kind_of_key_that_is_known() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    site.keygen(&["-t", "rsa", "-N", "", "-f", "host-rsa"]);
    // The node has an ed25519 key as well, which is preferred otherwise.
    let node = site.node(&format!("HostKey {}", site.path("host-rsa").display()));
    let line = format!("[{}]:{} {}", node.address, node.port, site.text("host-rsa.pub"));
    reach(&access(&site, &line), &node).await.unwrap();
}

#[tokio::test]
async fn who_is_not_let_in_hears_what_to_do() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    site.keygen(&["-t", "ed25519", "-N", "", "-f", "stranger"]);
    let node = site.node("");
    let access = access_with(Identity::load(&key(&site, "stranger")).unwrap(), &node.known_hosts_line());
    let refused = reach(&access, &node).await.unwrap_err();
    assert!(refused.to_string().contains("takes: publickey") && !refused.may_pass(), "{refused}");

    let without_sftp = site.node("Subsystem sftp /nowhere");
    let none = site.node("ForceCommand /bin/false");
    for node in [without_sftp, none] {
        let refused = reach(&super::access(&site, &node.known_hosts_line()), &node).await;
        assert!(matches!(refused, Err(Error::NoSftp | Error::Closed(Phase::Sftp))), "{refused:?}");
    }
}

#[test]
fn a_key_that_others_may_read_is_not_used() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    fs::set_permissions(site.path("user"), fs::Permissions::from_mode(0o640)).unwrap();
    let refused = Identity::load(&key(&site, "user")).err().unwrap();
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
    assert!(matches!(Identity::load(&key(&site, "ca.pub")).err(), Some(IdentityError::Open { .. })));
    site.write("noise", "no key");
    assert!(matches!(Identity::load(&key(&site, "noise")).err(), Some(IdentityError::NoKey { .. })));
    assert!(matches!(Identity::load(&key(&site, "gone")).err(), Some(IdentityError::Unreadable { .. })));
}

/// Somebody who listens, says this, and then nothing.
fn says(text: &'static [u8]) -> (Host, TcpListener) {
    let address = sshd::free_address();
    let listener = TcpListener::bind((address.as_str(), 0)).unwrap();
    let accepting = listener.try_clone().unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in accepting.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.write_all(text);
            kept.push(stream);
        }
    });
    (host_at(&address, port), listener)
}

#[tokio::test]
async fn who_hangs_is_given_up_in_time_whichever_step_it_is() {
    if !sshd::is_there() {
        return;
    }
    let site = Site::new();
    let mut access = access(&site, "");
    access.limits = SHORT;
    for (text, phase) in [
        (b"".as_slice(), Phase::Greeting),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", Phase::KeyExchange),
        (b"SSH-2.0-", Phase::KeyExchange),
    ] {
        let (host, _listener) = says(text);
        let started = std::time::Instant::now();
        let error = connect(&access, &host).await.err().unwrap();
        assert!(matches!(&error, Error::TimedOut { phase: at, .. } if *at == phase), "{error}");
        assert!(error.may_pass() && started.elapsed() < 2 * SHORT.phase, "{error}");
    }
    let (host, _listener) = says(b"HTTP/1.1 400 Bad Request\r\n\x1b[2J\r\n");
    let error = connect(&access, &host).await.err().unwrap();
    assert!(!error.to_string().contains('\x1b'), "{error}");
}

#[tokio::test]
async fn who_is_not_there_is_told_apart() {
    if !sshd::is_there() {
        return;
    }
    let access = access(&Site::new(), "");
    let refused = connect(&access, &host_at(&sshd::free_address(), 9)).await.err().unwrap();
    assert!(matches!(&refused, Error::Unreachable(_)) && refused.may_pass(), "{refused}");
    let nameless = connect(&access, &host_at("no-such-node.invalid", 22)).await.err().unwrap();
    assert!(matches!(&nameless, Error::Name(_)) && !nameless.may_pass(), "{nameless}");
}
