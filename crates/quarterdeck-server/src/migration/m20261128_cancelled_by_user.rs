//! Whether a job's own user asked for its end: she is not told of that.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("cancelled_by_user").default(false).to_owned();
        manager.alter_table(Table::alter().table("jobs").add_column(column).to_owned()).await
    }
}
