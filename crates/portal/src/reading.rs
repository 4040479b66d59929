//! Two independent readings of a page - its own network answers, and its elements - and whether they agree on a day.
//! Must not drive the browser.

mod answer;
mod compare;
mod network;
mod sighting;
mod wanted;

pub use answer::Answer;
pub use compare::{Agreement, compare};
pub use network::{Failure, NetworkReading, Picks, is_heard, network_reading};
pub use sighting::{Key, Shown, Sighting, sightings};
pub use wanted::Wanted;

#[cfg(test)]
mod tests;
