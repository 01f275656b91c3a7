//! The table `apptainer_image_places`: where images lie, and where they lay.

use std::collections::{BTreeSet, HashMap};

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, CaseStatement, Condition, Expr, ExprTrait, Func, OnConflict, Query, SelectStatement};
use sea_orm::{DerivePartialModel, FromQueryResult, IntoActiveModel, Order, QueryOrder, QuerySelect};

use super::IDS_A_STATEMENT;
use crate::images::visit::{Host, Source};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "apptainer_image_places")]
pub(in crate::images) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub image_id: Uuid,
    pub source: String,
    pub cluster: String,
    pub node: String,
    #[sea_orm(column_type = "Text")]
    pub path: String,
    pub size: i64,
    pub modified_us: i64,
    pub inode: Option<i64>,
    pub device: Option<i64>,
    pub state: String,
    pub first_seen_us: i64,
    pub seen_us: i64,
    pub gone_us: Option<i64>,
    /// What its signatures come to, together and each; see `checks.rs`.
    pub standing: Option<String>,
    pub signatures: Option<Json>,
    /// The keys with which that was found, or tried.
    pub checked_with: Option<String>,
    /// When somebody last tried.
    pub checked_us: Option<i64>,
    /// Why nobody could.
    #[sea_orm(column_type = "Text", nullable)]
    pub check_problem: Option<String>,
    /// In hexadecimal; see `digests.rs`.
    pub sha256: Option<String>,
    pub digest_wanted_us: Option<i64>,
    /// When somebody last tried.
    pub digested_us: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub digest_problem: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

pub(in crate::images) const ACTIVE: &str = "active";
pub(in crate::images) const STALE: &str = "stale";
pub(in crate::images) const INACTIVE: &str = "inactive";

/// What is known of a file from the last time it was read.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(in crate::images) struct Known {
    pub id: Uuid,
    pub image_id: Uuid,
    pub path: String,
    pub size: i64,
    pub modified_us: i64,
    pub inode: Option<i64>,
    pub device: Option<i64>,
    pub state: String,
}

/// Of where an image lies, what says which of its places stands for all.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(in crate::images) struct Standing {
    pub image_id: Uuid,
    pub cluster: String,
    pub node: String,
    pub path: String,
    pub modified_us: i64,
    pub state: String,
    pub gone_us: Option<i64>,
}

/// Places where something is, as far as is known.
pub(super) fn present() -> Condition {
    Condition::all().add(Expr::col((Entity, Column::State)).ne(INACTIVE))
}

/// Nobody's own.
fn the_sites() -> Condition {
    Condition::all().add(Column::Source.ne(Source::Own.as_str()))
}

fn of(host: &Host) -> Condition {
    Condition::all()
        .add(Column::Source.eq(host.source.as_str()))
        .add(Column::Cluster.eq(&host.cluster))
        .add(Column::Node.eq(&host.node))
}

pub(in crate::images) async fn known(db: &impl ConnectionTrait, host: &Host) -> Result<Vec<Known>, DbErr> {
    Entity::find().filter(of(host)).filter(present()).into_partial_model().all(db).await
}

/// Nodes of the cluster on which something is, as far as is known.
pub(in crate::images) async fn nodes(db: &impl ConnectionTrait, cluster: &str) -> Result<Vec<String>, DbErr> {
    let nodes = Entity::find().select_only().column(Column::Node).distinct();
    nodes
        .filter(Column::Source.eq(Source::Node.as_str()))
        .filter(Column::Cluster.eq(cluster))
        .filter(present())
        .into_tuple()
        .all(db)
        .await
}

/// Whether this image lies on some node of the cluster at this path, in a file of this size and time.
pub(in crate::images) async fn has_twin(
    db: &impl ConnectionTrait,
    image: Uuid,
    cluster: &str,
    path: &str,
    size: i64,
    modified_us: i64,
) -> Result<bool, DbErr> {
    let twins = Entity::find()
        .filter(Column::ImageId.eq(image))
        .filter(Column::Source.eq(Source::Node.as_str()))
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::Path.eq(path))
        .filter(Column::Size.eq(size))
        .filter(Column::ModifiedUs.eq(modified_us))
        .filter(Column::State.eq(ACTIVE));
    let first = twins.select_only().column(Column::Id).limit(1).into_tuple::<Uuid>().one(db).await?;
    Ok(first.is_some())
}

/// Of the same host, when it was another cluster's.
pub(in crate::images) async fn of_other_clusters(db: &impl ConnectionTrait, host: &Host) -> Result<Vec<Known>, DbErr> {
    Entity::find()
        .filter(Column::Source.eq(host.source.as_str()))
        .filter(Column::Node.eq(&host.node))
        .filter(Column::Cluster.ne(&host.cluster))
        .filter(present())
        .into_partial_model()
        .all(db)
        .await
}

/// Writes places that were read; one where the same image lies or lay keeps its row.
pub(in crate::images) async fn upsert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    let mut conflict =
        OnConflict::columns([Column::Source, Column::Cluster, Column::Node, Column::Path, Column::ImageId]);
    conflict.update_columns([
        Column::Size,
        Column::ModifiedUs,
        Column::Inode,
        Column::Device,
        Column::State,
        Column::SeenUs,
        Column::GoneUs,
    ]);
    // Of a file that is as it was, what was found out stays.
    for column in [
        Column::Standing,
        Column::Signatures,
        Column::CheckedWith,
        Column::CheckedUs,
        Column::CheckProblem,
        Column::Sha256,
        Column::DigestWantedUs,
        Column::DigestedUs,
        Column::DigestProblem,
    ] {
        conflict.value(column, CaseStatement::new().case(is_as_it_was(), Expr::col((Entity, column))));
    }
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await.map(drop)
}

/// Within an upsert: the file that is there now is the one that was.
fn is_as_it_was() -> Condition {
    let now = |column: Column| Expr::col((Alias::new("excluded"), column));
    let is_same = |column: Column| {
        let number = |column: Expr| Expr::from(Func::coalesce([column, Expr::val(0_i64)]));
        number(Expr::col((Entity, column))).eq(number(now(column)))
    };
    let columns = [Column::Size, Column::ModifiedUs, Column::Inode, Column::Device];
    columns.into_iter().fold(Condition::all(), |all, column| all.add(is_same(column)))
}

/// The files are there, as they were.
pub(in crate::images) async fn see(db: &impl ConnectionTrait, ids: &[Uuid], now_us: i64) -> Result<(), DbErr> {
    mark(db, ids, &[(Column::State, ACTIVE.into()), (Column::SeenUs, now_us.into())]).await
}

/// Nobody could look whether the files are still there.
pub(in crate::images) async fn doubt(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    mark(db, ids, &[(Column::State, STALE.into())]).await
}

/// The files are no longer there, or have become others.
pub(in crate::images) async fn leave(db: &impl ConnectionTrait, ids: &[Uuid], now_us: i64) -> Result<(), DbErr> {
    mark(db, ids, &[(Column::State, INACTIVE.into()), (Column::GoneUs, now_us.into())]).await
}

async fn mark(db: &impl ConnectionTrait, ids: &[Uuid], changes: &[(Column, Expr)]) -> Result<(), DbErr> {
    for ids in ids.chunks(IDS_A_STATEMENT) {
        let mut update = Entity::update_many().filter(Column::Id.is_in(ids.iter().copied()));
        for (column, value) in changes {
            update = update.col_expr(*column, value.clone());
        }
        update.exec(db).await?;
    }
    Ok(())
}

/// Images that have left a place on this host.
pub(in crate::images) async fn images_left(db: &impl ConnectionTrait, host: &Host) -> Result<BTreeSet<Uuid>, DbErr> {
    let left = Entity::find().filter(of(host)).filter(Column::State.eq(INACTIVE));
    let images: Vec<Uuid> = left.select_only().column(Column::ImageId).distinct().into_tuple().all(db).await?;
    Ok(images.into_iter().collect())
}

/// Forgets where on this host something lay.
pub(in crate::images) async fn remove_left(db: &impl ConnectionTrait, host: &Host) -> Result<(), DbErr> {
    Entity::delete_many().filter(of(host)).filter(Column::State.eq(INACTIVE)).exec(db).await.map(drop)
}

/// The nodes of a cluster on which the image lies, as far as is known, each with the path; `None` where it is on a file
/// system that all of them share.
pub(in crate::images) async fn on_nodes(
    db: &impl ConnectionTrait,
    image: Uuid,
    cluster: &str,
) -> Result<Option<Vec<(String, String)>>, DbErr> {
    let places = Entity::find().filter(Column::ImageId.eq(image)).filter(present());
    let shared = places.clone().filter(Column::Source.ne(Source::Node.as_str())).count(db).await?;
    if shared > 0 {
        return Ok(None);
    }
    let nodes = places.filter(Column::Cluster.eq(cluster)).select_only().column(Column::Node).column(Column::Path);
    Ok(Some(nodes.order_by_asc(Column::Path).order_by_asc(Column::Node).into_tuple().all(db).await?))
}

pub(super) async fn remove_of_images(db: &impl ConnectionTrait, images: &[Uuid]) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ImageId.is_in(images.iter().copied())).exec(db).await.map(drop)
}

/// Some images that have left a place before then.
pub(in crate::images) async fn images_left_before(
    db: &impl ConnectionTrait,
    before_us: i64,
    limit: u64,
) -> Result<BTreeSet<Uuid>, DbErr> {
    let left = Entity::find().filter(left_before(before_us)).select_only().column(Column::ImageId).distinct();
    let images: Vec<Uuid> = left.limit(limit).into_tuple().all(db).await?;
    Ok(images.into_iter().collect())
}

pub(in crate::images) async fn remove_left_before(
    db: &impl ConnectionTrait,
    images: &BTreeSet<Uuid>,
    before_us: i64,
) -> Result<(), DbErr> {
    let of_images = Entity::delete_many().filter(Column::ImageId.is_in(images.iter().copied()));
    of_images.filter(left_before(before_us)).exec(db).await.map(drop)
}

fn left_before(before_us: i64) -> Condition {
    Condition::all().add(Column::State.eq(INACTIVE)).add(Column::GoneUs.lt(before_us))
}

/// Those of the images that have a place, or had one.
pub(super) fn with_any(images: &BTreeSet<Uuid>) -> SelectStatement {
    let of_these = Column::ImageId.is_in(images.iter().copied());
    Query::select().column(Column::ImageId).from(Entity).and_where(of_these).to_owned()
}

pub(in crate::images) async fn standing(db: &impl ConnectionTrait, images: &[Uuid]) -> Result<Vec<Standing>, DbErr> {
    Entity::find().filter(Column::ImageId.is_in(images.iter().copied())).into_partial_model().all(db).await
}

/// Every place of an image, those where it lies first.
pub(in crate::images) async fn of_image(
    db: &impl ConnectionTrait,
    image: Uuid,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::ImageId.eq(image))
        .order_by(Expr::col(Column::State).eq(INACTIVE), Order::Asc)
        .order_by_asc(Column::Cluster)
        .order_by_asc(Column::Node)
        .order_by_asc(Column::Path)
        .limit(limit)
        .all(db)
        .await
}

/// Whose images are looked for. Those of the portal's own host, and people's own, are taken to be on every node: its
/// directories are the ones that the site shares.
#[derive(Clone, Debug, Default)]
pub(in crate::images) struct Where {
    pub cluster: Option<String>,
    pub nodes: Option<Vec<String>>,
}

/// The images that lie at a place like this, or lay there when they `are_gone`; `None` where any will do.
pub(super) fn lying(place: &Where, are_gone: bool) -> Option<SelectStatement> {
    if place.cluster.is_none() && place.nodes.is_none() {
        return None;
    }
    let mut there = Condition::all();
    if let Some(cluster) = &place.cluster {
        there = there.add(Column::Cluster.eq(cluster));
    }
    if let Some(nodes) = &place.nodes {
        there = there.add(Column::Node.is_in(nodes));
    }
    let is_everywhere = Column::Source.is_in([Source::Server, Source::Own].map(Source::as_str));
    let wanted = Condition::any().add(is_everywhere).add(there);
    let mut select = Query::select();
    select.column(Column::ImageId).from(Entity).cond_where(wanted);
    select.cond_where(if are_gone { Condition::all().add(Column::State.eq(INACTIVE)) } else { present() });
    Some(select)
}

/// The images that lie at a path with this text in it.
pub(super) fn at_path_with(words: Expr) -> SelectStatement {
    Query::select().column(Column::ImageId).from(Entity).and_where(words).to_owned()
}

#[derive(FromQueryResult)]
struct Count {
    image_id: Uuid,
    nodes: i64,
}

/// On how many hosts each of the images lies.
pub(in crate::images) async fn count_nodes(
    db: &impl ConnectionTrait,
    images: &[Uuid],
) -> Result<HashMap<Uuid, u64>, DbErr> {
    let counted = Entity::find()
        .select_only()
        .column(Column::ImageId)
        .column_as(Expr::col(Column::Node).count_distinct(), "nodes")
        .filter(Column::ImageId.is_in(images.iter().copied()))
        .filter(present())
        .group_by(Column::ImageId);
    let counts: Vec<Count> = counted.into_model().all(db).await?;
    Ok(counts.into_iter().map(|count| (count.image_id, count.nodes as u64)).collect())
}

/// Which of the images lie at a path where other nodes of the cluster have another.
pub(in crate::images) async fn drifting(db: &impl ConnectionTrait, images: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    let other = Alias::new("other");
    let elsewhere = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, other.clone())
        .and_where(Expr::col((other.clone(), Column::Cluster)).equals((Entity, Column::Cluster)))
        .and_where(Expr::col((other.clone(), Column::Path)).equals((Entity, Column::Path)))
        .and_where(Expr::col((other.clone(), Column::ImageId)).not_equals((Entity, Column::ImageId)))
        .and_where(Expr::col((other.clone(), Column::Source)).ne(Source::Own.as_str()))
        .and_where(Expr::col((other, Column::State)).ne(INACTIVE))
        .to_owned();
    Entity::find()
        .select_only()
        .column(Column::ImageId)
        .distinct()
        .filter(Column::ImageId.is_in(images.iter().copied()))
        .filter(the_sites())
        .filter(present())
        .filter(Expr::exists(elsewhere))
        .into_tuple()
        .all(db)
        .await
}

/// A cluster and a path of it.
pub(in crate::images) type At = (String, String);

/// Paths at which nodes of one cluster have different images, from the one behind `after`.
pub(in crate::images) async fn drifts(
    db: &impl ConnectionTrait,
    cluster: Option<&str>,
    after: &Option<At>,
    limit: u64,
) -> Result<Vec<At>, DbErr> {
    let mut query = Entity::find().select_only().column(Column::Cluster).column(Column::Path);
    query = query.filter(the_sites()).filter(present());
    if let Some(cluster) = cluster {
        query = query.filter(Column::Cluster.eq(cluster));
    }
    if let Some((cluster, path)) = after {
        let same_cluster = Condition::all().add(Column::Cluster.eq(cluster)).add(Column::Path.gt(path));
        query = query.filter(Condition::any().add(Column::Cluster.gt(cluster)).add(same_cluster));
    }
    query
        .group_by(Column::Cluster)
        .group_by(Column::Path)
        .having(Expr::col(Column::ImageId).count_distinct().gt(1))
        .order_by_asc(Column::Cluster)
        .order_by_asc(Column::Path)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// What lies at one path of a cluster, and where.
pub(in crate::images) async fn at(db: &impl ConnectionTrait, at: &At, limit: u64) -> Result<Vec<Model>, DbErr> {
    let (cluster, path) = at;
    Entity::find()
        .filter(Column::Cluster.eq(cluster))
        .filter(Column::Path.eq(path))
        .filter(the_sites())
        .filter(present())
        .order_by_asc(Column::Node)
        .limit(limit)
        .all(db)
        .await
}
