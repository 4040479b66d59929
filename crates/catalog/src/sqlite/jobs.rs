//! The part `Jobs` of the `SQLite` backend.

use async_trait::async_trait;

use super::SqliteCatalog;
use crate::Jobs;

#[async_trait]
impl Jobs for SqliteCatalog {}
