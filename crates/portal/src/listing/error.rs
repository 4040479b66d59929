//! Why a day could not be listed. Must not decide what follows from it beyond this crate.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::retry_after;
use draywatch_core::zone::ZoneError;
use draywatch_core::{CameraId, Kind};

use crate::browser::BrowserError;
use crate::reading::{Failure, Wanted};

/// Why nothing can be said about a camera's day.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The browser is missing, crashed or hangs.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The zone of the addresses is unknown or contradicts itself.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// There is no browser where there should be one.
    #[error("no browser is running")]
    NoBrowser,
    /// The page itself was answered with an error, and shows nothing to pick a day with.
    #[error(
        "the portal's page for {camera} ({url}) was answered with HTTP {status}; if this goes on, check portal.page_url"
    )]
    Page {
        /// The camera.
        camera: CameraId,
        /// The page.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The page showed nothing at all.
    #[error(
        "the portal's page stayed blank for {camera} ({url}); if this goes on, open it in a browser and look"
    )]
    Blank {
        /// The camera.
        camera: CameraId,
        /// The page.
        url: String,
    },
    /// The page itself says that something failed.
    #[error("the portal's page for {camera} ({url}) reports a failure: {words:?}")]
    Trouble {
        /// The camera.
        camera: CameraId,
        /// The page.
        url: String,
        /// Its words.
        words: String,
    },
    /// No means of picking a day was found.
    #[error(
        "the portal's page for {camera} has no day picker that draywatch can find ({url}): the page may have changed"
    )]
    NoPicker {
        /// The camera.
        camera: CameraId,
        /// The page.
        url: String,
    },
    /// A picker was found, but the day could not be picked with it.
    #[error(
        "{date} could not be picked on the portal's page for {camera}: {trouble}; the page may have changed"
    )]
    Pick {
        /// The camera.
        camera: CameraId,
        /// The day.
        date: NaiveDate,
        /// What went wrong.
        trouble: String,
    },
    /// The page does not let that day be picked: in the future, or older than the portal keeps.
    #[error(
        "the portal does not offer {date} for {camera}: its calendar does not let that day be picked"
    )]
    NotOffered {
        /// The camera.
        camera: CameraId,
        /// The day.
        date: NaiveDate,
    },
    /// The page's own request for the history failed.
    #[error("the portal could not tell the history of {camera} on {date}: {complaint}")]
    Api {
        /// The camera.
        camera: CameraId,
        /// The day.
        date: NaiveDate,
        /// HTTP status; 0 when there was no answer.
        status: u16,
        /// The request and what became of it.
        complaint: String,
        /// For how long it wants to be left alone: the header `Retry-After`, word for word.
        retry_after: Option<String>,
    },
    /// The page answered no pick within the time.
    #[error(
        "the portal's page for {camera} showed no history of {date} within {seconds} s, and no word that there is none"
    )]
    NoAnswer {
        /// The camera.
        camera: CameraId,
        /// The day.
        date: NaiveDate,
        /// How long we waited.
        seconds: u64,
    },
    /// The collection's deadline passed.
    #[error("listing {camera} on {date} did not end before its deadline")]
    Deadline {
        /// The camera.
        camera: CameraId,
        /// The day.
        date: NaiveDate,
    },
}

impl ListError {
    /// A request of the page's own that failed while the wanted day was shown.
    pub(super) fn api(wanted: &Wanted, failure: Failure) -> Self {
        Self::Api {
            camera: wanted.camera.clone(),
            date: wanted.date,
            status: failure.status,
            complaint: failure.complaint,
            retry_after: failure.retry_after,
        }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Browser(error) => error.kind(),
            Self::NoBrowser => Kind::Browser,
            // Without evidence there is no contradiction: there was nothing to be seen.
            Self::Zone(ZoneError::NoEvidence { .. })
            | Self::Blank { .. }
            | Self::Trouble { .. }
            | Self::NoAnswer { .. } => Kind::Transient,
            Self::Zone(ZoneError::Undecided { .. } | ZoneError::Contradiction { .. }) => {
                Kind::Contradiction
            }
            Self::NotOffered { .. } => Kind::NotFound,
            Self::Api { status, .. } | Self::Page { status, .. } => kind_of(*status),
            Self::NoPicker { .. } | Self::Pick { .. } => Kind::PortalChanged,
            Self::Deadline { .. } => Kind::Interrupted,
        }
    }

    /// For how long the portal wants to be left alone; `None` when it does not say.
    pub(super) fn pause_wanted(&self, now: DateTime<Utc>) -> Option<Duration> {
        let Self::Api { retry_after, .. } = self else {
            return None;
        };
        retry_after::parse(retry_after.as_deref()?, now)
    }

    /// Whether a fresh load may help.
    pub(super) fn is_worth_retrying(&self) -> bool {
        !matches!(
            self,
            Self::Zone(ZoneError::Undecided { .. } | ZoneError::Contradiction { .. })
                | Self::NotOffered { .. }
                | Self::Deadline { .. }
                | Self::Api {
                    status: 401 | 403 | 429,
                    ..
                }
                // How long it wants to be left alone is not to be seen; at once it does not want to be asked again.
                | Self::Page {
                    status: 401 | 403 | 404 | 410 | 429 | 503,
                    ..
                }
                | Self::Browser(BrowserError::Missing(_))
        )
    }

    /// Whether the session cannot be used any further.
    pub(super) fn breaks_browser(&self) -> bool {
        !matches!(self, Self::Browser(BrowserError::Unreachable { .. }))
            && matches!(self, Self::Browser(_) | Self::NoBrowser)
    }
}

/// What an HTTP status of the portal means.
fn kind_of(status: u16) -> Kind {
    match status {
        429 => Kind::RateLimited,
        401 | 403 => Kind::Forbidden,
        404 | 410 => Kind::PortalChanged,
        _ => Kind::Transient,
    }
}
