//! The cameras that pages show. Must not know a page.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use draywatch_core::CameraId;

use crate::problem::Problem;
use crate::state::App;

/// A camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// Its name.
    pub id: CameraId,
    /// Whether it is collected by the present settings.
    pub is_collected: bool,
    /// Its oldest frame.
    pub oldest: Option<DateTime<Utc>>,
    /// Its newest frame.
    pub newest: Option<DateTime<Utc>>,
}

/// Those that are collected in the order of the settings, then those that have pictures from before, by name. Rows whose camera is no
/// name of ours have no page.
///
/// # Errors
/// While the database does not answer.
pub async fn all(app: &App) -> Result<Vec<Camera>, Problem> {
    let seen = app
        .ask(|catalog| async move { catalog.seen_cameras().await })
        .await?;
    let named = seen.into_iter().filter_map(|one| {
        let id = CameraId::new(&one.name).ok()?;
        Some((id, (one.oldest, one.newest, one.images)))
    });
    let mut found: BTreeMap<CameraId, _> = named.collect();
    let live = app.live();
    let collected = live.cameras.iter().map(|id| Camera {
        id: id.clone(),
        is_collected: true,
        oldest: found.get(id).and_then(|(oldest, ..)| *oldest),
        newest: found.remove(id).and_then(|(_, newest, _)| newest),
    });
    let mut cameras: Vec<Camera> = collected.collect();
    let others = found.into_iter().filter(|(_, (.., images))| *images > 0);
    cameras.extend(others.map(|(id, (oldest, newest, _))| Camera {
        id,
        oldest,
        is_collected: false,
        newest,
    }));
    Ok(cameras)
}
