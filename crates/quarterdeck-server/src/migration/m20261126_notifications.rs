//! Notifications of jobs, each once, what each user wants of them, and the messages that are to leave the portal.

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
            ("notifications", string_null("about").to_owned()),
            ("notifications", boolean("shown").default(true).to_owned()),
        ] {
            manager.alter_table(add(table, column)).await?;
        }
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    let table = |name: &'static str| Table::create().table(name).to_owned();
    vec![
        table("notification_deliveries")
            .col(uuid("id").primary_key())
            .col(uuid("notification_id"))
            .col(uuid("user_id"))
            .col(string("channel"))
            .col(string("target"))
            .col(string("state"))
            .col(integer("attempts"))
            .col(big_integer("due_us"))
            .col(text_null("reason"))
            .col(big_integer("created_us"))
            .col(big_integer_null("finished_us"))
            .to_owned(),
        table("notification_settings")
            .col(uuid("user_id").primary_key())
            .col(json("settings"))
            .col(uuid_null("webhook_secret_id"))
            .col(string_null("email"))
            .col(json_null("pending_email"))
            .col(big_integer("updated_us"))
            .to_owned(),
        table("notification_jobs")
            .col(uuid("job_id"))
            .col(uuid("user_id"))
            .primary_key(Index::create().col("job_id").col("user_id"))
            .to_owned(),
        table("push_subscriptions")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(text("endpoint"))
            .col(string("endpoint_hash").unique_key())
            .col(string("p256dh"))
            .col(string("auth"))
            .col(string("device"))
            .col(big_integer("created_us"))
            .to_owned(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |table: &'static str, columns: &[&'static str]| {
        let mut statement = Index::create();
        statement.table(table).name(format!("{table}_by_{}", columns.join("_")));
        for column in columns {
            statement.col(*column);
        }
        statement
    };
    vec![
        // A user is told once of one event of one run of one job. (What is about nothing has no `about`.)
        index("notifications", &["user_id", "about"]).unique().to_owned(),
        index("notifications", &["created_us"]),
        // And by each channel once.
        index("notification_deliveries", &["notification_id", "channel", "target"]).unique().to_owned(),
        index("notification_deliveries", &["state", "due_us"]),
        index("notification_deliveries", &["user_id", "created_us"]),
        index("notification_deliveries", &["created_us"]),
        index("push_subscriptions", &["user_id"]),
    ]
}
