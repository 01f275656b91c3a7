//! The audit's chain: a code for each event, the seals, what is not sealed yet, and the archive's files.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Null in rows of earlier versions, until the first start of this one.
        let mac = Table::alter().table("audit_events").add_column(string_null("mac")).to_owned();
        manager.alter_table(mac).await?;
        for table in tables() {
            manager.create_table(table).await?;
        }
        // Locked by whoever seals, so that of several servers one does at a time.
        let row = Query::insert().into_table("audit_turn").columns(["id"]).values_panic([1.into()]).to_owned();
        manager.execute(row).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    let table = |name: &'static str| Table::create().table(name).to_owned();
    vec![
        table("audit_seals")
            .col(big_integer("seq").primary_key())
            .col(uuid("event_id").unique_key())
            .col(string("previous"))
            .col(string("mac"))
            .to_owned(),
        table("audit_unsealed")
            .col(uuid("event_id").primary_key())
            .col(big_integer("at_us"))
            .col(string("mac"))
            .to_owned(),
        table("audit_archives")
            .col(big_integer("first_seq").primary_key())
            .col(big_integer("last_seq"))
            .col(string("last_mac"))
            .col(big_integer("last_at_us"))
            .col(string("file"))
            .col(string("sha256"))
            .col(string("mac"))
            .to_owned(),
        table("audit_turn").col(integer("id").primary_key()).to_owned(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |columns: &[&'static str]| {
        let mut statement = Index::create();
        statement.table("audit_events").name(format!("audit_events_by_{}", columns.join("_")));
        for column in columns {
            statement.col(*column);
        }
        statement
    };
    vec![
        index(&["actor_id", "at_us"]),
        index(&["actor", "at_us"]),
        index(&["action", "at_us"]),
        index(&["object", "at_us"]),
        index(&["intent_id"]),
    ]
}
