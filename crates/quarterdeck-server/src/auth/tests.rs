//! Sessions and tokens, at times that the tests choose, on every database.

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::app::testing::app_at;
use crate::db::testing::on_each_database;

const PASSWORD: &str = "battery staple of the tests";

fn start() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn origin() -> Origin {
    Origin { address: [127, 0, 0, 1].into(), request_id: "a-request".to_owned() }
}

async fn add(db: &Db, username: &str) -> Result<User, Error> {
    let new = NewUser {
        username: username.to_owned(),
        display_name: username.to_owned(),
        password: PASSWORD.to_owned(),
        role: Role::User,
        unix_user: Some(username.to_owned()),
    };
    add_user(db, &Clock::fixed(start()), new).await
}

/// The server of a test: the same one at any number of seconds after [`start`].
struct Server {
    db: Db,
    data: tempfile::TempDir,
}

impl Server {
    fn of(db: Db) -> Server {
        Server { db, data: tempfile::tempdir().unwrap() }
    }

    fn after(&self, time: TimeDelta) -> App {
        app_at(&self.db, self.data.path(), start() + time)
    }

    async fn sign_in(&self) -> SignedIn {
        login(&self.after(TimeDelta::zero()), origin(), "alice", PASSWORD.to_owned(), "test").await.unwrap()
    }

    async fn is_let_in(&self, token: &str, time: TimeDelta) -> bool {
        authenticate(&self.after(time), Some(token), origin()).await.is_ok()
    }

    async fn refresh(&self, token: &str, time: TimeDelta) -> Option<SignedIn> {
        match refresh(&self.after(time), origin(), token).await {
            Ok(signed_in) => Some(signed_in),
            Err(Error::NotSignedIn) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn who_signs_in_is_known_by_her_token_for_a_quarter_of_an_hour() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        let server = Server::of(db);
        let token = server.sign_in().await.access_token;
        let actor = authenticate(&server.after(TimeDelta::zero()), Some(&token), origin()).await.unwrap();
        assert_eq!(
            (actor.username.as_str(), actor.role, actor.unix_user.as_deref()),
            ("alice", Role::User, Some("alice"))
        );
        assert!(server.is_let_in(&token, TimeDelta::seconds(899)).await);
        assert!(!server.is_let_in(&token, TimeDelta::seconds(900)).await);
    })
    .await;
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_are_the_same_error() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        add(&db, "carol").await.unwrap();
        disable_user(&db, &Clock::fixed(start()), "carol").await.unwrap();
        let app = Server::of(db).after(TimeDelta::zero());
        let wrong = [
            ("alice", "wrong"),
            ("nobody", PASSWORD),
            ("ALICE", PASSWORD),
            ("carol", PASSWORD),
            ("a\0", "x"),
            ("", ""),
        ];
        for (username, password) in wrong {
            let outcome = login(&app, origin(), username, password.to_owned(), "").await;
            assert!(matches!(outcome, Err(Error::WrongCredentials)), "{username:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_moment_longer() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        let server = Server::of(db);
        let first = server.sign_in().await;
        let later = TimeDelta::minutes(20);
        let second = server.refresh(&first.refresh_token, later).await.unwrap();
        assert!(server.is_let_in(&second.access_token, later).await);
        // A second tab that woke at the same time.
        let grace = later + TimeDelta::seconds(10);
        assert!(server.refresh(&first.refresh_token, grace).await.is_some());
        // Whoever has it still is a thief, or the thief was first: the session ends for both.
        let reused = grace + TimeDelta::microseconds(1);
        assert!(server.refresh(&first.refresh_token, reused).await.is_none());
        assert!(server.refresh(&second.refresh_token, reused).await.is_none());
        assert!(!server.is_let_in(&second.access_token, reused).await);
        let told =
            crate::notifications::list(&server.after(reused), &actor(&second.user, Uuid::nil(), origin()), 9).await;
        assert_eq!(told.unwrap()[0].code, "session-token-reused");
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_often_it_is_refreshed() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        let server = Server::of(db);
        let mut token = server.sign_in().await.refresh_token;
        for day in 1..7 {
            token = server.refresh(&token, TimeDelta::days(day)).await.unwrap().refresh_token;
        }
        assert!(server.refresh(&token, TimeDelta::days(7)).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_one_session_and_a_new_password_or_disabling_ends_all() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        let server = Server::of(db);
        let (one, other) = (server.sign_in().await, server.sign_in().await);
        let soon = TimeDelta::seconds(1);
        logout(&server.after(soon), origin(), &one.refresh_token).await.unwrap();
        logout(&server.after(soon), origin(), &one.refresh_token).await.unwrap();
        logout(&server.after(soon), origin(), "made up").await.unwrap();
        assert!(!server.is_let_in(&one.access_token, soon).await);
        assert!(server.is_let_in(&other.access_token, soon).await);
        let clock = Clock::fixed(start() + soon);
        reset_password(&server.db, &clock, "alice", "another one of these".to_owned()).await.unwrap();
        assert!(!server.is_let_in(&other.access_token, soon).await);
        assert!(server.refresh(&other.refresh_token, soon).await.is_none());
        let again = login(&server.after(soon), origin(), "alice", "another one of these".to_owned(), "").await.unwrap();
        disable_user(&server.db, &clock, "alice").await.unwrap();
        assert!(!server.is_let_in(&again.access_token, soon).await);
    })
    .await;
}

#[tokio::test]
async fn accounts_are_checked_and_their_names_are_unique() {
    on_each_database(async |db| {
        add(&db, "alice").await.unwrap();
        assert!(matches!(add(&db, "alice").await, Err(Error::NameTaken)));
        for name in ["", "-alice", "a b", "한글", "a/b", &"a".repeat(65)] {
            assert!(matches!(add(&db, name).await, Err(Error::InvalidUser(_))), "{name:?}");
        }
        let names: Vec<String> = list_users(&db).await.unwrap().into_iter().map(|user| user.username).collect();
        assert_eq!(names, ["alice"]);
        let short = reset_password(&db, &Clock::fixed(start()), "alice", "too short".to_owned()).await;
        assert!(matches!(short, Err(Error::InvalidUser(errors)) if errors[0].pointer == "/password"));
    })
    .await;
}
