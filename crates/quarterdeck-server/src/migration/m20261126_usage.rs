//! What jobs that are over had been given and used, kept beside them: history and advice need no accounting.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let usage = Table::create()
            .table("job_usage")
            .col(uuid("id").primary_key())
            .col(string("cluster"))
            .col(string("user"))
            .col(string_null("template"))
            .col(string("state"))
            .col(big_integer("ended_us"))
            .col(big_integer("elapsed_s"))
            .col(integer_null("time_limit_minutes"))
            .col(integer("nodes"))
            .col(integer("tasks"))
            .col(integer("cpus"))
            .col(big_integer("cpu_given_s"))
            .col(big_integer_null("cpu_used_ms"))
            .col(big_integer_null("memory_given_mib"))
            .col(big_integer_null("memory_used_mib"))
            .col(big_integer_null("memory_of_a_node_mib"))
            .col(integer("gpus"))
            .col(integer_null("gpu_percent"))
            .col(big_integer_null("gpu_memory_mib"))
            .col(big_integer("cpu_wasted_s"))
            .col(big_integer("memory_wasted_mib_s"))
            .col(big_integer("gpu_wasted_s"))
            .to_owned();
        manager.create_table(usage).await?;
        let by = |name: &'static str, columns: &[&'static str]| {
            let mut index = Index::create();
            index.table("job_usage").name(name);
            for column in columns {
                index.col(*column);
            }
            index
        };
        manager.create_index(by("job_usage_by_user", &["cluster", "user", "ended_us"])).await?;
        manager.create_index(by("job_usage_by_template", &["cluster", "user", "template", "ended_us"])).await?;
        manager.create_index(by("job_usage_by_end", &["cluster", "ended_us"])).await?;
        let jobs_by_end = Index::create().table("jobs").name("jobs_by_end").col("cluster").col("ended_us").to_owned();
        manager.create_index(jobs_by_end).await
    }
}
