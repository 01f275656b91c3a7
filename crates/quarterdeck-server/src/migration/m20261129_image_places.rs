//! What an image is, apart from where it lies: an image has one row, and a place each on every node that has it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const IMAGES: &str = "apptainer_images";
const PLACES: &str = "apptainer_image_places";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            text("identity").default("").to_owned(),
            string("identity_kind").default("place").to_owned(),
            big_integer_null("created_us"),
            string_null("format"),
            boolean("encrypted").default(false).to_owned(),
            text("words").default("").to_owned(),
            string("state").default("active").to_owned(),
            big_integer_null("gone_us"),
            integer("reader").default(0).to_owned(),
        ];
        // One statement each: SQLite takes no more.
        for column in columns {
            manager.alter_table(Table::alter().table(IMAGES).add_column(column).to_owned()).await?;
        }
        // What they are is not known before they are read again; the first scan does, since `reader` is 0.
        let join = |left: Expr, right: Expr| left.binary(BinOper::Custom("||"), right);
        let beginning = join(Expr::val("place:server:"), Expr::col("cluster"));
        let with_host = join(join(beginning, Expr::val(":")), Expr::col("host"));
        let identity = join(join(with_host, Expr::val(":")), Expr::col("path"));
        manager.execute(Query::update().table(IMAGES).value("identity", identity).to_owned()).await?;

        manager.create_table(places()).await?;
        let moved = Query::insert()
            .into_table(PLACES)
            .columns([
                "id",
                "image_id",
                "source",
                "cluster",
                "node",
                "path",
                "size",
                "modified_us",
                "state",
                "first_seen_us",
                "seen_us",
            ])
            .select_from(
                Query::select()
                    .columns(["id", "id"])
                    .expr(Expr::val("server"))
                    .columns(["cluster", "host", "path", "size", "modified_us"])
                    .expr(Expr::val("active"))
                    .columns(["scanned_us", "scanned_us"])
                    .from(IMAGES)
                    .to_owned(),
            )
            .map_err(|error| DbErr::Custom(error.to_string()))?
            .to_owned();
        manager.execute(moved).await?;

        manager.drop_index(Index::drop().table(IMAGES).name("apptainer_images_by_host_path").to_owned()).await?;
        for index in [
            index(IMAGES, &["identity"]).unique().to_owned(),
            index(IMAGES, &["name", "id"]),
            // An image that was replaced keeps its place, as one that it has left.
            index(PLACES, &["source", "cluster", "node", "path", "image_id"]).unique().to_owned(),
            index(PLACES, &["image_id", "state"]),
            index(PLACES, &["cluster", "path"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn places() -> TableCreateStatement {
    Table::create()
        .table(PLACES)
        .col(uuid("id").primary_key())
        .col(uuid("image_id"))
        .col(string("source"))
        .col(string("cluster"))
        .col(string("node"))
        .col(text("path"))
        .col(big_integer("size"))
        .col(big_integer("modified_us"))
        .col(big_integer_null("inode"))
        .col(big_integer_null("device"))
        .col(string("state"))
        .col(big_integer("first_seen_us"))
        .col(big_integer("seen_us"))
        .col(big_integer_null("gone_us"))
        .to_owned()
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.table(table).name(format!("{table}_by_{}", columns.join("_")));
    for column in columns {
        statement.col(*column);
    }
    statement
}
