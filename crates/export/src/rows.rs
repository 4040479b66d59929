//! The rows of an export in their order, read from the database by and by. Must not know a format.

mod gaps;
mod images;
mod slots;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use draywatch_catalog::{Catalog, ImageKey};
use draywatch_core::coverage::{SLOT, slot_of};
use serde::{Deserialize, Serialize};

pub(crate) use images::Images;
pub(crate) use slots::masks;

use crate::columns::{self, Row};
use crate::{ExportError, ImageFilter, Table};

/// A row's place in the order of its table: an export goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    /// Of images: time, camera, ordinal.
    Image(ImageKey),
    /// Of slots: time, and which of the cameras.
    Slot(DateTime<Utc>, usize),
    /// Of gaps: which of the cameras, and where the gap begins.
    Gap(usize, DateTime<Utc>),
}

/// Rows of any table.
pub(crate) struct Rows {
    from: From,
    ready: VecDeque<(Mark, Row)>,
}

enum From {
    Images(Images),
    Slots(slots::Slots),
    Gaps(gaps::Gaps),
}

impl Rows {
    /// The rows behind `after`.
    pub(crate) fn new(
        catalog: Arc<dyn Catalog>,
        query: ImageFilter,
        table: Table,
        after: Option<&Mark>,
    ) -> Self {
        let from = match table {
            Table::Images => From::Images(Images::new(catalog, &query, after)),
            Table::Slots => From::Slots(slots::Slots::new(catalog, query, after)),
            Table::Gaps => From::Gaps(gaps::Gaps::new(catalog, query, after)),
        };
        Self {
            from,
            ready: VecDeque::new(),
        }
    }

    /// The next rows, exactly so many unless the table ends; and the place of the last of them.
    pub(crate) async fn take(
        &mut self,
        count: usize,
    ) -> Result<(Vec<Row>, Option<Mark>), ExportError> {
        while self.ready.len() < count && self.read().await? {}
        let count = count.min(self.ready.len());
        let mut last = None;
        let taken = self.ready.drain(..count).map(|(mark, row)| {
            last = Some(mark);
            row
        });
        let rows = taken.collect();
        Ok((rows, last))
    }

    /// Reads some more; whether there may be any.
    async fn read(&mut self) -> Result<bool, ExportError> {
        match &mut self.from {
            From::Images(images) => {
                let Some((key, image)) = images.next().await? else {
                    return Ok(false);
                };
                let row = columns::image(&image, key.timestamp);
                self.ready.push_back((Mark::Image(key), row));
                Ok(true)
            }
            From::Slots(slots) => slots.read(&mut self.ready).await,
            From::Gaps(gaps) => gaps.read(&mut self.ready).await,
        }
    }
}

/// The start of the first slot that begins at `from` or later.
fn first_slot(from: DateTime<Utc>) -> DateTime<Utc> {
    let slot = slot_of(from);
    if slot < from { slot + SLOT } else { slot }
}
