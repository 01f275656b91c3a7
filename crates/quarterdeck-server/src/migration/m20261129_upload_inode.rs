//! By what the agent knows a file again that it has put in place.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = big_integer_null("inode");
        manager.alter_table(Table::alter().table("file_uploads").add_column(column).to_owned()).await
    }
}
