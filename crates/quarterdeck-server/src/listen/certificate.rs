//! The certificate that the portal shows, read from the site's files, and read again when they change: whoever renews it
//! need not stop anything, and connections that are there go on.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::CertificateFiles;
use crate::secret_file;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is shown to each new connection.
#[derive(Debug)]
pub(super) struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone())
    }
}

impl Shown {
    /// # Errors
    /// The files cannot be read or used, the key is open to others, or is another certificate's.
    pub(super) fn load(files: &CertificateFiles, provider: &CryptoProvider) -> anyhow::Result<Arc<Shown>> {
        Ok(Arc::new(Shown(RwLock::new(Arc::new(load(files, provider)?)))))
    }

    /// Shows what lies there by now, for as long as the server runs. Where that cannot be used, what was shown stays.
    pub(super) async fn follow(self: Arc<Shown>, files: CertificateFiles, provider: Arc<CryptoProvider>) {
        let mut seen = stamps(&files);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = stamps(&files);
            if now == seen {
                continue;
            }
            seen = now;
            match load(&files, &provider) {
                Ok(key) => {
                    *self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(key);
                    tracing::info!(certificate = %files.certificate.display(), "the new certificate is shown");
                }
                // Half of it may have been written; when the other half comes, this is looked at again.
                Err(error) => tracing::error!("the certificate that was shown stays: {error:#}"),
            }
        }
    }
}

fn load(files: &CertificateFiles, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    let CertificateFiles { certificate, key } = files;
    secret_file::check_closed(key, "make a new key and certificate").context("tls.key")?;
    let chain = read(certificate).context("tls.certificate")?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("tls.key: {} holds no private key in PEM", key.display()))?;
    let signing = provider
        .key_provider
        .load_private_key(private)
        .with_context(|| format!("tls.key: the key in {} cannot be used", key.display()))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(_) => {
            bail!("the key in {} is not that of the certificate in {}", key.display(), certificate.display())
        }
    }
}

/// The certificate first, then those that lead to its authority.
fn read(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).with_context(|| format!("reading {}", path.display()))?;
    let chain: Vec<CertificateDer> =
        read.collect::<Result<_, _>>().with_context(|| format!("{} is no PEM", path.display()))?;
    if chain.is_empty() {
        bail!("{} holds no certificate in PEM", path.display());
    }
    Ok(chain)
}

/// Changes when either file does, also by a link that leads elsewhere by now.
fn stamps(files: &CertificateFiles) -> [Option<(u64, i64, i64, u64)>; 2] {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len()))
    })
}
