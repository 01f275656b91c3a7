//! Downloads of directories and of several files: what goes into the archive.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let paths = Table::alter().table("download_tickets").add_column(json_null("paths")).to_owned();
        manager.alter_table(paths).await
    }
}
