//! Sessions and tokens, at times that the tests choose, on every database.

use super::*;
use crate::access::Role;
use crate::app::testing::{PASSWORD, account, app_with, origin, session_of};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::users::{Change, Kind};

fn start() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

const NOW: TimeDelta = TimeDelta::zero();
const UNCOUNTED: Verdict = Verdict::Uncounted;

/// Somebody at another machine.
fn elsewhere() -> Origin {
    Origin { address: [127, 0, 0, 9].into(), ..origin() }
}

/// The server of a test, with alice's account: the same server at any time after [`start`].
struct Server {
    db: Db,
    data: tempfile::TempDir,
    alice: User,
    idle_minutes: Option<u32>,
}

impl Server {
    async fn of(db: Db) -> Server {
        let alice = account(&db, "alice", Role::User, Kind::Person).await;
        Server { db, data: tempfile::tempdir().unwrap(), alice, idle_minutes: None }
    }

    fn after(&self, time: TimeDelta) -> App {
        app_with(&self.db, self.data.path(), start() + time, |config| config.sign_in.idle_minutes = self.idle_minutes)
    }

    async fn sign_in(&self) -> SignedIn {
        login(&self.after(NOW), origin(), UNCOUNTED, "alice", PASSWORD.to_owned()).await.unwrap()
    }

    async fn is_let_in(&self, token: &str, time: TimeDelta) -> bool {
        authenticate(&self.after(time), Some(token), origin()).await.is_ok()
    }

    async fn refresh(&self, token: &str, time: TimeDelta) -> Option<SignedIn> {
        self.refresh_from(origin(), token, time).await
    }

    async fn refresh_from(&self, origin: Origin, token: &str, time: TimeDelta) -> Option<SignedIn> {
        match refresh(&self.after(time), origin, token).await {
            Ok(signed_in) => Some(signed_in),
            Err(Error::NotSignedIn) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn who_signs_in_is_known_by_her_token_for_a_quarter_of_an_hour() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let token = server.sign_in().await.access_token;
        let actor = authenticate(&server.after(NOW), Some(&token), origin()).await.unwrap();
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
async fn a_replaced_signing_key_is_good_for_what_it_signed_and_for_nothing_more() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let before = server.sign_in().await.access_token;
        Keys::rotate(server.data.path()).unwrap();
        let after = server.sign_in().await.access_token;
        assert!(server.is_let_in(&before, NOW).await);
        assert!(server.is_let_in(&after, NOW).await);
        let key_of = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
        assert_ne!(key_of(&before), key_of(&after));
        Keys::rotate(server.data.path()).unwrap();
        assert!(!server.is_let_in(&before, NOW).await, "of two keys ago");
        assert!(server.is_let_in(&after, NOW).await);
        let replaced = std::fs::File::open(server.data.path().join("signing.key.replaced")).unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(1801);
        replaced.set_modified(long_ago).unwrap();
        assert!(!server.is_let_in(&after, NOW).await, "the overlap is over");
    })
    .await;
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_are_the_same_error() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let carol = account(&server.db, "carol", Role::User, Kind::Person).await;
        let app = server.after(NOW);
        let disabled = Change { disabled: Some(true), ..Change::default() };
        users::change(app.desk(), Who::Server, carol.id, disabled).await.unwrap();
        let wrong = [
            ("alice", "wrong"),
            ("nobody", PASSWORD),
            ("ALICE", PASSWORD),
            ("carol", PASSWORD),
            ("a\0", "x"),
            ("", ""),
        ];
        for (username, password) in wrong {
            let outcome = login(&app, origin(), UNCOUNTED, username, password.to_owned()).await;
            assert!(matches!(outcome, Err(Error::WrongCredentials)), "{username:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_for_the_same_client_a_moment_longer() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
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
        let me = session_of(&second.user);
        let told = crate::notifications::list(&server.after(reused), &me, &Default::default(), None, 9, false).await;
        assert_eq!(told.unwrap().items[0].code, "session-token-reused");
    })
    .await;
}

#[tokio::test]
async fn a_second_client_with_a_used_token_ends_the_session_at_once() {
    let other_browser = Origin { device: "another".to_owned(), ..origin() };
    for thief in [elsewhere(), other_browser] {
        on_each_database(async |db| {
            let server = Server::of(db).await;
            let first = server.sign_in().await;
            let second = server.refresh(&first.refresh_token, NOW).await.unwrap();
            assert!(server.refresh_from(thief.clone(), &first.refresh_token, NOW).await.is_none());
            assert!(!server.is_let_in(&second.access_token, NOW).await);
            assert!(server.refresh(&second.refresh_token, NOW).await.is_none());
        })
        .await;
    }
}

#[tokio::test]
async fn a_thousand_rotations_in_a_row_keep_the_session() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let app = server.after(NOW);
        let mut token = server.sign_in().await.refresh_token;
        for _ in 0..1000 {
            token = refresh(&app, origin(), &token).await.unwrap().refresh_token;
        }
    })
    .await;
}

#[tokio::test]
async fn fifty_tabs_that_refresh_together_stay_signed_in() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let token = server.sign_in().await.refresh_token;
        let mut tabs = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (app, token) = (server.after(NOW), token.clone());
            tabs.spawn(async move { refresh(&app, origin(), &token).await.unwrap() });
        }
        for tab in tabs.join_all().await {
            assert!(server.is_let_in(&tab.access_token, NOW).await);
            assert!(server.refresh(&tab.refresh_token, TimeDelta::minutes(14)).await.is_some(), "a sibling of its own");
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_often_it_is_refreshed() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let mut token = server.sign_in().await.refresh_token;
        for day in 1..7 {
            token = server.refresh(&token, TimeDelta::days(day)).await.unwrap().refresh_token;
        }
        assert!(server.refresh(&token, TimeDelta::days(7)).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_what_a_page_does_by_itself_is_no_use() {
    on_each_database(async |db| {
        let server = Server { idle_minutes: Some(30), ..Server::of(db).await };
        let (used, unused) = (server.sign_in().await, server.sign_in().await);
        let by_itself = || Origin { by_hand: false, ..origin() };
        let minutes = TimeDelta::minutes;
        let used = server.refresh(&used.refresh_token, minutes(14)).await.unwrap();
        let unused = server.refresh_from(by_itself(), &unused.refresh_token, minutes(14)).await.unwrap();
        let app = server.after(minutes(28));
        assert!(authenticate(&app, Some(&unused.access_token), by_itself()).await.is_ok());
        let mut ended = app.live.subscribe();
        idle::end_idle(&app).await.unwrap();
        assert!(ended.try_recv().is_err(), "not yet");

        let app = server.after(minutes(31));
        assert!(server.refresh(&unused.refresh_token, minutes(31)).await.is_none());
        assert!(server.refresh(&used.refresh_token, minutes(31)).await.is_some());
        let mut ended = app.live.subscribe();
        idle::end_idle(&app).await.unwrap();
        assert!(matches!(ended.try_recv(), Ok(crate::live::Event::AccessEnded(_))), "its sockets are closed");
        assert!(ended.try_recv().is_err(), "and no others");
        let left = sessions_of(&app, &session_of(&server.alice), server.alice.id).await.unwrap();
        assert_eq!(left.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_one_session_and_a_new_password_or_disabling_ends_all() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let (one, other) = (server.sign_in().await, server.sign_in().await);
        let soon = TimeDelta::seconds(1);
        let app = server.after(soon);
        logout(&app, origin(), &one.refresh_token).await.unwrap();
        logout(&app, origin(), &one.refresh_token).await.unwrap();
        logout(&app, origin(), "made up").await.unwrap();
        assert!(!server.is_let_in(&one.access_token, soon).await);
        assert!(server.is_let_in(&other.access_token, soon).await);
        let word = "another one of these".to_owned();
        users::set_password(app.desk(), Who::CommandLine, server.alice.id, word.clone(), "", None).await.unwrap();
        assert!(!server.is_let_in(&other.access_token, soon).await);
        assert!(server.refresh(&other.refresh_token, soon).await.is_none());
        let again = login(&app, origin(), UNCOUNTED, "alice", word).await.unwrap();
        let disabled = Change { disabled: Some(true), ..Change::default() };
        users::change(app.desk(), Who::CommandLine, server.alice.id, disabled).await.unwrap();
        assert!(!server.is_let_in(&again.access_token, soon).await);
    })
    .await;
}

#[tokio::test]
async fn who_changes_her_password_keeps_the_session_she_does_it_in() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let (here, there) = (server.sign_in().await, server.sign_in().await);
        let app = server.after(NOW);
        let actor = authenticate(&app, Some(&here.access_token), origin()).await.unwrap();
        let new = || "another one of these".to_owned();
        let wrong = change_password(&app, &actor, "not mine".to_owned(), new()).await;
        assert!(matches!(wrong, Err(Error::WrongPassword)));
        assert!(server.is_let_in(&there.access_token, NOW).await);
        change_password(&app, &actor, PASSWORD.to_owned(), new()).await.unwrap();
        assert!(server.is_let_in(&here.access_token, NOW).await);
        assert!(!server.is_let_in(&there.access_token, NOW).await);
        assert!(login(&app, origin(), UNCOUNTED, "alice", new()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn sessions_are_their_owners_to_see_and_to_end() {
    on_each_database(async |db| {
        let server = Server::of(db).await;
        let bob = account(&server.db, "bob", Role::User, Kind::Person).await;
        let signed_in = server.sign_in().await;
        let app = server.after(NOW);
        let sessions = sessions_of(&app, &session_of(&server.alice), server.alice.id).await.unwrap();
        let told: Vec<_> = sessions.iter().map(|session| (session.device.as_str(), session.address.as_str())).collect();
        assert_eq!(told, [("a test", "127.0.0.1")]);
        let by_another = end_session(&app, &session_of(&bob), sessions[0].id).await;
        assert!(matches!(by_another, Err(Error::NoSuchSession)));
        end_session(&app, &session_of(&server.alice), sessions[0].id).await.unwrap();
        assert!(!server.is_let_in(&signed_in.access_token, NOW).await);
        assert!(sessions_of(&app, &session_of(&server.alice), server.alice.id).await.unwrap().is_empty());
    })
    .await;
}
