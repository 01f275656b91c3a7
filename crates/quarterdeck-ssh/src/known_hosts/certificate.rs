//! What a host certificate must be, beside being signed by an authority of this host's.
//!
//! Source: OpenSSH's PROTOCOL.certkeys, and `sshkey_cert_check_host`.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate};

/// Whether it holds for this host now; the error says why it does not.
pub(super) fn check(certificate: &Certificate, host: &str, now: u64) -> Result<(), String> {
    if certificate.cert_type() != CertType::Host {
        return Err("it is a user's, not a host's: sign it with `ssh-keygen -h`".to_owned());
    }
    if matches!(certificate.signature().algorithm(), Algorithm::Rsa { hash: None }) {
        return Err("it is signed with SHA-1: sign it with `ssh-keygen -t rsa-sha2-512`".to_owned());
    }
    // The caller has found this authority in known_hosts.
    let authority = certificate.signature_key().fingerprint(russh::keys::HashAlg::Sha256);
    if now < certificate.valid_after() {
        return Err("it does not hold yet: look at the clocks of both hosts".to_owned());
    }
    if now >= certificate.valid_before() {
        return Err("it has ended: sign it anew".to_owned());
    }
    if certificate.validate_at(now, [&authority]).is_err() {
        return Err("its signature is wrong: sign it anew".to_owned());
    }
    if !certificate.valid_principals().iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return Err(format!("it is for other hosts: sign it for this one, with `ssh-keygen -n {host}`"));
    }
    if let Some(option) = certificate.critical_options().keys().next() {
        let option = crate::printable(option.as_bytes());
        return Err(format!("it has the critical option \"{option}\", which no host's may have"));
    }
    Ok(())
}
