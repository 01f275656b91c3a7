//! Passwords: which ones are accepted, and argon2id off the async threads, only a few at once, since each takes 19 MiB.

use std::collections::HashSet;
use std::sync::{LazyLock, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::FieldError;

const AT_ONCE: usize = 4;
/// More than these do not even wait.
const WAITING: usize = 256;
const SHORTEST: usize = 10;
/// Longer ones would only cost time.
const LONGEST: usize = 256;

static RUNNING: Semaphore = Semaphore::const_new(AT_ONCE);
static QUEUE: Semaphore = Semaphore::const_new(AT_ONCE + WAITING);

/// Verified instead of a real one when there is no such user, so that both take the same time.
static NOBODY: OnceLock<String> = OnceLock::new();

/// Lower case; lines that begin with # are comments.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common-passwords.txt").lines().filter(|line| !line.starts_with('#')).collect());

/// More people sign in at once than can be served: this one should try again.
pub struct Busy;

/// What is wrong with a password that this user chooses; rules about kinds of characters only make people write them
/// down (NIST SP 800-63B, 3.1.1.2).
pub(super) fn check(password: &str, username: &str, pointer: &str) -> Option<FieldError> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        let detail = format!("A password has {SHORTEST} to {LONGEST} characters.");
        let wrong = FieldError::new(pointer, "bad-password-length", detail);
        return Some(wrong.with("shortest", SHORTEST).with("longest", LONGEST));
    }
    let plain = password.to_lowercase();
    let one_character = plain.chars().all(|c| plain.starts_with(c));
    let of_the_name = plain.trim_matches(|c: char| !c.is_alphabetic()) == username.to_lowercase();
    if one_character || of_the_name || COMMON.contains(plain.as_str()) {
        let detail = "This password is one of those that are tried first: choose another.";
        return Some(FieldError::new(pointer, "common-password", detail));
    }
    None
}

/// Computed before anybody signs in, so that not even the first unknown name takes longer.
pub(super) fn prepare() -> anyhow::Result<()> {
    if NOBODY.get().is_none() {
        let _ = NOBODY.set(compute("nobody has this password")?);
    }
    Ok(())
}

pub(super) async fn hash(password: String) -> anyhow::Result<String> {
    let turn = RUNNING.acquire().await?;
    in_turn(turn, move || compute(&password)).await
}

/// Whether the password is the one of this hash; `None` (no such user, or one without password) takes as long.
pub(super) async fn verify(password: String, hash: Option<String>) -> anyhow::Result<Result<bool, Busy>> {
    prepare()?;
    let Ok(_place) = QUEUE.try_acquire() else { return Ok(Err(Busy)) };
    let turn = RUNNING.acquire().await?;
    let right = in_turn(turn, move || {
        let known = hash.is_some();
        let hash = hash.or_else(|| NOBODY.get().cloned()).unwrap_or_default();
        let parsed = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("a stored password hash: {error}"))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known)
    });
    Ok(Ok(right.await?))
}

/// The turn goes with the work: whoever asked may be gone before it is done, and its memory is in use until then.
async fn in_turn<T: Send + 'static>(
    turn: SemaphorePermit<'static>,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        #[cfg(test)]
        let _counted = tests::Counted::begin();
        work()
    })
    .await?
}

fn compute(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("hashing a password: {error}"))?.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("short", Some("bad-password-length"))]
    #[case("가나다라마바사아자", Some("bad-password-length"))]
    #[case("가나다라마바사아자차", None)]
    #[case("1234567890", Some("common-password"))]
    #[case("QWERTYuiop", Some("common-password"))]
    #[case("aaaaaaaaaaaaaaa", Some("common-password"))]
    #[case("margaretha", Some("common-password"))]
    #[case("Margaretha123!", Some("common-password"))]
    #[case("battery staple of the tests", None)]
    fn short_and_common_passwords_are_refused(#[case] password: &str, #[case] code: Option<&str>) {
        let told = check(password, "margaretha", "/password").map(|error| error.code);
        assert_eq!(told.as_deref(), code);
    }

    /// How many computations go on, and the most that ever did.
    pub(super) struct Counted;

    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    impl Counted {
        pub(super) fn begin() -> Counted {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Counted
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            NOW.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_hundred_at_once_are_served_four_by_four_also_when_they_hang_up() {
        let hash = hash("battery staple of the tests".to_owned()).await.unwrap();
        let guess = |word: &str| tokio::spawn(verify(word.to_owned(), Some(hash.clone())));
        // Each that runs holds 19 MiB; those that wait hold nothing.
        for _ in 0..20 {
            let gone: Vec<_> = (0..10).map(|_| guess("wrong")).collect();
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            gone.iter().for_each(tokio::task::JoinHandle::abort);
        }
        let patient: Vec<_> =
            (0..200).map(|i| guess(if i == 77 { "battery staple of the tests" } else { "no" })).collect();
        let mut right = 0;
        for guess in patient {
            right += u32::from(matches!(guess.await.unwrap().unwrap(), Ok(true)));
        }
        assert_eq!(right, 1);
        assert_eq!(MOST.load(Ordering::SeqCst), AT_ONCE);
    }
}
