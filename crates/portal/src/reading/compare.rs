//! Whether two readings agree. Must not take part in either.

use std::collections::{BTreeMap, BTreeSet};

use super::network::{LIVE, NetworkReading};
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
    if network.number() == 0 && elements.is_empty() {
        return Agreement::Nothing;
    }
    if network.is_answered && !elements.is_empty() && same_times(wanted, network, elements) {
        let known = network.frames.keys().all(|key| elements.contains_key(key));
        if known && network.frames.len() < elements.len() {
            return Agreement::SameTimes;
        }
    }
    // Live pictures may have addresses where the list has none.
    if network.names_day && network.names.len() > network.frames.len() {
        return compare_names(wanted, network, elements);
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
                different(network, missing, extra)
            }
        }
    }
}

/// The answers of live pictures name some of what a list shows whose own answer cannot be read: that contradicts nothing.
fn different(network: &NetworkReading, missing: usize, extra: usize) -> Agreement {
    if missing == 0 && !network.has_list {
        Agreement::OnlyElements
    } else {
        Agreement::Different(missing, extra)
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
    extra.len() <= LIVE && extra.iter().all(|(_, sighting)| sighting.time > newest)
}

/// Compares what the answers name without an extension, so that only the page knows the addresses, with what the page shows.
fn compare_names(
    wanted: &Wanted,
    network: &NetworkReading,
    elements: &BTreeMap<Key, Sighting>,
) -> Agreement {
    if elements.is_empty() {
        return Agreement::OnlyNetwork;
    }
    let shown = first_pass(wanted, elements);
    let named = &first_pass(wanted, &network.frames) | &network.names;
    let extra: Vec<_> = shown.difference(&named).collect();
    let missing = named.difference(&shown).count();
    let newest = named.last();
    let are_newer = extra.len() <= LIVE && extra.iter().all(|second| Some(*second) > newest);
    if missing == 0 && are_newer {
        Agreement::SameTimes
    } else {
        different(network, missing, extra.len())
    }
}

/// The seconds of what the page shows; of a doubled hour only the first pass is known here.
fn first_pass(wanted: &Wanted, elements: &BTreeMap<Key, Sighting>) -> BTreeSet<i64> {
    let times = elements
        .values()
        .filter_map(|sighting| sighting.time.as_ref());
    wanted.seconds(times).collect()
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
    let first = first_pass(wanted, elements);
    network
        .times
        .values()
        .any(|times| *times == seconds || *times == first)
}
