//! The part `Holds` of the `SQLite` backend.

use async_trait::async_trait;

use super::SqliteCatalog;
use crate::Holds;

#[async_trait]
impl Holds for SqliteCatalog {}
