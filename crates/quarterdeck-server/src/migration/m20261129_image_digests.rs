//! The SHA-256 of image files, where somebody had it computed, and for which it is wanted.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            string_null("sha256"),
            big_integer_null("digest_wanted_us"),
            big_integer_null("digested_us"),
            text_null("digest_problem"),
        ];
        // One statement each: SQLite takes no more.
        for column in columns {
            let places = Table::alter().table("apptainer_image_places").add_column(column).to_owned();
            manager.alter_table(places).await?;
        }
        Ok(())
    }
}
