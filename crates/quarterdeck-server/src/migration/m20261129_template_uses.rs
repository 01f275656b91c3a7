//! What each user has made of each template.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let uses = Table::create()
            .table("template_uses")
            .col(uuid("user_id"))
            .col(string("template"))
            .col(big_integer("jobs"))
            .col(big_integer_null("last_us"))
            .col(boolean("favourite"))
            .primary_key(Index::create().col("user_id").col("template"))
            .to_owned();
        manager.create_table(uses).await?;
        let by_template =
            Index::create().name("template_uses_by_template").table("template_uses").col("template").to_owned();
        manager.create_index(by_template).await
    }
}
