//! The live WebSocket, as a page holds it.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Live {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Live {
    /// Opens the socket, and says nothing yet.
    pub async fn open(base: &str) -> Live {
        let address = format!("{}/api/v1/live", base.replacen("http", "ws", 1));
        let (socket, _) = tokio_tungstenite::connect_async(address).await.expect("the WebSocket opens");
        Live { socket }
    }

    /// Opens it with room for little that was not read, and signs in.
    pub async fn connect_narrow(base: &str, token: &str) -> Live {
        let address: SocketAddr = base.trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 << 10).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.expect("the server listens"));
        let url = format!("{}/api/v1/live", base.replacen("http", "ws", 1));
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("the WebSocket opens");
        Live { socket }.signed_in(token).await
    }

    /// Opens it and signs in.
    pub async fn connect(base: &str, token: &str) -> Live {
        Live::open(base).await.signed_in(token).await
    }

    async fn signed_in(mut self, token: &str) -> Live {
        self.say(&json!({"type": "auth", "token": token})).await;
        assert_eq!(self.hear().await["type"], "ready");
        self
    }

    pub async fn subscribe(&mut self, channel: &str) {
        self.say(&json!({"type": "subscribe", "channels": [channel]})).await;
    }

    pub async fn say(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("the WebSocket takes a message");
    }

    /// The next message.
    pub async fn hear(&mut self) -> Value {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("no message came in a minute");
            match next.expect("the WebSocket is closed").expect("the WebSocket broke") {
                Message::Text(text) => return serde_json::from_str(&text).expect("messages are JSON"),
                Message::Close(frame) => panic!("the server closed the WebSocket: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The code that the server closes with, whatever it says before.
    pub async fn close_code(&mut self) -> u16 {
        tokio::time::timeout(PATIENCE, self.close_code_some_day()).await.expect("it was not closed in a minute")
    }

    /// The same, however long it takes.
    pub async fn close_code_some_day(&mut self) -> u16 {
        loop {
            let next = self.socket.next().await;
            match next.expect("the WebSocket ended without a word").expect("the WebSocket broke") {
                Message::Close(frame) => return frame.expect("a reason").code.into(),
                _ => continue,
            }
        }
    }

    /// The first message from which `pick` takes something.
    pub async fn hear_until<T>(&mut self, mut pick: impl FnMut(&Value) -> Option<T>) -> T {
        loop {
            let message = self.hear().await;
            if let Some(picked) = pick(&message) {
                return picked;
            }
        }
    }

    /// The states that the job goes through, in the order told, until one of `last`.
    pub async fn states_until(&mut self, id: &str, last: &[&str]) -> Vec<String> {
        let mut states: Vec<String> = Vec::new();
        self.hear_until(|message| {
            for job in message["upsert"].as_array().into_iter().flatten().filter(|job| job["id"] == id) {
                let state = job["state"].as_str().unwrap().to_owned();
                if states.last() != Some(&state) {
                    states.push(state);
                }
            }
            states.last().filter(|state| last.contains(&state.as_str())).map(drop)
        })
        .await;
        states
    }
}
