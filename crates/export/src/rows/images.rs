//! Image rows, page by page.

use std::sync::Arc;
use std::vec;

use draywatch_catalog::{Catalog, ImageFilter, ImageKey, ImageRow};

use super::Mark;
use crate::ExportError;

/// Rows in a page: what is held in memory.
const PAGE: u32 = 4_096;

/// Image rows in the order of their keys.
pub(crate) struct Images {
    catalog: Arc<dyn Catalog>,
    filter: ImageFilter,
    after: Option<ImageKey>,
    page: vec::IntoIter<ImageRow>,
    is_last: bool,
}

impl Images {
    /// The rows behind `after`.
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        query: &ImageFilter,
        after: Option<&Mark>,
    ) -> Self {
        let after = match after {
            Some(Mark::Image(key)) => Some(key.clone()),
            _ => None,
        };
        Self {
            catalog,
            filter: query.clone(),
            after,
            page: Vec::new().into_iter(),
            is_last: false,
        }
    }

    /// The next row with its key.
    pub(crate) async fn next(&mut self) -> Result<Option<(ImageKey, ImageRow)>, ExportError> {
        loop {
            for image in self.page.by_ref() {
                if let Some(key) = ImageKey::of(&image) {
                    return Ok(Some((key, image)));
                }
            }
            if self.is_last {
                return Ok(None);
            }
            let after = self.after.as_ref();
            let page = self.catalog.images_page(&self.filter, after, PAGE).await?;
            self.is_last = page.is_empty();
            self.after = page.last().and_then(ImageKey::of).or(self.after.take());
            self.page = page.into_iter();
        }
    }
}
