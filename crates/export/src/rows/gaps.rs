//! Stretches of slots without a full picture, camera by camera.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveTime, Utc};
use draywatch_catalog::{Catalog, DaySlots};
use draywatch_core::coverage::{self, Answer, Stretch};

use super::slots::last_day;
use super::{Mark, first_slot};
use crate::columns::{self, Row};
use crate::{ExportError, ImageFilter};

/// Days that are read together.
const DAYS: u64 = 64;

pub(super) struct Gaps {
    catalog: Arc<dyn Catalog>,
    query: ImageFilter,
    /// The camera that is read, and how far.
    camera: usize,
    next: DateTime<Utc>,
    /// The gap that may go on.
    open: Option<Stretch>,
    /// What is told already.
    after: Option<(usize, DateTime<Utc>)>,
}

impl Gaps {
    pub(super) fn new(catalog: Arc<dyn Catalog>, query: ImageFilter, after: Option<&Mark>) -> Self {
        let after = match after {
            Some(Mark::Gap(camera, from)) => Some((*camera, *from)),
            _ => None,
        };
        let (camera, next) = after.unwrap_or((0, first_slot(query.from)));
        Self {
            catalog,
            query,
            camera,
            next,
            open: None,
            after,
        }
    }

    /// Reads some days of a camera; whether there were any.
    pub(super) async fn read(
        &mut self,
        ready: &mut VecDeque<(Mark, Row)>,
    ) -> Result<bool, ExportError> {
        let Some(camera) = self.query.cameras.get(self.camera).cloned() else {
            return Ok(false);
        };
        let first = self.next.date_naive();
        let last = last_day(self.query.to);
        let block = first.checked_add_days(Days::new(DAYS - 1)).unwrap_or(last);
        let block = block.min(last);
        let cameras = std::slice::from_ref(&camera);
        let found = self.catalog.slots(cameras, first, block).await?;
        let all = found.iter().flatten().flat_map(DaySlots::slots);
        let within: Vec<(DateTime<Utc>, Answer)> = all
            .filter(|(slot, _)| (self.next..self.query.to).contains(slot))
            .map(|(slot, answer)| (slot, answer.clone()))
            .collect();
        for gap in coverage::gaps(&within) {
            match &mut self.open {
                Some(open) if open.to == gap.from && open.answer == gap.answer => {
                    open.to = gap.to;
                    open.slots += gap.slots;
                }
                _ => {
                    let ended = self.open.replace(gap);
                    self.tell(ended, ready);
                }
            }
        }
        if let Some(next) = block.succ_opt().filter(|next| *next <= last) {
            self.next = next.and_time(NaiveTime::MIN).and_utc();
        } else {
            let ended = self.open.take();
            self.tell(ended, ready);
            self.camera += 1;
            self.next = first_slot(self.query.from);
        }
        Ok(true)
    }

    fn tell(&self, gap: Option<Stretch>, ready: &mut VecDeque<(Mark, Row)>) {
        let Some(gap) = gap else { return };
        let place = (self.camera, gap.from);
        if self.after.is_none_or(|after| place > after) {
            let row = columns::gap(&self.query.cameras[self.camera], &gap);
            ready.push_back((Mark::Gap(place.0, place.1), row));
        }
    }
}
