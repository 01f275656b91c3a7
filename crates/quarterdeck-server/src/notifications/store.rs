//! The table `notifications`.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QuerySelect};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notifications")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub code: String,
    pub params: Json,
    pub created_us: i64,
    pub read_us: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// The newest first.
pub(super) async fn list(db: &impl ConnectionTrait, user: Uuid, limit: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::CreatedUs).limit(limit).all(db).await
}
