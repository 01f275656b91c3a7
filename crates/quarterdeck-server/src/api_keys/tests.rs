//! API keys on every database: whose they are, and when they stop being good.

use super::*;
use crate::access::Area;
use crate::app::testing::{account, app_at, origin, session_of};
use crate::db::Db;
use crate::db::testing::on_each_database;
use crate::users::{Change, Kind};

const READ_JOBS: Scope = Scope::Read(Area::Jobs);

fn start() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// A portal's parts, at any time after [`start`].
struct Portal {
    db: Db,
    data: tempfile::TempDir,
}

impl Portal {
    fn of(db: Db) -> Portal {
        Portal { db, data: tempfile::tempdir().unwrap() }
    }

    fn after(&self, time: TimeDelta) -> App {
        app_at(&self.db, self.data.path(), start() + time)
    }

    fn now(&self) -> App {
        self.after(TimeDelta::zero())
    }

    async fn opens(&self, text: &str, time: TimeDelta) -> Option<Actor> {
        authenticate(&self.after(time), text, origin()).await.unwrap()
    }
}

fn wanted(scopes: &[Scope], days: i64) -> NewKey {
    NewKey { name: "nightly".to_owned(), scopes: scopes.to_vec(), expires_at: start() + TimeDelta::days(days) }
}

#[tokio::test]
async fn a_key_acts_as_its_owner_until_it_ends() {
    on_each_database(async |db| {
        let portal = Portal::of(db);
        let alice = account(&portal.db, "alice", Role::User, Kind::Person).await;
        let (key, text) = create(&portal.now(), &session_of(&alice), wanted(&[READ_JOBS], 30)).await.unwrap();
        let actor = portal.opens(&text, TimeDelta::days(29)).await.unwrap();
        assert_eq!((actor.username.as_str(), actor.role), ("alice", Role::User));
        let Via::Key(id, scopes) = actor.via else { panic!("by a key") };
        assert_eq!((id, scopes.iter().collect::<Vec<_>>()), (key.id, vec![READ_JOBS]));
        assert!(portal.opens(&text, TimeDelta::days(30)).await.is_none());
        let listed = list(&portal.now(), &session_of(&alice), alice.id).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(start() + TimeDelta::days(29)));
        assert_eq!(listed[0].last_used_address.as_deref(), Some("127.0.0.1"));
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_and_one_of_a_disabled_account_open_nothing() {
    on_each_database(async |db| {
        let portal = Portal::of(db);
        let alice = account(&portal.db, "alice", Role::User, Kind::Person).await;
        let bob = account(&portal.db, "bob", Role::User, Kind::Person).await;
        let app = portal.now();
        let (one, text) = create(&app, &session_of(&alice), wanted(&[READ_JOBS], 30)).await.unwrap();
        let (_, other) = create(&app, &session_of(&alice), wanted(&[READ_JOBS], 30)).await.unwrap();
        let by_bob = revoke(&app, &session_of(&bob), bob.id, one.id).await;
        assert!(matches!(by_bob, Err(Error::NotFound)), "another's key");
        revoke(&app, &session_of(&alice), alice.id, one.id).await.unwrap();
        assert!(portal.opens(&text, TimeDelta::zero()).await.is_none());
        assert!(portal.opens(&other, TimeDelta::zero()).await.is_some());
        let disabled = Change { disabled: Some(true), ..Change::default() };
        users::change(app.desk(), crate::audit::Who::Server, alice.id, disabled).await.unwrap();
        assert!(portal.opens(&other, TimeDelta::zero()).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_key_follows_its_owners_role() {
    on_each_database(async |db| {
        let portal = Portal::of(db);
        let alice = account(&portal.db, "alice", Role::Operator, Kind::Person).await;
        let scan = Scope::Write(Area::Images);
        let (_, text) = create(&portal.now(), &session_of(&alice), wanted(&[scan], 30)).await.unwrap();
        let demoted = Change { role: Some(Role::Viewer), ..Change::default() };
        users::change(portal.now().desk(), crate::audit::Who::Server, alice.id, demoted).await.unwrap();
        assert_eq!(portal.opens(&text, TimeDelta::zero()).await.unwrap().role, Role::Viewer);
    })
    .await;
}

#[tokio::test]
async fn a_key_must_end_be_named_and_stay_within_its_owners_role() {
    on_each_database(async |db| {
        let portal = Portal::of(db);
        let alice = account(&portal.db, "alice", Role::User, Kind::Person).await;
        let app = portal.now();
        let told = async |new: NewKey| match create(&app, &session_of(&alice), new).await {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
            _ => Vec::new(),
        };
        assert_eq!(told(wanted(&[READ_JOBS], 365)).await, [""; 0]);
        assert_eq!(told(wanted(&[READ_JOBS], 366)).await, ["/expires_at"]);
        assert_eq!(told(wanted(&[READ_JOBS], 0)).await, ["/expires_at"]);
        assert_eq!(told(wanted(&[], 1)).await, ["/scopes"]);
        let of_admins = Scope::Read(Area::Audit);
        assert_eq!(told(wanted(&[READ_JOBS, of_admins], 1)).await, ["/scopes/1"]);
        assert_eq!(told(NewKey { name: " ".to_owned(), ..wanted(&[READ_JOBS], 1) }).await, ["/name"]);
    })
    .await;
}

#[tokio::test]
async fn administrators_make_keys_of_services_and_not_of_people() {
    on_each_database(async |db| {
        let portal = Portal::of(db);
        let admin = session_of(&account(&portal.db, "admin", Role::Admin, Kind::Person).await);
        let alice = account(&portal.db, "alice", Role::User, Kind::Person).await;
        let monitor = account(&portal.db, "monitor", Role::Viewer, Kind::Service).await;
        let app = portal.now();
        let (_, text) = create_for_service(&app, &admin, monitor.id, wanted(&[READ_JOBS], 9)).await.unwrap();
        assert_eq!(portal.opens(&text, TimeDelta::zero()).await.unwrap().username, "monitor");
        let of_a_person = create_for_service(&app, &admin, alice.id, wanted(&[READ_JOBS], 9)).await;
        assert!(matches!(of_a_person, Err(Error::NotAService)));
    })
    .await;
}
