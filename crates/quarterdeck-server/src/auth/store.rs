//! The tables `users`, `sessions` and `refresh_tokens`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder};

pub(super) mod users {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub username: String,
        pub display_name: String,
        pub password_hash: Option<String>,
        pub role: String,
        pub unix_user: Option<String>,
        pub disabled: bool,
        pub created_us: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod sessions {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub address: String,
        pub device: String,
        pub created_us: i64,
        pub last_used_us: i64,
        pub expires_us: i64,
        pub ended_us: Option<i64>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod refresh_tokens {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "refresh_tokens")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: String,
        pub session_id: Uuid,
        pub created_us: i64,
        pub used_us: Option<i64>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn user_by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<users::Model>, DbErr> {
    users::Entity::find().filter(users::Column::Username.eq(name)).one(db).await
}

pub(super) async fn user_by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<users::Model>, DbErr> {
    users::Entity::find_by_id(id).one(db).await
}

pub(super) async fn list_users(db: &impl ConnectionTrait) -> Result<Vec<users::Model>, DbErr> {
    users::Entity::find().order_by_asc(users::Column::Username).all(db).await
}

pub(super) async fn insert_user(db: &impl ConnectionTrait, user: users::Model) -> Result<(), DbErr> {
    users::Entity::insert(user.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(super) async fn save_user(db: &impl ConnectionTrait, user: users::Model) -> Result<(), DbErr> {
    user.into_active_model().reset_all().update(db).await.map(drop)
}

pub(super) async fn session_by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<sessions::Model>, DbErr> {
    sessions::Entity::find_by_id(id).one(db).await
}

pub(super) async fn insert_session(db: &impl ConnectionTrait, session: sessions::Model) -> Result<(), DbErr> {
    sessions::Entity::insert(session.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// Ends a session that has not ended yet.
pub(super) async fn end_session(db: &impl ConnectionTrait, id: Uuid, now_us: i64) -> Result<(), DbErr> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::EndedUs, Expr::value(now_us))
        .filter(sessions::Column::Id.eq(id))
        .filter(sessions::Column::EndedUs.is_null())
        .exec(db)
        .await
        .map(drop)
}

pub(super) async fn end_sessions_of(db: &impl ConnectionTrait, user: Uuid, now_us: i64) -> Result<(), DbErr> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::EndedUs, Expr::value(now_us))
        .filter(sessions::Column::UserId.eq(user))
        .filter(sessions::Column::EndedUs.is_null())
        .exec(db)
        .await
        .map(drop)
}

pub(super) async fn touch_session(db: &impl ConnectionTrait, id: Uuid, now_us: i64) -> Result<(), DbErr> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastUsedUs, Expr::value(now_us))
        .filter(sessions::Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

pub(super) async fn refresh_token(
    db: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<refresh_tokens::Model>, DbErr> {
    refresh_tokens::Entity::find_by_id(hash.to_owned()).one(db).await
}

pub(super) async fn insert_refresh_token(db: &impl ConnectionTrait, token: refresh_tokens::Model) -> Result<(), DbErr> {
    refresh_tokens::Entity::insert(token.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(super) async fn mark_used(db: &impl ConnectionTrait, hash: &str, now_us: i64) -> Result<(), DbErr> {
    refresh_tokens::Entity::update_many()
        .col_expr(refresh_tokens::Column::UsedUs, Expr::value(now_us))
        .filter(refresh_tokens::Column::TokenHash.eq(hash))
        .filter(refresh_tokens::Column::UsedUs.is_null())
        .exec(db)
        .await
        .map(drop)
}
