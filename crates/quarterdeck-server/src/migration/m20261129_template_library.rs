//! Templates have owners, and every text that a template ever had is kept; a job knows which one it was made of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // It follows the files, which are read at each start.
        manager.drop_table(Table::drop().table("job_templates").to_owned()).await?;
        let offered = Table::create()
            .table("job_templates")
            .col(string("owner"))
            .col(string("id"))
            .col(string("version"))
            .col(string("hash"))
            .col(string("source"))
            .col(string("category"))
            .col(text("file"))
            .col(json("document"))
            .col(big_integer("loaded_us"))
            .primary_key(Index::create().col("owner").col("id"))
            .to_owned();
        manager.create_table(offered).await?;
        let versions = Table::create()
            .table("template_versions")
            .col(string("owner"))
            .col(string("template"))
            .col(big_integer("number"))
            .col(string("hash"))
            .col(string("version"))
            .col(string("source"))
            .col(text("file"))
            .col(big_integer("seen_us"))
            .col(string_null("author"))
            .primary_key(Index::create().col("owner").col("template").col("number"))
            .to_owned();
        manager.create_table(versions).await?;
        let texts =
            Table::create().table("template_texts").col(string("hash").primary_key()).col(text("text")).to_owned();
        manager.create_table(texts).await?;
        let column = string_null("template_hash");
        manager.alter_table(Table::alter().table("jobs").add_column(column).to_owned()).await
    }
}
