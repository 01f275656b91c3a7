//! What has become of the signatures of an image, at each place where it lies, and with which keys that was found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            string_null("standing"),
            json_null("signatures"),
            string_null("checked_with"),
            big_integer_null("checked_us"),
            text_null("check_problem"),
        ];
        // One statement each: SQLite takes no more.
        for column in columns {
            let places = Table::alter().table("apptainer_image_places").add_column(column).to_owned();
            manager.alter_table(places).await?;
        }
        Ok(())
    }
}
