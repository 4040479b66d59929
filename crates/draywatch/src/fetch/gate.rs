//! The pauses that one host asked for, from answers and the time alone. Must not wait.

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// So many answers in a row that ask for a long pause close the host for all.
const CLOSE_AFTER: u32 = 3;

/// The pauses that a host asked for.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Nobody asks before then.
    paused: Option<Instant>,
    /// How many answers in a row asked for a long pause.
    long_pauses: u32,
    /// The earliest end among them, by both clocks.
    earliest: Option<(Instant, DateTime<Utc>)>,
}

/// Whether a host may be asked.
#[derive(Debug, PartialEq)]
pub(super) enum State {
    Open,
    Paused(Instant),
    Closed(DateTime<Utc>),
}

impl Gate {
    /// Whether the host may be asked now.
    pub(super) fn state(&self, now: Instant) -> State {
        match (self.earliest, self.paused) {
            (Some((until, at)), _) if self.is_closed() && now < until => State::Closed(at),
            (_, Some(until)) if now < until => State::Paused(until),
            _ => State::Open,
        }
    }

    fn is_closed(&self) -> bool {
        self.long_pauses >= CLOSE_AFTER
    }

    /// Nobody asks before `until`.
    pub(super) fn pause(&mut self, until: Instant) {
        self.paused = Some(self.paused.map_or(until, |earlier| earlier.max(until)));
    }

    /// One more answer that asks for a pause too long to wait for; after a few in a row the host is closed.
    pub(super) fn note_long_pause(&mut self, until: Instant, at: DateTime<Utc>, now: Instant) {
        self.reopen_if_over(now);
        self.long_pauses += 1;
        if self.earliest.is_none_or(|(earlier, _)| until < earlier) {
            self.earliest = Some((until, at));
        }
    }

    /// Any other answer breaks the row; but answers to what was under way when the host closed do not open it again.
    pub(super) fn note_other_answer(&mut self, now: Instant) {
        self.reopen_if_over(now);
        if !self.is_closed() {
            (self.long_pauses, self.earliest) = (0, None);
        }
    }

    fn reopen_if_over(&mut self, now: Instant) {
        if self.earliest.is_some_and(|(until, _)| now >= until) {
            (self.long_pauses, self.earliest) = (0, None);
        }
    }
}
