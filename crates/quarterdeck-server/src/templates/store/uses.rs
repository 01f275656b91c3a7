//! The table `template_uses`.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, IntoActiveModel, QuerySelect};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "template_uses")]
pub(in crate::templates) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Its id; one's own begins as jobs name it, so that it is never counted with another user's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub template: String,
    /// That the user submitted.
    pub jobs: i64,
    pub last_us: Option<i64>,
    pub favourite: bool,
}

impl ActiveModelBehavior for ActiveModel {}

/// One more job of this user's.
pub(in crate::templates) async fn add(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    template: &str,
    now_us: i64,
) -> Result<(), DbErr> {
    let first = Model { user_id, template: template.to_owned(), jobs: 1, last_us: Some(now_us), favourite: false };
    let mut conflict = OnConflict::columns([Column::UserId, Column::Template]);
    conflict.value(Column::Jobs, Expr::col((Entity, Column::Jobs)).add(1)).update_column(Column::LastUs);
    Entity::insert(first.into_active_model().reset_all()).on_conflict(conflict).exec_without_returning(tx).await?;
    Ok(())
}

pub(in crate::templates) async fn set_favourite(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    template: &str,
    favourite: bool,
) -> Result<(), DbErr> {
    let row = Model { user_id, template: template.to_owned(), jobs: 0, last_us: None, favourite };
    let conflict = OnConflict::columns([Column::UserId, Column::Template]).update_column(Column::Favourite).to_owned();
    Entity::insert(row.into_active_model().reset_all()).on_conflict(conflict).exec_without_returning(tx).await?;
    Ok(())
}

/// What a user has made of these.
pub(in crate::templates) async fn of_user(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    templates: &[String],
) -> Result<HashMap<String, Model>, DbErr> {
    let these = Column::UserId.eq(user_id).and(Column::Template.is_in(templates));
    let rows = Entity::find().filter(these).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.template.clone(), row)).collect())
}

/// How many jobs all users have made of these.
pub(in crate::templates) async fn jobs_of_all(
    db: &impl ConnectionTrait,
    templates: &[String],
) -> Result<HashMap<String, i64>, DbErr> {
    let sum = Expr::col(Column::Jobs).sum().cast_as("bigint");
    let query = Entity::find().select_only().column(Column::Template).column_as(sum, "jobs");
    let counts: Vec<(String, i64)> =
        query.filter(Column::Template.is_in(templates)).group_by(Column::Template).into_tuple().all(db).await?;
    Ok(counts.into_iter().collect())
}
