//! What a listing of one camera's day is. Must not know how the portal was read.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::camera::CameraId;

/// One frame that the portal offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFrame {
    /// When it was taken, UTC.
    pub instant: DateTime<Utc>,
    /// Address of the full picture.
    pub url: String,
    /// Whether the portal named `url` itself, word for word; otherwise it was derived from the thumbnail's address.
    pub url_is_listed: bool,
    /// Address of the thumbnail, where the portal named one.
    pub thumbnail_url: Option<String>,
}

/// How sure a listing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// Independent readings of one page agreed.
    Readings,
    /// Only one reading could be had, and a second pass from a fresh load agreed with it.
    SecondPass,
    /// It could not be confirmed; the text says why.
    Unconfirmed(String),
}

impl Confirmation {
    /// Whether the listing is known to be whole.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        !matches!(self, Self::Unconfirmed(_))
    }
}

/// The frames of one camera on one calendar day of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayListing {
    /// The camera.
    pub camera: CameraId,
    /// The portal's calendar day, local to the terminal.
    pub date: NaiveDate,
    /// The frames in time order, each once.
    pub frames: Vec<ListedFrame>,
    /// How sure the listing is.
    pub confirmation: Confirmation,
    /// When the last reading was taken, UTC.
    pub observed_at: DateTime<Utc>,
    /// How long the whole listing took.
    pub took: Duration,
    /// Of that, how long the portal itself took to answer, as far as it can be told.
    pub portal_took: Duration,
}
