//! How often what may be done: over one server and over several that share a Redis, whatever becomes of it; who is
//! counted as whom; what clients are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::uploading::{announce, appending, begin};
use crate::support::{Client, OwnRedis, Site, eventually};

const READ: &str = "QUARTERDECK_LIMITS__READ";
const WRITE: &str = "QUARTERDECK_LIMITS__WRITE";
const REDIS: &str = "QUARTERDECK_REDIS__URL";
const REDIS_TIMEOUT: (&str, &str) = ("QUARTERDECK_REDIS__TIMEOUT_MS", "3000");
const PROXIES: &str = "QUARTERDECK_SERVER__TRUSTED_PROXIES";

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_share_a_redis_limit_together() {
    let Some(redis) = OwnRedis::start() else { return };
    let environment = [(READ, "40/h"), (REDIS, &redis.url()), REDIS_TIMEOUT];
    let (one, other) = tokio::join!(limited(&environment), limited(&environment));
    let strangers = [Stranger::of(&one), Stranger::of(&other)];
    let mut let_in = 0;
    for turn in 0..60 {
        let_in += u32::from(strangers[turn % 2].get().await.0.is_success());
    }
    assert_eq!(let_in, 40, "of both together");
    // Known users have buckets of their own.
    let person = one.client(&one.person()).await;
    let limits = person.get("/limits").await.json();
    assert_eq!((&limits["store"], &limits["store_state"]), (&json!("redis"), &json!("up")));
    assert_eq!(
        limit(&limits, "read"),
        json!({"class": "read", "amount": 40, "period_seconds": 3600, "burst": 40, "counted_by": "user", "refused_last_hour": 10})
    );
    assert_eq!(limit(&limits, "submit")["amount"], Value::Null);
    assert_eq!(limit(&limits, "sign_in")["counted_by"], "address_and_name");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_and_returns_under_load_fails_no_request() {
    let Some(mut redis) = OwnRedis::start() else { return };
    let environment = [(READ, "1000000/h, burst 1000000"), (WRITE, "40/h"), (REDIS, &redis.url()), REDIS_TIMEOUT];
    let (one, other) = tokio::join!(limited(&environment), limited(&environment));
    let load = Load::begin(&[&one, &other]);
    let admin = one.client(&one.person()).await;
    let state = async || admin.get("/limits").await.json()["store_state"].as_str().map(str::to_owned);
    let until = async |wanted: &str| {
        eventually(wanted, Duration::from_secs(30), async || (state().await? == wanted).then_some(())).await;
    };
    for round in 0..3 {
        load.goes_on().await;
        redis.kill();
        until("down").await;
        load.goes_on().await;
        // Each server goes on limiting by itself; the first round uses up what it has.
        let left = changes_let_in(&one, 60).await;
        assert_eq!(left, if round == 0 { 40 } else { 0 });
        redis.start_again();
        until("up").await;
    }
    load.goes_on().await;
    let answers = load.end().await;
    assert!(answers.others.is_empty(), "{answers:?}");
    assert!(answers.fine > 500, "{answers:?}");
    // Together again, from an empty Redis.
    let others_state = async || {
        let limits = other.client(&other.person()).await.get("/limits").await.json();
        (limits["store_state"] == "up").then_some(())
    };
    eventually("the other server sees Redis too", Duration::from_secs(30), others_state).await;
    let (first, second) = (changes_let_in(&one, 30).await, changes_let_in(&other, 30).await);
    assert_eq!((first, second), (30, 10));
    let log = one.server_log();
    // Told once a change; a busy machine may make a change more.
    let (away, back) = (log.matches("Redis does not answer").count(), log.matches("Redis answers again").count());
    assert!((3..=6).contains(&away) && away == back, "{away} {back}");
}

#[tokio::test]
async fn a_redis_that_hangs_is_waited_for_once() {
    let Some(redis) = OwnRedis::start() else { return };
    let site = limited(&[(READ, "100000/h"), (REDIS, &redis.url()), REDIS_TIMEOUT]).await;
    let stranger = Stranger::of(&site);
    redis.freeze();
    let begun = std::time::Instant::now();
    for _ in 0..50 {
        assert_eq!(stranger.get().await.0, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    redis.thaw();
}

#[tokio::test]
async fn answers_say_how_much_is_left_and_when_to_come_back() {
    let site = limited(&[(READ, "20/min, burst 3")]).await;
    let stranger = Stranger::of(&site);
    for remaining in [2, 1, 0] {
        let (status, headers, _) = stranger.get().await;
        assert_eq!((status.as_u16(), number(&headers, "ratelimit-remaining")), (200, remaining));
        assert_eq!(
            (number(&headers, "ratelimit-limit"), number(&headers, "ratelimit-reset")),
            (3, 3 * (3 - remaining))
        );
        assert!(!headers.contains_key("retry-after"));
    }
    let (status, headers, problem) = stranger.get().await;
    assert_eq!(status, 429);
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!((number(&headers, "ratelimit-remaining"), number(&headers, "retry-after")), (0, 3));
    assert_eq!(
        (&problem["code"], &problem["params"]),
        (&json!("too-many-requests"), &json!({"seconds": 3, "class": "read"}))
    );
    tokio::time::sleep(Duration::from_secs(number(&headers, "retry-after"))).await;
    assert_eq!(stranger.get().await.0, 200, "who waits as told is let in");
    // What is not limited says nothing.
    let alive = reqwest::get(format!("{}/healthz", site.base())).await.unwrap();
    assert!(!alive.headers().contains_key("ratelimit-limit"));
}

#[tokio::test]
async fn users_strangers_and_classes_are_counted_apart() {
    let site = limited(&[(READ, "5/h"), ("QUARTERDECK_LIMITS__SCAN", "2/h")]).await;
    site.add_account("one-viewer", "viewer");
    let (person, viewer) = (site.client(&site.person()).await, site.client("one-viewer").await);
    let reads = async |client: &Client| statuses(client, Method::GET, "/notifications", 7).await;
    assert_eq!(reads(&person).await, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(
        reads(&site.client(&site.person()).await).await,
        [429; 7],
        "all sessions of a user are counted together"
    );
    // A token that is none counts for its address, and is told so.
    assert_eq!(reads(&viewer.bearing("none")).await, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(Stranger::of(&site).get().await.0, 429, "as does who has none");
    // What is not allowed counts too.
    assert_eq!(statuses(&viewer, Method::POST, "/templates/scan", 4).await, [403, 403, 429, 429]);
    assert_eq!(statuses(&person, Method::POST, "/templates/scan", 3).await, [200, 200, 429]);
    assert_eq!(reads(&viewer).await, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(statuses(&person, Method::DELETE, "/uploads/nothing", 2).await, [404; 2], "writing goes on");
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_a_client_is() {
    let mut site = limited(&[(READ, "3/h")]).await;
    let claims = async |site: &Site, claim: &str| Stranger::of(site).claiming(claim).await;
    for last in 0..3 {
        assert_eq!(claims(&site, &format!("203.0.113.{last}")).await, 200);
    }
    assert_eq!(claims(&site, "203.0.113.9").await, 429, "a spoofed address is no new one");
    assert!(site.server_log().contains("server.trusted_proxies"), "the log says what to do if it is a proxy");

    site.kill_server();
    site.start_server(&[(READ, "3/h"), (PROXIES, "10.0.0.0/8,127.0.0.1")]).await;
    for claim in ["203.0.113.1", "203.0.113.1, 10.1.2.3", "198.51.100.1, 203.0.113.1"] {
        assert_eq!(claims(&site, claim).await, 200);
    }
    assert_eq!(claims(&site, "198.51.100.2, 203.0.113.1").await, 429, "what stands left is the client's own word");
    assert_eq!(claims(&site, "203.0.113.2").await, 200);
}

#[tokio::test]
async fn a_user_sends_to_so_many_uploads_at_once() {
    let site = limited(&[("QUARTERDECK_UPLOADS__CONCURRENT_PER_USER", "2")]).await;
    let client = site.client(&site.person()).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(announce(&client).await);
    }
    let one = begin(&client, &ids[0]).await;
    let other = begin(&client, &ids[1]).await;
    let refused = client.send(appending(&client, &ids[2], 0).body("12")).await;
    assert_eq!(refused.status, 429);
    assert_eq!(number(&refused.headers, "retry-after"), 1);
    assert_eq!(refused.json()["params"], json!({"seconds": 1, "limit": 2}));
    for (pen, sending) in [one, other] {
        drop(pen);
        assert_eq!(sending.await.unwrap().status, 204);
    }
    assert_eq!(client.send(appending(&client, &ids[2], 0).body("12")).await.status, 204);
}

#[tokio::test]
async fn signing_in_is_limited_by_address_and_name_whether_it_exists_or_not() {
    let site = limited(&[("QUARTERDECK_LIMITS__SIGN_IN", "5/h"), (PROXIES, "127.0.0.1")]).await;
    for name in [site.person().as_str(), "nobody-of-this-name"] {
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(guess(&site, "203.0.113.1", name, "wrong").await.0);
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429], "{name}");
    }
    assert_eq!(guess(&site, "203.0.113.1", "one-more", "wrong").await.0, 401);
    let request = reqwest::Client::new().post(format!("{}/api/v1/auth/login", site.base()));
    let request = request.header("X-Forwarded-For", "203.0.113.1");
    let late = request.json(&json!({"username": site.person(), "password": "wrong"})).send().await.unwrap();
    assert_eq!(
        (late.headers()["ratelimit-limit"].as_bytes(), late.headers()["ratelimit-remaining"].as_bytes()),
        (&b"5"[..], &b"0"[..])
    );
    assert!(late.headers().contains_key("retry-after"));
    assert_eq!(guess(&site, "203.0.113.2", &site.person(), &site.password(&site.person())).await.0, 200);
}

#[tokio::test]
async fn guessing_locks_a_name_and_does_not_tell_whether_it_exists() {
    let site = limited(&[("QUARTERDECK_LIMITS__SIGN_IN", "1000/min"), (PROXIES, "127.0.0.1")]).await;
    let mut told = Vec::new();
    for name in [site.person().as_str(), "nobody-of-this-name"] {
        for last in 0..10 {
            assert_eq!(guess(&site, &format!("203.0.113.{last}"), name, "wrong").await.0, 401);
        }
        let right = site.password(&site.person());
        told.push(guess(&site, "203.0.113.99", name, &right).await);
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], (429, json!("sign-in-locked"), json!({"seconds": 60, "class": "sign_in"})));
}

/// Signs in from this address; status, code and parameters of the answer.
async fn guess(site: &Site, from: &str, name: &str, password: &str) -> (u16, Value, Value) {
    let request = reqwest::Client::new().post(format!("{}/api/v1/auth/login", site.base()));
    let credentials = json!({"username": name, "password": password});
    let response = request.header("X-Forwarded-For", from).json(&credentials).send().await.unwrap();
    let (status, answer): (_, Value) = (response.status(), response.json().await.unwrap());
    (status.as_u16(), answer["code"].clone(), answer["params"].clone())
}

/// A site that stands under these limits and no others.
async fn limited(environment: &[(&str, &str)]) -> Site {
    let mut site = Site::single_user().await;
    site.kill_server();
    site.start_server(environment).await;
    site
}

/// Somebody without a token.
struct Stranger {
    http: reqwest::Client,
    base: String,
}

impl Stranger {
    fn of(site: &Site) -> Stranger {
        Stranger { http: reqwest::Client::new(), base: site.base() }
    }

    /// Reads what everybody may.
    async fn get(&self) -> (StatusCode, HeaderMap, Value) {
        let response = self.http.get(format!("{}/api/v1/meta", self.base)).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    /// The same, as a proxy would pass it on.
    async fn claiming(&self, forwarded_for: &str) -> StatusCode {
        let request = self.http.get(format!("{}/api/v1/meta", self.base));
        request.header("X-Forwarded-For", forwarded_for).send().await.unwrap().status()
    }
}

/// Many clients who ask two servers all the time.
struct Load {
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Answers>>,
}

#[derive(Debug, Default)]
struct Answers {
    fine: usize,
    others: Vec<String>,
}

impl Load {
    fn begin(sites: &[&Site]) -> Load {
        let over = Arc::new(AtomicBool::new(false));
        let client = |number: usize| {
            let address = format!("{}/api/v1/auth/me", sites[number % sites.len()].base());
            let over = over.clone();
            tokio::spawn(async move {
                let (http, mut answers) = (reqwest::Client::new(), Answers::default());
                while !over.load(Ordering::Relaxed) {
                    match http.get(&address).send().await.map(|response| response.status().as_u16()) {
                        Ok(401) => answers.fine += 1,
                        other => answers.others.push(format!("{other:?}")),
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answers
            })
        };
        Load { clients: (0..12).map(client).collect(), over }
    }

    async fn goes_on(&self) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    async fn end(self) -> Answers {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Answers::default();
        for client in self.clients {
            let answers = client.await.unwrap();
            all.fine += answers.fine;
            all.others.extend(answers.others);
        }
        all
    }
}

/// How many of so many changes that a stranger asks for are counted and let through, to be told to sign in.
async fn changes_let_in(site: &Site, asked: usize) -> usize {
    let http = reqwest::Client::new();
    let mut let_in = 0;
    for _ in 0..asked {
        let response = http.post(format!("{}/api/v1/auth/logout-all", site.base())).send().await.unwrap();
        match response.status().as_u16() {
            // Counted first, and then asked who it is.
            401 => let_in += 1,
            status => assert_eq!(status, 429),
        }
    }
    let_in
}

async fn statuses(client: &Client, method: Method, path: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(client.send(client.request(method.clone(), path)).await.status.as_u16());
    }
    statuses
}

fn limit(limits: &Value, class: &str) -> Value {
    let items = limits["items"].as_array().unwrap();
    items.iter().find(|item| item["class"] == class).unwrap().clone()
}

fn number(headers: &HeaderMap, name: &str) -> u64 {
    let value = headers.get(name).unwrap_or_else(|| panic!("no {name}: {headers:?}"));
    value.to_str().unwrap().parse().unwrap()
}
