//! Images of a person's own, which she alone sees, and what images need of the node that they run on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [string_null("owner"), json_null("needs")] {
            manager.alter_table(Table::alter().table("apptainer_images").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
