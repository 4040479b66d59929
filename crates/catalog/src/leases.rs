//! Images on loan to detectors: each unprocessed image is with one of them at a time, and comes back when its time is over. Must not
//! read a clock.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use draywatch_core::CameraId;

use crate::{ImageRow, Result};

/// Who wants images, which, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImageLease {
    /// The lease's name, which nobody can guess.
    pub lease: String,
    /// What the detector calls itself.
    pub holder: String,
    /// Only of this camera.
    pub camera: Option<CameraId>,
    /// At most so many.
    pub limit: u32,
    /// When they come back.
    pub expires_at: DateTime<Utc>,
}

/// An image on loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedImage {
    /// Its row.
    pub image: ImageRow,
    /// How often it was given out, this time included.
    pub attempts: u32,
}

/// What became of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// The image is processed now, or was already by the same word.
    Done,
    /// It is not in this lease, or not any more: its time was over and another one took it.
    NotYours,
    /// There is no such image any more.
    Gone,
}

/// Images on loan.
#[async_trait]
pub trait ImageLeases: Send + Sync + 'static {
    /// Gives out the oldest unprocessed images with a whole file that nobody else has, in one transaction.
    async fn lease_images(
        &self,
        new: &NewImageLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<LeasedImage>>;
    /// Sets `processed` of images of a lease, also late ones that nobody took meanwhile; what became of each, in order.
    async fn acknowledge_images(
        &self,
        lease: &str,
        images: &[i64],
        now: DateTime<Utc>,
    ) -> Result<Vec<Acknowledged>>;
    /// Gives back what a lease still holds; how many.
    async fn return_images(&self, lease: &str, now: DateTime<Utc>) -> Result<u64>;
}
