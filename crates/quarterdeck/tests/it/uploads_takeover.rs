//! One writer an upload, on one server and on several: who has fallen silent makes way at once, who sends does not.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::support::uploading::{Slow, announced, append, files_in, free, offset, single_user, terminate, uploads};
use crate::support::{Client, OwnDatabase, Site, Slurm, eventually};

const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_silent_sender_makes_way_at_once() {
    let (site, client) = single_user().await;
    let id = announced(&client, "silent.dat", 10).await;
    // A laptop that was closed: the connection stays, and nothing comes any more.
    let mut silent = Slow::begin(&site, &client, &id, 0, 10).await;
    silent.send(b"01234").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let begun = Instant::now();
    let wrong = append(&client, &id, 7, b"789").await;
    assert_eq!(wrong.json()["code"], "wrong-offset", "who does not know where to go on takes nothing over");
    let (from, _) = offset(&client, &id).await;
    assert_eq!(from, 5, "what had come counts");
    assert_eq!(append(&client, &id, from, b"56789").await.status, 204);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!(fs::read(uploads(&site).join("silent.dat")).unwrap(), b"0123456789");
    let told = silent.answer().await;
    assert!(told.starts_with("HTTP/1.1 409") && told.contains("upload-taken-over"), "{told}");
}

#[tokio::test]
async fn who_goes_on_without_asking_takes_over_too() {
    let (site, client) = single_user().await;
    let id = announced(&client, "again.dat", 10).await;
    let silent = Slow::begin(&site, &client, &id, 0, 10).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let begun = Instant::now();
    assert_eq!(append(&client, &id, 0, b"0123456789").await.status, 204);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!(fs::read(uploads(&site).join("again.dat")).unwrap(), b"0123456789");
    assert!(silent.answer().await.starts_with("HTTP/1.1 409"));
    let id = announced(&client, "dropped.dat", 10).await;
    let silent = Slow::begin(&site, &client, &id, 0, 10).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(terminate(&client, &id).await.status, 204);
    drop(silent);
}

/// Whoever gets the turn, the file holds one sender's bytes at each place, and it is whole.
#[tokio::test]
async fn many_at_once_never_mix() {
    let (site, client) = single_user().await;
    let bytes: Vec<u8> = (0..4_000_000_u32).map(|i| (i % 251) as u8).collect();
    let id = announced(&client, "crowd.dat", bytes.len()).await;
    let senders = (0..6).map(|_| async {
        let mut appended = 0;
        while eventually("an offset", Duration::from_secs(20), async || Some(offset(&client, &id).await)).await.0
            < bytes.len()
        {
            let (from, _) = offset(&client, &id).await;
            let answer = append(&client, &id, from, &bytes[from..bytes.len().min(from + 300_001)]).await;
            assert!([204, 409, 423].contains(&answer.status.as_u16()), "{}", answer.text());
            appended += usize::from(answer.status == 204);
        }
        appended
    });
    let appended: usize = join_all(senders).await.into_iter().sum();
    assert!(appended >= 14, "{appended}");
    assert_eq!(files_in(&uploads(&site)), ["crowd.dat"]);
    assert!(fs::read(uploads(&site).join("crowd.dat")).unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_one_writes_at_a_time() {
    let (Some(slurm), Some(database)) = (Slurm::given(), OwnDatabase::create().await) else { return };
    let environment = [("QUARTERDECK_SERVER__DATABASE", database.url())];
    let mut site = Site::multi_user_with(slurm, &environment).await;
    let other = site.start_another_server().await;
    let alice = site.client("alice").await;
    let elsewhere = Client::sign_in(&other, "alice", &site.password("alice")).await;
    let directory = site.home("alice").join("uploads");
    let file = |name: &str| directory.join(name);

    let id = announced(&alice, "two.dat", 1 << 20).await;
    let mut slow = Slow::begin(&site, &alice, &id, 0, 1 << 20).await;
    let sending = tokio::spawn(async move {
        for _ in 0..64 {
            slow.send(&[b'a'; 16 << 10]).await;
            // In all some seconds longer than it is looked at, so that the last who is refused is answered before its end.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        slow.answer().await
    });
    // Longer than a lease lasts.
    let begun = Instant::now();
    let mut refused = 0;
    tokio::time::sleep(Duration::from_millis(300)).await;
    while begun.elapsed() < Duration::from_millis(5700) {
        let answer = append(&elsewhere, &id, 0, &[b'b'; 100]).await;
        assert_eq!(answer.status, 423, "{}", answer.text());
        refused += 1;
    }
    assert!(refused >= 3, "{refused}");
    let answered = sending.await.unwrap();
    assert!(answered.starts_with("HTTP/1.1 204"), "{answered}");
    assert!(fs::read(file("two.dat")).unwrap() == [b'a'; 1 << 20]);

    // A sender that fell silent at one of them makes way for one at the other.
    let id = announced(&alice, "silent.dat", 10).await;
    let mut silent = Slow::begin(&site, &alice, &id, 0, 10).await;
    silent.send(b"01234").await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    let begun = Instant::now();
    let answer = append(&elsewhere, &id, 0, b"0123456789").await;
    assert_eq!(answer.json()["code"], "wrong-offset", "{}", answer.text());
    assert_eq!(offset(&elsewhere, &id).await, (5, 10));
    assert_eq!(append(&elsewhere, &id, 5, b"56789").await.status, 204);
    assert!(begun.elapsed() < 2 * AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!(fs::read(file("silent.dat")).unwrap(), b"0123456789");

    // One server is stopped in the middle of a request, and comes back when its lease is over: it writes no more.
    let id = announced(&alice, "stopped.dat", 10).await;
    let mut stopped = Slow::begin(&site, &alice, &id, 0, 10).await;
    stopped.send(b"aaaaa").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let server = rustix::process::Pid::from_raw(site.server_id() as i32).unwrap();
    crate::support::processes::freeze(server);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let locked = append(&elsewhere, &id, 0, b"0123456789").await;
    assert_eq!((locked.status.as_u16(), &locked.json()["code"]), (423, &json!("upload-busy")), "its lock holds");
    crate::support::processes::thaw(server);
    let from = free(&elsewhere, &id).await;
    assert_eq!(append(&elsewhere, &id, from, &b"0123456789"[from..]).await.status, 204);
    let whole = fs::read(file("stopped.dat")).unwrap();
    assert_eq!(whole, [&b"aaaaa"[..from], &b"0123456789"[from..]].concat());
    drop(stopped);

    // One that is killed leaves nothing that keeps the other from going on for long.
    let id = announced(&alice, "killed.dat", 10).await;
    let mut killed = Slow::begin(&site, &alice, &id, 0, 10).await;
    killed.send(b"01234").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    site.kill_server();
    let from = free(&elsewhere, &id).await;
    assert_eq!(append(&elsewhere, &id, from, &b"0123456789"[from..]).await.status, 204);
    assert_eq!(fs::read(file("killed.dat")).unwrap(), b"0123456789");
    drop(site);
    database.remove().await;
}
