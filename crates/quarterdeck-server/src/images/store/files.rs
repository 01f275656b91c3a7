//! Files that are read whole, of the table `apptainer_image_places`: whose they are, and which are taken for the same one.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Condition;
use sea_orm::{DerivePartialModel, QueryOrder, QuerySelect};

use super::places::{ACTIVE, Column, Entity};
use crate::images::visit::Source;

/// A file about which something is to be found out.
#[derive(Clone, Debug, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(in crate::images) struct File {
    pub id: Uuid,
    pub image_id: Uuid,
    pub source: String,
    pub cluster: String,
    pub node: String,
    pub path: String,
    pub size: i64,
    pub modified_us: i64,
}

/// Whose files are read.
#[derive(Clone, Copy, Debug)]
pub(in crate::images) enum Whose<'a> {
    /// Those of this host, by the server that runs there.
    Hosts(&'a str),
    Nodes,
}

impl Whose<'_> {
    pub(super) fn files(self) -> Condition {
        match self {
            Whose::Hosts(name) => {
                Condition::all().add(Column::Source.eq(Source::Server.as_str())).add(Column::Node.eq(name))
            }
            Whose::Nodes => Condition::all().add(Column::Source.eq(Source::Node.as_str())),
        }
    }
}

/// The files that are taken for the same one: those of a cluster's nodes with the same path, size, time and header. On
/// the portal's own host, each is looked at by itself.
pub(super) fn alike(file: &File) -> Condition {
    if file.source == Source::Server.as_str() {
        let same_file = Condition::all().add(Column::Id.eq(file.id)).add(Column::Size.eq(file.size));
        return same_file.add(Column::ModifiedUs.eq(file.modified_us));
    }
    Condition::all()
        .add(Column::ImageId.eq(file.image_id))
        .add(Column::Source.eq(&file.source))
        .add(Column::Cluster.eq(&file.cluster))
        .add(Column::Path.eq(&file.path))
        .add(Column::Size.eq(file.size))
        .add(Column::ModifiedUs.eq(file.modified_us))
}

/// Some nodes where the file lies.
pub(in crate::images) async fn nodes(db: &impl ConnectionTrait, file: &File, limit: u64) -> Result<Vec<String>, DbErr> {
    let there = Entity::find().filter(alike(file)).filter(Column::State.eq(ACTIVE));
    there.select_only().column(Column::Node).order_by_asc(Column::Node).limit(limit).into_tuple().all(db).await
}
