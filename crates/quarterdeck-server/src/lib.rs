//! Quarterdeck's web server: sign-in, uploads, templates, images, jobs and live updates over HTTP. It runs without
//! privileges and never touches a user's files by itself: what acts for a user is asked of her agent.
//!
//! A folder for each feature: `api.rs` (its routes, the only file with axum) → `mod.rs` (what it does) → `store.rs`
//! (its tables, the only file with SeaORM).

mod access;
mod agents;
mod app;
mod audit;
mod auth;
mod client_address;
mod clock;
mod clusters;
mod config;
mod db;
mod files;
mod images;
mod jobs;
mod limits;
mod live;
mod migration;
mod nodes;
mod notifications;
mod page;
mod problem;
mod redis;
mod requests;
mod start;
mod templates;
mod uploads;
mod web;

pub use access::{Area, Role, Route, Rule, Scope, TABLE};
pub use auth::{
    Error as AuthError, NewUser, User, add_user, disable_user, list_users, random_password, reset_password,
};
pub use clock::Clock;
pub use config::{Config, ConfigError, Mode};
pub use db::Db;
pub use limits::Class;
pub use problem::FieldError;
pub use start::{serve, single_user_config};
pub use web::openapi;
