//! Tickets by which a browser fetches a file, for a minute each. Of the secrets only hashes are kept.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tickets = Table::create()
            .table("download_tickets")
            .col(string("ticket_hash").primary_key())
            .col(string("cookie_hash"))
            .col(uuid("session_id"))
            .col(string("space"))
            .col(text("path"))
            .col(big_integer("expires_us"))
            .to_owned();
        manager.create_table(tickets).await
    }
}
