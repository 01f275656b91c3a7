//! The number that an array's tasks and a heterogeneous job's components share, to find them by an index; and what jobs
//! wait for, since Slurm forgets it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let root = Table::alter().table("jobs").add_column(string_null("root")).to_owned();
        manager.alter_table(root).await?;
        fill(manager).await?;
        let index = Index::create().table("jobs").name("jobs_by_cluster_root").col("cluster").col("root").to_owned();
        manager.create_index(index).await?;

        let dependencies = Table::create()
            .table("job_dependencies")
            .col(uuid("job"))
            .col(string("kind"))
            .col(string("on_job_id"))
            .col(string("on_root"))
            .col(string("cluster"))
            .primary_key(Index::create().col("job").col("kind").col("on_job_id"))
            .to_owned();
        manager.create_table(dependencies).await?;
        let index = Index::create()
            .table("job_dependencies")
            .name("job_dependencies_by_cluster_on_root")
            .col("cluster")
            .col("on_root")
            .to_owned();
        manager.create_index(index).await
    }
}

/// `5` of `5`, `5_12` and `5+1`.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let number = || Expr::col("job_id");
    let without =
        |text: Expr, characters: &'static str| Expr::from(Func::cust("RTRIM").arg(text).arg(Expr::val(characters)));
    let root = without(without(number(), "0123456789"), "_+");
    let is_part = number().like(LikeExpr::new("%\\_%").escape('\\')).or(number().like("%+%"));
    let whole = Query::update().table("jobs").value("root", number()).and_where(is_part.clone().not()).to_owned();
    let parts = Query::update().table("jobs").value("root", root).and_where(is_part).to_owned();
    manager.execute(whole).await?;
    manager.execute(parts).await
}
