//! The table `job_usage`: what jobs that are over had been given and used.

use quarterdeck_types::JobState;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{Condition, IntoActiveModel, Order, QueryOrder, QuerySelect};

use crate::jobs::store as jobs;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_usage")]
pub(super) struct Model {
    /// The job's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub cluster: String,
    pub user: String,
    /// Without its version.
    pub template: Option<String>,
    pub state: String,
    pub ended_us: i64,
    /// 0: it never ran, is a whole of others, or accounting knows nothing of it.
    pub elapsed_s: i64,
    pub time_limit_minutes: Option<i32>,
    pub nodes: i32,
    pub tasks: i32,
    pub cpus: i32,
    pub cpu_given_s: i64,
    pub cpu_used_ms: Option<i64>,
    pub memory_given_mib: Option<i64>,
    pub memory_used_mib: Option<i64>,
    pub memory_of_a_node_mib: Option<i64>,
    pub gpus: i32,
    pub gpu_percent: Option<i32>,
    pub gpu_memory_mib: Option<i64>,
    pub cpu_wasted_s: i64,
    pub memory_wasted_mib_s: i64,
    pub gpu_wasted_s: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Another server of the site may have been quicker.
pub(super) async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    let there = OnConflict::column(Column::Id).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(there).exec_without_returning(db).await.map(drop)
}

pub(super) async fn by_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(db).await
}

/// Jobs that ended then and whose usage is not kept yet, those that ended first before the others.
pub(super) async fn without_usage(
    db: &impl ConnectionTrait,
    cluster: &str,
    from_us: i64,
    to_us: i64,
    limit: u64,
) -> Result<Vec<jobs::Model>, DbErr> {
    let kept = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).equals((jobs::Entity, jobs::Column::Id)))
        .to_owned();
    let over = JobState::ALL.into_iter().filter(|state| state.is_final()).map(JobState::as_str);
    jobs::Entity::find()
        .filter(jobs::Column::Cluster.eq(cluster))
        .filter(jobs::Column::EndedUs.between(from_us, to_us))
        .filter(jobs::Column::JobId.is_not_null())
        .filter(jobs::Column::State.is_in(over))
        .filter(Expr::exists(kept).not())
        .order_by_asc(jobs::Column::EndedUs)
        .limit(limit)
        .all(db)
        .await
}

/// Of an array's tasks, or of a heterogeneous job's components.
pub(super) async fn of_parts(
    db: &impl ConnectionTrait,
    cluster: &str,
    parts: &jobs::Filter,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let ids = Query::select()
        .column((jobs::Entity, jobs::Column::Id))
        .from(jobs::Entity)
        .cond_where(jobs::matching(cluster, parts))
        .to_owned();
    ran().filter(Column::Id.in_subquery(ids)).limit(limit).all(db).await
}

/// The newest first.
pub(super) async fn of_template(
    db: &impl ConnectionTrait,
    cluster: &str,
    user: &str,
    template: &str,
    since_us: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mine = ran().filter(Column::Cluster.eq(cluster)).filter(Column::User.eq(user));
    let of_template = mine.filter(Column::Template.eq(template)).filter(Column::EndedUs.gte(since_us));
    of_template.order_by(Column::EndedUs, Order::Desc).limit(limit).all(db).await
}

/// Jobs, and what they were given and did not use.
#[derive(Clone, Debug, Default, PartialEq, Eq, sea_orm::FromQueryResult)]
pub(super) struct Sums {
    pub jobs: i64,
    pub cpu_given_s: i64,
    pub cpu_wasted_s: i64,
    pub memory_wasted_mib_s: i64,
    pub gpu_wasted_s: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, sea_orm::FromQueryResult)]
pub(super) struct SumsOfUser {
    pub user: String,
    #[sea_orm(nested)]
    pub sums: Sums,
}

pub(super) async fn sums_of(
    db: &impl ConnectionTrait,
    cluster: &str,
    user: &str,
    since_us: i64,
) -> Result<Sums, DbErr> {
    let mine = since(cluster, since_us).filter(Column::User.eq(user));
    Ok(with_sums(mine.select_only()).into_model().one(db).await?.unwrap_or_default())
}

/// Those who wasted most.
pub(super) async fn sums_by_user(
    db: &impl ConnectionTrait,
    cluster: &str,
    since_us: i64,
    limit: u64,
) -> Result<Vec<SumsOfUser>, DbErr> {
    let all = with_sums(since(cluster, since_us).select_only().column(Column::User));
    let wasted = Expr::col(Column::CpuWastedS).sum();
    all.group_by(Column::User).order_by(wasted, Order::Desc).limit(limit).into_model().all(db).await
}

/// The jobs that wasted most, `None`: of everybody.
pub(super) async fn most_wasteful(
    db: &impl ConnectionTrait,
    cluster: &str,
    user: Option<&str>,
    since_us: i64,
    limit: u64,
) -> Result<Vec<(jobs::Model, Model)>, DbErr> {
    let mut rows = since(cluster, since_us).filter(Column::CpuWastedS.gt(0));
    if let Some(user) = user {
        rows = rows.filter(Column::User.eq(user));
    }
    let rows = rows.order_by(Column::CpuWastedS, Order::Desc).limit(limit).all(db).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut named = jobs::Entity::find().filter(jobs::Column::Id.is_in(ids)).all(db).await?;
    let pairs = rows.into_iter().filter_map(|row| {
        let at = named.iter().position(|job| job.id == row.id)?;
        Some((named.swap_remove(at), row))
    });
    Ok(pairs.collect())
}

fn ran() -> Select<Entity> {
    Entity::find().filter(Column::ElapsedS.gt(0))
}

fn since(cluster: &str, since_us: i64) -> Select<Entity> {
    ran().filter(Condition::all().add(Column::Cluster.eq(cluster)).add(Column::EndedUs.gte(since_us)))
}

/// PostgreSQL sums whole numbers to numerics.
fn with_sums(select: Select<Entity>) -> Select<Entity> {
    let sum = |column: Column| Expr::col((Entity, column)).sum().if_null(0).cast_as("bigint");
    select
        .column_as(Column::Id.count(), "jobs")
        .column_as(sum(Column::CpuGivenS), "cpu_given_s")
        .column_as(sum(Column::CpuWastedS), "cpu_wasted_s")
        .column_as(sum(Column::MemoryWastedMibS), "memory_wasted_mib_s")
        .column_as(sum(Column::GpuWastedS), "gpu_wasted_s")
}
