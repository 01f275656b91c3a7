//! Messages that leave the portal: by mail, to webhooks and to browsers, over receivers that are down and a server that
//! is killed; and to nobody whom a user must not reach.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::StatusCode;
use serde_json::{Value, json};
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;

use crate::notifications::{id, on_this_host, set, submitted, wait_until_told};
use crate::support::receiver::Request;
use crate::support::{Client, MailServer, Receiver, Site, Slurm, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn mail_goes_to_a_confirmed_address_alone_encrypted_and_in_the_users_language() {
    let (Some(slurm), Some(mut server)) = (Slurm::given(), MailServer::start().await) else { return };
    let mut environment = on_this_host();
    environment.extend(server.configuration());
    environment.push(("QUARTERDECK_MAIL__DOMAINS", "example.org".to_owned()));
    let site = Site::multi_user_with(slurm, &environment).await;
    let alice = site.client("alice").await;
    let refused = async |address: &str, code: &str| {
        let answer = alice.post("/notifications/email", &json!({"email": address, "language": "en"})).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code))
        );
    };
    refused("alice@elsewhere.example", "bad-mail-domain").await;
    refused("alice", "bad-mail-address").await;
    refused("alice@example.org, eve@example.org", "bad-mail-address").await;
    set(&alice, json!({"language": "ko"})).await;
    let sent = alice.post("/notifications/email", &json!({"email": "alice@example.org", "language": "ko"})).await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    let asked = server.wait_for(1).await;
    assert_eq!((&asked[0].to, asked[0].subject.as_str()), (&vec!["alice@example.org".to_owned()], "메일 주소 확인"));
    let code = asked[0].body.lines().find_map(|line| line.rsplit_once(": ")).unwrap().1.to_owned();

    // Until the code has come back nothing goes there.
    let early = submitted(&alice, "", "exit 3").await;
    wait_until_told(&alice, &early, "job-failed").await;
    let confirm = async |code: &str| alice.post("/notifications/email/confirm", &json!({"code": code})).await;
    for _ in 0..2 {
        assert_eq!(confirm("WRONGONE").await.json()["code"], "wrong-mail-code");
    }
    let settings = alice.get("/notifications/settings").await.json();
    assert_eq!((&settings["email"], &settings["pending_email"]), (&Value::Null, &json!("alice@example.org")));
    assert_eq!(site.client("bob").await.post("/notifications/email/confirm", &json!({"code": code})).await.status, 409);
    assert_eq!(confirm(&format!(" {} ", code.to_lowercase())).await.status, 204);
    assert_eq!(alice.get("/notifications/settings").await.json()["email"], "alice@example.org");

    server.stop();
    let late = submitted(&alice, "", "sleep 3; exit 3").await;
    wait_until_told(&alice, &late, "job-started").await;
    wait_until_tried(&alice, &late, "job-started").await;
    server.start_again().await;
    wait_until_told(&alice, &late, "job-failed").await;
    let mails = server.wait_for(3).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.mails().len(), 3, "each once: {mails:?}");
    let number = late["job_id"].as_str().unwrap();
    let failed = mails.iter().find(|mail| mail.subject.starts_with(&format!("작업 {number} 실패: ")));
    let failed = failed.unwrap_or_else(|| panic!("{mails:#?}"));
    assert!(failed.body.contains("종료 코드 3(으)로 실패했습니다 (NonZeroExitCode)."), "{}", failed.body);
    assert!(failed.body.contains(&format!("\nhttps://portal.example.org/clusters/slurm/jobs/{}\n", id(&late))));
    assert!(failed.head.contains("Auto-Submitted: auto-generated") && failed.head.contains("@example.org>"));
    assert_eq!(mails.iter().filter(|mail| mail.subject.starts_with(&format!("작업 {number} 시작: "))).count(), 1);

    assert_eq!(alice.delete("/notifications/email").await.status, 204);
    let test = alice.post("/notifications/test", &json!({"channel": "mail"})).await;
    assert_eq!((test.status.as_u16(), &test.json()["code"]), (409, &json!("no-address")));
    let events = site.client("admin").await.get("/audit?action=notifications.email").await.json();
    let addresses: Vec<&Value> = events["items"].as_array().unwrap().iter().map(|e| &e["detail"]["email"]).collect();
    assert_eq!(addresses, [&Value::Null, &json!("alice@example.org")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_few_tries_and_few_are_sent() {
    let (Some(slurm), Some(server)) = (Slurm::given(), MailServer::start().await) else { return };
    let site = Site::multi_user_with(slurm, &server.configuration()).await;
    let alice = site.client("alice").await;
    let ask = async || alice.post("/notifications/email", &json!({"email": "a@example.org", "language": "en"})).await;
    assert_eq!(ask().await.status, 204);
    let mail = server.wait_for(1).await;
    let code = mail[0].body.lines().find_map(|line| line.rsplit_once(": ")).unwrap().1.to_owned();
    let confirm = async |code: &str| alice.post("/notifications/email/confirm", &json!({"code": code})).await.status;
    for _ in 0..5 {
        assert_eq!(confirm("AAAAAAAA").await, 409);
    }
    assert_eq!(confirm(&code).await, 409, "it was guessed at too often");
    // Also where they are asked for at the same time.
    let asked = join_all((0..24).map(|_| ask())).await;
    assert_eq!(asked.iter().filter(|answer| answer.status == 204).count(), 4);
    assert_eq!(asked.iter().filter(|answer| answer.status == 429).count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_receiver_survives_the_server_and_is_delivered_once() {
    let Some(slurm) = Slurm::given() else { return };
    let mut receiver = Receiver::down();
    let mut site = Site::multi_user_with(slurm, &on_this_host()).await;
    let alice = site.client("alice").await;
    let hook = json!({"webhook": ["job-failed"], "webhook_url": receiver.url("/hook")});
    let secret = set(&alice, hook).await.as_str().unwrap().to_owned();
    let job = submitted(&alice, "", "exit 3").await;
    wait_until_tried(&alice, &job, "job-failed").await;
    site.restart_server().await;
    receiver.go_up().await;
    let request = receiver.wait_for(1).await.remove(0);
    assert_eq!(request.verified(&secret)["data"]["id"], job["id"]);
    let settled = eventually("it is known to be sent", Duration::from_secs(10), async || {
        let delivery = deliveries(&alice, &job, "job-failed").await.pop()?;
        (delivery["state"] == "sent").then_some(delivery)
    });
    assert!(settled.await["attempts"].as_u64().unwrap() >= 2);
    site.restart_server().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(receiver.requests().len(), 1);

    // A server that is killed between sending and writing that down says it again, with the same id.
    site.kill_server();
    site.start_server(&[("QUARTERDECK_SERVER_CRASH_AT", "message-sent")]).await;
    submitted(&alice, "", "exit 3").await;
    site.server_end().await;
    site.start_server(&[]).await;
    let requests = receiver.wait_for(3).await;
    assert_eq!(requests[1].header("webhook-id"), requests[2].header("webhook-id"));
    assert_ne!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_tried_again_later_with_the_same_id() {
    let Some(slurm) = Slurm::given() else { return };
    let receiver = Receiver::start().await;
    let site = Site::multi_user_with(slurm, &on_this_host()).await;
    let alice = site.client("alice").await;
    let hook = json!({"webhook": ["job-failed"], "webhook_url": receiver.url("/hook")});
    let secret = set(&alice, hook).await.as_str().unwrap().to_owned();
    // A redirect is an answer like others, and not followed.
    receiver.will_answer(&[302]);
    let job = submitted(&alice, "", "exit 3").await;
    let requests = receiver.wait_for(2).await;
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(4), "not at once");
    assert!(requests.iter().all(|request| request.path == "/hook"));
    assert_eq!(requests[1].verified(&secret)["data"]["id"], job["id"]);

    // Who says that it is gone is not asked again.
    receiver.will_answer(&[410]);
    let job = submitted(&alice, "", "exit 3").await;
    let failed = eventually("it is given up", Duration::from_secs(60), async || {
        let delivery = deliveries(&alice, &job, "job-failed").await.pop()?;
        (delivery["state"] == "failed").then_some(delivery)
    });
    assert_eq!(failed.await["attempts"], 1);

    // A new secret makes the old one worthless.
    let new = alice.post("/notifications/webhook-secret", &json!({})).await.json();
    let tested = alice.post("/notifications/test", &json!({"channel": "webhook"})).await.json();
    assert_eq!(tested["items"][0]["state"], "sent", "{tested}");
    let test = receiver.requests().pop().unwrap();
    assert_eq!(test.verified(new["webhook_secret"].as_str().unwrap())["type"], "test");
    assert_ne!(new["webhook_secret"], secret);
    let settings = alice.get("/notifications/settings").await.text();
    assert!(!settings.contains("whsec_"), "shown once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_pushed_to_encrypted_until_it_is_gone() {
    let Some(slurm) = Slurm::given() else { return };
    let service = Receiver::start().await;
    let site = Site::multi_user_with(slurm, &on_this_host()).await;
    let (alice, bob) = (site.client("alice").await, site.client("bob").await);
    set(&alice, json!({"push": ["job-failed"]})).await;
    let (browser, phone) = (Browser::new(1), Browser::new(2));
    let subscribe = async |browser: &Browser, path: &str| {
        let answer = alice.post("/notifications/browsers", &browser.subscription(&service.url(path))).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let first = subscribe(&browser, "/push/browser").await;
    subscribe(&phone, "/push/phone").await;
    assert_eq!(bob.delete(&format!("/notifications/browsers/{first}")).await.status, 404);

    let job = submitted(&alice, "", "exit 3").await;
    let requests = service.wait_for(2).await;
    for (browser, path) in [(&browser, "/push/browser"), (&phone, "/push/phone")] {
        let request = requests.iter().find(|request| request.path == path).unwrap();
        let said = browser.read(request);
        let title = format!("Job {} failed: ", job["job_id"].as_str().unwrap());
        assert!(said["title"].as_str().unwrap().starts_with(&title), "{said}");
        assert!(said["body"].as_str().unwrap().ends_with("failed with exit code 3 (NonZeroExitCode)."), "{said}");
        assert_eq!(said["path"], format!("/clusters/slurm/jobs/{}", id(&job)));
        assert!(!request.body.windows(8).any(|part| part == b"exit cod"), "nobody else reads it");
        let key = alice.get("/notifications/settings").await.json()["push_key"].as_str().unwrap().to_owned();
        is_signed(request, &key, &service.url(""));
    }

    // What the service will not take of this message, it will not take again; the browser stays.
    let tested = async || alice.post("/notifications/test", &json!({"channel": "push"})).await.json()["items"].clone();
    service.will_answer(&[413, 413]);
    assert!(tested().await.as_array().unwrap().iter().all(|item| item["state"] == "failed"));
    let browsers = async || alice.get("/notifications/settings").await.json()["browsers"].as_array().unwrap().len();
    assert_eq!(browsers().await, 2);
    service.will_answer(&[410, 404]);
    tested().await;
    assert_eq!(browsers().await, 0);
    assert_eq!(alice.post("/notifications/test", &json!({"channel": "push"})).await.json()["code"], "no-address");

    // Whoever signs in at the same browser gets what is hers, and nobody else's.
    subscribe(&browser, "/push/browser").await;
    let his = bob.post("/notifications/browsers", &browser.subscription(&service.url("/push/browser"))).await;
    assert_eq!((his.status.as_u16(), browsers().await), (201, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_the_server_speak_to_what_is_inside() {
    let Some(slurm) = Slurm::given() else { return };
    let receiver = Receiver::start().await;
    let push = [("QUARTERDECK_PUSH__CONTACT", "mailto:admin@example.org".to_owned())];
    let site = Site::multi_user_with(slurm, &push).await;
    let alice = site.client("alice").await;
    let inside = [
        receiver.url("/hook"),
        receiver.url("/hook").replace("http:", "https:"),
        "https://10.0.0.1/".to_owned(),
        "https://192.168.1.1/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[::1]:8080/".to_owned(),
        "https://[fe80::1]/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "https://2130706433/".to_owned(),
        "https://alice:word@hooks.example.org/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for url in &inside {
        let mut settings = crate::notifications::everything();
        settings["webhook_url"] = json!(url);
        let answer = alice.put("/notifications/settings", &settings).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["errors"][0]["code"]),
            (422, &json!("bad-webhook")),
            "{url}"
        );
        let answer = alice.post("/notifications/browsers", &Browser::new(1).subscription(url)).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["errors"][0]["code"]),
            (422, &json!("bad-endpoint")),
            "{url}"
        );
    }
    // A name is looked up when it is connected to, whatever it meant before.
    let name = receiver.url("/hook").replace("http:", "https:").replace("127.0.0.1", "localhost");
    set(&alice, json!({"webhook_url": name})).await;
    let tested = alice.post("/notifications/test", &json!({"channel": "webhook"})).await.json();
    assert_eq!(tested["items"][0]["reason"], "address-not-allowed", "{tested}");
    assert_eq!(receiver.requests().len(), 0);
}

/// The messages of what was told of a job.
async fn deliveries(client: &Client, job: &Value, code: &str) -> Vec<Value> {
    let page = client.get("/notifications?limit=500").await.json();
    let items = page["items"].as_array().unwrap().iter();
    let told = items.filter(|item| item["params"]["id"] == job["id"] && item["code"] == code);
    told.flat_map(|item| item["deliveries"].as_array().unwrap().clone()).collect()
}

/// Waits until a first attempt has failed.
async fn wait_until_tried(client: &Client, job: &Value, code: &str) {
    let failed = ["no-connection", "mail-not-taken"];
    eventually("a first attempt", Duration::from_secs(90), async || {
        let deliveries = deliveries(client, job, code).await;
        deliveries.iter().any(|delivery| failed.iter().any(|reason| delivery["reason"] == *reason)).then_some(())
    })
    .await;
}

/// What a browser keeps for its subscription.
struct Browser {
    secret: SecretKey,
    auth: [u8; 16],
}

impl Browser {
    fn new(number: u8) -> Browser {
        Browser { secret: SecretKey::from_slice(&[number; 32]).unwrap(), auth: [number; 16] }
    }

    fn subscription(&self, endpoint: &str) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let public = self.secret.public_key().to_encoded_point(false);
        let keys = json!({"p256dh": encode(public.as_bytes()), "auth": encode(&self.auth)});
        json!({"endpoint": endpoint, "keys": keys, "language": "en"})
    }

    fn read(&self, request: &Request) -> Value {
        assert_eq!(request.header("content-encoding"), "aes128gcm");
        assert_ne!(request.header("ttl"), "");
        let text = web_push_native::decrypt(request.body.clone(), &self.secret, &self.auth.into()).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

/// That it is of the server with this key, and for this push service (RFC 8292).
fn is_signed(request: &Request, key: &str, origin: &str) {
    let header = request.header("authorization");
    let (token, said_key) = header.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(said_key, key);
    let point = BASE64_URL_SAFE_NO_PAD.decode(key).unwrap();
    assert_eq!((point.len(), point[0]), (65, 4), "an uncompressed point");
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let key = DecodingKey::from_ec_components(&encode(&point[1..33]), &encode(&point[33..])).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[origin]);
    validation.set_required_spec_claims(&["aud", "exp", "sub"]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims["sub"], "mailto:admin@example.org");
    assert!(claims["exp"].as_i64().unwrap() - chrono::Utc::now().timestamp() <= 24 * 3600);
}
