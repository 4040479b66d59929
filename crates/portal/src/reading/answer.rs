//! An answer of the page's own requests, as it is kept. Must not keep its text.

use draywatch_core::CameraId;
use draywatch_core::address::Address;

use super::sighting::Seen;
use crate::raw::RawEntry;
use crate::values::{self, Beside, Named};

/// How far apart a request that is broken off and the one for which it is are.
const SAME_MOMENT_MS: f64 = 100.0;

/// An answer of the page's own requests, kept for as long as the page is open.
#[derive(Debug, Clone)]
pub struct Answer {
    /// After which pick it was asked for.
    pub phase: u64,
    /// When it was asked for, in milliseconds by the page's own clock.
    pub asked_at: f64,
    /// When it came, by the same clock.
    pub came_at: f64,
    /// Method, address and body: equal for requests that are merely repeated.
    pub signature: String,
    /// HTTP status, 0 for none.
    pub status: u16,
    /// Why there is no answer.
    pub error: Option<String>,
    /// Its header `Retry-After`, word for word.
    pub retry_after: Option<String>,
    /// What it names beside addresses; nothing for a failed one.
    pub named: Named,
    /// The picture addresses that it names, of whichever camera, taken apart once.
    pub addresses: Vec<NamedAddress>,
}

/// A picture address in an answer.
#[derive(Debug, Clone)]
pub struct NamedAddress {
    /// Taken apart.
    pub address: Address,
    /// Word for word.
    pub text: String,
    /// Instants that stand beside it.
    pub beside: Beside,
}

impl NamedAddress {
    /// As sightings are made of it.
    pub(super) fn seen(&self) -> Seen<'_> {
        (&self.address, &self.text, &self.beside)
    }
}

impl Answer {
    /// Takes what is of use from a log entry, and lets go of its text.
    #[must_use]
    pub fn of(entry: &RawEntry) -> Self {
        let failed = entry.error.is_some() || !(200..300).contains(&entry.status);
        let mut named = if failed {
            Named::default()
        } else {
            entry.body.as_deref().map(values::read).unwrap_or_default()
        };
        let texts = std::mem::take(&mut named.addresses);
        let parsed = |(text, beside): (String, Beside)| {
            Some(NamedAddress {
                address: Address::parse(&text)?,
                text,
                beside,
            })
        };
        let addresses = texts.into_iter().filter_map(parsed).collect();
        Self {
            phase: entry.phase,
            asked_at: entry.start,
            came_at: entry.end.unwrap_or(entry.start),
            signature: format!("{} {} {}", entry.method, entry.url, entry.request),
            status: entry.status,
            error: entry.error.clone(),
            retry_after: entry.retry_after.clone(),
            named,
            addresses,
        }
    }

    /// Whether the request failed, or its answer says so itself.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error.is_some() || !(200..300).contains(&self.status) || self.named.error.is_some()
    }

    /// Whether the page itself broke the request off and asked for something else in its place.
    #[must_use]
    pub fn is_superseded(&self, answers: &[Self]) -> bool {
        let is_broken_off = |error: &String| error.starts_with("AbortError");
        let takes_its_place = |other: &Self| {
            other.signature != self.signature
                && (other.asked_at - self.came_at).abs() <= SAME_MOMENT_MS
        };
        self.error.as_ref().is_some_and(is_broken_off) && answers.iter().any(takes_its_place)
    }

    /// Whether it says anything about frames: names some, times of some, or that there are none.
    #[must_use]
    pub fn is_about_frames(&self, camera: &CameraId) -> bool {
        let addresses = || {
            self.addresses
                .iter()
                .any(|named| named.address.camera == *camera)
        };
        self.named.has_empty_list
            || self.named.times.values().any(|times| times.len() > 1)
            || self.named.names_of(camera).next().is_some()
            || addresses()
    }

    /// In words, for messages.
    #[must_use]
    pub fn complaint(&self) -> String {
        let address: String = self
            .signature
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        match (&self.error, &self.named.error) {
            (Some(error), _) => format!("{address} failed: {error}"),
            (None, Some(error)) => format!("{address} answered with an error: {error}"),
            (None, None) => format!("{address} answered HTTP {}", self.status),
        }
    }
}
