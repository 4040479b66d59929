//! The judgement between two looks at the page: sure, look again, doubt, or fail. Must not touch the browser.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::ListError;
use crate::page::{Pace, Page};
use crate::raw::{RawEntry, RawReading};
use crate::reading::{
    Agreement, Key, NetworkReading, Shown, Sighting, Wanted, compare, is_heard, network_reading,
    sightings,
};

/// How long readings may take to agree once the portal has answered.
pub(super) const CONVERGENCE: Duration = Duration::from_secs(15);
/// How long a page may take to repeat a failed request of its own accord.
const SELF_REPAIR: Duration = Duration::from_secs(2);
/// How long a request of before the pick is waited for where a part of the list may wait for it: pages commonly ask for one part at a
/// time, whatever day it is of.
const HELD_UP_MS: f64 = 20_000.0;
/// How long an empty day without a word must stay so.
const SILENT_EMPTY: Duration = Duration::from_secs(3);

/// A doubt that no second pass can lift.
const MORE_THAN_SHOWN: &str = "the portal's answers say that there is more than the page shows";

/// A doubt about a list that does not reach from one end of the day to the other.
const MAY_BE_A_PART: &str = "the frames do not reach over the whole day, and there are signs that they are but a part of it";

/// The same of what came only with buttons that were pressed later: a part of another list's next page, for one.
const UNANSWERED: &str =
    "the page did not show the day when it was picked, only when its buttons were pressed";

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

/// What the answers and the pictures seen so far come to.
struct Sum {
    network: NetworkReading,
    /// Whether there is a frame at all.
    has_frames: bool,
    /// Whether the frames reach from one end of the day to the other, as a list that was cut short does not.
    covers_edges: bool,
}

/// The state of a pass between looks.
pub(super) struct Looking {
    pub(super) wanted: Wanted,
    /// Everything that the page showed since the pick.
    shown: Shown,
    /// What of it is of the day.
    pub(super) elements: BTreeMap<Key, Sighting>,
    before: BTreeMap<Key, Sighting>,
    since: Instant,
    answered_at: Option<Instant>,
    /// When a look last showed more than the one before it: what still grows is given time.
    grew_at: Instant,
    /// Frames of the day that the answers named at the last look.
    named: usize,
    pub(super) looks: u32,
    /// Looks that were patient and pressed what brings more.
    patient: u32,
    steady: u32,
    /// Whether the pick was answered or heard, or showed something of the day, before any button was pressed.
    came_unasked: bool,
    /// Whether nothing came after the last leap.
    leapt_in_vain: bool,
    pub(super) timeout: Duration,
}

impl Looking {
    pub(super) fn new(
        wanted: Wanted,
        timeout: Duration,
        page: &Page,
        shown_before: &[String],
    ) -> Self {
        let before = wanted.only(&sightings(&wanted.camera, shown_before, page.base.as_ref()));
        let now = Instant::now();
        Self {
            wanted,
            shown: Shown::default(),
            elements: BTreeMap::new(),
            before,
            since: now,
            answered_at: None,
            grew_at: now,
            named: 0,
            looks: 0,
            patient: 0,
            steady: 0,
            came_unasked: false,
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
        // A leap sees the end of a list first: the order that a sweep saw tells the passes of a doubled hour apart.
        self.shown
            .add(&read.pictures, matches!(tempo, Pace::Leap(_)));
        let camera = &self.wanted.camera;
        let frames = self.shown.sightings(camera, page.base.as_ref());
        self.elements = self.wanted.only(&frames);
        self.looks += 1;
        self.patient += u32::from(tempo.presses());
        let network = self.network(page);
        self.named = network.number();
        let is_heard = || {
            network.is_answered
                || self.have_come()
                || is_heard(&page.answers, page.phase, &page.picks)
        };
        self.came_unasked |= !tempo.presses() && is_heard();
        let grew = (self.elements.len(), self.named) != known;
        if grew {
            self.grew_at = Instant::now();
            self.steady = 0;
        } else {
            self.steady += 1;
        }
        self.leapt_in_vain = matches!(tempo, Pace::Leap(_)) && !grew && !read.more;
    }

    /// Whether a request that the page sent since the pick is worth waiting for. One that is open for so long is held open for news.
    pub(super) fn awaits_an_answer(&self, page: &Page, read: &RawReading) -> bool {
        self.since.elapsed() < self.timeout && is_asked(page, read)
    }

    /// Whether nothing came of the pick yet, nor was waited for.
    pub(super) fn waits_for_the_pick(&self, tempo: Pace) -> bool {
        !self.came_unasked && !tempo.is_patient()
    }

    /// Whether there must be more than was seen so far, or may be: the answers say so, or a list that was cut short at an edge of the day
    /// looks like this, or pressing what surely brings more did not make the page show what the answers name, or there is nothing at
    /// all and no answer says that this is so: the part of the day on show may be an empty one.
    pub(super) fn expects_more(&self, page: &Page, now: DateTime<Utc>) -> bool {
        let sum = self.sum_up(page, now);
        let is_short = !sum.covers_edges || self.patient > 0 && !self.agrees_with(&sum.network);
        let is_missing = if sum.has_frames {
            is_short
        } else {
            !names_none(&sum.network)
        };
        sum.network.says_more || sum.network.may_have_more || is_missing
    }

    fn agrees_with(&self, network: &NetworkReading) -> bool {
        let agreement = compare(&self.wanted, network, &self.elements);
        matches!(agreement, Agreement::Same | Agreement::SameTimes)
    }

    fn sum_up(&self, page: &Page, now: DateTime<Utc>) -> Sum {
        let mut network = self.network(page);
        let frames = self.wanted.frames(&network.frames, &self.elements);
        let covers_edges = self.wanted.edges_are_covered(&frames, now);
        // A total that is accounted for could be the day's own, and the list cut at that number by chance: not where it ends at the
        // day's edges.
        network.may_have_more &= !(network.counts_neighbours && covers_edges);
        Sum {
            has_frames: !frames.is_empty(),
            covers_edges,
            network,
        }
    }

    pub(super) fn judge(&mut self, page: &Page, read: &RawReading, now: DateTime<Utc>) -> Verdict {
        let sum = self.sum_up(page, now);
        let network = &sum.network;
        if network.is_answered && self.answered_at.is_none() {
            self.answered_at = Some(Instant::now());
        }
        if is_held_up(page, read, &sum) {
            self.steady = 0;
        }
        let agreement = compare(&self.wanted, network, &self.elements);
        let is_waiting = is_asked(page, read);
        tracing::trace!(?agreement, answered = network.is_answered, elements = self.elements.len(), is_waiting, signs = ?read.signs, "look");
        let verdict = self.judge_agreement(agreement, &sum, read, is_waiting);
        match verdict {
            Verdict::Sure | Verdict::Doubt(_, false)
                if !self.came_unasked && !self.elements.is_empty() =>
            {
                self.judge_different(UNANSWERED.into())
            }
            verdict => verdict,
        }
    }

    fn judge_agreement(
        &self,
        agreement: Agreement,
        sum: &Sum,
        read: &RawReading,
        is_waiting: bool,
    ) -> Verdict {
        let network = &sum.network;
        // When the request of this pick failed, what the page knew before proves nothing.
        let is_stale = network.failure.is_some() && !network.names_day_now;
        match agreement {
            Agreement::Same | Agreement::SameTimes if !is_stale => self.judge_same(sum, is_waiting),
            _ if is_waiting && self.since.elapsed() < self.timeout => Verdict::Again,
            _ if network.failure.is_some() && self.since.elapsed() >= SELF_REPAIR => self.fail_api(network),
            _ if network.failure.is_some() => Verdict::Again,
            Agreement::Nothing => self.judge_nothing(network, read),
            Agreement::Same | Agreement::SameTimes => Verdict::Again,
            Agreement::OnlyElements => self.judge_elements(network),
            Agreement::OnlyNetwork => self.judge_different(format!(
                "the portal's answers name {} frames, and the page shows none of them",
                network.number()
            )),
            Agreement::Different(missing, extra) => self.judge_different(format!(
                "the portal's answers and the page's pictures differ: {missing} only in the answers, {extra} only on the page"
            )),
        }
    }

    /// The readings agree; a list that was cut short agrees too, so its edges count.
    fn judge_same(&self, sum: &Sum, is_waiting: bool) -> Verdict {
        let network = &sum.network;
        // A request that is open for so long is held open for news: a list over the whole day does not wait for it.
        let is_waiting = is_waiting && !(sum.covers_edges && self.since.elapsed() >= self.timeout);
        let may_grow = network.says_more || network.may_have_more || is_waiting;
        // The frames reach from one end of the day to the other: what may still be to come lies just beyond, at an end.
        if sum.covers_edges && !may_grow {
            match self.leapt_in_vain {
                true => return Verdict::Sure,
                // A page that says for ever that there is more is looked at patiently in the end.
                false if self.patient == 0 && self.since.elapsed() < self.timeout => {
                    return Verdict::Leap(quiet(network));
                }
                false => {}
            }
        }
        if is_waiting && self.grew_at.elapsed() >= self.timeout + CONVERGENCE {
            return self.stalled();
        }
        if is_waiting || self.patient == 0 || self.steady == 0 {
            return Verdict::Again;
        }
        if network.failure.is_some() {
            return if self.since.elapsed() >= SELF_REPAIR {
                self.fail_api(network)
            } else {
                Verdict::Again
            };
        }
        if network.says_more {
            return self.judge_different(MORE_THAN_SHOWN.into());
        }
        if self.may_be_a_part(sum) {
            return Verdict::Doubt(MAY_BE_A_PART.into(), false);
        }
        Verdict::Sure
    }

    /// Whether an answer that does not say that it is all hints at more, or the page shows only what it showed before the pick: then
    /// its first part agrees with the answer's first part. A list from one end of the day to the other is no such part.
    fn may_be_a_part(&self, sum: &Sum) -> bool {
        let hints = u8::from(sum.network.may_have_more) + u8::from(!self.is_new());
        !sum.network.says_all && (hints == 2 || hints == 1 && !sum.covers_edges)
    }

    fn judge_nothing(&self, network: &NetworkReading, read: &RawReading) -> Verdict {
        let says_none =
            !read.signs.empty.is_empty() && read.signs.trouble.is_empty() && !read.signs.busy;
        let answers_none = names_none(network);
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
        if !self.have_come() {
            return if self.grew_at.elapsed() < self.limit() {
                Verdict::Again
            } else {
                self.stalled()
            };
        }
        // It is up to us to look often enough, however long a look takes: a page may hold a request open all the time.
        let may_be_read = network.has_list && self.grew_at.elapsed() < self.limit();
        if self.patient < 2 || self.steady == 0 || may_be_read {
            return Verdict::Again;
        }
        if network.says_more {
            return self.judge_different(MORE_THAN_SHOWN.into());
        }
        Verdict::Doubt(
            "only the page's pictures could be read, not the portal's answers".into(),
            false,
        )
    }

    /// Whether what is shown came with the pick. A list that stayed where it was shows frames of the wanted day too, at its edge,
    /// and a new live picture; so it must be most of them.
    fn have_come(&self) -> bool {
        let is_new = |key: &&Key| !self.before.contains_key(*key);
        let new = self.elements.keys().filter(is_new).count();
        new * 2 > self.elements.len()
    }

    /// Whether what is shown of the day, if anything is, came with the pick.
    pub(super) fn is_new(&self) -> bool {
        self.elements.is_empty() || self.have_come()
    }

    fn judge_different(&self, why: String) -> Verdict {
        let since = self.answered_at.unwrap_or(self.since).max(self.grew_at);
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
        let failure = network.failure.clone().unwrap_or_default();
        Verdict::Fail(ListError::api(&self.wanted, failure))
    }
}

/// Whether the answers say that the day has no frame.
fn names_none(network: &NetworkReading) -> bool {
    network.is_answered && (network.says_empty || network.brackets_day)
}

/// Whether a request that the page sent since the pick is open.
fn is_asked(page: &Page, read: &RawReading) -> bool {
    read.open.iter().any(|entry| entry.phase == page.phase)
}

/// How long nothing may come after a leap. An answer that says that it is all needs no proof; else the page may wait before it
/// asks for more (handlers of scrolling are commonly held back by a fifth of a second).
fn quiet(network: &NetworkReading) -> Duration {
    Duration::from_millis(if network.says_all { 40 } else { 320 })
}

/// Whether the rest of a list that does not reach over the day may wait for a request that was sent before the pick.
fn is_held_up(page: &Page, read: &RawReading, sum: &Sum) -> bool {
    let is_older =
        |entry: &RawEntry| entry.phase < page.phase && read.now - entry.start < HELD_UP_MS;
    !sum.network.says_all && !sum.covers_edges && read.open.iter().any(is_older)
}
