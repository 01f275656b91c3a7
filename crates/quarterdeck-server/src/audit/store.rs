//! The audit's tables. Rows of `audit_events` and `audit_seals` are added and, once archived, removed; never changed.

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ActiveModelTrait, FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use crate::db::{Part, like};

/// Rows read or written by one statement: each brings parameters, of which SQLite takes 32,766.
pub(super) const PAGE: u64 = 1_000;

pub(super) mod events {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events")]
    pub(crate) struct Model {
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
        /// Null in rows of versions that made none.
        pub mac: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The place of each event in the chain.
pub(super) mod seals {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_seals")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub event_id: Uuid,
        pub previous: String,
        pub mac: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Events that have no place yet. Written in the transaction of the event, so that one that is committed late is not
/// overlooked and nobody has to search for them.
pub(super) mod unsealed {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_unsealed")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: Uuid,
        pub at_us: i64,
        pub mac: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The files that hold the beginning of the chain.
pub(super) mod archives {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_archives")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub first_seq: i64,
        pub last_seq: i64,
        pub last_mac: String,
        pub last_at_us: i64,
        pub file: String,
        pub sha256: String,
        pub mac: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod turn {
    use super::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_turn")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Adds events; within a transaction of the caller's, since each takes two rows.
pub(super) async fn insert(tx: &impl ConnectionTrait, rows: Vec<events::Model>) -> Result<(), DbErr> {
    let marks = rows.iter().map(|row| {
        let mac = row.mac.clone().unwrap_or_default();
        unsealed::Model { event_id: row.id, at_us: row.at_us, mac }.into_active_model().reset_all()
    });
    let marks: Vec<unsealed::ActiveModel> = marks.collect();
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    events::Entity::insert_many(rows).exec_without_returning(tx).await?;
    unsealed::Entity::insert_many(marks).exec_without_returning(tx).await.map(drop)
}

/// Waits until no other server seals; until the transaction's end none will.
pub(super) async fn take_turn(tx: &impl ConnectionTrait) -> Result<(), DbErr> {
    turn::Entity::find().lock_exclusive().all(tx).await.map(drop)
}

/// The oldest events without a seal.
pub(super) async fn to_be_sealed(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<unsealed::Model>, DbErr> {
    let query = unsealed::Entity::find();
    query.order_by_asc(unsealed::Column::AtUs).order_by_asc(unsealed::Column::EventId).limit(limit).all(db).await
}

pub(super) async fn count_unsealed(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    unsealed::Entity::find().count(db).await
}

pub(super) async fn insert_seals(tx: &impl ConnectionTrait, seals: Vec<seals::Model>) -> Result<(), DbErr> {
    let rows = seals.into_iter().map(|seal| seal.into_active_model().reset_all());
    seals::Entity::insert_many(rows).exec_without_returning(tx).await.map(drop)
}

pub(super) async fn unmark(tx: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    let ids = unsealed::Column::EventId.is_in(ids.iter().copied());
    unsealed::Entity::delete_many().filter(ids).exec(tx).await.map(drop)
}

pub(super) async fn last_seal(db: &impl ConnectionTrait) -> Result<Option<seals::Model>, DbErr> {
    seals::Entity::find().order_by_desc(seals::Column::Seq).limit(1).one(db).await
}

pub(super) async fn seal_at(db: &impl ConnectionTrait, seq: i64) -> Result<Option<seals::Model>, DbErr> {
    seals::Entity::find_by_id(seq).one(db).await
}

pub(super) async fn seals_of(db: &impl ConnectionTrait, events: &[Uuid]) -> Result<Vec<seals::Model>, DbErr> {
    seals::Entity::find().filter(seals::Column::EventId.is_in(events.iter().copied())).all(db).await
}

/// Which of these events have a place. Their ids alone, since the rest of a seal may be unreadable.
pub(super) async fn sealed_among(db: &impl ConnectionTrait, events: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    let query = seals::Entity::find().select_only().column(seals::Column::EventId);
    let query = query.filter(seals::Column::EventId.is_in(events.iter().copied()));
    Ok(query.into_tuple().all(db).await?.into_iter().collect())
}

/// In the order of the chain; where somebody wrote what is no seal, its place, if that at least can be read.
pub(super) async fn seals_after(
    db: &impl ConnectionTrait,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<Result<seals::Model, Option<i64>>>, DbErr> {
    let mut query = seals::Entity::find();
    if let Some(after) = after {
        query = query.filter(seals::Column::Seq.gt(after));
    }
    read_seals(db, query.order_by_asc(seals::Column::Seq).limit(limit)).await
}

/// The chain's end, backwards.
pub(super) async fn newest_seals(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<Result<seals::Model, Option<i64>>>, DbErr> {
    read_seals(db, seals::Entity::find().order_by_desc(seals::Column::Seq).limit(limit)).await
}

async fn read_seals(
    db: &impl ConnectionTrait,
    query: Select<seals::Entity>,
) -> Result<Vec<Result<seals::Model, Option<i64>>>, DbErr> {
    let rows = db.query_all(&query.into_query()).await?;
    let read = |row: &QueryResult| seals::Model::from_query_result(row, "").map_err(|_| row.try_get("", "seq").ok());
    Ok(rows.iter().map(read).collect())
}

/// Whether anything was ever recorded.
pub(super) async fn has_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(events::Entity::find().count(db).await? > 0
        || seals::Entity::find().count(db).await? > 0
        || archives::Entity::find().count(db).await? > 0)
}

/// An event as it is found, whatever somebody did to its row.
pub(super) enum Found {
    Event(Box<events::Model>),
    /// Its columns hold what they cannot; the id, if that at least can be read.
    Unreadable(Option<Uuid>),
}

pub(super) async fn events_by_ids(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Found>, DbErr> {
    let query = events::Entity::find().filter(events::Column::Id.is_in(ids.iter().copied()));
    found(db, &query.into_query()).await
}

/// Events that have no seal, by id. `waiting`: those that are to get one; else those that never will.
pub(super) async fn without_seal(
    db: &impl ConnectionTrait,
    waiting: bool,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Found>, DbErr> {
    let id = || Expr::col((events::Entity, events::Column::Id));
    let sealed = Query::select()
        .expr(Expr::val(1))
        .from(seals::Entity)
        .and_where(Expr::col((seals::Entity, seals::Column::EventId)).eq(id()))
        .to_owned();
    let marked = Query::select()
        .expr(Expr::val(1))
        .from(unsealed::Entity)
        .and_where(Expr::col((unsealed::Entity, unsealed::Column::EventId)).eq(id()))
        .to_owned();
    let marked = if waiting { Expr::exists(marked) } else { Expr::not_exists(marked) };
    let mut query = events::Entity::find().filter(Expr::not_exists(sealed)).filter(marked);
    if let Some(after) = after {
        query = query.filter(events::Column::Id.gt(after));
    }
    found(db, &query.order_by_asc(events::Column::Id).limit(limit).into_query()).await
}

async fn found(db: &impl ConnectionTrait, query: &SelectStatement) -> Result<Vec<Found>, DbErr> {
    let rows = db.query_all(query).await?;
    let read = |row: &QueryResult| match events::Model::from_query_result(row, "") {
        Ok(event) => Found::Event(Box::new(event)),
        Err(_) => Found::Unreadable(row.try_get("", "id").ok()),
    };
    Ok(rows.iter().map(read).collect())
}

/// Rows that no version with a chain has written.
pub(super) async fn events_without_mac(db: &impl ConnectionTrait, limit: u64) -> Result<Vec<events::Model>, DbErr> {
    let query = events::Entity::find().filter(events::Column::Mac.is_null());
    query.order_by_asc(events::Column::AtUs).order_by_asc(events::Column::Id).limit(limit).all(db).await
}

/// The one change that is ever made to an event: its code, where it was written before there were any.
pub(super) async fn adopt(tx: &impl ConnectionTrait, event: &events::Model, mac: String) -> Result<(), DbErr> {
    events::Entity::update_many()
        .col_expr(events::Column::Mac, Expr::value(mac.clone()))
        .filter(events::Column::Id.eq(event.id))
        .exec(tx)
        .await?;
    let mark = unsealed::Model { event_id: event.id, at_us: event.at_us, mac };
    unsealed::Entity::insert(mark.into_active_model().reset_all()).exec_without_returning(tx).await.map(drop)
}

/// In the order of the chain.
pub(super) async fn archives(db: &impl ConnectionTrait) -> Result<Vec<archives::Model>, DbErr> {
    archives::Entity::find().order_by_asc(archives::Column::FirstSeq).all(db).await
}

/// Enters an archive's file, and removes what it holds from the database.
pub(super) async fn archived(
    tx: &impl ConnectionTrait,
    archive: archives::Model,
    events: &[Uuid],
) -> Result<(), DbErr> {
    for ids in events.chunks(PAGE as usize) {
        events::Entity::delete_many().filter(events::Column::Id.is_in(ids.iter().copied())).exec(tx).await?;
    }
    let range = seals::Column::Seq.between(archive.first_seq, archive.last_seq);
    seals::Entity::delete_many().filter(range).exec(tx).await?;
    archives::Entity::insert(archive.into_active_model().reset_all()).exec_without_returning(tx).await.map(drop)
}

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub actor: Option<String>,
    pub actor_id: Option<Uuid>,
    pub action: Option<String>,
    /// The object itself or the scheduler's id of a job.
    pub object: Option<String>,
    pub result: Option<super::Ending>,
    pub since_us: Option<i64>,
    pub until_us: Option<i64>,
    pub text: Option<String>,
    /// An intent without a conclusion that is older than this has an unknown outcome.
    pub unknown_before_us: i64,
}

/// The newest first; conclusions are told with their intents.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    wanted: &Wanted,
    before: Option<(i64, Uuid)>,
    limit: u64,
) -> Result<Vec<events::Model>, DbErr> {
    use events::Column::{AtUs, Id};
    let mut query = events::Entity::find().filter(matching(wanted));
    if let Some((at_us, id)) = before {
        query = query.filter(AtUs.lt(at_us).or(AtUs.eq(at_us).and(Id.lt(id))));
    }
    query.order_by_desc(AtUs).order_by_desc(Id).limit(limit).all(db).await
}

pub(super) async fn count(db: &impl ConnectionTrait, wanted: &Wanted) -> Result<u64, DbErr> {
    events::Entity::find().filter(matching(wanted)).count(db).await
}

/// How the deeds of these intents ended.
pub(super) async fn conclusions(db: &impl ConnectionTrait, intents: &[Uuid]) -> Result<Vec<events::Model>, DbErr> {
    let query = events::Entity::find().filter(events::Column::IntentId.is_in(intents.iter().copied()));
    query.order_by_asc(events::Column::Id).all(db).await
}

fn matching(wanted: &Wanted) -> Condition {
    use events::Column::{Action, Actor, ActorId, Address, AtUs, IntentId, JobId, Object, RequestId};
    let mut all = Condition::all().add(IntentId.is_null());
    if let Some(id) = wanted.actor_id {
        all = all.add(ActorId.eq(id));
    }
    if let Some(name) = &wanted.actor {
        all = all.add(Actor.eq(name));
    }
    if let Some(action) = &wanted.action {
        all = all.add(match action.ends_with('.') {
            true => holds(Action, Part::Start, action),
            false => Action.eq(action),
        });
    }
    if let Some(object) = &wanted.object {
        all = all.add(Condition::any().add(Object.eq(object)).add(JobId.eq(object)).add(concluded_about(object)));
    }
    if let Some(result) = wanted.result {
        all = all.add(ended(result, wanted.unknown_before_us));
    }
    if let Some(since) = wanted.since_us {
        all = all.add(AtUs.gte(since));
    }
    if let Some(until) = wanted.until_us {
        all = all.add(AtUs.lt(until));
    }
    if let Some(text) = &wanted.text {
        let columns = [Actor, Action, Object, Address, RequestId];
        let any =
            columns.into_iter().map(|column| holds(column, Part::Any, text)).fold(Condition::any(), Condition::add);
        all = all.add(any);
    }
    all
}

fn holds(column: events::Column, part: Part, text: &str) -> Expr {
    like(Expr::col((events::Entity, column)), part, text)
}

/// The scheduler's id is often known only when the deed is done.
fn concluded_about(job_id: &str) -> Expr {
    Expr::exists(conclusion().and_where(Expr::col(("ended", events::Column::JobId)).eq(job_id)).to_owned())
}

fn ended(result: super::Ending, unknown_before_us: i64) -> Condition {
    use super::{Ending, Outcome};
    let open = |age: Expr| {
        let intent = events::Column::Result.eq(super::INTENT);
        Condition::all().add(intent).add(Expr::not_exists(conclusion())).add(age)
    };
    let told = |outcome: Outcome| {
        let ended_so = Expr::col(("ended", events::Column::Result)).eq(outcome.as_str());
        let said = Expr::exists(conclusion().and_where(ended_so).to_owned());
        Condition::any().add(events::Column::Result.eq(outcome.as_str())).add(said)
    };
    match result {
        Ending::Done => told(Outcome::Done),
        Ending::Refused => told(Outcome::Refused),
        Ending::Failed => told(Outcome::Failed),
        Ending::Unknown => told(Outcome::Unknown).add(open(events::Column::AtUs.lt(unknown_before_us))),
        Ending::Pending => open(events::Column::AtUs.gte(unknown_before_us)),
    }
}

/// Of the event at hand, as a query within a query.
fn conclusion() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from_as(events::Entity, "ended")
        .and_where(Expr::col(("ended", events::Column::IntentId)).eq(Expr::col((events::Entity, events::Column::Id))))
        .to_owned()
}
