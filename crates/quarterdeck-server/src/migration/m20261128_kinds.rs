//! Why an upload is of its kind and what is to be warned of, and what each user last chose for files with an ending.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One statement each: SQLite takes no more.
        for column in [json_null("kind_reason"), json_null("risks")] {
            manager.alter_table(Table::alter().table("file_uploads").add_column(column).to_owned()).await?;
        }
        let choices = Table::create()
            .table("upload_kind_choices")
            .col(uuid("user_id"))
            .col(string("ending"))
            .col(string("kind"))
            .col(big_integer("chosen_us"))
            .primary_key(Index::create().col("user_id").col("ending"))
            .to_owned();
        manager.create_table(choices).await
    }
}
