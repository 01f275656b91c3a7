//! HTTPS: TLS 1.2 and 1.3 in front of the portal, HTTP/2 where the browser speaks it, and a plain port that sends people
//! here.

use std::io;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::HEAD_TIME;
use super::certificate::Shown;
use crate::config::CertificateFiles;

const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// Makes connections safe.
#[derive(Clone)]
pub(crate) struct Https(TlsAcceptor);

impl Https {
    /// Reads the certificate, and from then on whenever its files change. Within the runtime that works beside the
    /// requests.
    ///
    /// # Errors
    /// The certificate or its key cannot be used.
    pub(crate) fn start(files: CertificateFiles) -> anyhow::Result<Https> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let shown = Shown::load(&files, &provider)?;
        // The library's own choice of versions and ciphers: TLS 1.2 with ECDHE and AEAD alone, and 1.3.
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .context("choosing TLS versions")?
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new().context("making the key of session tickets")?;
        tokio::spawn(shown.follow(files, provider));
        Ok(Https(TlsAcceptor::from(Arc::new(config))))
    }

    /// Agrees on a secret with the client, who has as long for it as for a request's head.
    pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        tokio::time::timeout(HEAD_TIME, self.0.accept(stream)).await?
    }
}

pub(super) fn speaks_http_2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP_2)
}

/// What the plain port answers: the same address with HTTPS, on the host that the site names and no other, since
/// anybody can write anything into `Host`.
pub(crate) fn redirects(public_url: &str) -> Router {
    Router::new().fallback(redirect).with_state(public_url.trim_end_matches('/').into())
}

async fn redirect(State(origin): State<Arc<str>>, uri: Uri) -> Response {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // 308 keeps the method, so that nothing that was sent is taken for something else.
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("{origin}{path}"))]).into_response()
}
