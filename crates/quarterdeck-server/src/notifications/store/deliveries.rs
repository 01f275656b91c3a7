//! The table `notification_deliveries`: one message of one notification by one channel to one target, and what became
//! of it.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder, QuerySelect};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub notification_id: Uuid,
    pub user_id: Uuid,
    pub channel: String,
    /// The browser that is pushed to; empty for channels of which a user has one.
    pub target: String,
    pub state: String,
    pub attempts: i32,
    /// When it is to be tried; of one that is being tried, when that must be over.
    pub due_us: i64,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    pub created_us: i64,
    pub finished_us: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

pub(in super::super) const WAITING: &str = "waiting";
pub(in super::super) const SENT: &str = "sent";
pub(in super::super) const FAILED: &str = "failed";

pub(in super::super) async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    for some in rows.chunks(super::AT_ONCE) {
        let some = some.iter().map(|row| row.clone().into_active_model().reset_all());
        Entity::insert_many(some).exec_without_returning(db).await?;
    }
    Ok(())
}

/// How many messages these users had since, by channel and target.
pub(in super::super) async fn sent_since(
    db: &impl ConnectionTrait,
    users: &[Uuid],
    since_us: i64,
) -> Result<HashMap<(Uuid, String, String), u64>, DbErr> {
    let query = Entity::find().select_only().columns([Column::UserId, Column::Channel, Column::Target]);
    let query = query.column_as(Column::Id.count(), "messages").filter(Column::CreatedUs.gte(since_us));
    let query = query.filter(Column::UserId.is_in(users.iter().copied()));
    let query = query.group_by(Column::UserId).group_by(Column::Channel).group_by(Column::Target);
    let rows: Vec<(Uuid, String, String, i64)> = query.into_tuple().all(db).await?;
    Ok(rows.into_iter().map(|(user, channel, target, count)| ((user, channel, target), count as u64)).collect())
}

pub(in super::super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Of these notifications.
pub(in super::super) async fn of(db: &impl ConnectionTrait, notifications: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::NotificationId.is_in(notifications.iter().copied()));
    query.order_by_asc(Column::Id).all(db).await
}

/// Those that are to be tried by now, the longest due first, without those of these users.
pub(in super::super) async fn due(
    db: &impl ConnectionTrait,
    now_us: i64,
    without: &[Uuid],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::State.eq(WAITING)).filter(Column::DueUs.lte(now_us));
    let query = query.filter(Column::UserId.is_not_in(without.iter().copied()));
    query.order_by_asc(Column::DueUs).limit(limit).all(db).await
}

/// Takes one to be tried; `false`: another server has, or it is over. One statement, so that of several servers one
/// wins.
pub(in super::super) async fn claim(db: &impl ConnectionTrait, row: &Model, until_us: i64) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::DueUs, Expr::value(until_us))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(WAITING))
        .filter(Column::Attempts.eq(row.attempts))
        .filter(Column::DueUs.eq(row.due_us));
    Ok(update.exec(db).await?.rows_affected == 1)
}

/// Writes what became of an attempt. One that took so long that another server tried in the meantime says nothing.
pub(in super::super) async fn settle(db: &impl ConnectionTrait, row: &Model) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state.clone()))
        .col_expr(Column::DueUs, Expr::value(row.due_us))
        .col_expr(Column::Reason, Expr::value(row.reason.clone()))
        .col_expr(Column::FinishedUs, Expr::value(row.finished_us))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Attempts.eq(row.attempts));
    update.exec(db).await.map(drop)
}

pub(super) async fn forget(db: &impl ConnectionTrait, before_us: i64) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::CreatedUs.lt(before_us)).exec(db).await.map(drop)
}
