//! The dashboard: a file for each page, on one shell. Pages are rendered here and work without scripts; small modules keep them moving.
//! Must not judge, and must not know SQL or files.
//!
//! To add a page: a handler that takes a [`Visit`] and ends in [`show`], a template that extends `layout.html`, a route in [`guarded`],
//! and an entry in [`shell::PLACES`].

pub mod answers;
pub mod assets;
pub mod calendar;
pub mod cameras;
mod coverage;
mod day;
mod frame;
pub mod frames;
mod grid;
mod health;
mod login;
mod now;
mod problems;
pub mod prose;
mod render;
mod runs;
mod settings;
mod sheets;
pub mod shell;
pub mod strip;
mod timelapse;
pub mod times;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub use problems::tell;
pub use render::show;
pub use shell::{Shell, Visit};

/// What takes rights.
pub fn guarded() -> Router<App> {
    Router::new()
        .route("/", get(now::page))
        .route("/coverage", get(coverage::page))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::one))
        .route("/health", get(health::page))
        .route("/settings", get(settings::page))
        .route("/timelapse", get(timelapse::page))
        .route("/day", get(day::choose))
        .route("/day/{camera}/{date}", get(day::page))
        .route("/day/{camera}/{date}/{image}", get(frame::page))
        .route("/sheets/{width}/{ids}", get(sheets::serve))
}

/// What everybody may ask for.
pub fn open() -> Router<App> {
    Router::new()
        .route("/login", get(login::page).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/assets/{version}/{name}", get(assets::file))
        .route("/favicon.ico", get(assets::icon))
}
