//! The table `file_uploads`.

use std::collections::HashMap;

use quarterdeck_types::{FileKind, FileName, RelativePath, SpaceName};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, QueryOrder, QuerySelect};

use super::{Concat, Judgement, KindSource, PartOf, Reason, State, Upload, Which};
use crate::db::{from_us, to_us};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "file_uploads")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub host: String,
    pub space: String,
    pub directory: String,
    pub filename: String,
    pub kind: String,
    pub kind_source: String,
    /// [`Reason`] as JSON; missing in rows of earlier releases.
    pub kind_reason: Option<Json>,
    /// Words of [`super::Risk`].
    pub risks: Option<Json>,
    /// [`UNKNOWN`]: the client has not said it yet.
    pub size: i64,
    pub offset: i64,
    pub state: String,
    pub path: Option<String>,
    pub absolute: Option<String>,
    pub created_us: i64,
    pub finished_us: Option<i64>,
    pub expires_us: Option<i64>,
    pub concat: Option<String>,
    pub sha256: Option<String>,
    /// Why it could not be removed when it had expired.
    pub leftover: Option<String>,
    pub fence: i64,
    pub lease_until_us: Option<i64>,
    pub lease_wanted: bool,
    pub fingerprint: Option<String>,
    /// As [`PartOf`] is written.
    pub part: Option<String>,
    /// Bit for bit; missing in rows of earlier releases.
    pub inode: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

const UNKNOWN: i64 = -1;
const UPLOADING: &str = "uploading";
const FINISHED: &str = "finished";
const PARTIAL: &str = "partial";
/// Bounds what one question can read; the same file sent many times over has many rows.
const MOST_FOUND: u64 = 5000;

pub(super) async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    Entity::insert_many(rows).exec_without_returning(db).await.map(drop)
}

/// A user's own upload; another's is as if it were not there.
pub(super) async fn find(db: &impl ConnectionTrait, user: Uuid, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).filter(Column::UserId.eq(user)).one(db).await
}

/// The last one that was made of these parts, or begun to be.
pub(super) async fn find_made_of(
    db: &impl ConnectionTrait,
    user: Uuid,
    concat: &Concat,
) -> Result<Option<Model>, DbErr> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::Concat.eq(written(concat)));
    query.order_by_desc(Column::Id).one(db).await
}

/// The newest first, those with one of these fingerprints.
pub(super) async fn find_by_fingerprint(
    db: &impl ConnectionTrait,
    user: Uuid,
    fingerprints: &[String],
) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::UserId.eq(user));
    let query = query.filter(Column::Fingerprint.is_in(fingerprints.iter().map(String::as_str)));
    query.order_by_desc(Column::Id).limit(MOST_FOUND).all(db).await
}

/// The newest first; `before` is the id that the last page ended with (ids are ordered by time).
pub(super) async fn list(
    db: &impl ConnectionTrait,
    user: Uuid,
    which: Which,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let whole = Condition::any().add(Column::Concat.is_null()).add(Column::Concat.ne(PARTIAL));
    let mut query = Entity::find().filter(Column::UserId.eq(user));
    if !which.parts {
        query = query.filter(whole);
    }
    if let Some(state) = which.state {
        query = query.filter(Column::State.eq(state_word(state)));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// Recorded under the number of the lease; `false`: another server writes by now.
pub(super) async fn set_offset(
    db: &impl ConnectionTrait,
    (id, fence): (Uuid, i64),
    offset: u64,
    expires_us: i64,
) -> Result<bool, DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Offset, Expr::value(offset as i64))
        .col_expr(Column::ExpiresUs, Expr::value(expires_us));
    let done = update.filter(Column::Id.eq(id)).filter(Column::Fence.eq(fence)).exec(db).await?;
    Ok(done.rows_affected == 1)
}

/// Once: what was said before stays.
pub(super) async fn set_size(db: &impl ConnectionTrait, id: Uuid, size: u64) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::Size, Expr::value(size as i64));
    update.filter(Column::Id.eq(id)).filter(Column::Size.eq(UNKNOWN)).exec(db).await.map(drop)
}

/// These columns alone: a request that finishes the upload may be writing the others. What was found to be careful with
/// stays.
pub(super) async fn set_kind(db: &impl ConnectionTrait, user: Uuid, id: Uuid, judged: &Judgement) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Kind, Expr::value(judged.kind.as_str()))
        .col_expr(Column::KindSource, Expr::value(judged.source.as_str()))
        .col_expr(Column::KindReason, Expr::value(written_json(&judged.reason)))
        .filter(Column::Id.eq(id))
        .filter(Column::UserId.eq(user))
        .exec(db)
        .await
        .map(drop)
}

/// Records that uploads are in place, with what their contents say, unless their user has said otherwise while they
/// came; each under the number of its lease. `None`: another server writes by now, or it was removed. Within a
/// transaction.
pub(super) async fn finish(
    tx: &impl ConnectionTrait,
    uploads: Vec<(Upload, Option<Judgement>, i64)>,
) -> Result<Vec<Option<Upload>>, DbErr> {
    let ids = uploads.iter().map(|(upload, ..)| upload.id);
    // In the same order everywhere, so that no two servers wait for each other.
    let theirs = Entity::find().filter(Column::Id.is_in(ids)).order_by_asc(Column::Id).lock_exclusive();
    let mut rows: HashMap<Uuid, Model> = theirs.all(tx).await?.into_iter().map(|row| (row.id, row)).collect();
    let (mut outcomes, mut finished_rows) = (Vec::with_capacity(uploads.len()), Vec::with_capacity(uploads.len()));
    for (finished, judged, fence) in uploads {
        let ours = rows.remove(&finished.id).filter(|row| row.fence == fence);
        let Some((row, now)) = ours.and_then(|row| Some((row.clone(), read(row)?))) else {
            outcomes.push(None);
            continue;
        };
        let known = Judgement { kind: now.kind, source: now.kind_source, reason: now.kind_reason, risks: now.risks };
        let judged = match judged {
            Some(Judgement { risks, .. }) if known.source == KindSource::User => Judgement { risks, ..known },
            judged => judged.unwrap_or(known),
        };
        let Judgement { kind, source: kind_source, reason: kind_reason, risks } = judged;
        let finished = Upload { kind, kind_source, kind_reason, risks, ..finished };
        finished_rows.push(Model {
            state: FINISHED.to_owned(),
            offset: finished.offset as i64,
            path: finished.path.as_ref().map(RelativePath::to_string),
            absolute: finished.absolute.clone(),
            finished_us: finished.finished_at.map(to_us),
            expires_us: None,
            kind: finished.kind.as_str().to_owned(),
            kind_source: finished.kind_source.as_str().to_owned(),
            kind_reason: written_json(&finished.kind_reason),
            risks: written_json(&finished.risks),
            ..row
        });
        outcomes.push(Some(finished));
    }
    if !finished_rows.is_empty() {
        update_finished(tx, finished_rows).await?;
    }
    Ok(outcomes)
}

/// All in one statement: each is there, and locked.
async fn update_finished(tx: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    use Column::{Absolute, ExpiresUs, FinishedUs, Kind, KindReason, KindSource, Offset, Path, Risks, State};
    let mut again = OnConflict::column(Column::Id);
    again.update_columns([State, Offset, Path, Absolute, FinishedUs, ExpiresUs, Kind, KindSource, KindReason, Risks]);
    let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
    Entity::insert_many(rows).on_conflict(again).exec_without_returning(tx).await.map(drop)
}

pub(super) async fn delete(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    Entity::delete_by_id(id).exec(db).await.map(drop)
}

/// Unfinished ones whose time is over, those first that were not tried in vain.
pub(super) async fn expired(db: &impl ConnectionTrait, now_us: i64, limit: u64) -> Result<Vec<Model>, DbErr> {
    let query = Entity::find().filter(Column::State.eq(UPLOADING)).filter(Column::ExpiresUs.lte(now_us));
    query.order_by_asc(Column::Leftover.is_not_null()).order_by_asc(Column::ExpiresUs).limit(limit).all(db).await
}

pub(super) async fn set_leftover(db: &impl ConnectionTrait, id: Uuid, why: &str) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::Leftover, Expr::value(why));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

/// Everybody's, the newest first.
pub(super) async fn leftovers(
    db: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(Column::Leftover.is_not_null());
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(db).await
}

/// The number of a new lease; `None` while another server has one. Within a transaction.
pub(super) async fn take_lease(
    tx: &impl ConnectionTrait,
    id: Uuid,
    now_us: i64,
    until_us: i64,
) -> Result<Option<i64>, DbErr> {
    let Some(row) = Entity::find_by_id(id).lock_exclusive().one(tx).await? else { return Ok(Some(0)) };
    if row.lease_until_us.is_some_and(|until| until > now_us) {
        return Ok(None);
    }
    let fence = row.fence + 1;
    let update = Entity::update_many()
        .col_expr(Column::Fence, Expr::value(fence))
        .col_expr(Column::LeaseUntilUs, Expr::value(until_us))
        .col_expr(Column::LeaseWanted, Expr::value(false));
    update.filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(Some(fence))
}

pub(super) async fn want_lease(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::LeaseWanted, Expr::value(true));
    update.filter(Column::Id.eq(id)).exec(db).await.map(drop)
}

pub(super) async fn lease_is_wanted(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id(id).one(db).await?.is_some_and(|row| row.lease_wanted))
}

/// `false`: it is another's.
pub(super) async fn renew_lease(db: &impl ConnectionTrait, id: Uuid, fence: i64, until_us: i64) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::LeaseUntilUs, Expr::value(until_us));
    let done = update.filter(Column::Id.eq(id)).filter(Column::Fence.eq(fence)).exec(db).await?;
    Ok(done.rows_affected == 1)
}

pub(super) async fn end_lease(db: &impl ConnectionTrait, id: Uuid, fence: i64) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::LeaseUntilUs, Expr::value(None::<i64>))
        .col_expr(Column::LeaseWanted, Expr::value(false));
    update.filter(Column::Id.eq(id)).filter(Column::Fence.eq(fence)).exec(db).await.map(drop)
}

/// As `Upload-Concat` has it.
pub(super) fn written(concat: &Concat) -> String {
    match concat {
        Concat::Partial => PARTIAL.to_owned(),
        Concat::Final(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| format!("/api/v1/uploads/{part}")).collect();
            format!("final;{}", parts.join(" "))
        }
    }
}

/// `None` for what is neither. Where a part is given by its whole address, its id counts.
pub(super) fn read_concat(text: &str) -> Option<Concat> {
    match text.trim().split_once(';') {
        None => (text.trim() == PARTIAL).then_some(Concat::Partial),
        Some(("final", parts)) => {
            let parts: Option<Vec<Uuid>> =
                parts.split_whitespace().map(|part| part.rsplit('/').next()?.parse().ok()).collect();
            parts.filter(|parts| !parts.is_empty()).map(Concat::Final)
        }
        Some(_) => None,
    }
}

fn written_json(value: &impl serde::Serialize) -> Option<Json> {
    serde_json::to_value(value).ok()
}

pub(super) fn row(upload: &Upload, user_id: Uuid, host: String) -> Model {
    Model {
        id: upload.id,
        user_id,
        host,
        space: upload.space.to_string(),
        directory: upload.directory.to_string(),
        filename: upload.filename.to_string(),
        kind: upload.kind.as_str().to_owned(),
        kind_source: upload.kind_source.as_str().to_owned(),
        kind_reason: written_json(&upload.kind_reason),
        risks: written_json(&upload.risks),
        size: upload.size.map_or(UNKNOWN, |size| size as i64),
        offset: upload.offset as i64,
        state: state_word(upload.state).to_owned(),
        path: upload.path.as_ref().map(RelativePath::to_string),
        absolute: upload.absolute.clone(),
        created_us: to_us(upload.created_at),
        finished_us: upload.finished_at.map(to_us),
        expires_us: upload.expires_at.map(to_us),
        concat: upload.concat.as_ref().map(written),
        sha256: upload.sha256.clone(),
        leftover: None,
        fence: 0,
        lease_until_us: None,
        lease_wanted: false,
        fingerprint: upload.fingerprint.clone(),
        part: upload.part.map(|part| part.to_string()),
        inode: upload.inode.map(u64::cast_signed),
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Uploading => UPLOADING,
        State::Finished => FINISHED,
    }
}

/// `None` for a row that this release did not write.
pub(super) fn read(row: Model) -> Option<Upload> {
    let kind_source = KindSource::parse(&row.kind_source)?;
    let unsaid = || if kind_source == KindSource::User { Reason::Chosen } else { Reason::Unknown };
    let reason = row.kind_reason.and_then(|json| serde_json::from_value(json).ok());
    Some(Upload {
        id: row.id,
        filename: FileName::parse(&row.filename).ok()?,
        kind: FileKind::parse(&row.kind)?,
        kind_source,
        kind_reason: reason.unwrap_or_else(unsaid),
        risks: row.risks.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default(),
        size: u64::try_from(row.size).ok(),
        offset: row.offset as u64,
        state: if row.state == FINISHED { State::Finished } else { State::Uploading },
        space: SpaceName::parse(&row.space).ok()?,
        directory: RelativePath::parse(&row.directory).ok()?,
        path: row.path.and_then(|path| RelativePath::parse(&path).ok()),
        absolute: row.absolute,
        created_at: from_us(row.created_us),
        finished_at: row.finished_us.map(from_us),
        expires_at: row.expires_us.map(from_us),
        concat: row.concat.as_deref().and_then(read_concat),
        sha256: row.sha256,
        fingerprint: row.fingerprint,
        part: row.part.as_deref().and_then(PartOf::read),
        inode: row.inode.map(i64::cast_unsigned),
    })
}
