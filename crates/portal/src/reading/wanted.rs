//! The wanted day: what lies in it, and its frames from what both readings saw. Must not read the page.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::CameraId;
use draywatch_core::address::{AddressTime, full_of_thumbnail};
use draywatch_core::listing::ListedFrame;
use draywatch_core::zone::{
    Fold, ImageTime, day_bounds, folds, is_ambiguous, passes_are_clear, resolve,
};

use super::sighting::{Key, Sighting};

/// A day to be read, and how addresses are to be understood.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The camera.
    pub camera: CameraId,
    /// The calendar day, local to the terminal.
    pub date: NaiveDate,
    /// The terminal's zone.
    pub zone: Tz,
    /// How address times are read.
    pub reading: ImageTime,
}

impl Wanted {
    /// Start and end of the day, UTC.
    #[must_use]
    pub fn bounds(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        day_bounds(self.date, self.zone)
    }

    /// Whether an address time lies in the day, whichever pass of a doubled hour it belongs to.
    #[must_use]
    pub fn holds(&self, time: AddressTime) -> bool {
        let (start, end) = self.bounds();
        resolve(time, self.reading, self.zone, Fold::First)
            .is_some_and(|instant| start <= instant && instant < end)
    }

    /// Those of the times that lie in the day, as seconds; of a doubled hour as if all were of its first pass.
    pub fn seconds<'a>(
        &'a self,
        times: impl IntoIterator<Item = &'a AddressTime> + 'a,
    ) -> impl Iterator<Item = i64> + 'a {
        let (start, end) = self.bounds();
        let instants = times
            .into_iter()
            .filter_map(move |time| resolve(*time, self.reading, self.zone, Fold::First));
        instants
            .filter(move |instant| start <= *instant && *instant < end)
            .map(|instant| instant.timestamp())
    }

    /// Only the frames of the day.
    #[must_use]
    pub fn only(&self, all: &BTreeMap<Key, Sighting>) -> BTreeMap<Key, Sighting> {
        all.iter()
            .filter(|(_, sighting)| sighting.time.is_some_and(|time| self.holds(time)))
            .map(|(key, sighting)| (key.clone(), sighting.clone()))
            .collect()
    }

    /// The listed frames in time order, from what both readings saw of them.
    #[must_use]
    pub fn frames(
        &self,
        network: &BTreeMap<Key, Sighting>,
        elements: &BTreeMap<Key, Sighting>,
    ) -> Vec<ListedFrame> {
        let keys: BTreeSet<&Key> = network.keys().chain(elements.keys()).collect();
        let (passes, _) = self.passes(network, elements);
        let told = self.passes_beside(network);
        let mut frames: Vec<ListedFrame> = keys
            .into_iter()
            .filter_map(|key| {
                let fold = told.get(key).or_else(|| passes.get(key)).copied();
                let fold = fold.unwrap_or_default();
                self.frame(network.get(key), elements.get(key), fold)
            })
            .collect();
        frames.sort_by(|a, b| (a.instant, &a.url).cmp(&(b.instant, &b.url)));
        frames
    }

    /// Whether it is clear which pass of a doubled hour each frame is of, where the day has one: by instants beside the addresses, or by the
    /// order of what was seen.
    #[must_use]
    pub fn passes_are_clear(
        &self,
        network: &BTreeMap<Key, Sighting>,
        elements: &BTreeMap<Key, Sighting>,
    ) -> bool {
        let is_ambiguous = |sighting: &Sighting| {
            let naive = sighting.time.and_then(|time| time.naive());
            naive.is_some_and(|naive| is_ambiguous(naive, self.zone))
        };
        let told = self.passes_beside(network);
        let is_told =
            |(key, sighting): (&Key, &Sighting)| !is_ambiguous(sighting) || told.contains_key(key);
        let (ordered, is_clear) = self.passes(network, elements);
        let contradicts = |(key, fold): (&&Key, &Fold)| ordered.get(*key) != Some(fold);
        self.reading == ImageTime::Utc
            || is_clear && !told.iter().any(contradicts)
            || network.iter().chain(elements).all(is_told)
    }

    /// Which pass of a doubled hour each frame is of, by the order in which it was seen, and whether that order is clear. The answers keep the
    /// order better than the page, unless they came in parts and in any order.
    fn passes<'a>(
        &self,
        network: &'a BTreeMap<Key, Sighting>,
        elements: &'a BTreeMap<Key, Sighting>,
    ) -> (HashMap<&'a Key, Fold>, bool) {
        let (fuller, other) = if network.len() >= elements.len() {
            (network, elements)
        } else {
            (elements, network)
        };
        let [(first, first_is_clear), (second, second_is_clear)] =
            [fuller, other].map(|seen| self.passes_by_order(seen));
        let is_whole = fuller.keys().all(|key| other.contains_key(key));
        match (first_is_clear, second_is_clear && is_whole) {
            (true, true) => {
                let differs = |key: &&Key| first.get(*key) != second.get(*key);
                let is_clear = !fuller.keys().any(|key| differs(&key));
                (first, is_clear)
            }
            (false, true) => (second, true),
            (is_clear, false) => (first, is_clear),
        }
    }

    fn passes_by_order<'a>(
        &self,
        seen: &'a BTreeMap<Key, Sighting>,
    ) -> (HashMap<&'a Key, Fold>, bool) {
        let mut ordered: Vec<(&Key, &Sighting)> = seen.iter().collect();
        ordered.sort_by_key(|(_, sighting)| sighting.position);
        let timed = |(key, sighting): &(&'a Key, &'a Sighting)| Some((*key, sighting.time?));
        let (keys, times): (Vec<&Key>, Vec<AddressTime>) = ordered.iter().filter_map(timed).unzip();
        let is_clear = passes_are_clear(&times, self.zone);
        let passes = keys.into_iter().zip(folds(&times, self.zone)).collect();
        (passes, is_clear)
    }

    /// Which pass of a doubled hour the instants beside the addresses speak for: those within a quarter of an hour of only one. What stands
    /// beside several frames is none of theirs: the hour that they are listed under, for one.
    fn passes_beside<'a>(&self, network: &'a BTreeMap<Key, Sighting>) -> HashMap<&'a Key, Fold> {
        let mut holders: HashMap<DateTime<Utc>, BTreeSet<AddressTime>> = HashMap::new();
        for sighting in network.values() {
            for beside in &sighting.beside {
                holders.entry(*beside).or_default().extend(sighting.time);
            }
        }
        let is_own = |beside: &&DateTime<Utc>| holders.get(*beside).is_none_or(|of| of.len() < 2);
        let told = |sighting: &Sighting| {
            let own: Vec<_> = sighting.beside.iter().filter(is_own).copied().collect();
            self.fold_beside(sighting.time?, &own)
        };
        let all = network.iter();
        all.filter_map(|(key, sighting)| Some((key, told(sighting)?)))
            .collect()
    }

    fn fold_beside(&self, time: AddressTime, beside: &[DateTime<Utc>]) -> Option<Fold> {
        if !is_ambiguous(time.naive()?, self.zone) {
            return None;
        }
        let speaks_for = |fold: Fold| {
            let instant = resolve(time, self.reading, self.zone, fold);
            let is_near = |instant: DateTime<Utc>| {
                let near = |told: &DateTime<Utc>| (*told - instant).abs() < TimeDelta::minutes(15);
                beside.iter().any(near)
            };
            instant.is_some_and(is_near)
        };
        match (speaks_for(Fold::First), speaks_for(Fold::Second)) {
            (true, false) => Some(Fold::First),
            (false, true) => Some(Fold::Second),
            _ => None,
        }
    }

    fn frame(
        &self,
        network: Option<&Sighting>,
        elements: Option<&Sighting>,
        fold: Fold,
    ) -> Option<ListedFrame> {
        let time = network.or(elements)?.time?;
        let instant = resolve(time, self.reading, self.zone, fold)?;
        // An element's address is whole; an answer's may be only a key of the portal's own.
        let pick = |get: fn(&Sighting) -> Option<&String>| {
            let seen = [elements.and_then(get), network.and_then(get)];
            seen.into_iter()
                .flatten()
                .find(|text| text.starts_with("http"))
                .or(seen.into_iter().flatten().next())
                .cloned()
        };
        let thumbnail_url = pick(|sighting| sighting.thumbnail.as_ref());
        let listed = pick(|sighting| sighting.full.as_ref());
        // A bare key is no address; a thumbnail's whole address is a better source.
        let whole = listed.clone().filter(|url| url.starts_with("http"));
        let derived = || thumbnail_url.as_deref().and_then(full_of_thumbnail);
        let url = whole.clone().or_else(derived).or(listed)?;
        Some(ListedFrame {
            instant,
            url_is_listed: whole.is_some(),
            url,
            thumbnail_url,
        })
    }

    /// Whether frames reach from the day's start to its end (or to now) without a hole at the edges, as a list that was cut short
    /// does not.
    #[must_use]
    pub fn edges_are_covered(&self, frames: &[ListedFrame], now: DateTime<Utc>) -> bool {
        let (start, end) = self.bounds();
        let edge = TimeDelta::minutes(20);
        match (frames.first(), frames.last()) {
            (Some(first), Some(last)) => {
                first.instant - start <= edge && end.min(now) - last.instant <= edge
            }
            _ => false,
        }
    }
}
