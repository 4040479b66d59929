//! The part of `status` that is about the service: its jobs, and how soon after their instant frames are stored.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{Catalog, JobRow, Result};
use draywatch_core::CameraId;
use draywatch_core::pace::{Lag, Memory, lag};
use draywatch_core::zone::FUTURE_TOLERANCE;
use serde_json::{Value, json};

use super::table::{self, Side, Table};
use crate::collect::job_name;

/// The frames of so long ago at most say how soon frames are stored.
const LATELY: TimeDelta = TimeDelta::days(1);
/// A camera's frames of a day, with room for twins ...
const FRAMES: u32 = 160;
/// ... but of many cameras fewer, so that all of them together are no more than this, and at least so many of each.
const OF_ALL: u32 = 3000;
const AT_LEAST: u32 = 24;

/// The jobs, and the cameras' lags.
pub struct Jobs {
    rows: Vec<JobRow>,
    lags: BTreeMap<CameraId, Lag>,
}

impl Jobs {
    /// Reads both.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(
        catalog: &dyn Catalog,
        cameras: &[CameraId],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let rows = catalog.jobs().await?;
        let mut lags = BTreeMap::new();
        let each = frames_of_each(cameras.len());
        for camera in cameras {
            let name = job_name(camera);
            let memory = rows.iter().find(|row| row.name == name);
            let memory = memory.and_then(|row| row.memory.as_deref());
            let memory: Memory =
                serde_json::from_str(memory.unwrap_or_default()).unwrap_or_default();
            let until = now + FUTURE_TOLERANCE;
            let frames = catalog.newest_frames(camera, until, each).await?;
            let lately: Vec<_> = frames
                .into_iter()
                .filter(|frame| now - frame.instant <= LATELY)
                .filter_map(|frame| Some((frame.instant, frame.committed?)))
                .collect();
            if let Some(lag) = lag(&lately, memory.appears_after()) {
                lags.insert(camera.clone(), lag);
            }
        }
        Ok(Self { rows, lags })
    }

    /// The lag of a camera, `null` where there are no frames of late.
    pub fn lag(&self, camera: &str) -> Value {
        let found = self.lags.iter().find(|(name, _)| name.as_str() == camera);
        json!(found.map(|(_, lag)| lag))
    }

    /// The jobs.
    pub fn to_json(&self) -> Value {
        let job = |row: &JobRow| {
            let open = row.standing.open;
            json!({
                "job": row.name,
                "due": open.map(|open| open.due),
                "not_before": open.map(|open| open.not_before),
                "is_running": open.is_some_and(|open| open.is_running),
                "attempts": open.map_or(0, |open| open.attempts),
                "purpose": row.purpose,
                "last_started": row.standing.last_started,
                "holder": row.lease.as_ref().map(|lease| &lease.holder),
            })
        };
        self.rows.iter().map(job).collect()
    }

    /// The jobs for people; `None` where no service ever ran.
    pub fn table(&self) -> Option<Table> {
        // A fetch by hand takes a job's lease, and so leaves its row.
        let has_run =
            |row: &JobRow| row.standing.last_started.is_some() || row.standing.open.is_some();
        if !self.rows.iter().any(has_run) {
            return None;
        }
        let (left, right) = (Side::Left, Side::Right);
        let mut table = Table::new(&[
            ("job", left),
            ("last started", left),
            ("next", left),
            ("lag, median", right),
        ]);
        for row in &self.rows {
            let open = row.standing.open;
            let next = match open {
                Some(open) if open.is_running => "running".to_owned(),
                Some(open) => table::utc(open.not_before),
                None => "-".to_owned(),
            };
            let lag = self
                .lags
                .iter()
                .find(|(name, _)| job_name(name) == row.name);
            table.row([
                row.name.clone(),
                row.standing
                    .last_started
                    .map_or_else(|| "never".to_owned(), table::utc),
                next,
                lag.map_or_else(String::new, |(_, lag)| {
                    format!("{} s", lag.median_ms / 1000)
                }),
            ]);
        }
        Some(table)
    }
}

fn frames_of_each(cameras: usize) -> u32 {
    let cameras = u32::try_from(cameras).unwrap_or(u32::MAX).max(1);
    (OF_ALL / cameras).clamp(AT_LEAST, FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_frames_of_a_day_are_read_of_few_cameras() {
        let each = [0, 1, 2, 18, 60, 1000, usize::MAX].map(frames_of_each);
        assert_eq!(each, [160, 160, 160, 160, 50, 24, 24]);
    }
}
