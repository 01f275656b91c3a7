//! The table `users`.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, QueryOrder, QuerySelect};

use crate::db::{Part, like};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub password_hash: Option<String>,
    pub role: String,
    pub unix_user: Option<String>,
    pub disabled: bool,
    pub created_us: i64,
    pub kind: String,
    pub last_seen_us: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// What a list is filtered by.
#[derive(Default)]
pub(super) struct Filter {
    /// Part of the user name, the name shown, or the Unix user.
    pub text: Option<String>,
    pub role: Option<&'static str>,
    pub kind: Option<&'static str>,
    pub disabled: Option<bool>,
}

pub(super) async fn by_name(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Username.eq(name)).one(db).await
}

pub(super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Those of this kind who may act as one of these Unix users.
pub(super) async fn of_unix_users(
    db: &impl ConnectionTrait,
    kind: &str,
    unix_users: &[&str],
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::UnixUser.is_in(unix_users.iter().copied()));
    query.filter(Column::Kind.eq(kind)).filter(Column::Disabled.eq(false)).all(db).await
}

/// The row as it stands, for a transaction that will write it: nobody else does until then.
pub(super) async fn by_id_to_change(tx: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(tx).await
}

/// By user name, from behind the one that the last page ended with.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(matching(filter));
    if let Some(after) = after {
        query = query.filter(Column::Username.gt(after));
    }
    query.order_by_asc(Column::Username).limit(limit).all(db).await
}

pub(super) async fn count(db: &impl ConnectionTrait, filter: &Filter) -> Result<u64, DbErr> {
    Entity::find().filter(matching(filter)).count(db).await
}

/// Whether there is an account of this name, in small letters or capital ones: people would take one for the other.
pub(super) async fn any_named(db: &impl ConnectionTrait, name: &str) -> Result<bool, DbErr> {
    let lower = Expr::from(sea_orm::sea_query::Func::lower(Expr::col(Column::Username)));
    Ok(Entity::find().filter(lower.eq(name.to_lowercase())).limit(1).one(db).await?.is_some())
}

/// Whether there is any account at all.
pub(super) async fn any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().limit(1).one(db).await?.is_some())
}

/// Those with this role who can sign in, locked to the transaction's end: that one of them stays is decided on them.
pub(super) async fn active_of_role(db: &impl ConnectionTrait, role: &str) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::Role.eq(role)).filter(Column::Disabled.eq(false));
    query.filter(Column::PasswordHash.is_not_null()).lock_exclusive().all(db).await
}

/// The same without keeping anybody from changing them.
pub(super) async fn active_ids_of_role(db: &impl ConnectionTrait, role: &str) -> Result<Vec<Uuid>, DbErr> {
    let query = Entity::find().filter(Column::Role.eq(role)).filter(Column::Disabled.eq(false));
    let query = query.filter(Column::PasswordHash.is_not_null()).select_only().column(Column::Id);
    query.into_tuple().all(db).await
}

pub(super) async fn insert(db: &impl ConnectionTrait, user: Model) -> Result<(), DbErr> {
    Entity::insert(user.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(super) async fn save(db: &impl ConnectionTrait, user: Model) -> Result<(), DbErr> {
    user.into_active_model().reset_all().update(db).await.map(drop)
}

pub(super) async fn seen(db: &impl ConnectionTrait, id: Uuid, now_us: i64) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LastSeenUs, Expr::value(now_us));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

fn matching(filter: &Filter) -> Condition {
    let mut all = Condition::all();
    if let Some(text) = &filter.text {
        let part = |column: Column| like(Expr::col(column), Part::Any, text);
        let any = Condition::any().add(part(Column::Username)).add(part(Column::DisplayName));
        all = all.add(any.add(part(Column::UnixUser)));
    }
    if let Some(role) = filter.role {
        all = all.add(Column::Role.eq(role));
    }
    if let Some(kind) = filter.kind {
        all = all.add(Column::Kind.eq(kind));
    }
    if let Some(disabled) = filter.disabled {
        all = all.add(Column::Disabled.eq(disabled));
    }
    all
}
