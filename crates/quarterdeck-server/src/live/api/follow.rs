//! Follows one job's output for one socket.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::access::Actor;
use crate::app::App;
use crate::clusters::Cluster;
use crate::jobs::{self, Stream};
use crate::live::Place;

/// The file is looked at this often, and sent in pieces of this size.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
const FOLLOW_PIECE: usize = 64 << 10;

/// Sends a job's output as it grows, until the job is over and all of it is sent.
pub(super) struct Follow {
    pub app: App,
    pub actor: Actor,
    pub cluster: Cluster,
    pub job: String,
    pub channel: String,
    pub stream: Stream,
    pub said: mpsc::Sender<Value>,
}

/// Reads until it is dropped.
pub(super) struct Follower(JoinHandle<()>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Follow {
    /// From this byte on. The place is given back when nothing is read any more.
    pub fn start(self, from: u64, place: Place) -> Follower {
        Follower(tokio::spawn(async move {
            let _place = place;
            self.run(from).await;
        }))
    }

    async fn run(self, from: u64) {
        let mut offset = from;
        let mut opened = None;
        loop {
            // Asked before reading: what is written until the job is over is read after it is known to be.
            let over = matches!(jobs::find_for(&self.app, &self.actor, &self.cluster, &self.job).await, Ok(job) if job.state.is_final());
            if opened.is_none() {
                opened = match jobs::output(&self.app, &self.actor, &self.cluster, &self.job, self.stream).await {
                    Ok(file) => Some(file),
                    Err(jobs::Error::NoOutputYet) => None,
                    Err(error) => {
                        let code = crate::problem::Problem::from(error).code();
                        self.say(json!({"type": "error", "channel": self.channel, "code": code})).await;
                        return;
                    }
                };
            }
            if let Some(file) = &opened {
                loop {
                    let Ok(piece) = file.read_at(offset, FOLLOW_PIECE).await else {
                        self.say(json!({"type": "error", "channel": self.channel, "code": "unreadable-output"})).await;
                        return;
                    };
                    if piece.is_empty() {
                        break;
                    }
                    let data = BASE64_STANDARD.encode(&piece);
                    let stream = match self.stream {
                        Stream::Stdout => "stdout",
                        Stream::Stderr => "stderr",
                    };
                    let said = json!({
                        "type": "output", "channel": self.channel, "stream": stream, "offset": offset, "data": data,
                    });
                    if !self.say(said).await {
                        return;
                    }
                    offset += piece.len() as u64;
                }
            }
            if over {
                self.say(json!({"type": "output_end", "channel": self.channel, "offset": offset})).await;
                return;
            }
            tokio::time::sleep(FOLLOW_EVERY).await;
        }
    }

    /// `false`: nobody listens any more.
    async fn say(&self, message: Value) -> bool {
        self.said.send(message).await.is_ok()
    }
}
