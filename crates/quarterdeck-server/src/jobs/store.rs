//! The table `jobs`: every job that was submitted here or seen in a queue, unique by (cluster, job id, submit time).

use quarterdeck_types::JobState;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, Iterable, JoinType, Order, QueryOrder, QuerySelect};

use super::dependencies::MOST_SHOWN;
use crate::clusters::Sight;
use crate::db::{Part, Transaction, like};

const INSERTED_AT_ONCE: usize = 100;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub cluster: String,
    pub job_id: Option<String>,
    /// What the number of a part has in common with its whole's.
    pub root: Option<String>,
    pub submitted_us: i64,
    pub name: String,
    pub user: String,
    pub owner_id: Option<Uuid>,
    pub account: Option<String>,
    pub partition: Option<String>,
    pub qos: Option<String>,
    pub state: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub started_us: Option<i64>,
    pub ended_us: Option<i64>,
    pub time_limit_minutes: Option<i32>,
    pub node_list: Option<String>,
    pub nodes: i32,
    pub cpus: i32,
    pub memory_mib: Option<i64>,
    pub gpus: i32,
    pub template: Option<String>,
    pub template_hash: Option<String>,
    pub image: Option<String>,
    pub working_directory: Option<String>,
    pub output_path: Option<String>,
    pub error_path: Option<String>,
    pub comment: Option<String>,
    pub script: Option<String>,
    pub files: Json,
    pub array: Option<String>,
    pub rows_directory: Option<String>,
    pub idempotency_key: Option<String>,
    pub request_hash: Option<String>,
    pub updated_us: i64,
    /// Whoever has its Unix user asked the portal to cancel it.
    pub cancelled_by_user: bool,
}

impl ActiveModelBehavior for ActiveModel {}

/// What was asked for when the job was submitted here.
mod requests {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "job_requests")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub job_id: Uuid,
        pub request: Json,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What jobs wait for.
mod dependencies {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "job_dependencies")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub job: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub on_job_id: String,
        pub on_root: String,
        pub cluster: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) use dependencies::Model as DependencyModel;

/// What a list is filtered by.
#[derive(Default)]
pub(super) struct Filter {
    pub user: Option<String>,
    pub states: Vec<&'static str>,
    pub partition: Option<String>,
    pub account: Option<String>,
    /// Part of the name, or the beginning of the job id.
    pub text: Option<String>,
    pub since_us: Option<i64>,
    /// Part of the list of nodes.
    pub node_list: Option<String>,
    pub parts: Parts,
    /// Only what somebody may see.
    pub sight: Option<Sight>,
}

/// What a list has of arrays and heterogeneous jobs: the row of the whole, the rows of its tasks or components, or both.
#[derive(Default)]
pub(super) enum Parts {
    #[default]
    WithWholes,
    None,
    Of(Whole),
}

/// An array or a heterogeneous job. A part's row is never older than its whole's: that tells apart two of one number,
/// since Slurm's ids wrap.
pub(super) struct Whole {
    pub root: String,
    pub id: Uuid,
    /// The row of the next one of this number.
    pub next: Option<Uuid>,
}

/// Where a page begins: behind this row, in the order of submission.
#[derive(Clone, Copy)]
pub(super) struct After {
    pub submitted_us: i64,
    pub id: Uuid,
}

pub(super) async fn insert(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

/// A few at a time: each value is a parameter of the statement.
pub(super) async fn insert_all(db: &impl ConnectionTrait, rows: impl Iterator<Item = Model>) -> Result<(), DbErr> {
    let rows: Vec<ActiveModel> = rows.map(|row| row.into_active_model().reset_all()).collect();
    for some in rows.chunks(INSERTED_AT_ONCE) {
        Entity::insert_many(some.iter().cloned()).exec_without_returning(db).await?;
    }
    Ok(())
}

pub(super) async fn insert_request(db: &impl ConnectionTrait, job: Uuid, request: Json) -> Result<(), DbErr> {
    let row = requests::Model { job_id: job, request };
    requests::Entity::insert(row.into_active_model().reset_all()).exec_without_returning(db).await.map(drop)
}

pub(super) async fn request_of(db: &impl ConnectionTrait, job: Uuid) -> Result<Option<Json>, DbErr> {
    Ok(requests::Entity::find_by_id(job).one(db).await?.map(|row| row.request))
}

pub(super) async fn save(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    row.into_active_model().reset_all().update(db).await.map(drop)
}

pub(super) async fn by_id(db: &impl ConnectionTrait, cluster: &str, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::Cluster.eq(cluster)).one(db).await
}

/// Keeps that its own user asks for the job's end, or that she does not after all.
pub(super) async fn set_cancelled_by_user(db: &impl ConnectionTrait, id: Uuid, asked: bool) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::CancelledByUser, Expr::value(asked));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

/// The row as it stands, for a transaction that will write it: nobody else does until then. (On SQLite a transaction
/// that writes is alone anyway.)
pub(super) async fn by_id_to_change(tx: &Transaction, cluster: &str, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::Cluster.eq(cluster)).lock_exclusive().one(tx).await
}

/// The newest of this number, since Slurm's ids wrap.
pub(super) async fn by_job_id(db: &impl ConnectionTrait, cluster: &str, job_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::JobId.eq(job_id))
        .order_by_desc(Column::SubmittedUs)
        .one(db)
        .await
}

/// The row that had this number when this one was made.
pub(super) async fn last_before(
    db: &impl ConnectionTrait,
    cluster: &str,
    job_id: &str,
    id: Uuid,
) -> Result<Option<Model>, DbErr> {
    let same = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::JobId.eq(job_id));
    same.filter(Column::Id.lt(id)).order_by_desc(Column::Id).one(db).await
}

/// The row after this one that has the same number.
pub(super) async fn next_of_number(
    db: &impl ConnectionTrait,
    cluster: &str,
    job_id: &str,
    id: Uuid,
) -> Result<Option<Uuid>, DbErr> {
    let same = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::JobId.eq(job_id));
    let next = same.filter(Column::Id.gt(id)).order_by_asc(Column::Id).select_only().column(Column::Id);
    next.into_tuple().one(db).await
}

pub(super) async fn by_idempotency_key(
    db: &impl ConnectionTrait,
    cluster: &str,
    owner: Uuid,
    key: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::OwnerId.eq(owner))
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::IdempotencyKey.eq(key))
        .one(db)
        .await
}

/// The newest first (or, ascending, the oldest), without their scripts: no list shows them, and each may have megabytes.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    cluster: &str,
    filter: &Filter,
    after: Option<After>,
    ascending: bool,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let shown = Column::iter().filter(|column| !matches!(column, Column::Script));
    let query = Entity::find().select_only().columns(shown).expr_as(Expr::val(None::<String>), Column::Script.as_str());
    let mut query = query.filter(matching(cluster, filter));
    if let Some(after) = after {
        let (time, id) = (Column::SubmittedUs, Column::Id);
        let beyond = if ascending {
            time.gt(after.submitted_us).or(time.eq(after.submitted_us).and(id.gt(after.id)))
        } else {
            time.lt(after.submitted_us).or(time.eq(after.submitted_us).and(id.lt(after.id)))
        };
        query = query.filter(beyond);
    }
    let order = if ascending { Order::Asc } else { Order::Desc };
    query.order_by(Column::SubmittedUs, order.clone()).order_by(Column::Id, order).limit(limit).all(db).await
}

pub(super) async fn count(db: &impl ConnectionTrait, cluster: &str, filter: &Filter) -> Result<u64, DbErr> {
    Entity::find().filter(matching(cluster, filter)).count(db).await
}

/// How many jobs are in each state.
pub(super) async fn count_by_state(
    db: &impl ConnectionTrait,
    cluster: &str,
    filter: &Filter,
) -> Result<Vec<(String, i64)>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::State)
        .column_as(Column::Id.count(), "count")
        .filter(matching(cluster, filter))
        .group_by(Column::State)
        .into_tuple()
        .all(db)
        .await
}

/// All rows of the cluster in one of these states, the oldest first.
pub(super) async fn in_states(
    db: &impl ConnectionTrait,
    cluster: &str,
    states: &[&'static str],
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::State.is_in(states.iter().copied()))
        .order_by_asc(Column::Id)
        .all(db)
        .await
}

/// The numbers alone of the rows in one of these states, of those that have one.
pub(super) async fn numbers_in_states(
    db: &impl ConnectionTrait,
    cluster: &str,
    states: &[&'static str],
) -> Result<Vec<String>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::JobId.is_not_null());
    numbers(db, query.filter(Column::State.is_in(states.iter().copied()))).await
}

/// Rows carry scripts, and more: where the number is enough they stay where they are.
async fn numbers(db: &impl ConnectionTrait, query: Select<Entity>) -> Result<Vec<String>, DbErr> {
    query.select_only().column(Column::JobId).into_tuple().all(db).await
}

/// The rows of these numbers, to be changed: locked to the transaction's end. At most a few hundred at a time: each is
/// a parameter of the statement.
pub(super) async fn by_job_ids(
    db: &impl ConnectionTrait,
    cluster: &str,
    job_ids: &[&str],
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::JobId.is_in(job_ids.iter().copied()))
        .lock_exclusive()
        .all(db)
        .await
}

/// Likewise, by our ids.
pub(super) async fn by_ids(db: &impl ConnectionTrait, cluster: &str, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::Id.is_in(ids.iter().copied()));
    query.lock_exclusive().all(db).await
}

/// Removes what the queue told of a job before its own row had the number.
pub(super) async fn delete_strays(db: &impl ConnectionTrait, cluster: &str, job_id: &str) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::JobId.eq(job_id))
        .filter(Column::OwnerId.is_null())
        .filter(Column::State.is_in(JobState::ALL.into_iter().filter(|state| !state.is_final()).map(JobState::as_str)))
        .exec(db)
        .await
        .map(drop)
}

/// The numbers of an array's tasks that run.
pub(super) async fn running_tasks(db: &impl ConnectionTrait, cluster: &str, root: &str) -> Result<Vec<String>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::State.eq(JobState::Running.as_str()));
    let tasks = query.filter(Column::Root.eq(root)).filter(is_whole().not());
    numbers(db, tasks).await
}

/// Jobs that run on nodes and are ended within this time, or within this part of their time limit where that is less:
/// their ids and when they started. (Rows carry scripts.)
pub(super) async fn near_limit(
    db: &impl ConnectionTrait,
    cluster: &str,
    now_us: i64,
    within_us: i64,
    of_limit_us_a_minute: i64,
) -> Result<Vec<(Uuid, i64)>, DbErr> {
    let limit = || Expr::col(Column::TimeLimitMinutes);
    let left = || Expr::col(Column::StartedUs).add(limit().mul(60_000_000i64)).sub(now_us);
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::State.eq(JobState::Running.as_str()));
    let query = query.filter(Column::TimeLimitMinutes.is_not_null()).filter(Column::NodeList.is_not_null());
    let near = query.filter(left().gt(0)).filter(left().lte(within_us));
    let near = near.filter(left().lte(limit().mul(of_limit_us_a_minute))).filter(Column::StartedUs.is_not_null());
    near.select_only().columns([Column::Id, Column::StartedUs]).into_tuple().all(db).await
}

/// The numbers of the rows that were inserted last, of those that have one: ids are ordered by time.
pub(super) async fn newest_numbers(db: &impl ConnectionTrait, cluster: &str, limit: u64) -> Result<Vec<String>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::JobId.is_not_null());
    numbers(db, query.order_by_desc(Column::Id).limit(limit)).await
}

/// How many parts of these wholes are in each state. A number that is given again is another whole: its parts come after
/// it.
pub(super) async fn count_parts(
    db: &impl ConnectionTrait,
    cluster: &str,
    wholes: &[Uuid],
) -> Result<Vec<(Uuid, String, i64)>, DbErr> {
    let (whole, part, later) = (Alias::new("whole"), Alias::new("part"), Alias::new("later"));
    let of = |table: &Alias, column: Column| Expr::col((table.clone(), column));
    let superseded = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, later.clone())
        .and_where(of(&later, Column::Cluster).eq(cluster))
        .and_where(of(&later, Column::JobId).eq(of(&whole, Column::JobId)))
        .and_where(of(&later, Column::Id).gt(of(&whole, Column::Id)))
        .and_where(of(&later, Column::Id).lt(of(&part, Column::Id)))
        .to_owned();
    let query = Query::select()
        .column((whole.clone(), Column::Id))
        .column((part.clone(), Column::State))
        .expr(of(&part, Column::Id).count())
        .from_as(Entity, whole.clone())
        .join_as(
            JoinType::InnerJoin,
            Entity,
            part.clone(),
            of(&part, Column::Cluster)
                .eq(of(&whole, Column::Cluster))
                .and(of(&part, Column::Root).eq(of(&whole, Column::JobId)))
                .and(of(&part, Column::JobId).ne(of(&part, Column::Root)))
                .and(of(&part, Column::Id).gt(of(&whole, Column::Id))),
        )
        .and_where(of(&whole, Column::Cluster).eq(cluster))
        .and_where(of(&whole, Column::Id).is_in(wholes.iter().copied()))
        .and_where(Expr::exists(superseded).not())
        .group_by_col((whole.clone(), Column::Id))
        .group_by_col((part.clone(), Column::State))
        .to_owned();
    let rows = db.query_all(&query).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?))).collect()
}

/// The rows that have these numbers, to be looked at.
pub(super) async fn of_numbers(
    db: &impl ConnectionTrait,
    cluster: &str,
    numbers: &[&str],
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster));
    query.filter(Column::JobId.is_in(numbers.iter().copied())).all(db).await
}

/// Adds what is not there yet: job, kind, and the number that it waits for with its root.
pub(super) async fn insert_dependencies(
    db: &impl ConnectionTrait,
    cluster: &str,
    links: Vec<(Uuid, String, String, String)>,
) -> Result<(), DbErr> {
    use dependencies::Column;
    // Each has five parameters.
    for some in links.chunks(1000) {
        let rows = some.iter().cloned().map(|(job, kind, on_job_id, on_root)| {
            let row = dependencies::Model { job, kind, on_job_id, on_root, cluster: cluster.to_owned() };
            row.into_active_model().reset_all()
        });
        let mut conflict = OnConflict::columns([Column::Job, Column::Kind, Column::OnJobId]);
        conflict.update_column(Column::OnRoot);
        dependencies::Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await?;
    }
    Ok(())
}

pub(super) async fn dependencies_of(db: &impl ConnectionTrait, job: Uuid) -> Result<Vec<DependencyModel>, DbErr> {
    use dependencies::Column;
    let query = dependencies::Entity::find().filter(Column::Job.eq(job)).order_by_asc(Column::OnJobId);
    query.limit(MOST_SHOWN as u64).all(db).await
}

/// What depends on this number, of the jobs submitted from then on, with their rows.
pub(super) async fn dependents_on(
    db: &impl ConnectionTrait,
    cluster: &str,
    root: &str,
    since_us: i64,
) -> Result<Vec<(DependencyModel, Model)>, DbErr> {
    use dependencies::Column as On;
    let query = dependencies::Entity::find().filter(On::Cluster.eq(cluster)).filter(On::OnRoot.eq(root));
    let links = query.order_by_desc(On::Job).limit(MOST_SHOWN as u64).all(db).await?;
    let ids = links.iter().map(|link| link.job);
    let rows = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::Id.is_in(ids));
    let rows = rows.filter(Column::SubmittedUs.gte(since_us)).all(db).await?;
    let with_row = |link: DependencyModel| {
        let row = rows.iter().find(|row| row.id == link.job)?.clone();
        Some((link, row))
    };
    Ok(links.into_iter().filter_map(with_row).collect())
}

/// Neither a task nor a component.
fn is_whole() -> Expr {
    Expr::col(Column::JobId).eq(Expr::col(Column::Root))
}

pub(super) fn matching(cluster: &str, filter: &Filter) -> Condition {
    let mut all = Condition::all().add(Column::Cluster.eq(cluster));
    if let Some(user) = &filter.user {
        all = all.add(Column::User.eq(user));
    }
    if !filter.states.is_empty() {
        all = all.add(Column::State.is_in(filter.states.iter().copied()));
    }
    if let Some(partition) = &filter.partition {
        all = all.add(Column::Partition.eq(partition));
    }
    if let Some(account) = &filter.account {
        all = all.add(Column::Account.eq(account));
    }
    if let Some(Sight::Some { user, accounts }) = &filter.sight {
        let mut seen = Condition::any().add(Column::Account.is_in(accounts));
        if let Some(user) = user {
            seen = seen.add(Column::User.eq(user));
        }
        all = all.add(seen);
    }
    if let Some(since) = filter.since_us {
        all = all.add(Column::SubmittedUs.gte(since));
    }
    if let Some(text) = &filter.node_list {
        all = all.add(like(Expr::col(Column::NodeList), Part::Any, text));
    }
    match &filter.parts {
        Parts::WithWholes => {}
        Parts::None => {
            all = all.add(Column::JobId.is_null().or(is_whole()));
        }
        Parts::Of(Whole { root, id, next }) => {
            let part = Column::Root.eq(root).and(is_whole().not());
            all = all.add(part).add(Column::Id.gt(*id)).add_option(next.map(|next| Column::Id.lt(next)));
        }
    }
    if let Some(text) = &filter.text {
        let name = like(Expr::col(Column::Name), Part::Any, text);
        let job_id = like(Expr::col(Column::JobId), Part::Start, text);
        all = all.add(Condition::any().add(name).add(job_id));
    }
    all
}
