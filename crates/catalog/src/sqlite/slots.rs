//! The part `Slots` of the `SQLite` backend.

use async_trait::async_trait;

use super::SqliteCatalog;
use crate::Slots;

#[async_trait]
impl Slots for SqliteCatalog {}
