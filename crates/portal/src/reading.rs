//! Two independent readings of a page - its own network answers, and its elements - and whether they agree on a day.
//! Must not drive the browser.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use draywatch_core::CameraId;
use draywatch_core::address::{Address, AddressTime, full_of_thumbnail};
use draywatch_core::listing::ListedFrame;
use draywatch_core::zone::{Fold, ImageTime, day_bounds, folds, is_ambiguous, resolve};
use url::Url;

use crate::raw::RawEntry;
use crate::values::{self, Beside, Named};

/// What makes two addresses the same frame in two readings: the file's stem, and which of those with that stem.
pub type Key = (String, usize);

/// The addresses of one frame in one reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sighting {
    /// Full-size address, where one was seen.
    pub full: Option<String>,
    /// Thumbnail's address, where one was seen.
    pub thumbnail: Option<String>,
    /// The time the address names.
    pub time: Option<AddressTime>,
    /// Position in the order of the portal.
    pub position: usize,
    /// Instants that stand beside the address in the portal's answer.
    pub beside: Beside,
}

/// Groups addresses into the frames of one camera. Addresses of other cameras and of no frame are left out.
///
/// A picture and its thumbnail share a stem. Two full-size (or two thumbnail) addresses with one stem are two frames: they
/// differ in folder or extension.
#[must_use]
pub fn sightings(
    camera: &CameraId,
    addresses: &[String],
    base: Option<&Url>,
) -> BTreeMap<Key, Sighting> {
    let parsed: Vec<(Address, &String)> = addresses
        .iter()
        .filter_map(|text| Some((Address::parse(text)?, text)))
        .collect();
    group(
        camera,
        parsed
            .iter()
            .map(|(address, text)| (address, text.as_str(), &[][..])),
        base,
    )
}

/// An address, its words, and the instants beside it.
type Seen<'a> = (&'a Address, &'a str, &'a [DateTime<Utc>]);

/// An address of one frame, its words made absolute, its position, the instants beside it.
type Member = (Address, String, usize, Beside);

fn group<'a>(
    camera: &CameraId,
    addresses: impl Iterator<Item = Seen<'a>>,
    base: Option<&Url>,
) -> BTreeMap<Key, Sighting> {
    let mut stems: HashMap<&str, Vec<Member>> = HashMap::new();
    for (position, (address, raw, beside)) in addresses.enumerate() {
        if address.camera != *camera {
            continue;
        }
        let list = stems.entry(&address.stem).or_default();
        let absolute = absolute(raw, base);
        if !list.iter().any(|(_, known, ..)| *known == absolute) {
            list.push((address.clone(), absolute, position, beside.to_vec()));
        }
    }
    let mut found = BTreeMap::new();
    for (stem, group) in stems {
        for (ordinal, sighting) in pair(group).into_iter().enumerate() {
            found.insert((stem.to_owned(), ordinal), sighting);
        }
    }
    found
}

/// Pairs the full-size and thumbnail addresses of one stem: by folder and extension where they fit, else in order.
fn pair(mut group: Vec<Member>) -> Vec<Sighting> {
    // Whole addresses before bare keys, so that those are kept.
    let order = |member: &Member| {
        let (address, text, ..) = member;
        let is_bare = !text.starts_with("http");
        (
            address.folder.clone(),
            address.extension.clone(),
            address.is_thumbnail,
            is_bare,
            text.clone(),
        )
    };
    group.sort_by_cached_key(order);
    // The same file under several hosts or with several queries is one frame.
    group.dedup_by(|b, a| {
        (&a.0.folder, &a.0.extension, a.0.is_thumbnail)
            == (&b.0.folder, &b.0.extension, b.0.is_thumbnail)
    });
    let (thumbs, fulls): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|(address, ..)| address.is_thumbnail);
    let fulls = drop_shadows(fulls);
    let thumbs = drop_shadows(thumbs);
    let mut sightings: Vec<Sighting> = fulls
        .iter()
        .map(|(address, text, position, beside)| Sighting {
            full: Some(text.clone()),
            thumbnail: None,
            time: Some(address.time),
            position: *position,
            beside: beside.clone(),
        })
        .collect();
    for (nth, (address, text, position, beside)) in thumbs.iter().enumerate() {
        let fitting = fulls.iter().position(|(full, ..)| {
            full.folder == address.folder && full.extension == address.extension
        });
        let at = fitting
            .filter(|at| sightings[*at].thumbnail.is_none())
            .or_else(|| {
                sightings
                    .get(nth)
                    .filter(|sighting| sighting.thumbnail.is_none())
                    .map(|_| nth)
            });
        match at {
            Some(at) => sightings[at].thumbnail = Some(text.clone()),
            None => sightings.push(Sighting {
                full: None,
                thumbnail: Some(text.clone()),
                time: Some(address.time),
                position: *position,
                beside: beside.clone(),
            }),
        }
    }
    sightings
}

/// A bare file name or key is a shadow of a whole address with the same name, not another frame.
fn drop_shadows(list: Vec<Member>) -> Vec<Member> {
    let rich: Vec<(String, String)> = list
        .iter()
        .map(|(address, ..)| (address.folder.clone(), address.extension.clone()))
        .collect();
    list.into_iter()
        .filter(|(address, ..)| {
            !rich.iter().any(|(folder, extension)| {
                folder.len() > address.folder.len()
                    && folder.ends_with(&address.folder)
                    && *extension == address.extension
            })
        })
        .collect()
}

/// An address made absolute; the text itself where it is absolute already, word for word.
fn absolute(raw: &str, base: Option<&Url>) -> String {
    if raw.starts_with("http://") || raw.starts_with("https://") {
        return raw.to_owned();
    }
    base.and_then(|base| base.join(raw).ok())
        .map_or_else(|| raw.to_owned(), |url| url.to_string())
}

/// An answer of the page's own requests, kept for as long as the page is open.
#[derive(Debug, Clone)]
pub struct Answer {
    /// After which pick it was asked for.
    pub phase: u64,
    /// Method, address and body: equal for requests that are merely repeated.
    pub signature: String,
    /// HTTP status, 0 for none.
    pub status: u16,
    /// Why there is no answer.
    pub error: Option<String>,
    /// What it names beside addresses; nothing for a failed one.
    pub named: Named,
    /// The picture addresses that it names, of whichever camera, taken apart once.
    pub addresses: Vec<NamedAddress>,
}

/// A picture address in an answer.
#[derive(Debug, Clone)]
pub struct NamedAddress {
    /// Taken apart.
    pub address: Address,
    /// Word for word.
    pub text: String,
    /// Instants that stand beside it.
    pub beside: Beside,
}

impl Answer {
    /// Takes what is of use from a log entry, and lets go of its text.
    #[must_use]
    pub fn of(entry: &RawEntry) -> Self {
        let failed = entry.error.is_some() || !(200..300).contains(&entry.status);
        let mut named = if failed {
            Named::default()
        } else {
            entry.body.as_deref().map(values::read).unwrap_or_default()
        };
        let texts = std::mem::take(&mut named.addresses);
        let parsed = |(text, beside): (String, Beside)| {
            Some(NamedAddress {
                address: Address::parse(&text)?,
                text,
                beside,
            })
        };
        let addresses = texts.into_iter().filter_map(parsed).collect();
        Self {
            phase: entry.phase,
            signature: format!("{} {} {}", entry.method, entry.url, entry.request),
            status: entry.status,
            error: entry.error.clone(),
            named,
            addresses,
        }
    }

    /// Whether the request failed, or its answer says so itself.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error.is_some() || !(200..300).contains(&self.status) || self.named.error.is_some()
    }

    /// Whether it says anything about frames: names some, times of some, or that there are none.
    #[must_use]
    pub fn is_about_frames(&self, camera: &CameraId) -> bool {
        let addresses = || {
            self.addresses
                .iter()
                .any(|named| named.address.camera == *camera)
        };
        self.named.has_empty_list
            || self.named.times.values().any(|times| times.len() > 1)
            || addresses()
    }

    /// In words, for messages.
    #[must_use]
    pub fn complaint(&self) -> String {
        let address: String = self
            .signature
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        match (&self.error, &self.named.error) {
            (Some(error), _) => format!("{address} failed: {error}"),
            (None, Some(error)) => format!("{address} answered with an error: {error}"),
            (None, None) => format!("{address} answered HTTP {}", self.status),
        }
    }
}

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
        // The portal's order tells the two passes of a doubled hour apart; its answers keep it better than the page.
        let source = if network.len() >= elements.len() {
            network
        } else {
            elements
        };
        let mut ordered: Vec<(&Key, &Sighting)> = source.iter().collect();
        ordered.sort_by_key(|(_, sighting)| sighting.position);
        let times: Vec<AddressTime> = ordered
            .iter()
            .filter_map(|(_, sighting)| sighting.time)
            .collect();
        let passes: HashMap<&Key, Fold> = ordered
            .iter()
            .map(|(key, _)| *key)
            .zip(folds(&times, self.zone))
            .collect();
        let mut frames: Vec<ListedFrame> = keys
            .into_iter()
            .filter_map(|key| {
                let told = network
                    .get(key)
                    .and_then(|sighting| self.fold_beside(sighting));
                let fold = told
                    .or_else(|| passes.get(key).copied())
                    .unwrap_or_default();
                self.frame(network.get(key), elements.get(key), fold)
            })
            .collect();
        frames.sort_by(|a, b| (a.instant, &a.url).cmp(&(b.instant, &b.url)));
        frames
    }

    /// Which pass of a doubled hour the instants beside an address speak for: those within a quarter of an hour of only one.
    fn fold_beside(&self, sighting: &Sighting) -> Option<Fold> {
        let time = sighting.time?;
        if !is_ambiguous(time.naive()?, self.zone) {
            return None;
        }
        let speaks_for = |fold: Fold| {
            let instant = resolve(time, self.reading, self.zone, fold);
            instant.is_some_and(|i| {
                sighting
                    .beside
                    .iter()
                    .any(|b| (*b - i).abs() < TimeDelta::minutes(15))
            })
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

/// What the page's answers since it was opened say of the wanted day.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent observations of one page"
)]
pub struct NetworkReading {
    /// Frames of the day by address.
    pub frames: BTreeMap<Key, Sighting>,
    /// Instants of the day by the place in the answers where they stand: lists of times without addresses.
    pub times: BTreeMap<String, BTreeSet<i64>>,
    /// Whether an answer to this very pick (or one known to be about this day) said anything about frames.
    pub is_answered: bool,
    /// Whether such an answer named frames or times of the day itself.
    pub names_day: bool,
    /// Whether one that was asked for since the pick did.
    pub names_day_now: bool,
    /// Whether such an answer had an empty list.
    pub says_empty: bool,
    /// Whether the frames named reach beyond the day on both sides.
    pub brackets_day: bool,
    /// Whether the last answer says that more is to come.
    pub says_more: bool,
    /// The complaint of a request that failed since the pick and was not repeated with success.
    pub failure: Option<(u16, String)>,
}

/// The picks since the page was opened: which day each phase shows. Phase 0 is the page as it was loaded.
pub type Picks = BTreeMap<u64, NaiveDate>;

/// Reads the answers. `phase` is the pick that counts. Requests that are repeated unchanged while another day is shown are the
/// page's background noise (live pictures): they may name frames, but answer no pick.
#[must_use]
pub fn network_reading(
    wanted: &Wanted,
    answers: &[Answer],
    phase: u64,
    picks: &Picks,
) -> NetworkReading {
    let mut reading = NetworkReading::default();
    let is_noise = |answer: &Answer| {
        let same = |other: &&Answer| other.signature == answer.signature;
        answers
            .iter()
            .filter(same)
            .any(|other| picks.get(&other.phase) != picks.get(&answer.phase))
    };
    let (start, end) = wanted.bounds();
    let in_day = |instant: &DateTime<Utc>| start <= *instant && *instant < end;
    let (mut before, mut after) = (false, false);
    for answer in answers.iter().filter(|answer| !answer.failed()) {
        for (place, times) in &answer.named.times {
            let instants = times
                .iter()
                .filter_map(|time| resolve(*time, wanted.reading, wanted.zone, Fold::First));
            let of_day = instants.filter(in_day).map(|instant| instant.timestamp());
            reading
                .times
                .entry(place.clone())
                .or_default()
                .extend(of_day);
        }
        // A day that is shown again may come from what the page was answered when it showed it before.
        let mine = picks.get(&answer.phase) == Some(&wanted.date) && !is_noise(answer);
        if (mine || mostly_of_day(wanted, answer)) && answer.is_about_frames(&wanted.camera) {
            let instants = instants_of(wanted, answer);
            reading.is_answered = true;
            reading.names_day |= instants.iter().any(in_day);
            reading.names_day_now |= answer.phase == phase && instants.iter().any(in_day);
            reading.says_empty |= answer.named.has_empty_list;
            reading.says_more = answer.named.says_more;
            before |= instants.iter().any(|instant| *instant < start);
            after |= instants.iter().any(|instant| *instant >= end);
        }
    }
    reading.brackets_day = before && after;
    let told = answers
        .iter()
        .filter(|answer| !answer.failed())
        .flat_map(|answer| &answer.addresses);
    let of_day = told
        .filter(|named| wanted.holds(named.address.time))
        .map(|named| (&named.address, named.text.as_str(), named.beside.as_slice()));
    reading.frames = group(&wanted.camera, of_day, None);
    reading.failure = answers
        .iter()
        .filter(|answer| answer.phase == phase && answer.failed() && !is_noise(answer))
        .rfind(|failed| {
            !answers
                .iter()
                .any(|other| other.signature == failed.signature && !other.failed())
        })
        .map(|answer| (answer.status, answer.complaint()));
    reading
}

/// All instants that an answer names, by address or by time.
fn instants_of(wanted: &Wanted, answer: &Answer) -> Vec<DateTime<Utc>> {
    let of_camera = answer
        .addresses
        .iter()
        .filter(|named| named.address.camera == wanted.camera);
    let named = of_camera.map(|named| named.address.time);
    let lists = answer
        .named
        .times
        .values()
        .filter(|times| times.len() > 1)
        .flatten()
        .copied();
    named
        .chain(lists)
        .filter_map(|time| resolve(time, wanted.reading, wanted.zone, Fold::First))
        .collect()
}

/// Whether most frames that an answer names are of the wanted day: an answer fetched ahead of the pick, or for an earlier pick of
/// the same day. A handful of live pictures is not enough.
fn mostly_of_day(wanted: &Wanted, answer: &Answer) -> bool {
    let (start, end) = wanted.bounds();
    let instants = instants_of(wanted, answer);
    let of_day = instants
        .iter()
        .filter(|instant| start <= **instant && **instant < end)
        .count();
    of_day > 8 && of_day * 2 > instants.len()
}

/// How two readings compare.
#[derive(Debug, Clone, PartialEq, Eq)]
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

#[cfg(test)]
mod tests;
