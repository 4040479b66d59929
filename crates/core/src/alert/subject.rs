//! One thing that can be well or not: what was seen of it, and what has settled. Must not know of alerts.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{DAY, Line, Policy, Reason, Status};

/// What is remembered of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    /// What the last evaluations saw, the newest first; as many as the policy asks for.
    seen: VecDeque<Status>,
    /// What has settled.
    pub(super) settled: Status,
    /// What was found when it was last bad.
    message: String,
    /// When it went bad.
    pub(super) since: DateTime<Utc>,
    /// When it settled well, after it was not.
    pub(super) good_since: Option<DateTime<Utc>>,
    /// When it caused a raise or an update, within the last day.
    raises: Vec<DateTime<Utc>>,
}

impl Subject {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            seen: VecDeque::new(),
            settled: Status::Healthy,
            message: String::new(),
            since: now,
            good_since: None,
            raises: Vec::new(),
        }
    }

    /// Takes in one evaluation; `reason` is `None` where it is well.
    pub(super) fn see(&mut self, now: DateTime<Utc>, reason: Option<&Reason>, policy: &Policy) {
        let reason = reason.filter(|reason| reason.status >= policy.from);
        let status = reason.map_or(Status::Healthy, |reason| reason.status);
        if let Some(reason) = reason.filter(|reason| reason.status > Status::Healthy) {
            let begins = self.settled == Status::Healthy && self.now() == Status::Healthy;
            if begins {
                self.since = now;
            }
            self.message.clone_from(&reason.message);
        }
        self.seen.push_front(status);
        let (rise, fall) = (count(policy.raise_after), count(policy.recover_after));
        self.seen.truncate(rise.max(fall));
        self.settle(now, rise, fall);
    }

    /// Up to what all of the last `rise` evaluations saw at least, down to what the last `fall` saw at most.
    fn settle(&mut self, now: DateTime<Utc>, rise: usize, fall: usize) {
        let lowest = self.seen.iter().take(rise).min().copied();
        let highest = self.seen.iter().take(fall).max().copied();
        let rises = lowest.filter(|lowest| self.seen.len() >= rise && *lowest > self.settled);
        let falls = highest.filter(|highest| self.seen.len() >= fall && *highest < self.settled);
        let Some(settled) = rises.or(falls) else {
            return;
        };
        self.settled = settled;
        self.good_since = (settled == Status::Healthy).then_some(now);
    }

    /// What the last evaluation saw.
    pub(super) fn now(&self) -> Status {
        self.seen.front().copied().unwrap_or_default()
    }

    pub(super) fn is_bad(&self) -> bool {
        self.settled > Status::Healthy
    }

    /// Whether it may cause a message still.
    pub(super) fn may_raise(&self, policy: &Policy) -> bool {
        self.raises.len() < count(policy.raises_per_day)
    }

    pub(super) fn count_raise(&mut self, now: DateTime<Utc>) {
        self.raises.push(now);
    }

    /// Forgets raises of more than a day ago, and brings what the clock took into the future back.
    pub(super) fn age(&mut self, now: DateTime<Utc>) {
        for at in self.raises.iter_mut().chain([&mut self.since]) {
            *at = now.min(*at);
        }
        self.good_since = self.good_since.map(|at| now.min(at));
        self.raises.retain(|at| now - *at < DAY);
    }

    /// Whether nothing would be lost if it were forgotten.
    pub(super) fn is_forgettable(&self) -> bool {
        let is_well = self.seen.iter().all(|seen| *seen == Status::Healthy);
        is_well && !self.is_bad() && self.raises.is_empty()
    }

    pub(super) fn line(&self, id: &str) -> Line {
        Line {
            id: id.to_owned(),
            status: self.settled,
            message: self.message.clone(),
            since: self.since,
        }
    }
}

/// A number of evaluations; none at all makes no sense, and counts as one.
fn count(number: u32) -> usize {
    usize::try_from(number.max(1)).unwrap_or(usize::MAX)
}
