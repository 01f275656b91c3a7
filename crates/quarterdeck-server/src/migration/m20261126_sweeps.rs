//! What makes a job an array, and a sweep. The rows of a sweep are in what was asked for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in ["array", "rows_directory"] {
            manager.alter_table(Table::alter().table("jobs").add_column(text_null(column)).to_owned()).await?;
        }
        Ok(())
    }
}
