//! Every look at health handed to those who tell people, beside the looks: a mail server that is slow holds up none of them. Must
//! not judge.

use std::sync::Arc;

use draywatch_core::Clock;
use draywatch_core::health::{Reason, Status};

use super::monitor::Monitor;
use crate::notify::{ChannelFailure, Notifier, NotifySettings};

/// What the ids of the reasons begin with that channels give.
const CHANNEL: &str = "alerts:";

/// Alerts by every look that follows, until this is dropped. Of looks that come while a message is on its way only the last counts.
pub async fn run(monitor: Arc<Monitor>, clock: Clock) {
    let mut snapshots = monitor.snapshots();
    let mut notifier = Notifier::open(NotifySettings::of(&monitor.config()), clock).await;
    while snapshots.changed().await.is_ok() {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let report = &snapshot.report;
        let settings = NotifySettings::of(&monitor.config());
        // Where nobody is to be told there is nothing to remember.
        let failures = if settings.channels().is_empty() {
            Vec::new()
        } else {
            notifier.reconfigure(settings);
            notifier.evaluate(report.timestamp, &report.reasons).await
        };
        monitor.tell_all(CHANNEL, failures.iter().map(reason).collect());
    }
}

/// A channel that fails shows in health, and is itself no alert that it could not send.
fn reason(failure: &ChannelFailure) -> Reason {
    Reason::new(
        format!("{CHANNEL}{}", failure.channel),
        Status::Warning,
        failure.to_string(),
    )
}
