//! The cards that are known, as they are in the database, ready to be compared with. Must not compare.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use draywatch_catalog::{Catalog, CatalogError, Placeholder};
use draywatch_core::error::chain;
use draywatch_picture::verdict::Placeholders;

/// The cards, for all who examine pictures. Clones share them.
#[derive(Clone, Default)]
pub struct Cards(Arc<Mutex<(Vec<Placeholder>, Arc<Placeholders>)>>);

impl fmt::Debug for Cards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cards", self.current().len())
    }
}

impl Cards {
    /// The cards as of the last time that they were read.
    #[must_use]
    pub fn current(&self) -> Arc<Placeholders> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known.1)
    }

    /// Reads them if they have changed. Failing to is told, and no reason not to go on with those that are known.
    pub async fn refresh(&self, catalog: &dyn Catalog) {
        if let Err(error) = self.read(catalog).await {
            tracing::warn!(error = %chain(&error), "the placeholders could not be read; those that were known are used");
        }
    }

    async fn read(&self, catalog: &dyn Catalog) -> Result<(), CatalogError> {
        let listed = catalog.placeholders().await?;
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).0 == listed {
            return Ok(());
        }
        let mut cards = Placeholders::default();
        for (card, picture) in catalog.placeholder_pictures().await? {
            if let Err(error) = cards.add(&card.name, &picture) {
                tracing::warn!(name = card.name, error = %chain(&error), "a placeholder cannot be used");
            }
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (listed, Arc::new(cards));
        Ok(())
    }
}
