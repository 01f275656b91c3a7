//! The table `upload_kind_choices`: the kind that each user last chose for files with an ending.

use quarterdeck_types::FileKind;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "upload_kind_choices")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ending: String,
    pub kind: String,
    pub chosen_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Of one user; the oldest are forgotten.
const MOST: u64 = 200;

pub(super) async fn chosen(db: &impl ConnectionTrait, user: Uuid, ending: &str) -> Result<Option<FileKind>, DbErr> {
    let row = Entity::find_by_id((user, ending.to_owned())).one(db).await?;
    Ok(row.and_then(|row| FileKind::parse(&row.kind)))
}

/// In place of what she chose before.
pub(super) async fn choose(
    tx: &impl ConnectionTrait,
    user: Uuid,
    ending: String,
    kind: FileKind,
    now_us: i64,
) -> Result<(), DbErr> {
    let row = Model { user_id: user, ending, kind: kind.as_str().to_owned(), chosen_us: now_us };
    let mut again = OnConflict::columns([Column::UserId, Column::Ending]);
    again.update_columns([Column::Kind, Column::ChosenUs]);
    Entity::insert(row.into_active_model().reset_all()).on_conflict(again).exec_without_returning(tx).await?;
    let hers = || Entity::find().filter(Column::UserId.eq(user)).order_by_desc(Column::ChosenUs);
    let Some(oldest_kept) = hers().offset(MOST - 1).limit(1).one(tx).await? else { return Ok(()) };
    let older = Column::ChosenUs.lt(oldest_kept.chosen_us);
    Entity::delete_many().filter(Column::UserId.eq(user)).filter(older).exec(tx).await.map(drop)
}

pub(super) async fn forget(tx: &impl ConnectionTrait, user: Uuid, ending: String) -> Result<(), DbErr> {
    Entity::delete_by_id((user, ending)).exec(tx).await.map(drop)
}
