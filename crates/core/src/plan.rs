//! A listing minus what is known: what is to be fetched, what is already there. Must not fetch or store.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use crate::camera::CameraId;
use crate::frame::FrameId;
use crate::listing::ListedFrame;

/// What the archive and the ledger know of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KnownState {
    /// Stored in full size.
    Stored,
    /// Only its thumbnail is stored.
    Thumbnail,
    /// It was stored, and removed on purpose since.
    Removed,
    /// Listed before and not stored: in the ledger.
    Open,
    /// Listed before, and given up.
    GivenUp,
}

/// A frame that is known, from whichever table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFrame {
    /// Its identity.
    pub id: FrameId,
    /// The address it was listed under, where one is recorded (old databases have none).
    pub url: Option<String>,
    /// What is known of it.
    pub state: KnownState,
}

/// A listed frame that has to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFrame {
    /// Its identity, from which its place in the archive follows.
    pub id: FrameId,
    /// The frame as listed.
    pub listed: ListedFrame,
    /// Whether a thumbnail of it is stored already, so that only the full picture is of use.
    pub has_thumbnail: bool,
}

/// What a listing asks of us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Frames to fetch, oldest first.
    pub fetch: Vec<PlannedFrame>,
    /// Listed frames that need nothing: stored in full, or removed on purpose.
    pub already: usize,
    /// Known frames in the ledger, or kept as thumbnails, that the listing no longer offers.
    pub withdrawn: Vec<FrameId>,
}

/// Compares a listing of `camera` with what is known of the same stretch of time.
///
/// Frames are matched by address first; a listed address that is unknown is matched to a known frame of the same instant
/// whose own address is no longer listed (the portal has moved it); what is left is new. Two addresses of one
/// instant in one listing are therefore two frames, and a frame that only changed its address stays one.
#[must_use]
pub fn plan(camera: &CameraId, listing: &[ListedFrame], known: &[KnownFrame]) -> Plan {
    let mut plan = Plan::default();
    let mut matched: HashSet<usize> = HashSet::new();
    let by_url: BTreeMap<&str, usize> = known
        .iter()
        .enumerate()
        .filter_map(|(at, k)| Some((k.url.as_deref()?, at)))
        .collect();
    let mut pairs: Vec<(&ListedFrame, Option<usize>)> = Vec::new();
    for frame in listing {
        let found = by_url
            .get(frame.url.as_str())
            .copied()
            .filter(|at| matched.insert(*at));
        pairs.push((frame, found));
    }
    let mut by_instant: BTreeMap<DateTime<Utc>, Vec<usize>> = BTreeMap::new();
    for (at, frame) in known.iter().enumerate() {
        by_instant.entry(frame.id.instant).or_default().push(at);
    }
    for (frame, found) in &mut pairs {
        if found.is_none() {
            let candidates = by_instant
                .get(&frame.instant)
                .map_or(&[][..], Vec::as_slice);
            *found = candidates.iter().copied().find(|at| !matched.contains(at));
            matched.extend(*found);
        }
    }
    let mut taken: BTreeSet<(DateTime<Utc>, u16)> = known
        .iter()
        .map(|k| (k.id.second(), k.id.ordinal))
        .collect();
    pairs.sort_by(|a, b| (a.0.instant, &a.0.url).cmp(&(b.0.instant, &b.0.url)));
    for (frame, found) in pairs {
        let state = found.map(|at| known[at].state);
        if matches!(state, Some(KnownState::Stored | KnownState::Removed)) {
            plan.already += 1;
            continue;
        }
        let id = found.map_or_else(
            || new_id(camera, frame.instant, &mut taken),
            |at| known[at].id.clone(),
        );
        let has_thumbnail = state == Some(KnownState::Thumbnail);
        plan.fetch.push(PlannedFrame {
            id,
            listed: frame.clone(),
            has_thumbnail,
        });
    }
    plan.withdrawn = known
        .iter()
        .enumerate()
        .filter(|(at, k)| {
            !matched.contains(at) && matches!(k.state, KnownState::Open | KnownState::Thumbnail)
        })
        .map(|(_, k)| k.id.clone())
        .collect();
    plan
}

/// The first identity of that second that nobody has yet.
fn new_id(
    camera: &CameraId,
    instant: DateTime<Utc>,
    taken: &mut BTreeSet<(DateTime<Utc>, u16)>,
) -> FrameId {
    let mut id = FrameId::first(camera.clone(), instant);
    while !taken.insert((id.second(), id.ordinal)) {
        id.ordinal += 1;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_757_240_000 + seconds, 0).unwrap()
    }

    fn listed(seconds: i64, url: &str) -> ListedFrame {
        ListedFrame {
            instant: at(seconds),
            url: url.into(),
            url_is_listed: true,
            thumbnail_url: None,
        }
    }

    fn camera() -> CameraId {
        CameraId::new("in_gate").unwrap()
    }

    fn known(seconds: i64, ordinal: u16, url: Option<&str>, state: KnownState) -> KnownFrame {
        let id = FrameId {
            camera: camera(),
            instant: at(seconds),
            ordinal,
        };
        KnownFrame {
            id,
            url: url.map(Into::into),
            state,
        }
    }

    #[test]
    fn stored_and_removed_need_nothing_and_open_is_fetched_again() {
        let listing = [
            listed(0, "a"),
            listed(600, "b"),
            listed(1200, "c"),
            listed(1800, "d"),
        ];
        let known = [
            known(0, 1, Some("a"), KnownState::Stored),
            known(600, 1, Some("b"), KnownState::Removed),
            known(1200, 1, Some("c"), KnownState::Open),
        ];
        let plan = plan(&camera(), &listing, &known);
        assert_eq!(plan.already, 2);
        assert_eq!(
            plan.fetch
                .iter()
                .map(|f| f.listed.url.as_str())
                .collect::<Vec<_>>(),
            ["c", "d"]
        );
        assert!(plan.withdrawn.is_empty());
    }

    #[test]
    fn two_addresses_of_one_second_are_two_frames() {
        let plan = plan(&camera(), &[listed(0, "b"), listed(0, "a")], &[]);
        let ordinals: Vec<_> = plan
            .fetch
            .iter()
            .map(|f| (f.listed.url.as_str(), f.id.ordinal))
            .collect();
        assert_eq!(ordinals, [("a", 1), ("b", 2)]);
    }

    #[test]
    fn milliseconds_of_one_second_get_two_file_names() {
        let mut second = listed(0, "b");
        second.instant += TimeDelta::milliseconds(400);
        let plan = plan(&camera(), &[listed(0, "a"), second], &[]);
        assert_eq!(
            plan.fetch[1].id.file_name(),
            "20250907T101320-2_in_gate.jpg"
        );
    }

    #[test]
    fn a_second_frame_of_a_second_already_stored_is_new() {
        let stored = [known(0, 1, Some("a"), KnownState::Stored)];
        let plan = plan(&camera(), &[listed(0, "a"), listed(0, "b")], &stored);
        assert_eq!(
            (plan.already, plan.fetch.len(), plan.fetch[0].id.ordinal),
            (1, 1, 2)
        );
    }

    #[test]
    fn a_frame_whose_address_changed_stays_one() {
        let stored = [known(0, 1, Some("old"), KnownState::Stored)];
        let plan = plan(&camera(), &[listed(0, "new")], &stored);
        assert_eq!((plan.already, plan.fetch.len()), (1, 0));
    }

    #[test]
    fn rows_of_old_databases_are_matched_by_their_instant() {
        let stored = [known(0, 1, None, KnownState::Stored)];
        assert_eq!(plan(&camera(), &[listed(0, "a")], &stored).already, 1);
    }

    #[test]
    fn a_thumbnail_is_asked_for_in_full_and_withdrawn_when_no_longer_listed() {
        let kept = [
            known(0, 1, Some("a"), KnownState::Thumbnail),
            known(600, 1, Some("b"), KnownState::Open),
        ];
        let listed_again = plan(&camera(), &[listed(0, "a")], &kept);
        assert!(listed_again.fetch[0].has_thumbnail);
        assert_eq!(listed_again.withdrawn, [kept[1].id.clone()]);
    }

    proptest! {
        #[test]
        fn every_listed_frame_is_counted_once(
            listing in proptest::collection::btree_map("[a-h]{1,2}", 0i64..5, 0..20),
            stored in proptest::collection::btree_map("[a-h]{1,2}", 0i64..5, 0..20),
        ) {
            let listing: Vec<_> = listing.iter().map(|(url, s)| listed(*s, url)).collect();
            let stored: Vec<_> = plan(&camera(), &stored.iter().map(|(u, s)| listed(*s, u)).collect::<Vec<_>>(), &[])
                .fetch.into_iter()
                .map(|f| KnownFrame { id: f.id, url: Some(f.listed.url), state: KnownState::Stored })
                .collect();
            let plan = plan(&camera(), &listing, &stored);
            prop_assert_eq!(plan.already + plan.fetch.len(), listing.len());
            let mut names: Vec<_> = plan.fetch.iter().map(|f| f.id.file_name()).collect();
            names.extend(stored.iter().map(|k| k.id.file_name()));
            let all = names.len();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), all, "two frames share a file name");
        }
    }
}
