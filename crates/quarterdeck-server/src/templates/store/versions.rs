//! The tables `template_versions` and `template_texts`: nothing is ever taken from them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveModelTrait, Condition, IntoActiveModel, QueryOrder, QuerySelect};

use super::ROWS_A_STATEMENT;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "template_versions")]
pub(in crate::templates) struct Model {
    /// The Unix user whose template it is; empty: everybody's.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub template: String,
    /// Counted from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Of the file's text, SHA-256.
    pub hash: String,
    /// What the template calls itself.
    pub version: String,
    pub source: String,
    #[sea_orm(column_type = "Text")]
    pub file: String,
    pub seen_us: i64,
    /// Who wrote it here; null: the file was changed by other means.
    pub author: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

mod texts {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "template_texts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: String,
        #[sea_orm(column_type = "Text")]
        pub text: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Records what is not the template's last version already; numbers are given here.
pub(in crate::templates) async fn record(
    tx: &impl ConnectionTrait,
    owner: &str,
    seen: &[(Model, Arc<str>)],
) -> Result<(), DbErr> {
    for seen in seen.chunks(ROWS_A_STATEMENT) {
        let templates: Vec<&str> = seen.iter().map(|(version, _)| version.template.as_str()).collect();
        let last = last(tx, owner, &templates).await?;
        let (mut rows, mut new) = (Vec::new(), BTreeMap::new());
        for (version, text) in seen {
            let (number, hash) = last.get(&version.template).map_or((0, ""), |last| (last.number, last.hash.as_str()));
            if hash != version.hash {
                rows.push(Model { number: number + 1, ..version.clone() });
                new.insert(version.hash.as_str(), &**text);
            }
        }
        write_texts(tx, new).await?;
        // Another server of the site has seen the same file change.
        let mut conflict = OnConflict::columns([Column::Owner, Column::Template, Column::Number]);
        conflict.do_nothing();
        if !rows.is_empty() {
            let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
            Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx).await?;
        }
    }
    Ok(())
}

/// Keeps a text that is no version yet.
pub(in crate::templates) async fn keep_text(tx: &impl ConnectionTrait, hash: &str, text: &str) -> Result<(), DbErr> {
    write_texts(tx, BTreeMap::from([(hash, text)])).await
}

/// Says who wrote a template's last version, where that is this text and nobody was named.
pub(in crate::templates) async fn sign(
    tx: &impl ConnectionTrait,
    owner: &str,
    template: &str,
    hash: &str,
    author: &str,
) -> Result<(), DbErr> {
    let last = last(tx, owner, &[template]).await?;
    let Some(last) = last.get(template).filter(|last| last.hash == hash && last.author.is_none()) else {
        return Ok(());
    };
    let update = Entity::update_many().col_expr(Column::Author, Expr::value(author));
    let these = Column::Owner.eq(owner).and(Column::Template.eq(template)).and(Column::Number.eq(last.number));
    update.filter(these).exec(tx).await.map(drop)
}

async fn write_texts(tx: &impl ConnectionTrait, new: BTreeMap<&str, &str>) -> Result<(), DbErr> {
    if new.is_empty() {
        return Ok(());
    }
    let rows = new.into_iter().map(|(hash, text)| texts::Model { hash: hash.to_owned(), text: text.to_owned() });
    let mut conflict = OnConflict::column(texts::Column::Hash);
    conflict.do_nothing();
    let rows = rows.map(|row| row.into_active_model().reset_all());
    texts::Entity::insert_many(rows).on_conflict(conflict).exec_without_returning(tx).await?;
    Ok(())
}

/// The last version of each of these.
async fn last(db: &impl ConnectionTrait, owner: &str, templates: &[&str]) -> Result<HashMap<String, Model>, DbErr> {
    let numbers: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Template)
        .column_as(Column::Number.max(), "number")
        .filter(Column::Owner.eq(owner).and(Column::Template.is_in(templates.iter().copied())))
        .group_by(Column::Template)
        .into_tuple()
        .all(db)
        .await?;
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let each =
        numbers.into_iter().map(|(template, number)| Column::Template.eq(template).and(Column::Number.eq(number)));
    let any = each.fold(Condition::any(), Condition::add);
    let rows = Entity::find().filter(Column::Owner.eq(owner)).filter(any).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.template.clone(), row)).collect())
}

/// Of one template, the newest first, from the one before `before`.
pub(in crate::templates) async fn list(
    db: &impl ConnectionTrait,
    owner: &str,
    template: &str,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().filter(Column::Owner.eq(owner).and(Column::Template.eq(template)));
    if let Some(before) = before {
        query = query.filter(Column::Number.lt(before));
    }
    query.order_by_desc(Column::Number).limit(limit).all(db).await
}

pub(in crate::templates) async fn find(
    db: &impl ConnectionTrait,
    owner: &str,
    template: &str,
    number: i64,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((owner.to_owned(), template.to_owned(), number)).one(db).await
}

/// What a file said.
pub(in crate::templates) async fn text(db: &impl ConnectionTrait, hash: &str) -> Result<Option<String>, DbErr> {
    Ok(texts::Entity::find_by_id(hash.to_owned()).one(db).await?.map(|row| row.text))
}
