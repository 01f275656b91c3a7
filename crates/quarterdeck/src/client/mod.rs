//! A client of a portal's API: what the commands share that people run on their own machines.

pub(crate) mod credentials;
pub(crate) mod fetch;
mod parts;
pub(crate) mod place;
pub(crate) mod progress;
mod retry;
pub(crate) mod tus;
mod unfinished;

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) use credentials::Credentials;
pub(crate) use retry::Patience;

const CONNECT: Duration = Duration::from_secs(15);
/// Without a byte, while an answer is read or waited for. The server puts big files in place meanwhile.
const SILENCE: Duration = Duration::from_secs(300);

/// A portal, asked with a person's key.
#[derive(Clone)]
pub(crate) struct Portal {
    http: reqwest::Client,
    url: Url,
    key: String,
}

/// Why a request did not bring what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The network, or a portal that has no time: the same request may succeed later.
    #[error("{message}")]
    Passing { message: String, after: Option<Duration> },
    #[error("{detail}")]
    Refused { status: StatusCode, detail: String },
}

impl Portal {
    /// That of [`Credentials::find`].
    pub(crate) fn known() -> anyhow::Result<Portal> {
        Portal::of(Credentials::find()?)
    }

    pub(crate) fn of(credentials: Credentials) -> anyhow::Result<Portal> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            // The key goes nowhere but to the portal that it is for.
            .redirect(reqwest::redirect::Policy::none())
            // Parts side by side share no connection: over long distances each has a window of its own.
            .http1_only()
            .build()
            .context("preparing to speak HTTP")?;
        let Credentials { url, key } = credentials;
        Ok(Portal { http, url, key })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// A request for a path beneath `/api/v1`; each of `names` becomes one segment of it, whatever it holds.
    pub(crate) fn request(&self, method: Method, names: &[&str]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(names);
        }
        self.http.request(method, url).bearer_auth(&self.key)
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, names: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        json(send(self.request(Method::GET, names).query(query)).await?).await
    }

    /// The user whom the key is of.
    pub(crate) async fn user(&self) -> anyhow::Result<String> {
        #[derive(Deserialize)]
        struct Me {
            username: String,
        }
        match self.get::<Me>(&["auth", "me"], &[]).await {
            Ok(me) => Ok(me.username),
            Err(Failure::Refused { status: StatusCode::UNAUTHORIZED, .. }) => {
                bail!("{} does not know this key: it may have expired or been revoked", self.url)
            }
            Err(other) => Err(other).with_context(|| format!("asking {}", self.url)),
        }
    }
}

/// Sends a request; an answer that is no success is a [`Failure`] that says what the portal says.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response, Failure> {
    let response = request.send().await.map_err(broken)?;
    if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let status = response.status();
    let bytes = response.bytes().await.map_err(broken)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Refused { status, detail: format!("this is no portal that I understand: {error}") })
}

pub(crate) fn broken(error: reqwest::Error) -> Failure {
    // The last cause says it: "Connection refused", "certificate has expired".
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::Passing { message: format!("the portal cannot be reached: {cause}"), after: None }
}

/// What a portal's problem document holds for people: RFC 9457, and the fields that are wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    detail: String,
}

async fn refused(response: Response) -> Failure {
    let status = response.status();
    let after = retry_after(response.headers());
    // A proxy's page is not for people's terminals.
    let problem: Problem =
        response.bytes().await.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let wrong: Vec<&str> = problem.errors.iter().map(|error| error.detail.as_str()).collect();
    let detail = match (wrong.is_empty(), problem.detail.is_empty()) {
        (false, _) => wrong.join(" "),
        (true, false) => problem.detail,
        (true, true) => format!("the portal answered {status}"),
    };
    match status {
        StatusCode::LOCKED
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Failure::Passing { message: detail, after },
        _ => Failure::Refused { status, detail },
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
