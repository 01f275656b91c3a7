//! The tables `notifications`, `notification_settings`, `notification_jobs` and `push_subscriptions`; in `deliveries`
//! the messages that are to leave the portal.

pub(super) mod deliveries;

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, QueryOrder, QuerySelect};

use super::Filter;

/// Rows of one statement, which carries a parameter for each value.
const AT_ONCE: usize = 400;

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
    /// What it is about, where a user is told of that once.
    pub about: Option<String>,
    /// In the page; others are kept for their messages alone.
    pub shown: bool,
}

impl ActiveModelBehavior for ActiveModel {}

pub(super) mod settings {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notification_settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        pub settings: Json,
        /// What the secret of the user's webhook is derived from.
        pub webhook_secret_id: Option<Uuid>,
        /// Where mail goes to: it was confirmed that the user reads it.
        pub email: Option<String>,
        /// An address that is to be confirmed.
        pub pending_email: Option<Json>,
        pub updated_us: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Jobs whose user asked to be told.
mod jobs {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "notification_jobs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub job_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod subscriptions {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "push_subscriptions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub endpoint: String,
        pub endpoint_hash: String,
        pub p256dh: String,
        pub auth: String,
        pub device: String,
        pub created_us: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where a page begins: behind this row.
#[derive(Clone, Copy)]
pub(super) struct After {
    pub created_us: i64,
    pub id: Uuid,
}

/// Adds those that say what their user was not told yet, and lets the others say what these say. Answers both as they
/// stand now.
pub(super) async fn insert_or_replace(
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
) -> Result<(Vec<Model>, Vec<Model>), DbErr> {
    let (mut new, mut again) = (Vec::new(), Vec::new());
    let told = OnConflict::columns([Column::UserId, Column::About]).update_column(Column::Params).to_owned();
    for some in rows.chunks(AT_ONCE) {
        let ids: HashSet<Uuid> = some.iter().map(|row| row.id).collect();
        let about: Vec<&str> = some.iter().filter_map(|row| row.about.as_deref()).collect();
        let users: HashSet<Uuid> = some.iter().map(|row| row.user_id).collect();
        let models = some.iter().map(|row| row.clone().into_active_model().reset_all());
        Entity::insert_many(models).on_conflict(told.clone()).exec_without_returning(db).await?;
        let query = Entity::find().filter(Column::UserId.is_in(users)).filter(Column::About.is_in(about));
        for row in query.all(db).await? {
            if ids.contains(&row.id) { new.push(row) } else { again.push(row) }
        }
    }
    Ok((new, again))
}

/// Adds one that is about nothing that is told once.
pub(super) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// The newest first.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    user: Uuid,
    filter: &Filter,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(in_page(user, filter));
    if let Some(After { created_us, id }) = after {
        let (time, key) = (Column::CreatedUs, Column::Id);
        query = query.filter(time.lt(created_us).or(time.eq(created_us).and(key.lt(id))));
    }
    query.order_by_desc(Column::CreatedUs).order_by_desc(Column::Id).limit(limit).all(db).await
}

pub(super) async fn count(db: &impl ConnectionTrait, user: Uuid, filter: &Filter) -> Result<u64, DbErr> {
    Entity::find().filter(in_page(user, filter)).count(db).await
}

pub(super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Marks one of the user's, or all, as read; those that were read already stay as they were.
pub(super) async fn mark_read(
    db: &impl ConnectionTrait,
    user: Uuid,
    id: Option<Uuid>,
    now_us: i64,
) -> Result<(), DbErr> {
    let unread = Filter { unread: true, ..Filter::default() };
    let mut update = Entity::update_many().col_expr(Column::ReadUs, Expr::value(now_us)).filter(in_page(user, &unread));
    if let Some(id) = id {
        update = update.filter(Column::Id.eq(id));
    }
    update.exec(db).await.map(drop)
}

pub(super) async fn is_in_page(db: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id(id).filter(in_page(user, &Filter::default())).count(db).await? > 0)
}

/// How many of these a user had since.
pub(super) async fn count_since(
    db: &impl ConnectionTrait,
    user: Uuid,
    code: &str,
    since_us: i64,
) -> Result<u64, DbErr> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::CreatedUs.gte(since_us));
    query.filter(Column::Code.eq(code)).count(db).await
}

/// Forgets what is older, and its messages.
pub(super) async fn forget(db: &impl ConnectionTrait, before_us: i64) -> Result<(), DbErr> {
    deliveries::forget(db, before_us).await?;
    Entity::delete_many().filter(Column::CreatedUs.lt(before_us)).exec(db).await.map(drop)
}

fn in_page(user: Uuid, filter: &Filter) -> Condition {
    let all = Condition::all().add(Column::UserId.eq(user)).add(Column::Shown.eq(true));
    let all = all.add_option(filter.unread.then(|| Column::ReadUs.is_null()));
    all.add_option(filter.code.as_deref().map(|code| Column::Code.eq(code)))
}

// ---- what users want ------------------------------------------------------------------------------------------------

pub(super) async fn settings_of(
    db: &impl ConnectionTrait,
    users: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<settings::Model>, DbErr> {
    settings::Entity::find().filter(settings::Column::UserId.is_in(users)).all(db).await
}

/// To be changed: nobody else does until the transaction's end.
pub(super) async fn settings_to_change(
    tx: &impl ConnectionTrait,
    user: Uuid,
) -> Result<Option<settings::Model>, DbErr> {
    settings::Entity::find_by_id(user).lock_exclusive().one(tx).await
}

/// Where there are none yet.
pub(super) async fn insert_settings(db: &impl ConnectionTrait, row: settings::Model) -> Result<(), DbErr> {
    let once = OnConflict::column(settings::Column::UserId).do_nothing().to_owned();
    let row = row.into_active_model().reset_all();
    settings::Entity::insert(row).on_conflict(once).exec_without_returning(db).await.map(drop)
}

pub(super) async fn save_settings(db: &impl ConnectionTrait, row: settings::Model) -> Result<(), DbErr> {
    use settings::Column;
    let replace = OnConflict::column(Column::UserId)
        .update_columns([
            Column::Settings,
            Column::WebhookSecretId,
            Column::Email,
            Column::PendingEmail,
            Column::UpdatedUs,
        ])
        .to_owned();
    let row = row.into_active_model().reset_all();
    settings::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await.map(drop)
}

pub(super) async fn ask_about(db: &impl ConnectionTrait, job: Uuid, user: Uuid) -> Result<(), DbErr> {
    let row = jobs::Model { job_id: job, user_id: user };
    let once = OnConflict::columns([jobs::Column::JobId, jobs::Column::UserId]).do_nothing().to_owned();
    let row = row.into_active_model().reset_all();
    jobs::Entity::insert(row).on_conflict(once).exec_without_returning(db).await.map(drop)
}

/// Who asked about which of these jobs.
pub(super) async fn asked_about(db: &impl ConnectionTrait, jobs: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>, DbErr> {
    let rows = jobs::Entity::find().filter(jobs::Column::JobId.is_in(jobs.iter().copied())).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.job_id, row.user_id)).collect())
}

// ---- browsers that are pushed to ------------------------------------------------------------------------------------

pub(super) async fn subscriptions_of(
    db: &impl ConnectionTrait,
    users: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<subscriptions::Model>, DbErr> {
    use subscriptions::{Column, Entity};
    Entity::find().filter(Column::UserId.is_in(users)).order_by_asc(Column::CreatedUs).all(db).await
}

pub(super) async fn subscription(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<subscriptions::Model>, DbErr> {
    subscriptions::Entity::find_by_id(id).one(db).await
}

/// Adds a browser; it is that of one user at a time.
pub(super) async fn subscribe(db: &impl ConnectionTrait, row: subscriptions::Model) -> Result<(), DbErr> {
    use subscriptions::{Column, Entity};
    Entity::delete_many().filter(Column::EndpointHash.eq(&row.endpoint_hash)).exec(db).await?;
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// Whether there was one, of this user if one is named.
pub(super) async fn unsubscribe(db: &impl ConnectionTrait, id: Uuid, user: Option<Uuid>) -> Result<bool, DbErr> {
    use subscriptions::{Column, Entity};
    let mut delete = Entity::delete_many().filter(Column::Id.eq(id));
    if let Some(user) = user {
        delete = delete.filter(Column::UserId.eq(user));
    }
    Ok(delete.exec(db).await?.rows_affected > 0)
}
