//! The table `job_templates`: what was read from the templates' directory the last time.

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, IntoActiveModel, QueryOrder};

/// Rows in one statement: PostgreSQL and SQLite take some ten thousand values.
const ROWS_A_STATEMENT: usize = 100;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_templates")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub version: String,
    pub source: String,
    pub category: String,
    #[sea_orm(column_type = "Text")]
    pub file: String,
    pub document: Json,
    pub loaded_us: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Puts these in the place of all.
pub(super) async fn replace_all(tx: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    Entity::delete_many().exec(tx).await?;
    for rows in rows.chunks(ROWS_A_STATEMENT) {
        let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

pub(super) async fn find(db: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.to_owned()).one(db).await
}

/// Ordered by id, from the one behind `after`.
pub(super) async fn list(
    db: &impl ConnectionTrait,
    category: Option<&str>,
    source: Option<&str>,
    after: Option<&str>,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find();
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    if let Some(category) = category {
        query = query.filter(Column::Category.eq(category));
    }
    if let Some(source) = source {
        query = query.filter(Column::Source.eq(source));
    }
    query.order_by_asc(Column::Id).all(db).await
}
