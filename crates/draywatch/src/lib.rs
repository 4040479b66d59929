//! draywatch: keeps the history of container terminal gate cameras.
//!
//! This crate is the wiring: it composes portal, fetch, archive, catalog and picture. The rules are in `draywatch-core`.

mod blocking;
pub mod cli;
pub mod collect;
pub mod config;
pub mod examine;
pub mod fetch;
pub mod health;
pub mod lease;
pub mod maintain;
pub mod notify;
pub mod removal;
pub mod service;
pub mod store;
