//! The table `download_tickets`.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "download_tickets")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub ticket_hash: String,
    pub cookie_hash: String,
    pub session_id: Uuid,
    pub space: String,
    pub path: String,
    pub expires_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Those that are over go.
pub(super) async fn insert(db: &impl ConnectionTrait, ticket: Model, now_us: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ExpiresUs.lte(now_us)).exec(db).await?;
    ticket.into_active_model().insert(db).await.map(drop)
}

pub(super) async fn find(db: &impl ConnectionTrait, ticket_hash: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(ticket_hash.to_owned()).one(db).await
}

/// Whether it was still there: of two who come at once, one takes it.
pub(super) async fn take(db: &impl ConnectionTrait, ticket_hash: &str) -> Result<bool, DbErr> {
    Ok(Entity::delete_by_id(ticket_hash.to_owned()).exec(db).await?.rows_affected == 1)
}
