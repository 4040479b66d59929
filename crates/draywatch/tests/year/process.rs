//! A process of ours as far as the scheduler knows it: its book, and the ticks that it carries out. Must not move time.

use std::collections::{BTreeSet, VecDeque};

use chrono::NaiveDate;
use draywatch::service::book::{Book, Started};

use crate::world::Time;

/// A process.
#[derive(Debug)]
pub struct Process {
    pub book: Book,
    /// When it turns next, by the true time.
    pub wake: Time,
    pub is_stopped: bool,
    /// It was stopped, and its next turn comes before its next sign of life.
    pub is_drowsy: bool,
    /// When the portal's page is free for the next listing.
    pub page_free: Time,
    pub runs: Vec<Run>,
}

/// A tick under way.
#[derive(Debug)]
pub struct Run {
    pub started: Started,
    /// The number of its camera, for a collection.
    pub camera: Option<usize>,
    pub began: Time,
    /// When its present step ends.
    pub at: Time,
    /// When the present listing began.
    pub listing_since: Time,
    /// Whether the present listing meets its deadline before it ends.
    pub is_cut: bool,
    pub today: NaiveDate,
    pub queue: VecDeque<NaiveDate>,
    pub listed: BTreeSet<NaiveDate>,
    /// When its today was read, by the machine's clock.
    pub looked: Option<Time>,
}

impl Process {
    /// When something of its own happens next.
    pub fn next(&self) -> Option<Time> {
        if self.is_stopped {
            return None;
        }
        let steps = self.runs.iter().map(|run| run.at);
        steps.chain([self.wake]).min()
    }
}
