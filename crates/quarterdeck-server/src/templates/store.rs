//! The tables of the library. `job_templates` is what is offered now, as the files say; `template_versions` what each
//! template ever said, and `template_texts` the files themselves; in `shares`, what users offer to everybody.

pub(super) mod shares;
pub(super) mod uses;
pub(super) mod versions;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable, QueryOrder};

/// Rows in one statement: PostgreSQL and SQLite take some ten thousand values.
const ROWS_A_STATEMENT: usize = 100;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_templates")]
pub(super) struct Model {
    /// The Unix user whose it is; empty: everybody's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub version: String,
    /// Of the file's text, SHA-256.
    pub hash: String,
    pub source: String,
    pub category: String,
    #[sea_orm(column_type = "Text")]
    pub file: String,
    pub document: Json,
    pub loaded_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Puts these in the place of what they were, and takes the `gone` away.
pub(super) async fn change(
    tx: &impl ConnectionTrait,
    owner: &str,
    rows: Vec<Model>,
    gone: &[String],
) -> Result<(), DbErr> {
    for ids in gone.chunks(ROWS_A_STATEMENT) {
        let these = Column::Owner.eq(owner).and(Column::Id.is_in(ids));
        Entity::delete_many().filter(these).exec(tx).await?;
    }
    let keys = [Column::Owner, Column::Id];
    for rows in rows.chunks(ROWS_A_STATEMENT) {
        let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
        let others = Column::iter().filter(|column| !keys.iter().any(|key| key.as_str() == column.as_str()));
        let conflict = OnConflict::columns(keys).update_columns(others).to_owned();
        Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What was offered when this was written last, by id.
pub(super) async fn offered(db: &impl ConnectionTrait, owner: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Owner.eq(owner)).order_by_asc(Column::Id).all(db).await
}
