//! Whether two readings agree. Must not take part in either.

use std::collections::{BTreeMap, BTreeSet};

use draywatch_core::zone::{Fold, resolve};

use super::network::NetworkReading;
use super::sighting::{Key, Sighting};
use super::wanted::Wanted;

/// How two readings compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Both name the same frames, and at least one.
    Same,
    /// The answers named times only, and they are exactly the times of the elements' addresses.
    SameTimes,
    /// Only the elements name frames of the day.
    OnlyElements,
    /// Only the answers name frames of the day.
    OnlyNetwork,
    /// Both name some, but not the same: how many only the answers name, and how many only the elements.
    Different(usize, usize),
    /// Neither names any.
    Nothing,
}

/// Compares the network's frames of a day with the elements'.
#[must_use]
pub fn compare(
    wanted: &Wanted,
    network: &NetworkReading,
    elements: &BTreeMap<Key, Sighting>,
) -> Agreement {
    if network.frames.is_empty() && elements.is_empty() {
        return Agreement::Nothing;
    }
    if network.is_answered && !elements.is_empty() && same_times(wanted, network, elements) {
        let known = network.frames.keys().all(|key| elements.contains_key(key));
        if known && network.frames.len() < elements.len() {
            return Agreement::SameTimes;
        }
    }
    match (
        network.frames.is_empty() || !network.names_day,
        elements.is_empty(),
    ) {
        (true, false) => Agreement::OnlyElements,
        (_, true) => Agreement::OnlyNetwork,
        (false, false) => {
            let missing = network
                .frames
                .keys()
                .filter(|key| !elements.contains_key(*key))
                .count();
            let extra = elements
                .keys()
                .filter(|key| !network.frames.contains_key(*key))
                .count();
            if missing + extra == 0 || (missing == 0 && are_newer(network, elements)) {
                Agreement::Same
            } else {
                Agreement::Different(missing, extra)
            }
        }
    }
}

/// Whether the frames that only the elements show are a few live pictures, newer than all that the answers name.
fn are_newer(network: &NetworkReading, elements: &BTreeMap<Key, Sighting>) -> bool {
    let newest = network
        .frames
        .values()
        .filter_map(|sighting| sighting.time)
        .max();
    let extra: Vec<_> = elements
        .iter()
        .filter(|(key, _)| !network.frames.contains_key(*key))
        .collect();
    extra.len() <= 4 && extra.iter().all(|(_, sighting)| sighting.time > newest)
}

/// Whether some list of times in the answers has exactly the seconds that the elements' addresses have.
fn same_times(
    wanted: &Wanted,
    network: &NetworkReading,
    elements: &BTreeMap<Key, Sighting>,
) -> bool {
    let seconds: BTreeSet<i64> = wanted
        .frames(&BTreeMap::new(), elements)
        .iter()
        .map(|frame| frame.instant.timestamp())
        .collect();
    // Of a doubled local hour only the first pass is known here.
    let first: BTreeSet<i64> = elements
        .values()
        .filter_map(|sighting| resolve(sighting.time?, wanted.reading, wanted.zone, Fold::First))
        .map(|instant| instant.timestamp())
        .collect();
    network
        .times
        .values()
        .any(|times| *times == seconds || *times == first)
}
