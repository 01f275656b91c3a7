//! The first schema: accounts and sessions, audit, notifications, jobs, uploads, templates, images.
//! Ids of ours are UUIDs, times are integer microseconds since 1970, closed sets of words are text.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        table("users")
            .col(uuid("id").primary_key())
            .col(string("username").unique_key())
            .col(string("display_name"))
            .col(string_null("password_hash"))
            .col(string("role"))
            .col(string_null("unix_user"))
            .col(boolean("disabled"))
            .col(big_integer("created_us"))
            .to_owned(),
        table("sessions")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(string("address"))
            .col(string("device"))
            .col(big_integer("created_us"))
            .col(big_integer("last_used_us"))
            .col(big_integer("expires_us"))
            .col(big_integer_null("ended_us"))
            .to_owned(),
        table("refresh_tokens")
            .col(string("token_hash").primary_key())
            .col(uuid("session_id"))
            .col(big_integer("created_us"))
            .col(big_integer_null("used_us"))
            .to_owned(),
        table("audit_events")
            .col(uuid("id").primary_key())
            .col(big_integer("at_us"))
            .col(uuid_null("actor_id"))
            .col(string("actor"))
            .col(uuid_null("session_id"))
            .col(string("address"))
            .col(string("request_id"))
            .col(string("action"))
            .col(string("object"))
            .col(string("result"))
            .col(uuid_null("intent_id"))
            .col(json("detail"))
            .to_owned(),
        table("notifications")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(string("code"))
            .col(json("params"))
            .col(big_integer("created_us"))
            .col(big_integer_null("read_us"))
            .to_owned(),
        table("jobs")
            .col(uuid("id").primary_key())
            .col(string("cluster"))
            .col(string_null("job_id"))
            .col(big_integer("submitted_us"))
            .col(string("name"))
            .col(string("user"))
            .col(uuid_null("owner_id"))
            .col(string_null("account"))
            .col(string_null("partition"))
            .col(string_null("qos"))
            .col(string("state"))
            .col(string_null("reason"))
            .col(text_null("message"))
            .col(integer_null("exit_code"))
            .col(integer_null("signal"))
            .col(big_integer_null("started_us"))
            .col(big_integer_null("ended_us"))
            .col(integer_null("time_limit_minutes"))
            .col(text_null("node_list"))
            .col(integer("nodes"))
            .col(integer("cpus"))
            .col(big_integer_null("memory_mib"))
            .col(integer("gpus"))
            .col(string_null("template"))
            .col(string_null("image"))
            .col(text_null("working_directory"))
            .col(text_null("output_path"))
            .col(text_null("error_path"))
            .col(text_null("comment"))
            .col(text_null("script"))
            .col(json("files"))
            .col(string_null("idempotency_key"))
            .col(string_null("request_hash"))
            .col(big_integer("updated_us"))
            .to_owned(),
        table("file_uploads")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(string("host"))
            .col(string("space"))
            .col(text("directory"))
            .col(string("filename"))
            .col(string("kind"))
            .col(string("kind_source"))
            .col(big_integer("size"))
            .col(big_integer("offset"))
            .col(string("state"))
            .col(text_null("path"))
            .col(text_null("absolute"))
            .col(big_integer("created_us"))
            .col(big_integer_null("finished_us"))
            .to_owned(),
        table("job_templates")
            .col(string("id").primary_key())
            .col(string("version"))
            .col(string("source"))
            .col(string("category"))
            .col(text("file"))
            .col(json("document"))
            .col(big_integer("loaded_us"))
            .to_owned(),
        table("apptainer_images")
            .col(uuid("id").primary_key())
            .col(string("cluster"))
            .col(string("host"))
            .col(text("path"))
            .col(string("name"))
            .col(string("kind"))
            .col(big_integer("size"))
            .col(big_integer("modified_us"))
            .col(string_null("version"))
            .col(string_null("architecture"))
            .col(json("apps"))
            .col(json("labels"))
            .col(json("inspect"))
            .col(text_null("definition"))
            .col(boolean("signed"))
            .col(text_null("problem"))
            .col(big_integer("scanned_us"))
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
        index("sessions", &["user_id"]),
        index("refresh_tokens", &["session_id"]),
        index("audit_events", &["at_us"]),
        index("notifications", &["user_id", "created_us"]),
        // A job is (cluster, job id, submit time), since Slurm's ids wrap.
        index("jobs", &["cluster", "job_id", "submitted_us"]).unique().to_owned(),
        index("jobs", &["cluster", "submitted_us"]),
        index("jobs", &["cluster", "state"]),
        index("jobs", &["cluster", "user", "submitted_us"]),
        index("jobs", &["owner_id", "cluster", "idempotency_key"]).unique().to_owned(),
        index("file_uploads", &["user_id", "created_us"]),
        index("apptainer_images", &["host", "path"]).unique().to_owned(),
    ]
}
