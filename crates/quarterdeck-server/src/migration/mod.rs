//! The schema's history. A migration that has been released is never changed: add another.

use sea_orm_migration::prelude::*;

mod m20261124_first;
mod m20261125_access;
mod m20261125_audit;
mod m20261126_archives;
mod m20261126_cluster_history;
mod m20261126_downloads;
mod m20261126_job_parts;
mod m20261126_notifications;
mod m20261126_requests;
mod m20261126_sweeps;
mod m20261126_usage;
mod m20261128_cancelled_by_user;
mod m20261128_kinds;
mod m20261128_upload_fingerprints;
mod m20261128_uploads;
mod m20261129_image_digests;
mod m20261129_image_places;
mod m20261129_image_places_gone;
mod m20261129_image_signatures;
mod m20261129_leases;
mod m20261129_template_library;
mod m20261129_template_uses;
mod m20261129_upload_inode;
mod m20261130_own_images;
mod m20261130_template_shares;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_first::Migration),
            Box::new(m20261125_access::Migration),
            Box::new(m20261125_audit::Migration),
            Box::new(m20261126_requests::Migration),
            Box::new(m20261126_downloads::Migration),
            Box::new(m20261126_job_parts::Migration),
            Box::new(m20261126_cluster_history::Migration),
            Box::new(m20261126_notifications::Migration),
            Box::new(m20261126_usage::Migration),
            Box::new(m20261126_archives::Migration),
            Box::new(m20261126_sweeps::Migration),
            Box::new(m20261128_cancelled_by_user::Migration),
            Box::new(m20261128_uploads::Migration),
            Box::new(m20261128_kinds::Migration),
            Box::new(m20261128_upload_fingerprints::Migration),
            Box::new(m20261129_upload_inode::Migration),
            Box::new(m20261129_image_places::Migration),
            Box::new(m20261129_template_library::Migration),
            Box::new(m20261129_template_uses::Migration),
            Box::new(m20261129_image_signatures::Migration),
            Box::new(m20261129_image_digests::Migration),
            Box::new(m20261129_leases::Migration),
            Box::new(m20261129_image_places_gone::Migration),
            Box::new(m20261130_own_images::Migration),
            Box::new(m20261130_template_shares::Migration),
        ]
    }
}
