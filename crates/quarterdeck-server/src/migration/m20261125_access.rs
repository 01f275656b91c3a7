//! API keys, service accounts, and what the audit and refresh tokens say besides.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = |table: &'static str, column: ColumnDef| Table::alter().table(table).add_column(column).to_owned();
        // SQLite adds one column at a time.
        for (table, column) in [
            ("users", string("kind").default("person").to_owned()),
            ("users", big_integer_null("last_seen_us").to_owned()),
            ("refresh_tokens", string_null("used_by").to_owned()),
            ("audit_events", string_null("unix_user").to_owned()),
            ("audit_events", uuid_null("key_id").to_owned()),
            ("audit_events", string_null("job_id").to_owned()),
        ] {
            manager.alter_table(add(table, column)).await?;
        }
        let keys = Table::create()
            .table("api_keys")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(string("name"))
            .col(string("secret_hash"))
            .col(json("scopes"))
            .col(uuid("created_by"))
            .col(big_integer("created_us"))
            .col(big_integer("expires_us"))
            .col(big_integer_null("revoked_us"))
            .col(big_integer_null("last_used_us"))
            .col(string_null("last_used_address"))
            .to_owned();
        manager.create_table(keys).await?;
        let by_user = Index::create().table("api_keys").name("api_keys_by_user_id").col("user_id").to_owned();
        manager.create_index(by_user).await
    }
}
