//! The table `api_keys`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub secret_hash: String,
    pub scopes: Json,
    pub created_by: Uuid,
    pub created_us: i64,
    pub expires_us: i64,
    pub revoked_us: Option<i64>,
    pub last_used_us: Option<i64>,
    pub last_used_address: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The newest first, those that are over too.
pub(super) async fn of_user(db: &impl ConnectionTrait, user: Uuid) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::Id).all(db).await
}

/// How many a user has, also of those that are over.
pub(super) async fn count(db: &impl ConnectionTrait, user: Uuid) -> Result<u64, DbErr> {
    Entity::find().filter(Column::UserId.eq(user)).count(db).await
}

/// Removes those that ended before this time.
pub(super) async fn forget(db: &impl ConnectionTrait, before_us: i64) -> Result<(), DbErr> {
    let over = Column::ExpiresUs.lt(before_us).or(Column::RevokedUs.lt(before_us));
    Entity::delete_many().filter(over).exec(db).await.map(drop)
}

/// How many a user has that can still be used.
pub(super) async fn count_live(db: &impl ConnectionTrait, user: Uuid, now_us: i64) -> Result<u64, DbErr> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::RevokedUs.is_null());
    query.filter(Column::ExpiresUs.gt(now_us)).count(db).await
}

pub(super) async fn insert(db: &impl ConnectionTrait, key: Model) -> Result<(), DbErr> {
    Entity::insert(key.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// Revokes a key of this user's that is not revoked yet; whether there was one.
pub(super) async fn revoke(db: &impl ConnectionTrait, user: Uuid, id: Uuid, now_us: i64) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::RevokedUs, Expr::value(now_us))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedUs.is_null());
    Ok(update.exec(db).await?.rows_affected > 0)
}

pub(super) async fn used(db: &impl ConnectionTrait, id: Uuid, now_us: i64, address: &str) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LastUsedUs, Expr::value(now_us))
        .col_expr(Column::LastUsedAddress, Expr::value(address))
        .filter(Column::Id.eq(id));
    update.exec(db).await.map(drop)
}
