//! The table `apptainer_images`: what each image is.

pub(super) mod checks;
pub(super) mod digests;
pub(super) mod files;
pub(super) mod places;

use std::collections::{BTreeSet, HashMap};

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Condition, Expr, OnConflict};
use sea_orm::{ActiveModelTrait, DerivePartialModel, IntoActiveModel, Iterable, QueryOrder, QuerySelect, Set};

use crate::db::{Part, Transaction, like};

/// Ids in one statement.
const IDS_A_STATEMENT: usize = 500;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "apptainer_images")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub identity: String,
    pub identity_kind: String,
    /// The Unix user who alone sees it; `None`: it is the site's.
    pub owner: Option<String>,
    /// With `host`, `path`, `modified_us`, `name`, `kind` and `state`: of the place that stands for all.
    pub cluster: String,
    pub host: String,
    #[sea_orm(column_type = "Text")]
    pub path: String,
    pub name: String,
    pub kind: String,
    pub size: i64,
    pub modified_us: i64,
    pub created_us: Option<i64>,
    pub format: Option<String>,
    pub version: Option<String>,
    pub architecture: Option<String>,
    pub apps: Json,
    pub labels: Json,
    /// See [`crate::images::Need`].
    pub needs: Option<Json>,
    pub inspect: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub definition: Option<String>,
    pub signed: bool,
    pub encrypted: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub problem: Option<String>,
    /// What is looked through for a searcher's words, beside name and path.
    #[sea_orm(column_type = "Text")]
    pub words: String,
    pub state: String,
    pub gone_us: Option<i64>,
    pub scanned_us: i64,
    /// Which reader read it: what an older one read is read again.
    pub reader: i32,
}

impl ActiveModelBehavior for ActiveModel {}

/// A row without its long texts, which take up to a MiB each.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Summary {
    pub id: Uuid,
    pub identity: String,
    pub owner: Option<String>,
    pub cluster: String,
    pub host: String,
    pub path: String,
    pub name: String,
    pub kind: String,
    pub size: i64,
    pub modified_us: i64,
    pub created_us: Option<i64>,
    pub format: Option<String>,
    pub version: Option<String>,
    pub architecture: Option<String>,
    pub apps: Json,
    pub labels: Json,
    pub needs: Option<Json>,
    pub signed: bool,
    pub encrypted: bool,
    pub problem: Option<String>,
    pub state: String,
    pub gone_us: Option<i64>,
}

/// What [`Summary`] leaves out.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Texts {
    pub inspect: Json,
    pub definition: Option<String>,
}

/// What decides whether an image has to be read again.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct Read {
    pub id: Uuid,
    pub identity: String,
    pub identity_kind: String,
    pub problem: Option<String>,
    pub reader: i32,
}

/// What is written of the place that stands for all of an image's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub cluster: String,
    pub host: String,
    pub path: String,
    pub modified_us: i64,
    pub name: String,
    pub kind: String,
    pub state: String,
    pub gone_us: Option<i64>,
}

impl From<Summary> for Stand {
    fn from(image: Summary) -> Stand {
        Stand {
            cluster: image.cluster,
            host: image.host,
            path: image.path,
            modified_us: image.modified_us,
            name: image.name,
            kind: image.kind,
            state: image.state,
            gone_us: image.gone_us,
        }
    }
}

/// Whose images to list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Whose<'a> {
    #[default]
    Sites,
    /// This Unix user's own.
    Own(&'a str),
    SitesAndOwn(&'a str),
}

impl Whose<'_> {
    fn images(self) -> Condition {
        match self {
            Whose::Sites => Condition::all().add(Column::Owner.is_null()),
            Whose::Own(user) => Condition::all().add(Column::Owner.eq(user)),
            Whose::SitesAndOwn(user) => Condition::any().add(Column::Owner.is_null()).add(Column::Owner.eq(user)),
        }
    }
}

/// Which images to list.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted<'a> {
    pub whose: Whose<'a>,
    pub kind: Option<&'a str>,
    /// `None`: those that are there, as far as is known.
    pub state: Option<&'a str>,
    pub place: places::Where,
    pub q: Option<&'a str>,
    pub after: Option<(String, Uuid)>,
}

/// By name, then id, from the one behind `after`.
pub(super) async fn list(db: &impl ConnectionTrait, wanted: &Wanted<'_>, limit: u64) -> Result<Vec<Summary>, DbErr> {
    let mut query = Entity::find().filter(match wanted.state {
        Some(state) => Column::State.eq(state),
        None => Column::State.ne(places::INACTIVE),
    });
    query = query.filter(wanted.whose.images());
    if let Some(kind) = wanted.kind {
        query = query.filter(Column::Kind.eq(kind));
    }
    if let Some(lying) = places::lying(&wanted.place, wanted.state == Some(places::INACTIVE)) {
        query = query.filter(Column::Id.in_subquery(lying));
    }
    for word in wanted.q.unwrap_or_default().split_whitespace() {
        let holds = |column: Column| like(Expr::col(column), Part::Any, word);
        let at_path = places::at_path_with(like(Expr::col(places::Column::Path), Part::Any, word));
        let found = Condition::any()
            .add(holds(Column::Name))
            .add(holds(Column::Words))
            .add(holds(Column::Path))
            .add(Column::Id.in_subquery(at_path));
        query = query.filter(found);
    }
    if let Some((name, id)) = &wanted.after {
        let same_name = Condition::all().add(Column::Name.eq(name)).add(Column::Id.gt(*id));
        query = query.filter(Condition::any().add(Column::Name.gt(name)).add(same_name));
    }
    let query = query.order_by_asc(Column::Name).order_by_asc(Column::Id).limit(limit);
    query.into_partial_model().all(db).await
}

pub(super) async fn summary(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Summary>, DbErr> {
    Entity::find_by_id(id).into_partial_model().one(db).await
}

pub(super) async fn summaries(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Summary>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids.iter().copied())).into_partial_model().all(db).await
}

/// Until the transaction ends nobody else works out where these stand. Rows are taken in one order, so that no two who
/// look at several hosts wait for each other.
pub(super) async fn lock(tx: &Transaction, ids: &BTreeSet<Uuid>) -> Result<(), DbErr> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    for ids in ids.chunks(IDS_A_STATEMENT) {
        let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).order_by_asc(Column::Id);
        let _: Vec<Uuid> = rows.select_only().column(Column::Id).lock_exclusive().into_tuple().all(tx).await?;
    }
    Ok(())
}

pub(super) async fn texts(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Texts>, DbErr> {
    Entity::find_by_id(id).into_partial_model().one(db).await
}

/// Of the site's.
pub(super) async fn are_there_any(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let there = Entity::find().filter(Column::State.ne(places::INACTIVE)).filter(Column::Owner.is_null());
    let first = there.select_only().column(Column::Id).limit(1).into_tuple::<Uuid>().one(db).await?;
    Ok(first.is_some())
}

/// What is known of these images, by their ids.
pub(super) async fn read(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Read>, DbErr> {
    let mut found = HashMap::new();
    for ids in ids.chunks(IDS_A_STATEMENT) {
        let rows: Vec<Read> =
            Entity::find().filter(Column::Id.is_in(ids.iter().copied())).into_partial_model().all(db).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

/// What is known of these images, by their identities.
pub(super) async fn read_by_identity(
    db: &impl ConnectionTrait,
    identities: &[&str],
) -> Result<HashMap<String, Read>, DbErr> {
    let rows: Vec<Read> =
        Entity::find().filter(Column::Identity.is_in(identities.iter().copied())).into_partial_model().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.identity.clone(), row)).collect())
}

/// Writes images; one that is there already, by its identity, keeps its id and the place that stands for it.
pub(super) async fn upsert(db: &impl ConnectionTrait, mut rows: Vec<Model>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    // Several nodes may be looked at side by side: rows are taken in one order, so that no two wait for each other.
    rows.sort_by(|a, b| a.identity.cmp(&b.identity));
    rows.dedup_by(|a, b| a.identity == b.identity);
    let kept = [
        Column::Id,
        Column::Identity,
        Column::IdentityKind,
        Column::Cluster,
        Column::Host,
        Column::Path,
        Column::Name,
        Column::Kind,
        Column::ModifiedUs,
        Column::State,
        Column::GoneUs,
    ];
    let changed = Column::iter().filter(|column| !kept.iter().any(|kept| kept.as_str() == column.as_str()));
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    let mut conflict = OnConflict::column(Column::Identity);
    conflict.update_columns(changed);
    Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(db).await.map(drop)
}

/// What was known by its place alone is now known by what it is, and keeps its id; unless that image is there already.
pub(super) async fn name_by(db: &impl ConnectionTrait, id: Uuid, identity: &str, kind: &str) -> Result<(), DbErr> {
    let is_taken = Entity::find().filter(Column::Identity.eq(identity)).count(db).await? > 0;
    if is_taken {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::Identity, identity.into())
        .col_expr(Column::IdentityKind, kind.into())
        .filter(Column::Id.eq(id))
        .exec(db)
        .await
        .map(drop)
}

pub(super) async fn stand(db: &impl ConnectionTrait, id: Uuid, stand: Stand) -> Result<(), DbErr> {
    let row = ActiveModel {
        cluster: Set(stand.cluster),
        host: Set(stand.host),
        path: Set(stand.path),
        modified_us: Set(stand.modified_us),
        name: Set(stand.name),
        kind: Set(stand.kind),
        state: Set(stand.state),
        gone_us: Set(stand.gone_us),
        ..Default::default()
    };
    Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

/// Forgets those of the images that lie nowhere, and of which it is not known where they lay.
pub(super) async fn remove_without_places(db: &impl ConnectionTrait, ids: &BTreeSet<Uuid>) -> Result<(), DbErr> {
    let of_these = Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied()));
    of_these.filter(Column::Id.not_in_subquery(places::with_any(ids))).exec(db).await.map(drop)
}

/// Forgets images, with where they lay.
pub(super) async fn remove(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    for ids in ids.chunks(IDS_A_STATEMENT) {
        places::remove_of_images(db, ids).await?;
        Entity::delete_many().filter(Column::Id.is_in(ids.iter().copied())).exec(db).await?;
    }
    Ok(())
}
