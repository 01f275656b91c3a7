//! Templates of one's own: in the home, read and written through one's agent, and nobody else's in any way.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Site, unique};

fn template(id: &str, version: &str) -> String {
    format!(
        "# kept\nid: {id}  # mine\nversion: \"{version}\"\nname: {{ en: Words, ko: 단어 }}\n\
         description: {{ en: Counts, ko: 셈 }}\ncategory: data\ntags: []\nschedulers: [local, slurm]\nimage: none\n\
         parameters:\n  - name: word\n    type: string\n    label: {{ en: Word, ko: 단어 }}\n    required: true\n\
         resources: {{}}\nscript: |\n  echo {{{{ word }}}}\n"
    )
}

async fn put(client: &Client, id: &str, hash: &str, yaml: &str) -> Answer {
    let request = client.request(Method::PUT, &format!("/templates/{id}")).header("If-Match", format!("\"{hash}\""));
    client.send(request.json(&json!({"yaml": yaml}))).await
}

async fn archive(client: &Client, id: &str, hash: &str) -> Answer {
    let request = client.request(Method::DELETE, &format!("/templates/{id}"));
    client.send(request.header("If-Match", format!("\"{hash}\""))).await
}

fn hash(answer: &Answer) -> String {
    answer.json()["hash"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

fn can(user: &str, program: &str, path: &Path) -> bool {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--init-groups", program]).arg(path);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[tokio::test]
async fn what_alice_has_for_herself_bob_cannot_read_list_guess_or_overwrite() {
    let Some(site) = Site::multi_user().await else { return };
    let (alice, bob, admin) = (site.client("alice").await, site.client("bob").await, site.client("admin").await);
    let id = unique("mine").replace('_', "-").to_lowercase();
    let text = template(&id, "1");
    let made = alice.post("/templates", &json!({"yaml": text})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let hash = hash(&made);

    let directory = site.home("alice").join("templates");
    let file = directory.join(format!("{id}.yaml"));
    let about = fs::metadata(&directory).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o700);
    assert_eq!(about.uid(), fs::metadata(site.home("alice").parent().unwrap()).unwrap().uid());
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    for other in ["bob", "quarterdeck"] {
        assert!(!can(other, "ls", &directory) && !can(other, "cat", &file), "{other}");
    }
    assert!(can("alice", "cat", &file));

    let job = json!({"name": unique("own"), "template": id, "parameters": {"word": "x"}});
    for other in [&bob, &admin] {
        let listed = other.get("/templates?limit=500").await.text();
        assert!(!listed.contains(&id));
        assert!(!other.get(&format!("/templates?q={id}&source=private")).await.text().contains(&id));
        for path in ["", "@1", "/versions", "/versions/1", "/export"] {
            assert_eq!(other.get(&format!("/templates/{id}{path}")).await.status, 404, "{path}");
        }
        for path in ["validate", "render"] {
            let answer = other.post(&format!("/templates/{id}/{path}"), &json!({"parameters": {"word": "x"}})).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    assert_eq!(bob.post(&format!("/templates/{id}/clone"), &json!({"id": "stolen"})).await.status, 404);
    assert_eq!(put(&bob, &id, &hash, &template(&id, "9")).await.status, 404);
    assert_eq!(archive(&bob, &id, &hash).await.status, 404);
    let refused = bob.post("/clusters/slurm/jobs", &job).await.json();
    assert_eq!(refused["errors"][0]["code"], "no-such-template", "{refused}");

    // The same id is his to take: that it is taken would tell him something.
    let mut told = bob.live().await;
    told.subscribe("templates").await;
    assert_eq!(told.hear().await["type"], "snapshot");
    assert_eq!(put(&alice, &id, &hash, &template(&id, "2")).await.status, 200);
    let his = bob.post("/templates", &json!({"yaml": template(&id, "7")})).await;
    assert_eq!(his.status, 201, "{}", his.text());
    assert_eq!(told.hear().await["upsert"], json!([{"id": id, "version": "7"}]), "of hers nothing was told");
    assert_eq!(alice.get(&format!("/templates/{id}")).await.json()["version"], "2");
    assert_eq!(bob.get(&format!("/templates/{id}/versions")).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(archive(&bob, &id, &self::hash(&his)).await.status, 204);
    assert_eq!(fs::read_to_string(&file).unwrap(), template(&id, "2"));

    // A link of his leads his own agent nowhere.
    let link = site.home("bob").join(format!("templates/{id}.yaml"));
    symlink(&file, &link).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    bob.get("/templates").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(bob.get(&format!("/templates/{id}")).await.status, 404);
    let failed = bob.get("/templates/scan").await.json()["failed"].clone();
    assert!(failed.to_string().contains("symbolic link"), "{failed}");

    // Everybody sees her job, and she alone what it was made of.
    let submitted = alice.submit("slurm", &job).await;
    let path = format!("/clusters/slurm/jobs/{}", submitted["id"].as_str().unwrap());
    assert_eq!(alice.get(&path).await.json()["template"], format!("{id}@2"));
    let seen = bob.get(&path).await;
    assert!(seen.status == 404 || seen.json()["template"] == Value::Null, "{}", seen.text());
}

#[tokio::test]
async fn ones_own_is_made_changed_and_put_away_and_nothing_is_lost() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let directory = site.home("").join("quarterdeck/templates");
    let first = template("words", "1");
    let made = client.post("/templates", &json!({"yaml": first})).await;
    assert_eq!((made.status.as_u16(), &made.json()["source"]), (201, &json!("private")), "{}", made.text());
    let again = client.post("/templates", &json!({"yaml": first})).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("template-id-taken")));

    let changed = put(&client, "words", &hash(&made), &template("words", "2")).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let late = put(&client, "words", &hash(&made), &template("words", "3")).await;
    assert_eq!((late.status.as_u16(), &late.json()["code"]), (412, &json!("changed")));
    // By hand, in between.
    fs::write(directory.join("words.yaml"), template("words", "4")).unwrap();
    let late = put(&client, "words", &hash(&changed), &template("words", "3")).await;
    assert_eq!((late.status.as_u16(), &late.json()["code"]), (412, &json!("changed")));
    assert_eq!(fs::read_to_string(directory.join("words.yaml")).unwrap(), template("words", "4"));
    let now = client.get("/templates/words").await;
    assert_eq!(now.json()["version"], "4");
    assert_eq!(client.get("/templates/words/export").await.text(), template("words", "4"));

    let cases = [
        (put(&client, "words", &hash(&now), &template("other", "1")).await, 422, "/yaml"),
        (put(&client, "words", &hash(&now), "id: words\nversion: [").await, 422, "/yaml"),
        (client.post("/templates?dry_run=true", &json!({"yaml": "id: ["})).await, 422, "/yaml"),
        (client.post("/templates/words/clone", &json!({"id": "../words"})).await, 422, "/id"),
        (client.post("/templates/words/render", &json!({"parameters": {"word": 7}})).await, 422, "/parameters/word"),
    ];
    for (answer, status, pointer) in cases {
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["pointer"]), (status, &json!(pointer)));
    }
    let trial = async |parameters: Value| {
        client.post("/templates?dry_run=true", &json!({"yaml": first, "parameters": parameters})).await.json()
    };
    let tried = trial(json!({"word": "it's"})).await;
    assert_eq!((&tried["template"]["version"], &tried["template"]["source"]), (&json!("1"), &json!("private")));
    assert_eq!((&tried["script"], &tried["errors"]), (&json!("echo 'it'\\''s'\n"), &json!([])));
    let tried = trial(json!({})).await;
    assert_eq!((&tried["script"], &tried["errors"][0]["pointer"]), (&Value::Null, &json!("/parameters/word")));
    assert_eq!(client.get("/templates/words").await.json()["version"], "4");
    let bare = client.put("/templates/words", &json!({"yaml": first})).await;
    assert_eq!(bare.status, 428);
    let shipped = client.get("/templates/shell").await;
    let refused = put(&client, "shell", &hash(&shipped), &template("shell", "1")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (403, &json!("template-of-the-site")));
    assert_eq!(client.post("/templates", &json!({"yaml": template("shell", "1")})).await.status, 409);

    let cloned = client.post("/templates/words/clone", &json!({"id": "more-words"})).await;
    assert_eq!(cloned.status, 201, "{}", cloned.text());
    let text = fs::read_to_string(directory.join("more-words.yaml")).unwrap();
    assert_eq!(text, template("words", "4").replace("id: words  # mine", "id: more-words"));
    let said = client.post("/templates/words/render", &json!({"parameters": {"word": "it's $(id)"}})).await.json();
    assert_eq!(said["script"], "echo 'it'\\''s $(id)'\n");
    let said = client.post("/templates/words/validate", &json!({"parameters": {}})).await.json();
    assert_eq!((&said["valid"], &said["errors"][0]["pointer"]), (&json!(false), &json!("/parameters/word")));

    assert_eq!(archive(&client, "words", &hash(&now)).await.status, 204);
    assert_eq!(client.get("/templates/words").await.status, 404);
    let put_away = fs::read_dir(directory.join("archived")).unwrap().map(|file| file.unwrap().path());
    let texts: Vec<String> = put_away.map(|path| fs::read_to_string(path).unwrap()).collect();
    assert_eq!(texts, [template("words", "4")]);
    let versions = client.get("/templates/words/versions").await.json();
    let of = |key: &str| versions["items"].as_array().unwrap().iter().map(|v| v[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("version"), ["4", "2", "1"]);
    assert_eq!(of("author"), [Value::Null, json!(site.person()), json!(site.person())]);
    let old = client.get("/templates/words/versions/2").await.json()["text"].as_str().unwrap().to_owned();
    let request = client.request(Method::POST, "/templates/import").header("content-type", "application/yaml");
    let restored = client.send(request.body(old)).await;
    assert_eq!((restored.status.as_u16(), &restored.json()["version"]), (201, &json!("2")));
    // Version 2 said the same, and is not the one that is offered.
    let versions = client.get("/templates/words/versions").await.json();
    let current = versions["items"].as_array().unwrap().iter().filter(|version| version["current"] == true);
    assert_eq!(current.map(|version| &version["number"]).collect::<Vec<_>>(), [4]);
    assert_eq!(client.get("/templates/words/versions/2").await.json()["current"], false);
}
