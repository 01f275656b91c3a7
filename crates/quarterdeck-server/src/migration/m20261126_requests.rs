//! What was asked for when a job was submitted here, to submit it again. Apart from the jobs, whose lists do without.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let requests =
            Table::create().table("job_requests").col(uuid("job_id").primary_key()).col(json("request")).to_owned();
        manager.create_table(requests).await
    }
}
