//! Accounts on every database.

use super::*;
use crate::access::{Actor, Scopes};
use crate::app::testing::{account, app_at, session_of};
use crate::db::testing::on_each_database;

const PASSWORD: &str = "battery staple of the tests";

fn new(username: &str) -> NewUser {
    NewUser {
        username: username.to_owned(),
        display_name: "Somebody".to_owned(),
        password: Some(PASSWORD.to_owned()),
        role: Role::User,
        unix_user: None,
        kind: Kind::Person,
    }
}

/// A portal on this database with an administrator called admin.
async fn portal(db: &Db, test: impl AsyncFn(Desk<'_>, Actor)) {
    let data = tempfile::tempdir().unwrap();
    let app = app_at(db, data.path(), "2026-11-25T12:00:00Z".parse().unwrap());
    let admin = session_of(&account(db, "admin", Role::Admin, Kind::Person).await);
    test(app.desk(), admin).await;
}

fn pointers<T>(result: Result<T, Error>) -> Vec<String> {
    match result {
        Err(Error::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn names_are_checked_and_are_somebodys_own() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            add(desk, (&admin).into(), new("alice")).await.unwrap();
            let again = add(desk, (&admin).into(), new("alice")).await;
            assert!(matches!(again, Err(Error::NameTaken)));
            for name in ["", "-alice", "a b", "한글", "a/b", &"a".repeat(65)] {
                assert_eq!(pointers(add(desk, (&admin).into(), new(name)).await), ["/username"], "{name:?}");
            }
            for unix_user in ["root", "", "-rf", "a b", "a:b", "a\nb"] {
                let wrong = NewUser { unix_user: Some(unix_user.to_owned()), ..new("bob") };
                assert_eq!(pointers(add(desk, (&admin).into(), wrong).await), ["/unix_user"], "{unix_user:?}");
            }
            let unnamed = NewUser { display_name: "a\nb".to_owned(), ..new("bob") };
            assert_eq!(pointers(add(desk, (&admin).into(), unnamed).await), ["/display_name"]);
            let short = NewUser { password: Some("too short".to_owned()), ..new("bob") };
            assert_eq!(pointers(add(desk, (&admin).into(), short).await), ["/password"]);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_list_goes_by_name_in_pages_and_can_be_searched() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            for name in ["dora", "alice", "bob", "carol"] {
                add(desk, (&admin).into(), NewUser { unix_user: Some(format!("u{name}")), ..new(name) }).await.unwrap();
            }
            let names = async |filter, after, limit| {
                let users = list(desk.db, filter, after, limit).await.unwrap();
                users.into_iter().map(|user| user.username).collect::<Vec<_>>()
            };
            assert_eq!(names(Filter::default(), None, 2).await, ["admin", "alice"]);
            assert_eq!(names(Filter::default(), Some("alice"), 9).await, ["bob", "carol", "dora"]);
            assert_eq!(names(Filter { text: Some("UCAR".into()), ..Filter::default() }, None, 9).await, ["carol"]);
            assert_eq!(names(Filter { text: Some("_".into()), ..Filter::default() }, None, 9).await, [""; 0]);
            assert_eq!(names(Filter { role: Some(Role::Admin), ..Filter::default() }, None, 9).await, ["admin"]);
            assert_eq!(count(desk.db, Filter { role: Some(Role::User), ..Filter::default() }).await.unwrap(), 4);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn an_administrator_always_stays() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            let disable = || Change { disabled: Some(true), ..Change::default() };
            let demote = || Change { role: Some(Role::User), ..Change::default() };
            let own = change(desk, (&admin).into(), admin.user_id, disable()).await;
            assert!(matches!(own, Err(Error::OwnAccount)));
            for attempt in [disable(), demote()] {
                let last = change(desk, Who::CommandLine, admin.user_id, attempt).await;
                assert!(matches!(last, Err(Error::LastAdmin)));
            }
            let second = add(desk, (&admin).into(), NewUser { role: Role::Admin, ..new("second") }).await.unwrap();
            change(desk, Who::CommandLine, admin.user_id, demote()).await.unwrap();
            let last = change(desk, Who::CommandLine, second.id, disable()).await;
            assert!(matches!(last, Err(Error::LastAdmin)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_key_neither_makes_nor_changes_administrators() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            let key = Actor { via: Via::Key(Uuid::now_v7(), Scopes::default()), ..admin };
            let alice = add(desk, (&key).into(), new("alice")).await.unwrap();
            let made = add(desk, (&key).into(), NewUser { role: Role::Admin, ..new("mallory") }).await;
            assert!(matches!(made, Err(Error::NotByKey)));
            let promoted = Change { role: Some(Role::Admin), ..Change::default() };
            assert!(matches!(change(desk, (&key).into(), alice.id, promoted).await, Err(Error::NotByKey)));
            let renamed = Change { display_name: Some("someone".to_owned()), ..Change::default() };
            assert!(matches!(change(desk, (&key).into(), key.user_id, renamed).await, Err(Error::NotByKey)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_service_has_no_password() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            let with_one = NewUser { kind: Kind::Service, ..new("monitor") };
            assert!(matches!(add(desk, (&admin).into(), with_one).await, Err(Error::NoPasswordForServices)));
            let service = NewUser { kind: Kind::Service, password: None, ..new("monitor") };
            let service = add(desk, (&admin).into(), service).await.unwrap();
            let set = set_password(desk, (&admin).into(), service.id, PASSWORD.to_owned(), "/password", None).await;
            assert!(matches!(set, Err(Error::NoPasswordForServices)));
            let verified = verify_password(desk.db, "monitor", PASSWORD.to_owned()).await.unwrap();
            assert_eq!((verified.account.map(|user| user.kind), verified.right), (Some(Kind::Service), false));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_password_that_was_replaced_while_it_was_looked_at_opens_nothing() {
    on_each_database(async |db| {
        portal(&db, async |desk, admin| {
            let alice = add(desk, (&admin).into(), new("alice")).await.unwrap();
            let verified = verify_password(desk.db, "alice", PASSWORD.to_owned()).await.unwrap();
            assert!(verified.account_now(desk.db.read()).await.unwrap().is_some());
            set_password(desk, (&admin).into(), alice.id, "another one of these".to_owned(), "", None).await.unwrap();
            assert!(verified.account_now(desk.db.read()).await.unwrap().is_none());
            let verified = verify_password(desk.db, "alice", "another one of these".to_owned()).await.unwrap();
            let disabled = Change { disabled: Some(true), ..Change::default() };
            change(desk, (&admin).into(), alice.id, disabled).await.unwrap();
            assert!(verified.account_now(desk.db.read()).await.unwrap().is_none());
        })
        .await;
    })
    .await;
}
