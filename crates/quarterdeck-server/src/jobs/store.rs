//! The table `jobs`: every job that was submitted here or seen in a queue, unique by (cluster, job id, submit time).

use quarterdeck_types::JobState;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, Condition, DatabaseTransaction, IntoActiveModel, Order, QueryOrder, QuerySelect};

use crate::clusters::Sight;
use crate::db::{Part, like};

const INSERTED_AT_ONCE: usize = 100;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub cluster: String,
    pub job_id: Option<String>,
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

/// The row as it stands, for a transaction that will write it: nobody else does until then. (On SQLite a transaction
/// that writes is alone anyway.)
pub(super) async fn by_id_to_change(tx: &DatabaseTransaction, cluster: &str, id: Uuid) -> Result<Option<Model>, DbErr> {
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

/// The newest first (or, ascending, the oldest).
pub(super) async fn list(
    db: &impl ConnectionTrait,
    cluster: &str,
    filter: &Filter,
    after: Option<After>,
    ascending: bool,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(matching(cluster, filter));
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
    let tasks = query.filter(like(Expr::col(Column::JobId), Part::Start, &format!("{root}_")));
    let numbers: Vec<Option<String>> = tasks.select_only().column(Column::JobId).into_tuple().all(db).await?;
    Ok(numbers.into_iter().flatten().collect())
}

/// The numbers of the rows that were inserted last, of those that have one: ids are ordered by time.
pub(super) async fn newest_numbers(db: &impl ConnectionTrait, cluster: &str, limit: u64) -> Result<Vec<String>, DbErr> {
    let query = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::JobId.is_not_null());
    let rows = query.order_by_desc(Column::Id).limit(limit).all(db).await?;
    Ok(rows.into_iter().filter_map(|row| row.job_id).collect())
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
    let number = |part, text: &str| like(Expr::col(Column::JobId), part, text);
    match &filter.parts {
        Parts::WithWholes => {}
        Parts::None => {
            let whole = number(Part::Any, "_").not().and(number(Part::Any, "+").not());
            all = all.add(Column::JobId.is_null().or(whole));
        }
        Parts::Of(Whole { root, id, next }) => {
            let part = number(Part::Start, &format!("{root}_")).or(number(Part::Start, &format!("{root}+")));
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
