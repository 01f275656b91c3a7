//! How clusters were: samples of their use, when nodes were out of service, and which server keeps both.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [samples(), periods(), recorders()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn samples() -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table("cluster_samples")
        .col(string("cluster"))
        // Empty: the whole cluster.
        .col(string("partition"))
        .col(integer("step_seconds"))
        .col(big_integer("at_us"))
        .col(integer("readings"));
    for of in ["cpus", "memory_mib", "gpus"] {
        for how in ["allocated", "idle", "down"] {
            table.col(big_integer(format!("{of}_{how}")));
        }
    }
    for how in ["running", "pending"] {
        table.col(big_integer(format!("jobs_{how}")));
    }
    let key = Index::create().col("cluster").col("partition").col("step_seconds").col("at_us").to_owned();
    table.primary_key(&mut key.clone()).to_owned()
}

fn periods() -> TableCreateStatement {
    Table::create()
        .table("node_periods")
        .col(uuid("id").primary_key())
        .col(string("cluster"))
        .col(string("node"))
        .col(string("state"))
        .col(text_null("reason"))
        .col(string_null("reason_by"))
        .col(big_integer("started_us"))
        .col(big_integer_null("ended_us"))
        .col(string_null("ended_by"))
        .col(string("source"))
        .to_owned()
}

fn recorders() -> TableCreateStatement {
    Table::create()
        .table("cluster_recorders")
        .col(string("cluster").primary_key())
        .col(uuid("holder"))
        .col(big_integer("until_us"))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |table: &'static str, name: &'static str, columns: &[&'static str]| {
        let mut statement = Index::create();
        statement.table(table).name(name);
        for column in columns {
            statement.col(*column);
        }
        statement
    };
    vec![
        index("cluster_samples", "cluster_samples_by_step_at", &["cluster", "step_seconds", "at_us"]),
        index("node_periods", "node_periods_by_node_start", &["cluster", "node", "started_us"]),
        index("node_periods", "node_periods_by_end", &["cluster", "ended_us"]),
    ]
}
