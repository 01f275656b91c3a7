//! The table `audit_events`. Rows are added, never changed.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, IntoActiveModel};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_events")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at_us: i64,
    pub actor_id: Option<Uuid>,
    pub actor: String,
    pub unix_user: Option<String>,
    pub session_id: Option<Uuid>,
    pub key_id: Option<Uuid>,
    pub address: String,
    pub request_id: String,
    pub action: String,
    pub object: String,
    pub job_id: Option<String>,
    pub result: String,
    pub intent_id: Option<Uuid>,
    pub detail: Json,
}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}
