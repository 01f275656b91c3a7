//! Removed images are looked for by the date.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_date = Index::create()
            .table("apptainer_image_places")
            .name("apptainer_image_places_by_state_gone_us")
            .col("state")
            .col("gone_us")
            .to_owned();
        manager.create_index(by_date).await
    }
}
