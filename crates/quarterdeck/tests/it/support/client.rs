//! A client of the API, signed in.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Live, eventually, secrets};

/// Sizes as the page has them.
const CHUNK: usize = 8 << 20;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Client {
    /// `base` is `http://ADDRESS`.
    pub async fn sign_in(base: &str, username: &str, password: &str) -> Client {
        // No connection is kept: a server that was killed and started again listens on the same port.
        let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let stranger = Client { http, base: base.to_owned(), token: String::new() };
        secrets::remember(password);
        let answer = stranger.post("/auth/login", &json!({"username": username, "password": password})).await;
        assert_eq!(answer.status, 200, "{username} signs in: {}", answer.text());
        Client { token: answer.json()["access_token"].as_str().unwrap().to_owned(), ..stranger }
    }

    /// Signs in without a cookie; answers the refresh token too.
    pub async fn sign_in_with_token(base: &str, username: &str, password: &str) -> (Client, String) {
        let client = Client::sign_in(base, username, password).await;
        let credentials = json!({"username": username, "password": password, "token_delivery": "body"});
        let answer = client.bearing("").post("/auth/login", &credentials).await;
        assert!(!answer.headers.contains_key("set-cookie"));
        let tokens = answer.json();
        let word = |name: &str| tokens[name].as_str().unwrap().to_owned();
        (client.bearing(&word("access_token")), word("refresh_token"))
    }

    /// The same client with another token.
    pub fn bearing(&self, token: &str) -> Client {
        secrets::remember(token);
        Client { token: token.to_owned(), ..self.clone() }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// `path` is beneath `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Uploads a file as the page does; answers the upload's id.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let create = self.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
        let metadata = format!("filename {}", BASE64_STANDARD.encode(name));
        let create = create.header("Upload-Length", bytes.len()).header("Upload-Metadata", metadata);
        let answer = self.send(create).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let location = answer.headers["location"].to_str().unwrap();
        let id = location.rsplit('/').next().unwrap().to_owned();
        for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
            let append = self.request(Method::PATCH, &format!("/uploads/{id}")).header("Tus-Resumable", "1.0.0");
            let append = append.header("Upload-Offset", number * CHUNK).body(chunk.to_vec());
            let answer = self.send(append.header("Content-Type", "application/offset+octet-stream")).await;
            assert_eq!(answer.status, 204, "{}", answer.text());
        }
        id
    }

    /// A key of the signed-in person's with these scopes: its id, and a client that uses it.
    pub async fn key(&self, scopes: &[&str]) -> (String, Client) {
        let expires_at = chrono::Utc::now() + chrono::TimeDelta::days(1);
        let new = json!({"name": "a test's", "scopes": scopes, "expires_at": expires_at});
        let answer = self.post("/api-keys", &new).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json();
        (made["id"].as_str().unwrap().to_owned(), self.bearing(made["key"].as_str().unwrap()))
    }

    /// As an administrator: makes this account an operator of the portal.
    pub async fn make_operator(&self, username: &str) {
        let found = self.get(&format!("/users?q={username}")).await.json();
        let path = format!("/users/{}", found["items"][0]["id"].as_str().unwrap());
        assert_eq!(self.patch(&path, &json!({"role": "operator"})).await.status, 200);
    }

    /// The id of the image with this in its name.
    pub async fn image(&self, name: &str) -> Value {
        let images = self.get("/images?limit=500").await.json();
        let found =
            images["items"].as_array().unwrap().iter().find(|image| image["name"].as_str().unwrap().contains(name));
        found.unwrap_or_else(|| panic!("no image {name}: {images}"))["id"].clone()
    }

    /// Submits a job that must be accepted.
    pub async fn submit(&self, cluster: &str, job: &Value) -> Value {
        let answer = self.post(&format!("/clusters/{cluster}/jobs"), job).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Submits a job where the answer may never come.
    pub async fn try_submit(&self, cluster: &str, job: &Value, idempotency_key: &str) -> Option<Answer> {
        let request = self.request(Method::POST, &format!("/clusters/{cluster}/jobs")).json(job);
        let answer = request.header("Idempotency-Key", idempotency_key).send().await.ok()?;
        read(answer).await.ok()
    }

    /// `job` is our id or the scheduler's.
    pub async fn job(&self, cluster: &str, job: &str) -> Value {
        let answer = self.get(&format!("/clusters/{cluster}/jobs/{job}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// All rows of jobs with this in their name, the tasks of arrays too.
    pub async fn jobs_named(&self, cluster: &str, name: &str) -> Vec<Value> {
        let answer = self.get(&format!("/clusters/{cluster}/jobs?limit=500&q={name}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["items"].as_array().unwrap().clone()
    }

    /// Waits until the job is in one of these states.
    pub async fn wait_for(&self, cluster: &str, job: &str, states: &[&str]) -> Value {
        let mut last = Value::Null;
        let limit = Duration::from_secs(60);
        eventually(&format!("job {job} in {states:?}"), limit, async || {
            let seen = self.job(cluster, job).await;
            if seen["state"] != last {
                last = seen["state"].clone();
                eprintln!("job {job}: {last}");
            }
            states.contains(&last.as_str()?).then_some(seen)
        })
        .await
    }

    /// What the job wrote to its standard output.
    pub async fn output(&self, cluster: &str, job: &str) -> String {
        let answer = self.get(&format!("/clusters/{cluster}/jobs/{job}/output")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// A WebSocket, signed in.
    pub async fn live(&self) -> Live {
        Live::connect(&self.base, &self.token).await
    }

    /// A request to be completed by the caller.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request_at(method, &format!("/api/v1{path}"))
    }

    /// The same for any path.
    pub fn request_at(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        read(request.send().await.expect("the server answers")).await.expect("the answer is whole")
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn json_or_null(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn read(response: reqwest::Response) -> reqwest::Result<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await?.to_vec();
    secrets::remember_answer(&headers, &body);
    Ok(Answer { status, headers, body })
}
