//! By what a client knows a file again that it has begun to send, and which part of a file an upload is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "file_uploads";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [string_null("fingerprint"), string_null("part")] {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        let index = Index::create()
            .table(TABLE)
            .name("file_uploads_by_fingerprint")
            .col("user_id")
            .col("fingerprint")
            .to_owned();
        manager.create_index(index).await
    }
}
