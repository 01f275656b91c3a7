//! The site's Redis: what its replicas share. It may go away at any time and return by itself; whoever asks it has an
//! answer of her own for that case, and does not wait for one that is away.

#[cfg(test)]
pub(crate) mod testing;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, Script, ScriptInvocation};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// While it is away it is looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A new connection may take longer than an answer.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// Where Redis is, as the site wrote it. Any text can be one until it is [checked](Address::check), since what reads
/// the configuration file shows the line that it does not like, and in this one may be a password.
#[derive(Clone, Deserialize)]
pub struct Address(String);

/// Without the address, which may hold a password.
#[derive(Debug, Error)]
#[error("write redis://[:PASSWORD@]HOST:PORT/DATABASE or unix:/PATH ({0})")]
pub struct NotAnAddress(RedisError);

impl Address {
    pub fn check(&self) -> Result<(), NotAnAddress> {
        self.client().map(drop)
    }

    fn client(&self) -> Result<Client, NotAnAddress> {
        Client::open(self.0.as_str()).map_err(NotAnAddress)
    }
}

/// Without the password.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client() {
            Ok(client) => write!(f, "{}", client.get_connection_info().addr()),
            Err(_) => f.write_str("not an address"),
        }
    }
}

/// One connection that all requests share.
pub struct Redis {
    connection: Arc<Connection>,
    _keeper: Keeper,
}

struct Connection {
    address: Address,
    client: Client,
    /// An answer that takes longer is none.
    answer_time: Duration,
    state: Mutex<State>,
    lost: Notify,
}

#[derive(Default)]
struct State {
    /// `None` while Redis is away.
    open: Option<MultiplexedConnection>,
    /// Goes up with each connection, so that a late failure of an old one is not taken for one of the new.
    number: u64,
}

/// Ends the looking for Redis with the [`Redis`].
struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Redis {
    /// Connects, and keeps connected. That it is away is no error; it is looked for.
    pub async fn start(address: Address, answer_time: Duration) -> Result<Redis, NotAnAddress> {
        let client = address.client()?;
        let connection = Connection { address, client, answer_time, state: Mutex::default(), lost: Notify::new() };
        let connection = Arc::new(connection);
        if let Err(error) = connection.open().await {
            tracing::warn!(address = ?connection.address, %error, "Redis is away: this server counts for itself until it returns");
        }
        let keeper = Keeper(tokio::spawn(keep(connection.clone())));
        Ok(Redis { connection, _keeper: keeper })
    }

    pub fn is_up(&self) -> bool {
        self.connection.state().open.is_some()
    }

    /// Runs a script. `None`: Redis is away, or did not answer in time.
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Option<T> {
        let (mut open, number) = {
            let state = self.connection.state();
            (state.open.clone()?, state.number)
        };
        let why = match tokio::time::timeout(self.connection.answer_time, script.invoke_async(&mut open)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {:?}", self.connection.answer_time),
        };
        self.connection.lose(number, &why);
        None
    }
}

impl Connection {
    async fn open(&self) -> Result<(), RedisError> {
        // Answers have a time of their own, which begins before a request is sent.
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIME)).set_response_timeout(None);
        let mut open = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        // As demanding as what will be asked: a replica that only reads, or an account without scripts, is no use.
        let probe = Script::new("return redis.call('SET', KEYS[1], '1', 'PX', 1000)");
        let probed = tokio::time::timeout(CONNECT_TIME, probe.key("qd:probe").invoke_async::<()>(&mut open)).await;
        probed.map_err(std::io::Error::from)??;
        let mut state = self.state();
        state.open = Some(open);
        state.number += 1;
        Ok(())
    }

    fn lose(&self, number: u64, why: &str) {
        let mut state = self.state();
        if state.number == number && state.open.take().is_some() {
            tracing::warn!(address = ?self.address, why, "Redis does not answer: this server counts for itself until it does");
            self.lost.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Looks for Redis whenever it is away.
async fn keep(connection: Arc<Connection>) {
    loop {
        if connection.state().open.is_some() {
            connection.lost.notified().await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if connection.open().await.is_ok() {
            tracing::info!(address = ?connection.address, "Redis answers again: counts are shared");
        }
    }
}

#[cfg(test)]
impl testing::OwnRedis {
    /// More than the machines that run tests ever need.
    pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(2);

    pub(crate) async fn client(&self) -> Redis {
        Redis::start(Address(self.url()), Self::ANSWER_TIME).await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::OwnRedis;
    use super::*;

    async fn answers(redis: &Redis) -> bool {
        let script = Script::new("return redis.call('INCR', KEYS[1])");
        redis.run::<u64>(&script.key("counted")).await.is_some()
    }

    async fn returns(redis: &Redis) -> bool {
        for _ in 0..100 {
            if answers(redis).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    #[tokio::test]
    async fn it_may_go_away_and_returns_by_itself() {
        let Some(mut server) = OwnRedis::start() else { return };
        let redis = server.client().await;
        assert!(answers(&redis).await && redis.is_up());
        server.kill();
        assert!(!answers(&redis).await && !redis.is_up());
        server.start_again();
        assert!(returns(&redis).await && redis.is_up());
    }

    #[tokio::test]
    async fn one_that_hangs_is_waited_for_once() {
        let Some(server) = OwnRedis::start() else { return };
        let redis = server.client().await;
        server.freeze();
        let begun = std::time::Instant::now();
        for _ in 0..100 {
            assert!(!answers(&redis).await);
        }
        assert!(begun.elapsed() < 2 * OwnRedis::ANSWER_TIME, "{:?}", begun.elapsed());
        server.thaw();
        assert!(returns(&redis).await);
    }

    #[tokio::test]
    async fn one_that_was_never_there_is_away() {
        let Some(mut server) = OwnRedis::start() else { return };
        server.kill();
        let redis = server.client().await;
        assert!(!answers(&redis).await && !redis.is_up());
        server.start_again();
        assert!(returns(&redis).await);
    }

    #[tokio::test]
    async fn one_that_takes_no_writes_is_away() {
        let Some(server) = OwnRedis::start() else { return };
        let redis = server.client().await;
        server.tell(&["REPLICAOF", "127.0.0.1", "1"]);
        assert!(!answers(&redis).await);
        tokio::time::sleep(3 * LOOK_EVERY / 2).await;
        assert!(!redis.is_up());
        server.tell(&["REPLICAOF", "NO", "ONE"]);
        assert!(returns(&redis).await);
    }

    #[test]
    fn its_password_is_never_shown() {
        let shown = |url: &str| {
            let address = Address(url.to_owned());
            address.check().map_or_else(|error| format!("{error} {address:?}"), |()| format!("{address:?}"))
        };
        assert_eq!(shown("redis://:a-secret@redis.example.org:6380/2"), "redis.example.org:6380");
        assert_eq!(shown("unix:/run/redis/redis.sock"), "/run/redis/redis.sock");
        for wrong in
            ["http://:a-secret@redis.example.org", "rediss://:a-secret@redis.example.org", "redis://:a-secret@"]
        {
            assert!(!shown(wrong).contains("a-secret") && shown(wrong).contains("redis://"), "{}", shown(wrong));
        }
    }
}
