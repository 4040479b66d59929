//! Owns the machine's clock for the whole crate. It must not be asked what time it is in the simulated world:
//! `Clock` in `config` tells that.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

/// The machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulation shares no code with the product, so it cannot take the product's clock"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// The machine's time for calendars.
pub(crate) fn utc() -> DateTime<Utc> {
    now().into()
}

/// Milliseconds since 1970.
pub(crate) fn millis() -> u64 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
