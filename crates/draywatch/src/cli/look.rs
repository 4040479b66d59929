//! Opening the database for commands that only read it, and bars for long work. Must not know a command.

use std::sync::Arc;

use draywatch_catalog::{Catalog, CatalogError};
use draywatch_core::{CameraId, Kind};
use indicatif::{ProgressBar, ProgressStyle};

use super::context::{CliError, Context};
use crate::config::select_cameras;
use crate::maintain::{MaintainError, Progress};
use crate::store::{self, StoreError};

/// The database, which must be there; the archive need not be.
///
/// # Errors
/// When there is none, or it cannot be opened.
pub async fn database(context: &Context) -> Result<Arc<dyn Catalog>, CliError> {
    let opened = store::open_catalog(&context.config, &context.clock, false).await;
    opened.map_err(explain)
}

/// That there is no database yet is not a mistake in the configuration: there may just have been no collection.
pub(super) fn explain(error: StoreError) -> CliError {
    match error {
        StoreError::Catalog(CatalogError::NotThere { path }) => CliError::new(
            Kind::Database,
            format!(
                "there is no database at {} yet: `draywatch fetch` makes one, `draywatch adopt DIR` makes one from pictures that \
                 are there; if there should be one, check database_url",
                path.display()
            ),
        ),
        error => error.into(),
    }
}

impl From<MaintainError> for CliError {
    fn from(error: MaintainError) -> Self {
        Self::new(error.kind(), draywatch_core::error::chain(&error))
    }
}

/// The cameras that are wanted, all that are configured where none is named. One that is configured no longer is known as long as
/// it has pictures: they can be exported, played and held.
pub(super) async fn cameras(
    context: &Context,
    wanted: &[CameraId],
    catalog: &dyn Catalog,
) -> Result<Vec<CameraId>, CliError> {
    let stranger = match select_cameras(&context.config, wanted) {
        Ok(cameras) => return Ok(cameras),
        Err(stranger) => stranger,
    };
    let totals = catalog.totals().await?;
    let has_pictures = |camera: &CameraId| {
        let mut all = totals.cameras.iter();
        all.any(|one| one.camera_id == camera.as_str() && one.images > 0)
    };
    let configured = &context.config.stream_names;
    if wanted
        .iter()
        .all(|camera| configured.contains(camera) || has_pictures(camera))
    {
        return Ok(wanted.to_vec());
    }
    Err(stranger.into())
}

/// A bar on the terminal, or nothing at all.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(context: &Context) -> Self {
        Self(if context.bars {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        })
    }

    /// Shows how far the work has come.
    pub(super) fn show(&self, progress: Progress) {
        if self.0.is_hidden() {
            return;
        }
        if self.0.message() != progress.doing {
            let shape = if progress.total.is_some() {
                "{msg} {bar:40} {pos}/{len} {eta}"
            } else {
                "{spinner} {msg}"
            };
            self.0.set_style(
                ProgressStyle::with_template(shape)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.0.set_message(progress.doing);
        }
        self.0.set_length(progress.total.unwrap_or(0));
        self.0.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
