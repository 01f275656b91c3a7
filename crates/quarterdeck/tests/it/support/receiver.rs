//! Whoever listens at a web address that messages go to: a user's webhook, or a browser's push service.

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::eventually;

pub struct Receiver {
    port: u16,
    heard: Arc<Mutex<Heard>>,
    server: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Heard {
    requests: Vec<Request>,
    answers: VecDeque<u16>,
}

/// One request that came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Receiver {
    /// An address at which nobody listens yet.
    pub fn down() -> Receiver {
        Receiver { port: free_port(), heard: Arc::default(), server: None }
    }

    pub async fn start() -> Receiver {
        let mut receiver = Receiver::down();
        receiver.go_up().await;
        receiver
    }

    pub async fn go_up(&mut self) {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        let app = Router::new().fallback(hear).with_state(self.heard.clone());
        self.server = Some(tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }));
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Answers the next requests so, and those after them with 200.
    pub fn will_answer(&self, answers: &[u16]) {
        self.heard.lock().unwrap().answers.extend(answers);
    }

    /// All that came, the oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.heard.lock().unwrap().requests.clone()
    }

    /// Waits until requests are as many.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let enough = async || Some(self.requests()).filter(|requests| requests.len() >= count);
        eventually(&format!("{count} requests"), Duration::from_secs(90), enough).await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.take().inspect(JoinHandle::abort);
    }
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What a webhook says, once it is certain that it is the portal's and of now: as the Standard Webhooks
    /// specification has a receiver do it.
    pub fn verified(&self, secret: &str) -> Value {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let age = chrono::Utc::now().timestamp() - timestamp.parse::<i64>().unwrap();
        assert!((-5..120).contains(&age), "sent {age} s ago");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &self.body] {
            mac.update(part);
        }
        let signature = self.header("webhook-signature").strip_prefix("v1,").unwrap();
        mac.verify_slice(&BASE64_STANDARD.decode(signature).unwrap()).expect("the signature is that of the secret");
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// On which nobody listens now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn hear(State(heard): State<Arc<Mutex<Heard>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let mut heard = heard.lock().unwrap();
    heard.requests.push(Request { path: uri.path().to_owned(), headers, body: body.to_vec(), at: Instant::now() });
    let status = heard.answers.pop_front().unwrap_or(200);
    // Only of interest where it is one: nobody may follow.
    let location = [("location", "/elsewhere")];
    (StatusCode::from_u16(status).unwrap(), location)
}
