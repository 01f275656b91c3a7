//! The tables `sessions` and `refresh_tokens`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

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
        /// Which client used it.
        pub used_by: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) async fn session_by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<sessions::Model>, DbErr> {
    sessions::Entity::find_by_id(id).one(db).await
}

/// Those of a user that have not ended, the last used first.
pub(super) async fn live_sessions_of(
    db: &impl ConnectionTrait,
    user: Uuid,
    now_us: i64,
) -> Result<Vec<sessions::Model>, DbErr> {
    let query = sessions::Entity::find().filter(sessions::Column::UserId.eq(user)).filter(is_live(now_us));
    query.order_by_desc(sessions::Column::LastUsedUs).all(db).await
}

/// Those that have not ended and were last used before this time.
pub(super) async fn idle_sessions(
    db: &impl ConnectionTrait,
    before_us: i64,
    now_us: i64,
) -> Result<Vec<sessions::Model>, DbErr> {
    let idle = sessions::Column::LastUsedUs.lt(before_us);
    sessions::Entity::find().filter(is_live(now_us)).filter(idle).all(db).await
}

pub(super) async fn insert_session(db: &impl ConnectionTrait, session: sessions::Model) -> Result<(), DbErr> {
    sessions::Entity::insert(session.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// Ends sessions that have not ended yet; whether there were any.
pub(super) async fn end_sessions(db: &impl ConnectionTrait, ids: &[Uuid], now_us: i64) -> Result<bool, DbErr> {
    let update = sessions::Entity::update_many()
        .col_expr(sessions::Column::EndedUs, Expr::value(now_us))
        .filter(sessions::Column::Id.is_in(ids.iter().copied()))
        .filter(sessions::Column::EndedUs.is_null());
    Ok(update.exec(db).await?.rows_affected > 0)
}

pub(super) async fn touch_session(db: &impl ConnectionTrait, id: Uuid, now_us: i64) -> Result<(), DbErr> {
    sessions::Entity::update_many()
        .col_expr(sessions::Column::LastUsedUs, Expr::value(now_us))
        .filter(sessions::Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

/// Removes what ended before this time; its refresh tokens too.
pub(super) async fn forget_sessions(db: &impl ConnectionTrait, before_us: i64) -> Result<(), DbErr> {
    let over = sessions::Column::ExpiresUs.lt(before_us).or(sessions::Column::EndedUs.lt(before_us));
    let ids = sessions::Entity::find().select_only().column(sessions::Column::Id).filter(over.clone()).into_query();
    let of_them = refresh_tokens::Column::SessionId.in_subquery(ids);
    refresh_tokens::Entity::delete_many().filter(of_them).exec(db).await?;
    sessions::Entity::delete_many().filter(over).exec(db).await.map(drop)
}

pub(super) async fn refresh_token(
    db: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<refresh_tokens::Model>, DbErr> {
    refresh_tokens::Entity::find_by_id(hash.to_owned()).one(db).await
}

/// The token's row, locked to the transaction's end: two who use it at once are told apart by it.
pub(super) async fn refresh_token_to_use(
    db: &impl ConnectionTrait,
    hash: &str,
) -> Result<Option<refresh_tokens::Model>, DbErr> {
    refresh_tokens::Entity::find_by_id(hash.to_owned()).lock_exclusive().one(db).await
}

pub(super) async fn insert_refresh_token(db: &impl ConnectionTrait, token: refresh_tokens::Model) -> Result<(), DbErr> {
    refresh_tokens::Entity::insert(token.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(super) async fn mark_used(db: &impl ConnectionTrait, hash: &str, now_us: i64, by: &str) -> Result<(), DbErr> {
    refresh_tokens::Entity::update_many()
        .col_expr(refresh_tokens::Column::UsedUs, Expr::value(now_us))
        .col_expr(refresh_tokens::Column::UsedBy, Expr::value(by))
        .filter(refresh_tokens::Column::TokenHash.eq(hash))
        .exec(db)
        .await
        .map(drop)
}

fn is_live(now_us: i64) -> Expr {
    sessions::Column::EndedUs.is_null().and(sessions::Column::ExpiresUs.gt(now_us))
}
