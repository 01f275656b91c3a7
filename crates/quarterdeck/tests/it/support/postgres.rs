//! A database of a test's own in the PostgreSQL that this run of the tests was given.

use sea_orm::{ConnectionTrait, Database};

use super::left_out;

pub struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    pub async fn create() -> Option<OwnDatabase> {
        let Ok(server) = std::env::var("QD_TEST_POSTGRES_URL") else {
            return left_out("QD_TEST_POSTGRES_URL names no PostgreSQL (`dev/postgres up` prints it)");
        };
        let name = format!("qd_it_{}", uuid::Uuid::now_v7().simple());
        let own = OwnDatabase { server, name };
        own.run(&format!("create database {}", own.name)).await;
        Some(own)
    }

    pub fn url(&self) -> String {
        let (account, _) = self.server.rsplit_once('/').expect("a URL that ends with a database's name");
        format!("{account}/{}", self.name)
    }

    /// When its servers have ended.
    pub async fn remove(self) {
        self.run(&format!("drop database {} with (force)", self.name)).await;
    }

    async fn run(&self, statement: &str) {
        let server = Database::connect(self.server.as_str()).await.unwrap();
        server.execute_unprepared(statement).await.unwrap();
    }
}
