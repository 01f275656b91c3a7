//! Quarterdeck's web server: sign-in, uploads, templates, images, jobs and live updates over HTTP. It runs without
//! privileges and never touches a user's files by itself: what acts for a user is asked of her agent.
//!
//! A folder for each feature: `api.rs` (its routes, the only file with axum) → `mod.rs` (what it does) → `store.rs`
//! (its tables, the only file with SeaORM).

mod access;
mod accounts;
mod agents;
mod api_docs;
mod api_keys;
mod app;
mod audit;
mod auth;
mod client_address;
mod clock;
mod clusters;
mod config;
mod crash;
mod cross_site;
mod db;
mod files;
mod health;
mod history;
mod host;
mod images;
mod jobs;
mod limits;
mod listen;
mod live;
mod method_override;
mod migration;
mod networks;
mod nodes;
mod notifications;
mod page;
mod problem;
mod ranges;
mod redact;
mod redis;
mod requests;
mod secret_file;
mod secrets;
mod start;
mod templates;
mod unchanged;
mod uploads;
pub mod users;
mod web;

pub use access::{Area, Role, Route, Rule, Scope, TABLE};
#[doc(hidden)]
pub use audit::Bench as AuditBench;
pub use audit::{Commands as AuditCommands, Finding as AuditFinding, Log as AuditLog, Report as AuditReport, Who};
pub use auth::Keys;
pub use clock::Clock;
pub use config::{Config, ConfigError, Mode};
pub use db::Db;
pub use images::SigningKeys;
#[doc(hidden)]
pub use jobs::Bench as JobsBench;
pub use limits::Class;
pub use problem::FieldError;
pub use start::{serve, single_user_config};
pub use web::openapi;
