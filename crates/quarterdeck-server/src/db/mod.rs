//! The database: SQLite to begin with, PostgreSQL for a site. One code for both.

pub(crate) mod lease;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod together;
mod transaction;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Func};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use crate::migration::Migrator;
pub use transaction::Transaction;

/// SQLite takes one writer at a time: all writing goes through one connection, so that writers queue here instead of
/// failing with BUSY, and reading never waits for it. PostgreSQL uses one pool for both.
#[derive(Clone)]
pub struct Db {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    /// Who writes next; PostgreSQL takes many at once.
    queue: Option<transaction::Queue>,
}

impl Db {
    /// Connects and brings the schema up to date.
    pub async fn open(url: &str) -> Result<Db, DbErr> {
        let db = if url.starts_with("sqlite:") { Db::sqlite(url).await? } else { Db::postgres(url).await? };
        Migrator::up(&db.writer, None).await?;
        Ok(db)
    }

    /// For reading outside a transaction.
    pub fn read(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For one writing statement.
    pub fn write(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// A transaction that writes. Keep it short: on SQLite every other writer waits.
    pub async fn begin(&self) -> Result<Transaction, DbErr> {
        match &self.queue {
            Some(queue) => queue.begin(&self.writer).await,
            None => Transaction::begin(&self.writer).await,
        }
    }

    /// Whether other servers may be at the same database: SQLite is one server's own.
    pub fn is_shared(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::Postgres
    }

    /// The time by the database's own clock, which is one for all servers that share it; in microseconds since 1970.
    pub async fn now_us(&self) -> Result<i64, DbErr> {
        if !self.is_shared() {
            return Ok(to_us(Utc::now()));
        }
        let now = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS now");
        let row = self.reader.query_one_raw(now).await?.ok_or_else(|| DbErr::Custom("no time".to_owned()))?;
        Ok(to_us(row.try_get("", "now")?))
    }

    async fn sqlite(url: &str) -> Result<Db, DbErr> {
        let connect = async |connections| {
            let mut options = options(url, connections);
            // A file does not hang up.
            options.test_before_acquire(false);
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .pragma("journal_mode", "WAL")
                    .pragma("synchronous", "FULL")
                    .pragma("foreign_keys", "ON")
                    .busy_timeout(Duration::from_secs(10))
            });
            Database::connect(options).await
        };
        Ok(Db { writer: connect(1).await?, reader: connect(4).await?, queue: Some(transaction::Queue::default()) })
    }

    async fn postgres(url: &str) -> Result<Db, DbErr> {
        let pool = Database::connect(options(url, 16)).await?;
        Ok(Db { writer: pool.clone(), reader: pool, queue: None })
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false).acquire_timeout(Duration::from_secs(15));
    options
}

/// Which part of a text is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Start,
    Any,
}

/// What has this text in it, in whichever case. Both sides are lowered, and by the database: SQLite's LIKE ignores case
/// and PostgreSQL's does not, and each lowers other letters than Rust does. `%` and `_` stand for themselves.
pub(crate) fn like(column: impl Into<Expr>, part: Part, text: &str) -> Expr {
    let text = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = match part {
        Part::Start => format!("{text}%"),
        Part::Any => format!("%{text}%"),
    };
    let lower = |what: Expr| Expr::from(Func::lower(what));
    let pattern = lower(Expr::val(pattern)).binary(BinOper::Escape, Expr::Constant('\\'.into()));
    lower(column.into()).binary(BinOper::Like, pattern)
}

/// Times are kept as integer microseconds since 1970, since text misorders.
pub fn to_us(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

pub fn from_us(us: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(us).unwrap_or_default()
}
