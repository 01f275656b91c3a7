//! The tables `cluster_samples`, `node_periods` and `cluster_recorders`.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, TryInsertResult};

use super::periods::Change;
use super::samples::Step;
use crate::db::{Db, from_us, to_us};

pub use periods::Model as Period;
pub(super) use samples::Model as Sample;

/// Periods are kept so long after their end.
pub(super) const KEPT: TimeDelta = TimeDelta::days(366);
/// A node that goes up and down all day has its oldest forgotten.
pub(super) const MOST_OF_NODE: u64 = 500;
/// Statements carry parameters for each row or name.
pub(super) const AT_ONCE: usize = 200;

pub(super) mod samples {
    use sea_orm::entity::prelude::*;

    /// What a step's time had in sum over its readings.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "cluster_samples")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub cluster: String,
        /// Empty: the whole cluster.
        #[sea_orm(primary_key, auto_increment = false)]
        pub partition: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub step_seconds: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub at_us: i64,
        pub readings: i32,
        pub cpus_allocated: i64,
        pub cpus_idle: i64,
        pub cpus_down: i64,
        pub memory_mib_allocated: i64,
        pub memory_mib_idle: i64,
        pub memory_mib_down: i64,
        pub gpus_allocated: i64,
        pub gpus_idle: i64,
        pub gpus_down: i64,
        pub jobs_running: i64,
        pub jobs_pending: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod periods {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "node_periods")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub cluster: String,
        pub node: String,
        pub state: String,
        pub reason: Option<String>,
        /// The Unix user.
        pub reason_by: Option<String>,
        pub started_us: i64,
        pub ended_us: Option<i64>,
        /// The Unix user, where it was done here.
        pub ended_by: Option<String>,
        pub source: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

mod recorders {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cluster_recorders")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub cluster: String,
        pub holder: Uuid,
        pub until_us: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where a period is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Seen,
    Accounting,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Seen => "seen",
            Source::Accounting => "accounting",
        }
    }

    pub fn of(period: &Period) -> Source {
        if period.source == Source::Accounting.as_str() { Source::Accounting } else { Source::Seen }
    }
}

impl Sample {
    pub fn nothing(cluster: &str, partition: &str, step: Step, at_us: i64) -> Sample {
        Sample {
            cluster: cluster.to_owned(),
            partition: partition.to_owned(),
            step_seconds: step.seconds,
            at_us,
            readings: if step == Step::MINUTE { 1 } else { 0 },
            cpus_allocated: 0,
            cpus_idle: 0,
            cpus_down: 0,
            memory_mib_allocated: 0,
            memory_mib_idle: 0,
            memory_mib_down: 0,
            gpus_allocated: 0,
            gpus_idle: 0,
            gpus_down: 0,
            jobs_running: 0,
            jobs_pending: 0,
        }
    }

    pub fn add(&mut self, other: &Sample) {
        self.readings += other.readings;
        self.cpus_allocated += other.cpus_allocated;
        self.cpus_idle += other.cpus_idle;
        self.cpus_down += other.cpus_down;
        self.memory_mib_allocated += other.memory_mib_allocated;
        self.memory_mib_idle += other.memory_mib_idle;
        self.memory_mib_down += other.memory_mib_down;
        self.gpus_allocated += other.gpus_allocated;
        self.gpus_idle += other.gpus_idle;
        self.gpus_down += other.gpus_down;
        self.jobs_running += other.jobs_running;
        self.jobs_pending += other.jobs_pending;
    }
}

/// Takes or renews a cluster's row; whether it is this holder's.
pub(super) async fn hold(
    db: &Db,
    cluster: &str,
    holder: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    use recorders::{Column, Entity};
    let is_free = Column::Holder.eq(holder).or(Column::UntilUs.lt(to_us(now)));
    let taken = Entity::update_many()
        .col_expr(Column::Holder, Expr::value(holder))
        .col_expr(Column::UntilUs, Expr::value(to_us(until)))
        .filter(Column::Cluster.eq(cluster))
        .filter(is_free)
        .exec(db.write())
        .await?;
    if taken.rows_affected > 0 {
        return Ok(true);
    }
    let row = recorders::Model { cluster: cluster.to_owned(), holder, until_us: to_us(until) };
    let first = Entity::insert(row.into_active_model().reset_all())
        .on_conflict_do_nothing()
        .exec_without_returning(db.write())
        .await?;
    Ok(matches!(first, TryInsertResult::Inserted(1)))
}

/// What is there already stays.
pub(super) async fn insert_samples(db: &Db, rows: Vec<Sample>) -> Result<(), DbErr> {
    use samples::Entity;
    if rows.is_empty() {
        return Ok(());
    }
    let tx = db.begin().await?;
    // 16 parameters a row.
    for some in rows.chunks(AT_ONCE) {
        Entity::insert_many(some.iter().map(|row| row.clone().into_active_model().reset_all()))
            .on_conflict_do_nothing()
            .exec_without_returning(&tx)
            .await?;
    }
    tx.commit().await
}

/// From the row in which `since` is, to the one in which `until` is. `partition`: `None` for all.
pub(super) async fn samples(
    db: &Db,
    cluster: &str,
    partition: Option<&str>,
    step: Step,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Sample>, DbErr> {
    use samples::{Column, Entity};
    let mut query = Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::StepSeconds.eq(step.seconds))
        .filter(Column::AtUs.between(to_us(step.start_of(since)), to_us(until)));
    if let Some(partition) = partition {
        query = query.filter(Column::Partition.eq(partition));
    }
    query.order_by_asc(Column::AtUs).all(db.read()).await
}

pub(super) async fn newest_sample(db: &Db, cluster: &str, step: Step) -> Result<Option<i64>, DbErr> {
    use samples::Column;
    let query = of_step(cluster, step).order_by_desc(Column::AtUs);
    query.select_only().column(Column::AtUs).into_tuple().one(db.read()).await
}

pub(super) async fn oldest_sample(db: &Db, cluster: &str, step: Step) -> Result<Option<i64>, DbErr> {
    next_sample(db, cluster, step, DateTime::UNIX_EPOCH).await
}

/// The first at or after this time.
pub(super) async fn next_sample(db: &Db, cluster: &str, step: Step, from: DateTime<Utc>) -> Result<Option<i64>, DbErr> {
    use samples::Column;
    let query = of_step(cluster, step).filter(Column::AtUs.gte(to_us(from))).order_by_asc(Column::AtUs);
    query.select_only().column(Column::AtUs).into_tuple().one(db.read()).await
}

fn of_step(cluster: &str, step: Step) -> Select<samples::Entity> {
    use samples::{Column, Entity};
    Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::StepSeconds.eq(step.seconds))
}

pub(super) async fn prune_samples(db: &Db, cluster: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    use samples::{Column, Entity};
    for step in Step::ALL {
        Entity::delete_many()
            .filter(Column::Cluster.eq(cluster))
            .filter(Column::StepSeconds.eq(step.seconds))
            .filter(Column::AtUs.lt(to_us(now - TimeDelta::days(step.kept_days))))
            .exec(db.write())
            .await?;
    }
    Ok(())
}

pub(super) async fn write(db: &Db, change: &Change) -> Result<(), DbErr> {
    use periods::{Column, Entity};
    if change.ended.is_empty() && change.begun.is_empty() {
        return Ok(());
    }
    let tx = db.begin().await?;
    // All of one reading end at the same time.
    for some in change.ended.chunks(AT_ONCE) {
        Entity::update_many()
            .col_expr(Column::EndedUs, Expr::value(some.first().and_then(|period| period.ended_us)))
            .filter(Column::Id.is_in(some.iter().map(|period| period.id)))
            .exec(&tx)
            .await?;
    }
    for some in change.begun.chunks(AT_ONCE) {
        let rows = some.iter().map(|row| row.clone().into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    tx.commit().await
}

pub(super) async fn open_periods(db: &Db, cluster: &str) -> Result<Vec<Period>, DbErr> {
    use periods::{Column, Entity};
    Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::EndedUs.is_null()).all(db.read()).await
}

pub(super) async fn note_end(db: &Db, cluster: &str, node: &str, by: &str) -> Result<(), DbErr> {
    use periods::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::EndedBy, Expr::value(by))
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::Node.eq(node))
        .filter(Column::EndedUs.is_null())
        .exec(db.write())
        .await
        .map(drop)
}

/// The newest first.
pub(super) async fn periods_of_node(db: &Db, cluster: &str, node: &str, limit: u64) -> Result<Vec<Period>, DbErr> {
    use periods::{Column, Entity};
    let rows = Entity::find().filter(Column::Cluster.eq(cluster)).filter(Column::Node.eq(node));
    rows.order_by_desc(Column::StartedUs).order_by_desc(Column::Id).limit(limit).all(db.read()).await
}

pub(super) async fn periods_of(db: &Db, cluster: &str, nodes: &[&str]) -> Result<Vec<Period>, DbErr> {
    use periods::{Column, Entity};
    let rows = Entity::find().filter(Column::Cluster.eq(cluster));
    rows.filter(Column::Node.is_in(nodes.iter().copied())).all(db.read()).await
}

/// When the newest period ended that accounting told of.
pub(super) async fn newest_of_accounting(db: &Db, cluster: &str) -> Result<Option<DateTime<Utc>>, DbErr> {
    use periods::{Column, Entity};
    let newest: Option<Option<i64>> = Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::Source.eq(Source::Accounting.as_str()))
        .filter(Column::EndedUs.is_not_null())
        .order_by_desc(Column::EndedUs)
        .select_only()
        .column(Column::EndedUs)
        .into_tuple()
        .one(db.read())
        .await?;
    Ok(newest.flatten().map(from_us))
}

pub(super) async fn prune_periods(db: &Db, cluster: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    use periods::{Column, Entity};
    let of_cluster = || Entity::delete_many().filter(Column::Cluster.eq(cluster));
    of_cluster().filter(Column::EndedUs.lt(to_us(now - KEPT))).exec(db.write()).await?;
    let restless: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Node)
        .filter(Column::Cluster.eq(cluster))
        .group_by(Column::Node)
        .having(Column::Id.count().gt(MOST_OF_NODE as i64))
        .into_tuple()
        .all(db.read())
        .await?;
    for node in restless {
        let kept = periods_of_node(db, cluster, &node, MOST_OF_NODE).await?;
        let Some(oldest) = kept.last() else { continue };
        let older = of_cluster().filter(Column::Node.eq(node)).filter(Column::StartedUs.lt(oldest.started_us));
        older.filter(Column::EndedUs.is_not_null()).exec(db.write()).await?;
    }
    Ok(())
}
