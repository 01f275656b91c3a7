//! Server, agent and connection are killed at random while files come: mid-header, mid-chunk, at completion. What was
//! acknowledged is there, no half file is ever seen under its name, and the file is in the end what was sent.
//!
//! `QD_TEST_UPLOAD_KILLS` says how many kills; 300 take two minutes.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::uploading::{OCTETS, announced, files_in, hidden_in, info, offset, single_user, uploads};
use crate::support::{Client, eventually};

const KILLS: usize = 12;
const SIZE: u64 = 12 << 20;
const CHUNK: u64 = 5 << 20;
/// A kill comes at random in so long from when the request is begun, which takes about as long.
const SPAN_MS: u64 = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Server,
    Agent,
    Connection,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_at_random_is_whole_in_the_end() {
    let kills = std::env::var("QD_TEST_UPLOAD_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let (mut site, client) = single_user().await;
    let mut killed: BTreeMap<Victim, usize> = BTreeMap::new();
    let (mut files, mut kept) = (0, 0);
    let begun = Instant::now();
    while killed.values().sum::<usize>() < kills {
        let name = format!("file-{files}.dat");
        let bytes: Vec<u8> = (0..SIZE).map(|i| (i.wrapping_mul(2_654_435_761 + files) >> 16) as u8).collect();
        let id = announced(&client, &name, bytes.len()).await;
        let path = uploads(&site).join(&name);
        let mut acknowledged = 0;
        loop {
            let (from, _) = offset(&client, &id).await;
            assert!((acknowledged..=bytes.len()).contains(&from), "{from} of {acknowledged} acknowledged");
            let is_finished = info(&client, &id).await["state"] == "finished";
            if path.exists() {
                assert!(fs::read(&path).unwrap() == bytes, "what is seen is whole");
            } else {
                assert!(!is_finished, "what is finished is there");
            }
            if is_finished {
                break;
            }
            let to = bytes.len().min(from + 1 + random(CHUNK) as usize);
            let victim = [Victim::Server, Victim::Agent, Victim::Connection][random(3) as usize];
            let request = request(&client, &id, from, &bytes[from..to]);
            let whole = request.len();
            let stop = if victim == Victim::Connection { random(whole as u64) as usize } else { whole };
            let address = site.base().strip_prefix("http://").unwrap().to_owned();
            let sending = tokio::spawn(send(address, request, stop));
            tokio::time::sleep(Duration::from_millis(random(SPAN_MS))).await;
            match victim {
                Victim::Server => site.restart_server().await,
                Victim::Agent => drop(site.kill_agent(&site.person())),
                Victim::Connection => {}
            }
            *killed.entry(victim).or_default() += 1;
            match sending.await.unwrap() {
                Some(204) => acknowledged = to,
                // The one before may still be noticing that its sender is gone; an agent is missed, or was.
                None | Some(409 | 423 | 502 | 503) => {}
                Some(status) => panic!("{victim:?}: {status}"),
            }
            kept += 1;
        }
        let found = fs::read(&path).unwrap();
        assert_eq!(Sha256::digest(&found), Sha256::digest(&bytes), "{name}");
        files += 1;
    }
    eprintln!("{killed:?}: {files} files in {kept} requests whole, in {:.0?}", begun.elapsed());
    eventually("nothing is left over", Duration::from_secs(5), async || {
        (hidden_in(&uploads(&site)) == 0).then_some(())
    })
    .await;
    assert_eq!(files_in(&uploads(&site)).len() as u64, files, "each once");
}

fn request(client: &Client, id: &str, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "PATCH /api/v1/uploads/{id} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: {OCTETS}\r\nUpload-Offset: {offset}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        client.token(),
        bytes.len()
    );
    [head.as_bytes(), bytes].concat()
}

/// Sends so many bytes of the request and, if that is all of it, answers the status that came.
async fn send(address: String, request: Vec<u8>, stop: usize) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(&request[..stop]).await.ok()?;
    if stop < request.len() {
        return None;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

fn random(below: u64) -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1 % below
}
