//! The judgement between two looks at the page: sure, look again, doubt, or fail. Must not touch the browser.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::ListError;
use crate::page::{Pace, Page};
use crate::raw::RawReading;
use crate::reading::{
    Agreement, Key, NetworkReading, Sighting, Wanted, compare, network_reading, sightings,
};

/// How long readings may take to agree once the portal has answered.
pub(super) const CONVERGENCE: Duration = Duration::from_secs(15);
/// How long a page may take to repeat a failed request of its own accord.
const SELF_REPAIR: Duration = Duration::from_secs(2);
/// How long an empty day without a word must stay so.
const SILENT_EMPTY: Duration = Duration::from_secs(3);

/// What to do after a look.
pub(super) enum Verdict {
    /// The readings agree.
    Sure,
    /// What was read is all that can be had here; the reason why that is not enough, and whether readings contradict.
    Doubt(String, bool),
    /// Look again, after the page changed or scrolled patiently.
    Again,
    /// All seems to be there: jump to the ends of what can be scrolled, and see for so long whether more comes.
    Leap(Duration),
    /// The day cannot be listed.
    Fail(ListError),
}

/// The state of a pass between looks.
pub(super) struct Looking {
    pub(super) wanted: Wanted,
    pub(super) elements: BTreeMap<Key, Sighting>,
    before: BTreeMap<Key, Sighting>,
    since: Instant,
    answered_at: Option<Instant>,
    /// Frames of the day that the answers named at the last look.
    named: usize,
    pub(super) looks: u32,
    patient: u32,
    steady: u32,
    /// Whether nothing came after the last leap.
    leapt_in_vain: bool,
    pub(super) timeout: Duration,
}

impl Looking {
    pub(super) fn new(
        wanted: Wanted,
        timeout: Duration,
        page: &Page,
        settled: &RawReading,
    ) -> Self {
        let before = wanted.only(&sightings(
            &wanted.camera,
            &settled.shown_before,
            page.base.as_ref(),
        ));
        let now = Instant::now();
        Self {
            wanted,
            elements: BTreeMap::new(),
            before,
            since: now,
            answered_at: None,
            named: 0,
            looks: 0,
            patient: 0,
            steady: 0,
            leapt_in_vain: false,
            timeout,
        }
    }

    pub(super) fn network(&self, page: &Page) -> NetworkReading {
        network_reading(&self.wanted, &page.answers, page.phase, &page.picks)
    }

    /// Adds what a look showed.
    pub(super) fn take(&mut self, page: &Page, read: &RawReading, tempo: Pace) {
        let known = (self.elements.len(), self.named);
        let seen = self.wanted.only(&sightings(
            &self.wanted.camera,
            &read.pictures,
            page.base.as_ref(),
        ));
        // A leap sees the end of a list first: the order that a sweep saw tells the passes of a doubled hour apart.
        let keeps_order = matches!(tempo, Pace::Leap(_));
        for (key, sighting) in seen {
            match self.elements.entry(key) {
                Entry::Occupied(mut known) => known.get_mut().add(sighting, keeps_order),
                Entry::Vacant(place) => {
                    place.insert(sighting);
                }
            }
        }
        self.looks += 1;
        self.patient += u32::from(tempo == Pace::Patient);
        self.named = self.network(page).frames.len();
        let grew = (self.elements.len(), self.named) != known;
        self.steady = if grew { 0 } else { self.steady + 1 };
        self.leapt_in_vain = matches!(tempo, Pace::Leap(_)) && !grew && !read.more;
    }

    pub(super) fn judge(&mut self, page: &Page, read: &RawReading, now: DateTime<Utc>) -> Verdict {
        let network = self.network(page);
        if network.is_answered && self.answered_at.is_none() {
            self.answered_at = Some(Instant::now());
        }
        let agreement = compare(&self.wanted, &network, &self.elements);
        let is_waiting = read.open.iter().any(|entry| entry.phase == page.phase);
        tracing::trace!(?agreement, answered = network.is_answered, elements = self.elements.len(), is_waiting, signs = ?read.signs, "look");
        // When the request of this pick failed, what the page knew before proves nothing.
        let is_stale = network.failure.is_some() && !network.names_day_now;
        match agreement {
            Agreement::Same | Agreement::SameTimes if !is_stale => self.judge_same(&network, is_waiting, now),
            _ if is_waiting && self.since.elapsed() < self.timeout => Verdict::Again,
            _ if network.failure.is_some() && self.since.elapsed() >= SELF_REPAIR => self.fail_api(&network),
            _ if network.failure.is_some() => Verdict::Again,
            Agreement::Nothing => self.judge_nothing(&network, read),
            Agreement::Same | Agreement::SameTimes => Verdict::Again,
            Agreement::OnlyElements => self.judge_elements(&network),
            Agreement::OnlyNetwork => self.judge_different(format!(
                "the portal's answers name {} frames, and the page shows none of them",
                network.frames.len()
            )),
            Agreement::Different(missing, extra) => self.judge_different(format!(
                "the portal's answers and the page's pictures differ: {missing} only in the answers, {extra} only on the page"
            )),
        }
    }

    /// The readings agree; a list that was cut short agrees too, so its edges count.
    fn judge_same(
        &self,
        network: &NetworkReading,
        is_waiting: bool,
        now: DateTime<Utc>,
    ) -> Verdict {
        let frames = self.wanted.frames(&network.frames, &self.elements);
        // The frames reach from one end of the day to the other: what may still be to come lies just beyond, at an end.
        if self.wanted.edges_are_covered(&frames, now)
            && !network.says_more
            && !network.may_have_more
            && !is_waiting
        {
            match self.leapt_in_vain {
                true => return Verdict::Sure,
                // A page that says for ever that there is more is looked at patiently in the end.
                false if self.patient == 0 && self.since.elapsed() < self.timeout => {
                    return Verdict::Leap(quiet(network));
                }
                false => {}
            }
        }
        if is_waiting || self.patient == 0 || self.steady == 0 {
            return if self.since.elapsed() < self.timeout + CONVERGENCE {
                Verdict::Again
            } else {
                self.stalled()
            };
        }
        if network.failure.is_some() {
            return if self.since.elapsed() >= SELF_REPAIR {
                self.fail_api(network)
            } else {
                Verdict::Again
            };
        }
        if network.says_more {
            return self.judge_different(
                "the portal's answers say that there is more than the page shows".into(),
            );
        }
        Verdict::Sure
    }

    fn judge_nothing(&self, network: &NetworkReading, read: &RawReading) -> Verdict {
        let says_none =
            !read.signs.empty.is_empty() && read.signs.trouble.is_empty() && !read.signs.busy;
        let answers_none = network.is_answered && (network.says_empty || network.brackets_day);
        if says_none && answers_none && self.patient > 0 {
            return Verdict::Sure;
        }
        let waited = self.since.elapsed();
        if answers_none
            && read.signs.trouble.is_empty()
            && self.patient > 0
            && self.steady > 0
            && waited >= SILENT_EMPTY
        {
            return Verdict::Doubt(
                "the portal's answer names no frame, but the page does not say that there is none"
                    .into(),
                false,
            );
        }
        if !read.signs.trouble.is_empty() && waited >= SELF_REPAIR && !network.is_answered {
            return Verdict::Fail(ListError::Trouble {
                camera: self.wanted.camera.clone(),
                url: read.base.clone(),
                words: read.signs.trouble.clone(),
            });
        }
        if waited < self.limit() {
            return Verdict::Again;
        }
        if says_none {
            return Verdict::Doubt("the page says that there is nothing, but no answer of the portal to that effect was seen".into(), false);
        }
        self.stalled()
    }

    /// Only the page's elements name frames: they must have come after the pick, and stay the same.
    fn judge_elements(&self, network: &NetworkReading) -> Verdict {
        let came = self
            .elements
            .keys()
            .any(|key| !self.before.contains_key(key));
        if self.patient < 2
            || self.steady == 0
            || !came
            || network.is_answered && self.since.elapsed() < self.limit()
        {
            return if self.since.elapsed() < self.limit() {
                Verdict::Again
            } else {
                self.stalled()
            };
        }
        Verdict::Doubt(
            "only the page's pictures could be read, not the portal's answers".into(),
            false,
        )
    }

    fn judge_different(&self, why: String) -> Verdict {
        let since = self.answered_at.unwrap_or(self.since);
        if since.elapsed() < CONVERGENCE {
            Verdict::Again
        } else {
            Verdict::Doubt(why, true)
        }
    }

    /// How long a page may show nothing.
    fn limit(&self) -> Duration {
        if self.answered_at.is_some() {
            CONVERGENCE
        } else {
            self.timeout.min(CONVERGENCE * 2)
        }
    }

    fn stalled(&self) -> Verdict {
        Verdict::Fail(ListError::NoAnswer {
            camera: self.wanted.camera.clone(),
            date: self.wanted.date,
            seconds: self.since.elapsed().as_secs(),
        })
    }

    fn fail_api(&self, network: &NetworkReading) -> Verdict {
        let (status, complaint) = network.failure.clone().unwrap_or_default();
        Verdict::Fail(ListError::Api {
            camera: self.wanted.camera.clone(),
            date: self.wanted.date,
            status,
            complaint,
        })
    }
}

/// How long nothing may come after a leap. An answer that says that it is all needs no proof; else the page may wait before it
/// asks for more (handlers of scrolling are commonly held back by a fifth of a second).
fn quiet(network: &NetworkReading) -> Duration {
    Duration::from_millis(if network.says_all { 40 } else { 320 })
}
