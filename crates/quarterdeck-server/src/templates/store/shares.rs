//! The table `template_shares`: what users offer to everybody, and what became of it.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, QueryOrder, QuerySelect};

use crate::templates::share::State;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "template_shares")]
pub(in crate::templates) struct Model {
    /// Of version 7, so that later ones are greater.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    /// As the user was called then.
    pub username: String,
    pub unix_user: String,
    /// The user's own template that it was made of.
    pub own_template: String,
    /// The id that it is to have for everybody.
    pub template: String,
    pub version: String,
    /// Of its text, SHA-256; the text is in `template_texts`.
    pub hash: String,
    #[sea_orm(column_type = "Text")]
    pub note: String,
    pub state: String,
    pub created_us: i64,
    /// Since when somebody is about to put the file in place.
    pub claimed_us: Option<i64>,
    pub decided_us: Option<i64>,
    pub decided_by: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// The user's own file has the id that is everybody's now, and is to go to `archived/`.
    pub put_away: bool,
}

impl ActiveModelBehavior for ActiveModel {}

/// Whose, and which of them.
#[derive(Clone, Debug, Default)]
pub(in crate::templates) struct Wanted {
    /// One user's; `None`: everybody's, but for those that were taken back.
    pub user_id: Option<Uuid>,
    pub state: Option<State>,
    pub template: Option<String>,
    pub own_template: Option<String>,
}

pub(in crate::templates) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(in crate::templates) async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// The newest first, from the one before `before`.
pub(in crate::templates) async fn list(
    db: &impl ConnectionTrait,
    wanted: &Wanted,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(matching(wanted).add_option(before.map(|before| Column::Id.lt(before))));
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

pub(in crate::templates) async fn count(db: &impl ConnectionTrait, wanted: &Wanted) -> Result<u64, DbErr> {
    Entity::find().filter(matching(wanted)).count(db).await
}

pub(in crate::templates) async fn count_since(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    since_us: i64,
) -> Result<u64, DbErr> {
    let query = Entity::find().filter(Column::UserId.eq(user_id)).filter(Column::CreatedUs.gte(since_us));
    query.count(db).await
}

pub(in crate::templates) async fn open_of(db: &impl ConnectionTrait, user_id: Uuid) -> Result<Vec<Model>, DbErr> {
    let mine = Column::UserId.eq(user_id).and(Column::State.eq(State::Open.as_str()));
    Entity::find().filter(mine).order_by_desc(Column::Id).all(db).await
}

/// Whose text is everybody's under this id: what is just being put in place, else what was accepted last.
pub(in crate::templates) async fn last_accepted(
    db: &impl ConnectionTrait,
    template: &str,
) -> Result<Option<Model>, DbErr> {
    let under = || Entity::find().filter(Column::Template.eq(template));
    let claimed = under().filter(Column::ClaimedUs.is_not_null()).limit(1).one(db).await?;
    if claimed.is_some() {
        return Ok(claimed);
    }
    let accepted = under().filter(Column::State.eq(State::Accepted.as_str()));
    accepted.order_by_desc(Column::DecidedUs).limit(1).one(db).await
}

/// Claims an open one for whoever is about to put its file in place; whether it was free, or left alone since `stale_us`
/// by somebody who has died over it.
pub(in crate::templates) async fn claim(
    tx: &impl ConnectionTrait,
    id: Uuid,
    now_us: i64,
    stale_us: i64,
) -> Result<bool, DbErr> {
    let free = Condition::any().add(Column::ClaimedUs.is_null()).add(Column::ClaimedUs.lt(stale_us));
    let update = Entity::update_many().col_expr(Column::ClaimedUs, Expr::value(now_us));
    let open = update.filter(Column::Id.eq(id)).filter(Column::State.eq(State::Open.as_str())).filter(free);
    Ok(open.exec(tx).await?.rows_affected == 1)
}

pub(in crate::templates) async fn release(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::ClaimedUs, Expr::value(None::<i64>));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

/// How one that is open ended.
pub(in crate::templates) struct Ending<'a> {
    pub state: State,
    pub by: &'a str,
    pub reason: Option<&'a str>,
    pub put_away: bool,
    /// It was claimed by whoever ends it.
    pub is_claimed: bool,
}

/// Whether it was open still.
pub(in crate::templates) async fn end(
    tx: &impl ConnectionTrait,
    id: Uuid,
    ending: &Ending<'_>,
    now_us: i64,
) -> Result<bool, DbErr> {
    let claimed = match ending.is_claimed {
        true => Column::ClaimedUs.is_not_null(),
        false => Column::ClaimedUs.is_null(),
    };
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(ending.state.as_str()))
        .col_expr(Column::DecidedUs, Expr::value(now_us))
        .col_expr(Column::DecidedBy, Expr::value(ending.by))
        .col_expr(Column::Reason, Expr::value(ending.reason))
        .col_expr(Column::PutAway, Expr::value(ending.put_away))
        .col_expr(Column::ClaimedUs, Expr::value(None::<i64>));
    let open = update.filter(Column::Id.eq(id)).filter(Column::State.eq(State::Open.as_str())).filter(claimed);
    Ok(open.exec(tx).await?.rows_affected == 1)
}

/// Of this Unix user, those whose own file is yet to go to `archived/`.
pub(in crate::templates) async fn to_put_away(db: &impl ConnectionTrait, unix_user: &str) -> Result<Vec<Model>, DbErr> {
    let theirs = Column::UnixUser.eq(unix_user).and(Column::PutAway.eq(true));
    Entity::find().filter(theirs).all(db).await
}

pub(in crate::templates) async fn was_put_away(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::PutAway, Expr::value(false));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

fn matching(Wanted { user_id, state, template, own_template }: &Wanted) -> Condition {
    let whose = match user_id {
        Some(user_id) => Column::UserId.eq(*user_id),
        None => Column::State.ne(State::TakenBack.as_str()),
    };
    Condition::all()
        .add(whose)
        .add_option(state.map(|state| Column::State.eq(state.as_str())))
        .add_option(template.as_deref().map(|template| Column::Template.eq(template)))
        .add_option(own_template.as_deref().map(|own| Column::OwnTemplate.eq(own)))
}
