//! What one server at a time does, where several share a database; and when it was last done.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let leases = Table::create()
            .table("leases")
            .col(string("name").primary_key())
            .col(uuid("holder"))
            .col(big_integer("until_us"))
            .col(big_integer_null("done_us"))
            .to_owned();
        manager.create_table(leases).await
    }
}
