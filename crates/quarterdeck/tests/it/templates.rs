//! The template library while the server runs: it follows its files, keeps what they said, and jobs know which text they
//! were made of.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Live, Site, unique};

const SOON: Duration = Duration::from_secs(1);

fn template(id: &str, version: &str) -> String {
    format!(
        "id: {id}\nversion: \"{version}\"\nname: {{ en: Words, ko: 단어 }}\ndescription: {{ en: Counts, ko: 셈 }}\n\
         category: data\ntags: []\nschedulers: [local, slurm]\nimage: none\nparameters:\n  - name: word\n    \
         type: string\n    label: {{ en: Word, ko: 단어 }}\n    required: true\nresources: {{}}\nscript: |\n  \
         echo {{{{ word }}}}\n"
    )
}

/// What is told next, and that it is told soon.
async fn next(live: &mut Live, since: Instant) -> (Value, Value) {
    let told = live.hear().await;
    assert_eq!((&told["channel"], &told["type"]), (&json!("templates"), &json!("delta")), "{told}");
    assert!(since.elapsed() < SOON, "it took {:?}: {told}", since.elapsed());
    (told["upsert"].clone(), told["remove"].clone())
}

#[tokio::test]
async fn what_happens_to_a_file_is_on_the_page_within_a_second() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let mut live = admin.live().await;
    live.subscribe("templates").await;
    assert_eq!(live.hear().await["type"], "snapshot");
    let community = site.path("templates/community");
    fs::create_dir_all(&community).unwrap();
    let write = |name: &str, text: &str| {
        let now = Instant::now();
        fs::write(community.join(name), text).unwrap();
        now
    };
    let news = |version: &str| (json!([{"id": "words", "version": version}]), json!([]));
    let since = write("a.yaml", &template("words", "1"));
    assert_eq!(next(&mut live, since).await, news("1"));
    assert_eq!(admin.get("/templates/words").await.json()["version"], "1");
    let since = write("a.yaml", &template("words", "2"));
    assert_eq!(next(&mut live, since).await, news("2"));

    let since = write("a.yaml", "id: words\nversion: [");
    assert_eq!(next(&mut live, since).await, (json!([]), json!([])), "that a file is broken is told too");
    assert_eq!(admin.get("/templates/words").await.json()["version"], "2");
    let failed = admin.get("/templates/scan").await.json()["failed"].clone();
    assert_eq!((&failed[0]["file"], &failed[0]["served"]), (&json!("community/a.yaml"), &json!("words@2")), "{failed}");
    let since = write("a.yaml", &template("words", "3"));
    assert_eq!(next(&mut live, since).await, news("3"));
    assert_eq!(admin.get("/templates/scan").await.json()["failed"], json!([]));

    let since = Instant::now();
    fs::rename(community.join("a.yaml"), community.join("b.yaml")).unwrap();
    assert_eq!(next(&mut live, since).await, news("3"));
    let since = write("c.yaml", &template("words", "4"));
    assert_eq!(next(&mut live, since).await, (json!([]), json!([])), "the first of an id stays");
    assert_eq!(admin.get("/templates/words").await.json()["version"], "3");
    let since = Instant::now();
    fs::remove_file(community.join("b.yaml")).unwrap();
    assert_eq!(next(&mut live, since).await, news("4"));
    let since = Instant::now();
    fs::remove_file(community.join("c.yaml")).unwrap();
    assert_eq!(next(&mut live, since).await, (json!([]), json!(["words"])));
    assert_eq!(admin.get("/templates/words").await.status, 404);
}

#[tokio::test]
async fn a_thousand_files_at_once_are_one_change() {
    let site = Site::single_user().await;
    let admin = site.client(&site.person()).await;
    let (community, aside) = (site.path("templates/community"), site.path("templates/archived"));
    fs::create_dir_all(&community).unwrap();
    fs::create_dir_all(&aside).unwrap();
    for n in 0..1000 {
        fs::write(aside.join(format!("{n}.yaml")), template(&format!("many-{n}"), "1")).unwrap();
    }
    // What was said of those is over.
    tokio::time::sleep(SOON).await;
    let mut live = admin.live().await;
    live.subscribe("templates").await;
    let before = live.hear().await["version"].as_u64().unwrap();
    for n in 0..1000 {
        let name = format!("{n}.yaml");
        fs::rename(aside.join(&name), community.join(name)).unwrap();
    }
    let told = live.hear().await;
    assert_eq!(told["upsert"].as_array().unwrap().len(), 1000);
    assert_eq!(told["version"], before + 1);
}

#[tokio::test]
async fn a_job_knows_the_text_that_it_was_made_of() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    fs::create_dir_all(site.path("templates/community")).unwrap();
    let file = site.path("templates/community/words.yaml");
    // The same version, so that the number alone would not tell.
    let (first, second) = (template("words", "1"), template("words", "1").replace("echo", "printf %s"));
    fs::write(&file, &first).unwrap();
    assert_eq!(client.post("/templates/scan", &json!({})).await.json()["failed"], json!([]));
    let job = json!({"name": unique("words"), "template": "words@1", "parameters": {"word": "하나"}});
    let submitted = client.submit("local", &job).await;
    let id = submitted["id"].as_str().unwrap().to_owned();
    fs::write(&file, &second).unwrap();
    assert_eq!(client.post("/templates/scan", &json!({})).await.json()["failed"], json!([]));

    let versions = client.get("/templates/words/versions").await.json();
    let of = |key: &str| versions["items"].as_array().unwrap().iter().map(|v| v[key].clone()).collect::<Vec<_>>();
    assert_eq!((of("number"), of("current")), (vec![json!(2), json!(1)], vec![json!(true), json!(false)]));
    let known = client.get(&format!("/clusters/local/jobs/{id}")).await.json()["template_hash"].clone();
    assert_eq!(known, versions["items"][1]["hash"]);
    assert_eq!(client.get("/templates/words").await.json()["hash"], versions["items"][0]["hash"]);
    assert_eq!(client.get("/templates/words/versions/1").await.json()["text"], first);
    assert_eq!(client.get("/templates/words/versions/2").await.json()["text"], second);
    for missing in ["/templates/words/versions/3", "/templates/nothing/versions", "/templates/words/versions/0"] {
        assert_eq!(client.get(missing).await.status, 404, "{missing}");
    }
    client.wait_for("local", &id, &["COMPLETED"]).await;
}

#[tokio::test]
async fn jobs_made_of_a_template_are_counted_and_what_one_keeps_at_hand_is_ones_own() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let (shared, own) =
        (unique("shared").replace('_', "-").to_lowercase(), unique("own").replace('_', "-").to_lowercase());
    fs::create_dir_all(site.path("templates/community")).unwrap();
    fs::write(site.path(&format!("templates/community/{shared}.yaml")), template(&shared, "1")).unwrap();
    assert_eq!(admin.post("/templates/scan", &json!({})).await.status, 200);
    // Of one id, and yet two.
    for client in [&alice, &bob] {
        assert_eq!(client.post("/templates", &json!({"yaml": template(&own, "1")})).await.status, 201);
    }
    let submit = async |client: &Client, template: &str| {
        let job = json!({"name": "counted", "template": template, "parameters": {"word": "x"}, "resources": {}});
        client.submit("slurm", &job).await;
    };
    let uses = async |client: &Client, id: &str| {
        let one = client.get(&format!("/templates/{id}")).await.json()["uses"].clone();
        let list = client.get(&format!("/templates?q={id}")).await.json();
        assert_eq!(list["items"][0]["uses"], one);
        assert_eq!(one["last_used_at"].is_null(), one["own_jobs"] == 0, "{one}");
        json!([one["own_jobs"], one["jobs"], one["favourite"]])
    };
    assert_eq!(uses(&alice, &shared).await, json!([0, 0, false]));
    submit(&alice, &shared).await;
    submit(&alice, &format!("{shared}@1")).await;
    submit(&bob, &shared).await;
    submit(&alice, &own).await;
    assert_eq!(uses(&alice, &shared).await, json!([2, 3, false]));
    assert_eq!(uses(&bob, &shared).await, json!([1, 3, false]));
    assert_eq!(uses(&alice, &own).await, json!([1, 1, false]));
    assert_eq!(uses(&bob, &own).await, json!([0, 0, false]));

    let favourite = async |client: &Client, method: Method, id: &str| {
        client.send(client.request(method, &format!("/templates/{id}/favourite"))).await.status.as_u16()
    };
    assert_eq!(favourite(&alice, Method::PUT, &shared).await, 204);
    assert_eq!(favourite(&alice, Method::PUT, &own).await, 204);
    assert_eq!(uses(&alice, &shared).await, json!([2, 3, true]));
    assert_eq!(uses(&bob, &shared).await, json!([1, 3, false]));
    assert_eq!(uses(&bob, &own).await, json!([0, 0, false]));
    submit(&alice, &shared).await;
    assert_eq!(favourite(&alice, Method::DELETE, &own).await, 204);
    assert_eq!(uses(&alice, &own).await, json!([1, 1, false]));
    assert_eq!(uses(&alice, &shared).await, json!([3, 4, true]));
    assert_eq!(favourite(&alice, Method::PUT, "no-such-template").await, 404);
}
