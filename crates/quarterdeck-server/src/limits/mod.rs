//! Limits how often somebody may do something, by class of request: counted for each user, key and address, in this
//! process or, for several replicas together, in Redis. When Redis is away each process counts for itself: a limit is
//! never the reason why a request fails otherwise than with 429.

pub(crate) mod api;
mod bounded;
mod gcra;
mod lockout;
mod quota;
mod refusals;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Actor, Via};
use crate::client_address::network;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::to_us;
use crate::redis::Redis;
use lockout::Deed;
pub use quota::{Quota, Rate};
use refusals::Refusals;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    SignIn,
    Submit,
    NewUpload,
    NodeAction,
    Reboot,
    Scan,
    Write,
    Read,
}

impl Class {
    pub const ALL: [Class; 8] = [
        Class::SignIn,
        Class::Submit,
        Class::NewUpload,
        Class::NodeAction,
        Class::Reboot,
        Class::Scan,
        Class::Write,
        Class::Read,
    ];

    /// As in the configuration, in answers and in Redis.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::SignIn => "sign_in",
            Class::Submit => "submit",
            Class::NewUpload => "new_upload",
            Class::NodeAction => "node_action",
            Class::Reboot => "reboot",
            Class::Scan => "scan",
            Class::Write => "write",
            Class::Read => "read",
        }
    }
}

/// For whom something is counted. Each class has buckets of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket(Whose);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    User(Uuid),
    Key(Uuid),
    Address(Address),
    SignIn(Address, HashedName),
}

impl Bucket {
    /// A session counts for its user, a key for itself.
    pub fn of(actor: &Actor) -> Bucket {
        match actor.via {
            Via::Session(_) => Bucket::user(actor.user_id),
            Via::Key(key, _) => Bucket::key(key),
        }
    }

    /// All sessions of a user.
    pub fn user(id: Uuid) -> Bucket {
        Bucket(Whose::User(id))
    }

    /// An API key, apart from its owner and her other keys.
    pub fn key(id: Uuid) -> Bucket {
        Bucket(Whose::Key(id))
    }

    /// Whoever is not known.
    pub fn address(address: IpAddr) -> Bucket {
        Bucket(Whose::Address(Address::of(address)))
    }

    /// Somebody who says that this is her name.
    pub fn sign_in(address: IpAddr, name: &str) -> Bucket {
        Bucket(Whose::SignIn(Address::of(address), HashedName::of(name)))
    }
}

/// The bucket's key in Redis, behind its class.
impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Whose::User(id) => write!(f, "user:{id}"),
            Whose::Key(id) => write!(f, "key:{id}"),
            Whose::Address(address) => write!(f, "address:{address}"),
            Whose::SignIn(address, name) => write!(f, "name:{name}:{address}"),
        }
    }
}

/// Where somebody is: an IPv4 address, or the IPv6 network of which one household has all addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Address(IpAddr);

impl Address {
    fn of(address: IpAddr) -> Address {
        Address(network(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What somebody typed as a name. Only its hash is kept: people type their passwords there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct HashedName([u8; 16]);

impl HashedName {
    /// Longer names are nobody's; what they begin with tells them apart well enough.
    const LONGEST: usize = 128;

    fn of(name: &str) -> HashedName {
        let name: String = name.trim().chars().take(HashedName::LONGEST).flat_map(char::to_lowercase).collect();
        let hash: [u8; 32] = Sha256::digest(name).into();
        let (half, _) = hash.split_at(16);
        HashedName(half.try_into().unwrap_or_default())
    }
}

impl fmt::Display for HashedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How a bucket stands after a request was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Requests that a full bucket holds.
    pub limit: u32,
    pub remaining: u32,
    /// Until it is full again.
    pub reset: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The site does not limit this class.
    Uncounted,
    Allowed(Standing),
    Refused(Standing, RetryAfter),
}

impl Verdict {
    pub fn admitted(self) -> Result<(), RetryAfter> {
        match self {
            Verdict::Uncounted | Verdict::Allowed(_) => Ok(()),
            Verdict::Refused(_, retry_after) => Err(retry_after),
        }
    }
}

/// Too much was asked for: when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Too many requests of this kind: try again in {} s.", self.seconds())]
pub struct RetryAfter {
    pub class: Class,
    wait: Duration,
}

impl RetryAfter {
    /// Whole ones, rounded up, so that who waits for them is not refused again.
    pub fn seconds(&self) -> u64 {
        whole_seconds(self.wait).max(1)
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_micros().div_ceil(1_000_000) as u64
}

pub struct Limits {
    quotas: crate::config::Limits,
    clock: Clock,
    redis: Option<Redis>,
    buckets: gcra::Buckets,
    failures: lockout::Counts,
    refusals: Refusals,
}

/// A class as administrators see it.
pub struct Overview {
    pub class: Class,
    pub rate: Option<Rate>,
    /// By this process.
    pub refused_last_hour: u64,
}

impl Limits {
    pub fn new(config: &Config, clock: Clock, redis: Option<Redis>) -> Limits {
        Limits {
            quotas: config.limits.clone(),
            clock,
            redis,
            buckets: gcra::Buckets::new(),
            failures: lockout::Counts::new(),
            refusals: Refusals::default(),
        }
    }

    /// Counts one request, and says whether it may be.
    pub async fn check(&self, class: Class, bucket: Bucket) -> Verdict {
        let Quota::At(rate) = self.quotas.of(class) else { return Verdict::Uncounted };
        let shared = match &self.redis {
            Some(redis) => gcra::take_shared(redis, class, bucket, rate).await,
            None => None,
        };
        let taken = shared.unwrap_or_else(|| self.buckets.take(class, bucket, rate, self.now_us()));
        let standing = Standing { limit: rate.burst, remaining: taken.remaining, reset: taken.full_in };
        if taken.allowed {
            return Verdict::Allowed(standing);
        }
        self.refusals.count(class, self.now_us());
        Verdict::Refused(standing, RetryAfter { class, wait: taken.wait })
    }

    /// Asks before a password is looked at whether it may be. Say of the attempt what came of it; one of which nothing
    /// is said has failed for the name.
    pub async fn may_try(&self, address: IpAddr, name: &str) -> Result<Attempt<'_>, RetryAfter> {
        let attempt = Attempt { limits: self, address: Address::of(address), name: HashedName::of(name) };
        let wait = attempt.note(Deed::Try).await;
        if wait.is_zero() {
            return Ok(attempt);
        }
        self.refusals.count(Class::SignIn, self.now_us());
        Err(RetryAfter { class: Class::SignIn, wait })
    }

    pub fn overview(&self) -> Vec<Overview> {
        let of = |class| Overview {
            class,
            rate: match self.quotas.of(class) {
                Quota::Off => None,
                Quota::At(rate) => Some(rate),
            },
            refused_last_hour: self.refusals.last_hour(class, self.now_us()),
        };
        Class::ALL.into_iter().map(of).collect()
    }

    /// Whether Redis answers; `None` where the site has none.
    pub fn shared(&self) -> Option<bool> {
        self.redis.as_ref().map(Redis::is_up)
    }

    fn now_us(&self) -> i64 {
        to_us(self.clock.now())
    }
}

/// One attempt to sign in, or to prove otherwise that one knows a password.
#[must_use]
pub struct Attempt<'a> {
    limits: &'a Limits,
    address: Address,
    name: HashedName,
}

impl Attempt<'_> {
    /// The password was wrong, or there is no such name: both count alike.
    pub async fn failed(self) {
        self.note(Deed::Fail).await;
    }

    /// The name's failures are forgotten. The address's are not, else who has one account could go on guessing others.
    pub async fn succeeded(self) {
        self.note(Deed::Succeed).await;
    }

    async fn note(&self, deed: Deed) -> Duration {
        let Limits { quotas, redis, failures, .. } = self.limits;
        if quotas.of(Class::SignIn) == Quota::Off {
            return Duration::ZERO;
        }
        let shared = match redis {
            Some(redis) => lockout::note_shared(redis, deed, self.name, self.address).await,
            None => None,
        };
        shared.unwrap_or_else(|| failures.note(deed, self.name, self.address, self.limits.now_us()))
    }
}
