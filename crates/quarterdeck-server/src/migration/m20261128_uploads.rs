//! What all of tus asks of an upload: when it expires, of which others it is a part or made, the checksum it should
//! have; and which server writes to it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TABLE: &str = "file_uploads";
const WEEK_US: i64 = 7 * 24 * 3600 * 1_000_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            big_integer_null("expires_us"),
            text_null("concat"),
            string_null("sha256"),
            text_null("leftover"),
            big_integer("fence").default(0).to_owned(),
            big_integer_null("lease_until_us"),
            boolean("lease_wanted").default(false).to_owned(),
        ];
        // One statement each: SQLite takes no more.
        for column in columns {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        let expires = Query::update()
            .table(TABLE)
            .value("expires_us", Expr::col("created_us").add(WEEK_US))
            .and_where(Expr::col("state").eq("uploading"))
            .to_owned();
        manager.execute(expires).await?;
        let index = Index::create().table(TABLE).name("file_uploads_by_expires_us").col("expires_us").to_owned();
        manager.create_index(index).await
    }
}
