//! Who we are to a host: a key, with a certificate or without, or what an agent has.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg};
use russh::{MethodKind, client};
use thiserror::Error;

use crate::error::{Error, Phase};

/// Keys of an agent that are tried: sshd takes six attempts before it closes the connection.
const MAX_ATTEMPTS: usize = 5;
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Where our key lies.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    pub key: PathBuf,
    /// What an encrypted key is opened with.
    pub passphrase: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
}

/// Never shown: it has no `Debug`.
pub enum Identity {
    Key { key: Arc<PrivateKey>, certificate: Option<Box<Certificate>> },
    Agent { socket: PathBuf },
}

/// Why there is nothing to sign in with. Nothing of a key is in here.
#[derive(Debug, Error)]
pub enum IdentityError {
    #[error("{file} cannot be read: {error}")]
    Unreadable { file: String, error: io::Error },
    #[error("{file} may be read by others (mode {mode:o}): chmod 600 it")]
    Open { file: String, mode: u32 },
    #[error("{file} holds no private key that is known: make one with `ssh-keygen -t ed25519`")]
    NoKey { file: String },
    #[error("the key in {file} is encrypted: name a file with its passphrase")]
    Encrypted { file: String },
    #[error("the key in {file} is encrypted with another passphrase than the one in its file")]
    WrongPassphrase { file: String },
    #[error("{file} is no user certificate of this key: {why}")]
    Certificate { file: String, why: &'static str },
    #[error("the SSH agent at {socket} {why}")]
    Agent { socket: String, why: String },
}

impl Identity {
    /// Reads the key, and the certificate if there is one.
    pub fn load(files: &KeyFiles) -> Result<Identity, IdentityError> {
        let name = || files.key.display().to_string();
        let text = read_secret(&files.key)?;
        let passphrase = files.passphrase.as_deref().map(read_secret).transpose()?;
        // The line's end is no part of it.
        let passphrase = passphrase.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
        let key = russh::keys::decode_secret_key(&text, passphrase).map_err(|error| match (error, passphrase) {
            (russh::keys::Error::KeyIsEncrypted, None) => IdentityError::Encrypted { file: name() },
            (_, Some(_)) if is_encrypted(&text) => IdentityError::WrongPassphrase { file: name() },
            _ => IdentityError::NoKey { file: name() },
        })?;
        let certificate = files.certificate.as_deref().map(|file| read_certificate(file, &key)).transpose()?;
        Ok(Identity::Key { key: Arc::new(key), certificate })
    }

    pub fn agent(socket: PathBuf) -> Identity {
        Identity::Agent { socket }
    }

    /// Signs in; the caller limits how long that takes.
    pub(crate) async fn sign_in<H: client::Handler>(&self, handle: &mut Handle<H>, user: &str) -> Result<(), Error> {
        let of_russh = |error| Error::of_russh(Phase::SignIn, error);
        match self {
            Identity::Key { key, certificate: Some(certificate) } => {
                let shown = (**certificate).clone();
                judge(user, handle.authenticate_openssh_cert(user, key.clone(), shown).await.map_err(of_russh)?)
            }
            Identity::Key { key, certificate: None } => {
                let hash = hash_for(handle, key.algorithm().is_rsa()).await?;
                let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
                judge(user, handle.authenticate_publickey(user, key).await.map_err(of_russh)?)
            }
            Identity::Agent { socket } => sign_in_by_agent(handle, user, socket).await,
        }
    }
}

async fn sign_in_by_agent<H: client::Handler>(handle: &mut Handle<H>, user: &str, socket: &Path) -> Result<(), Error> {
    let failed = |why: String| {
        Error::Identity(IdentityError::Agent {
            socket: socket.display().to_string(),
            why: crate::printable(why.as_bytes()),
        })
    };
    let mut agent = AgentClient::connect_uds(socket)
        .await
        .map_err(|error| failed(format!("cannot be reached ({error}): start ssh-agent there")))?;
    let keys = agent.request_identities().await.map_err(|error| failed(format!("tells no keys: {error}")))?;
    let mut refused = Err(failed("has no key: add one with ssh-add".to_owned()));
    for identity in keys.into_iter().take(MAX_ATTEMPTS) {
        let hash = hash_for(handle, identity.public_key().algorithm().is_rsa()).await?;
        let attempt = match identity {
            AgentIdentity::PublicKey { key, .. } => {
                handle.authenticate_publickey_with(user, key, hash, &mut agent).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                handle.authenticate_certificate_with(user, certificate, hash, &mut agent).await
            }
        };
        refused = judge(user, attempt.map_err(|error| failed(format!("does not sign: {error}")))?);
        // A host that has closed the connection hears no further attempt.
        if refused.is_ok() || handle.is_closed() {
            break;
        }
    }
    refused
}

/// SHA-1 is never used, whatever the host says.
async fn hash_for<H: client::Handler>(handle: &Handle<H>, is_rsa: bool) -> Result<Option<HashAlg>, Error> {
    if !is_rsa {
        return Ok(None);
    }
    let best = handle.best_supported_rsa_hash().await.map_err(|error| Error::of_russh(Phase::SignIn, error))?;
    Ok(best.flatten().or(Some(HashAlg::Sha512)))
}

fn judge(user: &str, result: AuthResult) -> Result<(), Error> {
    match result {
        AuthResult::Success => Ok(()),
        AuthResult::Failure { partial_success: true, .. } => Err(Error::NotEnough { user: user.to_owned() }),
        // What is left of a connection that was closed.
        AuthResult::Failure { remaining_methods, .. } if remaining_methods.is_empty() => {
            Err(Error::Closed(Phase::SignIn))
        }
        AuthResult::Failure { remaining_methods, .. } => {
            let takes: Vec<&str> = remaining_methods.iter().map(<&MethodKind as Into<&'static str>>::into).collect();
            Err(Error::NotLetIn { user: user.to_owned(), takes: takes.join(", ") })
        }
    }
}

fn read_secret(path: &Path) -> Result<String, IdentityError> {
    let file = || path.display().to_string();
    let unreadable = |error| IdentityError::Unreadable { file: file(), error };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(IdentityError::Open { file: file(), mode });
    }
    if !metadata.is_file() || metadata.len() > MAX_KEY_BYTES {
        return Err(IdentityError::NoKey { file: file() });
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn read_certificate(path: &Path, key: &PrivateKey) -> Result<Box<Certificate>, IdentityError> {
    let file = || path.display().to_string();
    let wrong = |why| IdentityError::Certificate { file: file(), why };
    let text = fs::read_to_string(path).map_err(|error| IdentityError::Unreadable { file: file(), error })?;
    let certificate = Certificate::from_openssh(&text).map_err(|_| wrong("it cannot be read"))?;
    if certificate.cert_type() != CertType::User {
        return Err(wrong("it is a host's"));
    }
    if certificate.public_key() != key.public_key().key_data() {
        return Err(wrong("it is for another key"));
    }
    if key.algorithm().is_rsa() {
        return Err(wrong("certificates of RSA keys are not used: make an ed25519 key"));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if !(certificate.valid_after()..certificate.valid_before()).contains(&now) {
        return Err(wrong("it does not hold now: sign it anew"));
    }
    Ok(Box::new(certificate))
}

fn is_encrypted(text: &str) -> bool {
    text.contains("ENCRYPTED") || PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted())
}
