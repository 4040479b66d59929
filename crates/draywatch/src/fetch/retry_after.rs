//! The `Retry-After` header of an answer. Must not wait.

use std::time::Duration;

use chrono::{DateTime, Utc};
use draywatch_core::retry_after::parse;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The pause that an answer asks for; `None` when it asks for none or is not understood.
pub(super) fn of(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    parse(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}
