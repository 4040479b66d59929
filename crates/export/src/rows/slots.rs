//! Slots with their answers, in the order of time and camera.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use draywatch_catalog::{Catalog, DaySlots};
use draywatch_core::coverage::Answer;

use super::Mark;
use crate::columns::{self, Row};
use crate::{ExportError, ImageFilter};

/// Days of cameras that are read together.
const CAMERA_DAYS: usize = 64;

pub(super) struct Slots {
    catalog: Arc<dyn Catalog>,
    query: ImageFilter,
    after: Option<(DateTime<Utc>, usize)>,
    next: NaiveDate,
}

impl Slots {
    pub(super) fn new(catalog: Arc<dyn Catalog>, query: ImageFilter, after: Option<&Mark>) -> Self {
        let after = match after {
            Some(Mark::Slot(slot, camera)) => Some((*slot, *camera)),
            _ => None,
        };
        let begin = after.map_or(query.from, |(slot, _)| slot);
        Self {
            catalog,
            next: begin.date_naive(),
            query,
            after,
        }
    }

    /// Reads some days; whether there were any.
    pub(super) async fn read(
        &mut self,
        ready: &mut VecDeque<(Mark, Row)>,
    ) -> Result<bool, ExportError> {
        let last = last_day(self.query.to);
        if self.next > last {
            return Ok(false);
        }
        let days = (CAMERA_DAYS / self.query.cameras.len().max(1)).max(1);
        let days = Days::new(u64::try_from(days - 1).unwrap_or(0));
        let block = self.next.checked_add_days(days).unwrap_or(last).min(last);
        let cameras = &self.query.cameras;
        let found = self.catalog.slots(cameras, self.next, block).await?;
        let mut slots: Vec<(DateTime<Utc>, usize, &Answer)> = Vec::new();
        for (nth, days) in found.iter().enumerate() {
            let of_camera = days.iter().flat_map(DaySlots::slots);
            slots.extend(of_camera.map(|(slot, answer)| (slot, nth, answer)));
        }
        slots.sort_by_key(|(slot, nth, _)| (*slot, *nth));
        for (slot, nth, answer) in slots {
            let is_asked_for = (self.query.from..self.query.to).contains(&slot);
            if is_asked_for && self.after.is_none_or(|after| (slot, nth) > after) {
                let row = columns::slot(&cameras[nth], slot, answer);
                ready.push_back((Mark::Slot(slot, nth), row));
            }
        }
        self.next = block.succ_opt().unwrap_or(NaiveDate::MAX);
        Ok(true)
    }
}

/// The last day with an instant before `to`.
pub(super) fn last_day(to: DateTime<Utc>) -> NaiveDate {
    (to - TimeDelta::microseconds(1)).date_naive()
}

/// The slots of every camera on a day, in the order of the cameras; nothing for those that are not asked for.
pub(crate) async fn masks(
    catalog: &dyn Catalog,
    query: &ImageFilter,
    day: NaiveDate,
) -> Result<Vec<Vec<Option<Answer>>>, ExportError> {
    let found = catalog.slots(&query.cameras, day, day).await?;
    let answer = |(slot, answer): (DateTime<Utc>, &Answer)| {
        let is_asked_for = (query.from..query.to).contains(&slot);
        is_asked_for.then(|| answer.clone())
    };
    let of_camera =
        |days: &Vec<DaySlots>| days.iter().flat_map(DaySlots::slots).map(answer).collect();
    Ok(found.iter().map(of_camera).collect())
}
