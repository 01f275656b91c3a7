//! Templates that users offer to everybody, and what became of each.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let shares = Table::create()
            .table("template_shares")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(string("username"))
            .col(string("unix_user"))
            .col(string("own_template"))
            .col(string("template"))
            .col(string("version"))
            .col(string("hash"))
            .col(text("note"))
            .col(string("state"))
            .col(big_integer("created_us"))
            .col(big_integer_null("claimed_us"))
            .col(big_integer_null("decided_us"))
            .col(string_null("decided_by"))
            .col(text_null("reason"))
            .col(boolean("put_away"))
            .to_owned();
        manager.create_table(shares).await?;
        for columns in [&["user_id", "created_us"][..], &["template", "state"], &["unix_user", "put_away"]] {
            let mut index = Index::create();
            index.table("template_shares").name(format!("template_shares_by_{}", columns.join("_")));
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
