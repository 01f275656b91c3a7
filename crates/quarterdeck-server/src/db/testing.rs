//! Fresh databases for tests of the stores: what holds on SQLite must hold on PostgreSQL.

use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

use super::Db;

/// Runs the test on an empty SQLite database and, where `QD_TEST_POSTGRES_URL` names a PostgreSQL whose account may
/// create databases (`dev/postgres url`), on an empty one of that too.
pub(crate) async fn on_each_database(test: impl AsyncFn(Db)) {
    on_each_url(async |url| test(Db::open(&url).await.unwrap()).await).await;
}

/// The same with databases that have no tables yet.
pub(crate) async fn on_each_url(test: impl AsyncFn(String)) {
    let directory = tempfile::tempdir().unwrap();
    test(format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display())).await;

    let Ok(server) = std::env::var("QD_TEST_POSTGRES_URL") else { return };
    let name = format!("qd_test_{}", Uuid::now_v7().simple());
    let (account, _) = server.rsplit_once('/').expect("a URL that ends with a database's name");
    let admin = Database::connect(server.as_str()).await.unwrap();
    admin.execute_unprepared(&format!("create database {name}")).await.unwrap();
    test(format!("{account}/{name}")).await;
    admin.execute_unprepared(&format!("drop database {name} with (force)")).await.unwrap();
}
