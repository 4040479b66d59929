//! What the page's own answers say of a day. Must not look at the page's elements.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use draywatch_core::CameraId;
use draywatch_core::address::AddressTime;
use draywatch_core::zone::{Fold, resolve};

use super::answer::{Answer, NamedAddress};
use super::sighting::{Key, Sighting, group};
use super::wanted::Wanted;

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
    /// Instants of the day in names of the camera's frames from which the page makes addresses.
    pub names: BTreeSet<i64>,
    /// Whether an answer to this very pick (or one known to be about this day) said anything about frames.
    pub is_answered: bool,
    /// Whether such an answer named frames or times of the day itself.
    pub names_day: bool,
    /// Whether one that was asked for since the pick did.
    pub names_day_now: bool,
    /// Whether such an answer looked like a list, rather than like a few live pictures.
    pub has_list: bool,
    /// Whether such an answer had an empty list.
    pub says_empty: bool,
    /// Whether the frames named reach beyond the day on both sides.
    pub brackets_day: bool,
    /// Whether the last answer says that more is to come.
    pub says_more: bool,
    /// Whether there are signs in it that more may come: only scrolling tells.
    pub may_have_more: bool,
    /// Whether the only such sign is a total that is the number of all frames which the answers name, those of neighbouring days too.
    pub counts_neighbours: bool,
    /// Whether it says that it is all there is.
    pub says_all: bool,
    /// A request that failed since the pick and was not repeated with success.
    pub failure: Option<Failure>,
}

/// A request of the page that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status; 0 when there was no answer.
    pub status: u16,
    /// The request and what became of it, in words.
    pub complaint: String,
    /// The answer's header `Retry-After`, word for word.
    pub retry_after: Option<String>,
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
    let is_noise = |answer: &Answer| is_noise(answer, answers, picks);
    let (start, end) = wanted.bounds();
    let in_day = |instant: &DateTime<Utc>| start <= *instant && *instant < end;
    let (mut before, mut after) = (false, false);
    let mut totals = Vec::new();
    let mut lists = Vec::new();
    let mut newest = None;
    for answer in answers.iter().filter(|answer| !answer.failed()) {
        for (place, times) in &answer.named.times {
            let list = reading.times.entry(place.clone()).or_default();
            list.extend(wanted.seconds(times));
        }
        for (_, times) in answer.named.names_of(&wanted.camera) {
            reading.names.extend(wanted.seconds(times));
        }
        // A day that is shown again may come from what the page was answered when it showed it before.
        let mine = picks.get(&answer.phase) == Some(&wanted.date) && !is_noise(answer);
        if (mine || mostly_of_day(wanted, answer)) && answer.is_about_frames(&wanted.camera) {
            let instants = instants_of(wanted, answer);
            reading.is_answered = true;
            reading.names_day |= instants.iter().any(in_day);
            reading.names_day_now |= answer.phase == phase && instants.iter().any(in_day);
            reading.has_list |= !is_few(answer, &instants);
            reading.says_empty |= answer.named.has_empty_list;
            if !is_live(answer, &instants, newest) {
                reading.says_more = answer.named.says_more;
                reading.may_have_more = answer.named.has_next;
                reading.says_all = answer.named.has_no_next && !answer.named.has_next;
                totals.clone_from(&answer.named.totals);
                lists.push(answer);
            }
            newest = newest.max(instants.iter().max().copied());
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
        .map(NamedAddress::seen);
    reading.frames = group(&wanted.camera, of_day.enumerate(), None);
    let number = reading.number() as u64;
    reading.says_all |= totals.contains(&number);
    totals.retain(|total| *total > number);
    if !totals.is_empty() {
        let in_all = number_in(&lists, &wanted.camera) as u64;
        reading.counts_neighbours =
            !reading.may_have_more && totals.iter().all(|total| *total == in_all);
        reading.may_have_more = true;
    }
    reading.says_all &= !reading.may_have_more;
    reading.failure = answers
        .iter()
        .filter(|answer| answer.phase == phase && answer.failed() && !is_noise(answer))
        .filter(|answer| !answer.is_superseded(answers))
        .rfind(|failed| {
            !answers
                .iter()
                .any(|other| other.signature == failed.signature && !other.failed())
        })
        .map(|answer| Failure {
            status: answer.status,
            complaint: answer.complaint(),
            retry_after: answer.retry_after.clone(),
        });
    reading
}

/// Whether a request was also sent while another day was picked.
fn is_noise(answer: &Answer, answers: &[Answer], picks: &Picks) -> bool {
    let same = |other: &&Answer| other.signature == answer.signature;
    let is_of_another = |other: &Answer| picks.get(&other.phase) != picks.get(&answer.phase);
    answers.iter().filter(same).any(is_of_another)
}

/// Whether the pick made the page ask for something that it asked for on no other day, and that came, be it readable or not.
#[must_use]
pub fn is_heard(answers: &[Answer], phase: u64, picks: &Picks) -> bool {
    let came = |answer: &&Answer| answer.phase == phase && !answer.failed() && answer.status != 204;
    let mut mine = answers.iter().filter(came);
    mine.any(|answer| !is_noise(answer, answers, picks))
}

impl NetworkReading {
    /// How many frames of the day the answers name, with addresses or without.
    #[must_use]
    pub fn number(&self) -> usize {
        self.frames.len().max(self.names.len())
    }
}

/// How many frames of a camera the parts of a list name, of whichever day: by their addresses, or where there are none in the longest
/// list of times.
fn number_in(parts: &[&Answer], camera: &CameraId) -> usize {
    let told = parts.iter().flat_map(|answer| &answer.addresses);
    let addresses = group(camera, told.map(NamedAddress::seen).enumerate(), None).len();
    if addresses > 0 {
        return addresses;
    }
    let mut times: BTreeMap<&str, BTreeSet<AddressTime>> = BTreeMap::new();
    for (place, list) in parts.iter().flat_map(|part| part.named.lists(camera)) {
        times.entry(place).or_default().extend(list);
    }
    times.values().map(BTreeSet::len).max().unwrap_or(0)
}

/// The most pictures that an answer of live ones names.
pub(super) const LIVE: usize = 4;

/// Whether an answer looks like a few live pictures, no older than what was named before it: it says nothing of a list.
fn is_live(answer: &Answer, instants: &[DateTime<Utc>], newest: Option<DateTime<Utc>>) -> bool {
    let is_news = || instants.iter().all(|instant| Some(*instant) >= newest);
    newest.is_some() && is_few(answer, instants) && is_news()
}

/// Whether an answer names a few pictures, and has none of the signs of a list.
fn is_few(answer: &Answer, instants: &[DateTime<Utc>]) -> bool {
    let named = &answer.named;
    let is_list = named.says_more
        || named.has_next
        || named.has_no_next
        || named.has_empty_list
        || !named.totals.is_empty();
    let pictures: BTreeSet<_> = instants.iter().collect();
    !is_list && pictures.len() <= LIVE
}

/// All instants that an answer names, by address or by time.
fn instants_of(wanted: &Wanted, answer: &Answer) -> Vec<DateTime<Utc>> {
    let of_camera = answer
        .addresses
        .iter()
        .filter(|named| named.address.camera == wanted.camera);
    let named = of_camera.map(|named| named.address.time);
    let lists = answer.named.times.values().filter(|times| times.len() > 1);
    let names = answer.named.names_of(&wanted.camera);
    named
        .chain(lists.flatten().copied())
        .chain(names.flat_map(|(_, times)| times).copied())
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
