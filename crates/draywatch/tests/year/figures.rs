//! What a simulation came to in numbers, and how they are printed. Must not judge.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Days, NaiveDate, TimeDelta};
use draywatch_catalog::TickRow;
use draywatch_core::schedule::TickState;
use draywatch_core::zone::{day_bounds, local_date};

use crate::drive::Log;
use crate::world::{Span, World, ZONE};

/// The numbers.
#[derive(Debug, Default)]
pub struct Figures {
    pub ticks: BTreeMap<&'static str, usize>,
    /// Ticks of the plain period that missed ones stood for.
    pub coalesced: u32,
    pub listings: usize,
    pub stored: usize,
    pub refused: u32,
    pub turns: u64,
    pub undisturbed_days: usize,
    /// The most listings per camera and interval on any undisturbed day, and the mean over all.
    pub most_per_interval: f64,
    pub mean_per_interval: f64,
    /// Lag after appearance on undisturbed days: median, and what nineteen of twenty kept.
    pub lag: (TimeDelta, TimeDelta),
    pub answers: BTreeMap<String, usize>,
    /// Real seconds, and those of them that this thread had a processor.
    pub seconds: (f64, f64),
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  ticks               {:?}", self.ticks)?;
        writeln!(f, "  periods coalesced   {}", self.coalesced)?;
        writeln!(f, "  turns of the book   {}", self.turns)?;
        writeln!(f, "  listings            {}", self.listings)?;
        writeln!(f, "  frames stored       {}", self.stored)?;
        writeln!(f, "  writes fenced out   {}", self.refused)?;
        writeln!(f, "  undisturbed days    {}", self.undisturbed_days)?;
        writeln!(
            f,
            "  listings/interval   {:.3} mean, {:.3} on the worst undisturbed day",
            self.mean_per_interval, self.most_per_interval
        )?;
        writeln!(
            f,
            "  lag, undisturbed    {:.1} s median, {:.1} s p95",
            self.lag.0.as_seconds_f64(),
            self.lag.1.as_seconds_f64()
        )?;
        writeln!(f, "  slots               {:?}", self.answers)?;
        write!(
            f,
            "  real time           {:.1} s ({:.1} s on a processor)",
            self.seconds.0, self.seconds.1
        )
    }
}

/// Days in which nothing went wrong, nor in the hours before them.
pub fn undisturbed(world: &World) -> Vec<(NaiveDate, Span)> {
    let before = TimeDelta::hours(3);
    let mut days = Vec::new();
    let mut date = local_date(world.start, ZONE) + Days::new(2);
    while day_bounds(date, ZONE).1 < world.end {
        let (from, to) = day_bounds(date, ZONE);
        let mut troubles = world.troubles.iter();
        if !troubles.any(|(_, span, _)| span.0 < to && from - before < span.1) {
            days.push((date, (from, to)));
        }
        date = date + Days::new(1);
    }
    days
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub fn figures(world: &World, log: &Log, ticks: &[TickRow]) -> Figures {
    let mut figures = Figures {
        listings: log.listings.len(),
        stored: log.stored.len(),
        refused: log.refused,
        turns: log.turns,
        ..Figures::default()
    };
    for tick in ticks {
        *figures.ticks.entry(tick.state.as_str()).or_default() += 1;
        if tick.state == TickState::Missed {
            figures.coalesced += tick.stands_for;
        }
    }
    let days = undisturbed(world);
    figures.undisturbed_days = days.len();
    let mut rates = Vec::new();
    for (_, (from, to)) in &days {
        let intervals = (*to - *from).num_minutes() as f64 / 10.0;
        let first = log.listings.partition_point(|listing| listing.2 < *from);
        let last = log.listings.partition_point(|listing| listing.2 < *to);
        for camera in 0..world.cameras.len() {
            let of_camera = log.listings[first..last].iter();
            let count = of_camera.filter(|listing| listing.0 == camera).count();
            rates.push(count as f64 / intervals);
        }
    }
    figures.most_per_interval = rates.iter().copied().fold(0.0, f64::max);
    figures.mean_per_interval = rates.iter().sum::<f64>() / (rates.len().max(1) as f64);
    figures.lag = lag(world, log, &days);
    figures
}

fn lag(world: &World, log: &Log, days: &[(NaiveDate, Span)]) -> (TimeDelta, TimeDelta) {
    let mut lags = Vec::new();
    for (number, camera) in world.cameras.iter().enumerate() {
        for frame in &camera.frames {
            let is_quiet = days.binary_search_by_key(&frame.date, |day| day.0).is_ok();
            let stored = log.stored.get(&(number, frame.instant));
            if let Some(stored) = stored.filter(|_| is_quiet) {
                lags.push(*stored - frame.appears);
            }
        }
    }
    lags.sort_unstable();
    let at = |share: usize| {
        lags.get(lags.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    (at(50), at(95))
}
