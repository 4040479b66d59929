use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use chrono_tz::America::Los_Angeles;
use draywatch_core::CameraId;
use draywatch_core::listing::ListedFrame;
use draywatch_core::zone::ImageTime;
use proptest::prelude::*;

use super::*;
use crate::raw::RawEntry;

fn wanted(date: &str, reading: ImageTime) -> Wanted {
    Wanted {
        camera: CameraId::new("in_gate").unwrap(),
        date: date.parse().unwrap(),
        zone: Los_Angeles,
        reading,
    }
}

fn answer(phase: u64, url: &str, status: u16, body: &str) -> Answer {
    Answer::of(&RawEntry {
        retry_after: None,
        method: "GET".into(),
        url: url.into(),
        request: String::new(),
        start: 0.0,
        end: Some(0.0),
        phase,
        status,
        body: Some(body.into()),
        error: None,
    })
}

/// An address of 2025-09-07 at this time, UTC.
fn address(time: &str) -> String {
    format!("http://c/apm/2025-09-07/1/2025-09-07T{time}-in_gate.jpeg")
}

fn shown(addresses: &[String], wanted: &Wanted) -> BTreeMap<Key, Sighting> {
    wanted.only(&sightings(&wanted.camera, addresses, None))
}

fn picks(days: &[(u64, &str)]) -> Picks {
    days.iter()
        .map(|(phase, day)| (*phase, day.parse().unwrap()))
        .collect()
}

#[test]
fn pictures_and_thumbnails_are_one_frame_and_twins_are_two() {
    let camera = CameraId::new("in_gate").unwrap();
    let texts: Vec<String> = [
        "http://c/apm/d/1/2025-09-07T10:17:34-in_gate.jpeg",
        "http://c/apm/d/1/2025-09-07T10:17:34-in_gate-thumbnail.jpeg",
        "http://c/apm/d/1/2025-09-07T10:17:34-in_gate.jpg",
        "http://c/apm/d/1/2025-09-07T10:17:34-in_gate-thumbnail.jpg",
        "http://c/apm/d/1/2025-09-07T10:27:34-out_gate.jpeg",
        "d/1/2025-09-07T10:17:34-in_gate.jpeg",
    ]
    .map(String::from)
    .to_vec();
    let found = sightings(&camera, &texts, None);
    assert_eq!(found.len(), 2, "{found:?}");
    for sighting in found.values() {
        let (full, thumbnail) = (
            sighting.full.clone().unwrap(),
            sighting.thumbnail.clone().unwrap(),
        );
        assert_eq!(
            draywatch_core::address::thumbnail_of_full(&full),
            Some(thumbnail)
        );
    }
}

#[test]
fn a_stale_page_does_not_agree_until_the_picked_day_is_shown() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let told: Vec<String> = ["08:00:01", "08:10:01", "08:20:01"].map(address).to_vec();
    let answers = [answer(
        1,
        "http://p/h?day=7",
        200,
        &serde_json::json!(told).to_string(),
    )];
    let network = network_reading(
        &day,
        &answers,
        1,
        &picks(&[(0, "2025-09-08"), (1, "2025-09-07")]),
    );
    assert_eq!(
        compare(&day, &network, &BTreeMap::new()),
        Agreement::OnlyNetwork
    );
    assert_eq!(
        compare(&day, &network, &shown(&told[..1], &day)),
        Agreement::Different(2, 0)
    );
    assert_eq!(
        compare(&day, &network, &shown(&told, &day)),
        Agreement::Same
    );
}

#[test]
fn live_pictures_answer_no_pick() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let live = serde_json::json!([address("18:00:01"), address("18:10:01")]).to_string();
    let answers = [
        answer(0, "http://p/live", 200, &live),
        answer(1, "http://p/live", 200, &live),
        answer(2, "http://p/live", 200, &live),
        answer(2, "http://p/h?day=7", 500, "no"),
    ];
    let network = network_reading(
        &day,
        &answers,
        2,
        &picks(&[(0, "2025-09-07"), (1, "2025-09-06"), (2, "2025-09-07")]),
    );
    assert!(!network.names_day && !network.is_answered, "{network:?}");
    assert_eq!(
        network.failure.as_ref().map(|failure| failure.status),
        Some(500)
    );
    let elements = shown(&[address("18:00:01"), address("18:10:01")], &day);
    assert_eq!(compare(&day, &network, &elements), Agreement::OnlyElements);
}

#[test]
fn a_failed_request_that_is_repeated_with_success_is_forgiven() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let answers = [
        answer(1, "http://p/h", 502, ""),
        answer(1, "http://p/h", 200, "[]"),
    ];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-09-07")]));
    assert_eq!(network.failure, None);
    assert!(network.says_empty);
}

#[test]
fn times_alone_confirm_what_the_page_shows() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let start: i64 = day.bounds().0.timestamp();
    let body = serde_json::json!({ "h": { "at": [start + 1, start + 601, start + 86_400 + 5] } })
        .to_string();
    let answers = [answer(1, "http://p/graphql", 200, &body)];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-09-07")]));
    let both = shown(&[address("07:00:01"), address("07:10:01")], &day);
    assert_eq!(compare(&day, &network, &both), Agreement::SameTimes);
    let one = shown(&[address("07:00:01")], &day);
    assert_ne!(compare(&day, &network, &one), Agreement::SameTimes);
}

/// Before, such an answer told nothing, and a page whose other tabs were not opened was confirmed as it was.
#[test]
fn names_without_an_extension_are_compared_with_what_the_page_shows() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let key = |time: &str, camera: &str| format!("2025-09-07/10/2025-09-07T{time}-{camera}");
    let body = serde_json::json!({
        "in_gate": [key("06:50:01", "in_gate"), key("07:00:01", "in_gate"), key("07:10:01", "in_gate"), key("07:20:01", "in_gate"), key("07:30:01", "in_gate")],
        "out_gate": [key("07:05:01", "out_gate")],
    });
    let answers = [answer(1, "http://p/250", 200, &body.to_string())];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-09-07")]));
    assert!(network.names_day && network.frames.is_empty() && network.number() == 4);
    let compared = |times: &[&str]| {
        let times: Vec<_> = times.iter().map(|time| address(time)).collect();
        compare(&day, &network, &shown(&times, &day))
    };
    let all = ["07:00:01", "07:10:01", "07:20:01", "07:30:01"];
    assert_eq!(compared(&all), Agreement::SameTimes);
    assert_eq!(compared(&all[1..]), Agreement::Different(1, 0));
    assert_eq!(compared(&[]), Agreement::OnlyNetwork);
    // A live picture came meanwhile.
    assert_eq!(
        compared(&[&all[..], &["07:40:01"]].concat()),
        Agreement::SameTimes
    );
    assert_eq!(
        compared(&[&all[..], &["07:05:01"]].concat()),
        Agreement::Different(0, 1)
    );
}

/// Found on reading the change again: the addresses of a few live pictures hid the names of the list, which then seemed to contradict them.
#[test]
fn live_pictures_with_addresses_do_not_hide_names_without() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let key = |hour: u32| format!("2025-09-07/{hour}/2025-09-07T{hour:02}:00:01-in_gate");
    let list: Vec<_> = (10..18).map(key).collect();
    let answers = [
        answer(1, "http://p/250", 200, &serde_json::json!(list).to_string()),
        answer(
            1,
            "http://p/live",
            200,
            &serde_json::json!([address("17:00:01"), address("18:00:01")]).to_string(),
        ),
    ];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-09-07")]));
    assert_eq!(network.frames.len(), 2);
    let compared = |hours: std::ops::Range<u32>| {
        let times: Vec<_> = hours
            .map(|hour| address(&format!("{hour:02}:00:01")))
            .collect();
        compare(&day, &network, &shown(&times, &day))
    };
    assert_eq!(compared(10..19), Agreement::SameTimes);
    assert_eq!(compared(11..19), Agreement::Different(1, 0));
    assert_eq!(compared(10..18), Agreement::Different(1, 0));
}

#[test]
fn live_pictures_do_not_contradict_a_list_whose_answer_cannot_be_read() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let live = serde_json::json!([address("18:00:01"), address("18:10:01")]).to_string();
    let answers = [
        answer(1, "http://p/live?turn=1", 200, &live),
        answer(1, "http://p/week/36", 200, "{\"start\":1,\"steps\":[600]}"),
    ];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-09-07")]));
    let elements = |times: &[&str]| {
        let times: Vec<_> = times.iter().map(|time| address(time)).collect();
        compare(&day, &network, &shown(&times, &day))
    };
    assert_eq!(
        elements(&["07:00:01", "18:00:01", "18:10:01"]),
        Agreement::OnlyElements
    );
    // One that the page should show and does not.
    assert_eq!(
        elements(&["07:00:01", "18:00:01"]),
        Agreement::Different(1, 1)
    );
}

#[test]
fn what_stands_beside_an_address_tells_the_passes_of_a_doubled_hour_apart() {
    let day = wanted("2025-11-02", ImageTime::Local);
    let key = |second: &str| format!("a/2025-11-02/1/2025-11-02T01:{second}-in_gate.jpeg");
    // Sorted as text, so that the order tells nothing.
    let body = serde_json::json!([
        { "Key": key("06:58"), "LastModified": "2025-11-02T08:07:00Z" },
        { "Key": key("06:59"), "LastModified": "2025-11-02T09:07:01Z" },
    ]);
    let answers = [answer(1, "http://p/o", 200, &body.to_string())];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-11-02")]));
    let instants: Vec<String> = day
        .frames(&network.frames, &BTreeMap::new())
        .iter()
        .map(|frame| frame.instant.to_rfc3339())
        .collect();
    assert_eq!(
        instants,
        ["2025-11-02T08:06:58+00:00", "2025-11-02T09:06:59+00:00"]
    );
}

/// Found by a page whose answers name the hour that all their frames are of: the last of them lay nearer to it as one of the hour before.
#[test]
fn what_stands_beside_several_frames_is_none_of_theirs() {
    let day = wanted("2025-11-02", ImageTime::Local);
    let name = |minutes: &str| format!("2025-11-02T01:{minutes}-in_gate.jpeg");
    let body = serde_json::json!({
        "hour": "2025-11-02T09:00:00Z",
        "shots": [{ "file": name("03:01") }, { "file": name("53:39") }],
    });
    let answers = [answer(1, "http://p/o", 200, &body.to_string())];
    let network = network_reading(&day, &answers, 1, &picks(&[(1, "2025-11-02")]));
    assert_eq!(network.frames.len(), 2);
    assert!(!day.passes_are_clear(&network.frames, &BTreeMap::new()));
}

#[test]
fn a_page_that_shows_an_end_first_does_not_tell_the_passes_of_a_doubled_hour_apart() {
    let day = wanted("2025-11-02", ImageTime::Local);
    let shown_in = |minutes: &[&str]| {
        let address = |m: &&str| format!("http://c/a/2025-11-02/1/2025-11-02T{m}-in_gate.jpeg");
        let seen = shown(&minutes.iter().map(address).collect::<Vec<_>>(), &day);
        day.passes_are_clear(&BTreeMap::new(), &seen)
    };
    let hour = [
        "00:57:01", "01:07:01", "01:57:02", "01:07:03", "01:57:04", "02:07:05",
    ];
    assert!(shown_in(&hour));
    let (beginning, end) = hour.split_at(3);
    assert!(!shown_in(&[end, beginning].concat()), "the end first");
    let mut sorted = hour;
    sorted.sort_unstable();
    assert!(!shown_in(&sorted), "sorted by the time of day");
    let utc = wanted("2025-11-02", ImageTime::Utc);
    assert!(utc.passes_are_clear(&BTreeMap::new(), &shown(&[], &utc)));
}

/// Found by a page that asks for each hour by itself: its answers came in any order, ten frames went to the other pass of the hour, and that was
/// confirmed.
#[test]
fn an_order_that_is_clear_tells_the_passes_of_a_doubled_hour_apart() {
    let day = wanted("2025-11-02", ImageTime::Local);
    let seen = |minutes: &[&str]| {
        let address = |m: &&str| format!("http://c/a/2025-11-02/1/2025-11-02T{m}-in_gate.jpeg");
        shown(&minutes.iter().map(address).collect::<Vec<_>>(), &day)
    };
    let rising = [
        "00:57:01", "01:07:01", "01:57:02", "01:07:03", "01:57:04", "02:07:05",
    ];
    let mut falling = rising;
    falling.reverse();
    let in_parts = [
        "02:07:05", "01:07:03", "01:57:04", "00:57:01", "01:07:01", "01:57:02",
    ];
    let other_way = [
        "00:57:01", "01:07:03", "01:57:04", "01:07:01", "01:57:02", "02:07:05",
    ];
    let truth = [
        "07:57:01", "08:07:01", "08:57:02", "09:07:03", "09:57:04", "10:07:05",
    ];
    for (network, elements) in [
        (in_parts, rising),
        (in_parts, falling),
        (rising, in_parts),
        (falling, rising),
    ] {
        let (network, elements) = (seen(&network), seen(&elements));
        let frames = day.frames(&network, &elements);
        let instants = frames
            .iter()
            .map(|frame| frame.instant.format("%T").to_string());
        assert_eq!(instants.collect::<Vec<_>>(), truth);
        assert!(day.passes_are_clear(&network, &elements));
    }
    for (network, elements) in [(in_parts, in_parts), (rising, other_way)] {
        assert!(!day.passes_are_clear(&seen(&network), &seen(&elements)));
    }
}

/// A page drew a frame's full address before its thumbnail; a leap afterwards saw both, and only the first was kept.
#[test]
fn what_a_later_look_shows_of_a_frame_is_added() {
    let camera = CameraId::new("in_gate").unwrap();
    let full = address("08:00:01");
    let thumbnail = full.replace(".jpeg", "-thumbnail.jpeg");
    let other = address("07:50:01");
    let mut shown = Shown::default();
    shown.add(&[other.clone(), full.clone()], false);
    shown.add(std::slice::from_ref(&thumbnail), true);
    let sighting = |shown: &Shown| {
        let frames = shown.sightings(&camera, None);
        let mut frames = frames.into_values().filter(|seen| seen.thumbnail.is_some());
        frames.next().unwrap()
    };
    let seen = sighting(&shown);
    let both = (Some(full.clone()), Some(thumbnail.clone()));
    assert_eq!(
        (seen.full, seen.thumbnail, seen.position),
        (both.0.clone(), both.1.clone(), 1)
    );
    shown.add(&[full, thumbnail, other], false);
    let seen = sighting(&shown);
    assert_eq!(
        (seen.full, seen.thumbnail, seen.position),
        (both.0, both.1, 0)
    );
}

/// Found by two frames in one second, of which only the second was among the live pictures: it got the thumbnail of the first.
#[test]
fn of_two_frames_in_one_second_none_passes_for_the_other() {
    let camera = CameraId::new("in_gate").unwrap();
    let first = address("08:00:01");
    let second = first.replace(".jpeg", ".jpg");
    let [first_small, second_small] = [
        first.replace(".jpeg", "-thumbnail.jpeg"),
        second.replace(".jpg", "-thumbnail.jpg"),
    ];
    let mut shown = Shown::default();
    shown.add(std::slice::from_ref(&second), false);
    shown.add(
        &[second.clone(), first_small.clone(), second_small.clone()],
        false,
    );
    let frames = shown.sightings(&camera, None).into_values();
    let frames: Vec<_> = frames.map(|seen| (seen.full, seen.thumbnail)).collect();
    let second = (Some(second), Some(second_small));
    assert_eq!(frames, [(None, Some(first_small.clone())), second.clone()]);
    shown.add(std::slice::from_ref(&first), true);
    let frames = shown.sightings(&camera, None).into_values();
    let frames: Vec<_> = frames.map(|seen| (seen.full, seen.thumbnail)).collect();
    assert_eq!(frames, [(Some(first), Some(first_small)), second]);
}

#[test]
fn addresses_are_kept_word_for_word() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let odd = "http://c/apm/2025-09-08/3/2025-09-07T08%3A00%3A01-in_gate.JPEG?sig=a%2Fb".to_owned();
    let frames = day.frames(&BTreeMap::new(), &shown(std::slice::from_ref(&odd), &day));
    assert_eq!(
        (frames[0].url.as_str(), frames[0].url_is_listed),
        (odd.as_str(), true)
    );
}

#[test]
fn a_thumbnail_alone_leads_to_the_full_picture() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let thumbnail =
        "http://c/apm/2025-09-07/8/2025-09-07T08:00:01-in_gate-thumbnail.jpg".to_owned();
    let frames = day.frames(
        &BTreeMap::new(),
        &shown(std::slice::from_ref(&thumbnail), &day),
    );
    assert_eq!(
        frames[0].url,
        "http://c/apm/2025-09-07/8/2025-09-07T08:00:01-in_gate.jpg"
    );
    assert!(!frames[0].url_is_listed);
    assert_eq!(frames[0].thumbnail_url.as_deref(), Some(thumbnail.as_str()));
}

#[test]
fn a_list_that_was_cut_short_does_not_reach_the_edges() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let (start, end) = day.bounds();
    let frame = |instant| ListedFrame {
        instant,
        url: String::new(),
        url_is_listed: true,
        thumbnail_url: None,
    };
    let whole: Vec<_> = (0..144)
        .map(|n| frame(start + TimeDelta::minutes(10 * n + 3)))
        .collect();
    assert!(day.edges_are_covered(&whole, end));
    assert!(!day.edges_are_covered(&whole[..24], end));
    assert!(!day.edges_are_covered(&whole[120..], end));
    assert!(day.edges_are_covered(&whole[..24], whole[23].instant + TimeDelta::minutes(9)));
}

proptest! {
    #[test]
    fn no_frame_of_another_day_or_camera_is_ever_taken(
        seconds in proptest::collection::vec(0i64..4 * 86_400, 1..60), other in any::<bool>(),
    ) {
        let day = wanted("2025-09-07", ImageTime::Utc);
        let (start, end) = day.bounds();
        let name = if other { "out_gate" } else { "in_gate" };
        let texts: Vec<String> = seconds
            .iter()
            .map(|s| (start + TimeDelta::seconds(s - 86_400)).format(&format!("http://c/x/%Y-%m-%dT%H:%M:%S-{name}.jpeg")).to_string())
            .collect();
        let frames = day.frames(&BTreeMap::new(), &shown(&texts, &day));
        let expected: BTreeSet<i64> = seconds.iter().map(|s| s - 86_400).filter(|s| (0..86_400).contains(s)).collect();
        prop_assert_eq!(frames.len(), if other { 0 } else { expected.len() });
        prop_assert!(frames.iter().all(|frame| start <= frame.instant && frame.instant < end));
    }
}

/// A page that asks for live pictures all the time said, as its last word, nothing of more to come.
#[test]
fn live_pictures_say_nothing_of_the_list() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let told = |times: &[&str]| {
        let images: Vec<_> = times.iter().map(|time| address(time)).collect();
        serde_json::json!({ "images": images })
    };
    let mut first = told(&["09:00:01", "08:50:01", "08:40:01"]);
    first["next"] = "c3".into();
    let live = told(&["09:00:01", "09:10:01"]);
    let days = picks(&[(1, "2025-09-07")]);
    let history = |rest: &str, body: &serde_json::Value| {
        answer(
            1,
            &format!("http://p/history{rest}"),
            200,
            &body.to_string(),
        )
    };
    let mut answers = vec![
        history("", &first),
        answer(1, "http://p/live", 200, &live.to_string()),
    ];
    let read = |answers: &[Answer]| network_reading(&day, answers, 1, &days);
    let reading = read(&answers);
    assert!(reading.may_have_more && !reading.says_all);
    assert_eq!(reading.frames.len(), 4);
    // A last part without a word of another ends it, and so does an empty one.
    answers.push(history("?after=c3", &told(&["08:30:01"])));
    assert!(!read(&answers).may_have_more);
    let mut more = told(&["08:20:01"]);
    more["next"] = "c4".into();
    answers.push(history("?after=c4", &more));
    assert!(read(&answers).may_have_more);
    answers.push(history("?after=c5", &told(&[])));
    assert!(!read(&answers).may_have_more);
}

/// Found in the first hour of a day: a total that counts the frames of neighbouring days too was taken for a sign of more.
#[test]
fn a_total_may_count_the_neighbours_of_the_day() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let days = picks(&[(1, "2025-09-07")]);
    let names = [
        "2025-09-07T00:14:01",
        "2025-09-07T00:04:01",
        "2025-09-06T23:54:01",
        "2025-09-06T23:44:01",
    ];
    let read = |body: &serde_json::Value| {
        let answers = [answer(1, "http://p/history", 200, &body.to_string())];
        let reading = network_reading(&day, &answers, 1, &days);
        (reading.may_have_more, reading.counts_neighbours)
    };
    let address = |name: &&str| format!("http://c/apm/2025-09-07/0/{name}-in_gate.jpeg");
    let frames = |number: usize| {
        let images: Vec<String> = names[..number].iter().map(address).collect();
        read(&serde_json::json!({ "images": images, "total": 4 }))
    };
    assert_eq!(frames(4), (true, true));
    assert_eq!(frames(3), (true, false));
    let times = |number: usize| {
        let nodes: Vec<_> = names[..number]
            .iter()
            .map(|name| serde_json::json!({ "at": name, "sent": format!("{name}Z") }))
            .collect();
        read(&serde_json::json!({ "nodes": nodes, "totalCount": 4 }))
    };
    assert_eq!(times(4), (true, true));
    assert_eq!(times(3), (true, false));
}

fn broken_off(phase: u64, url: &str, at: f64) -> Answer {
    let mut answer = answer(phase, url, 0, "");
    answer.error = Some("AbortError: signal is aborted without reason".into());
    answer.came_at = at;
    answer
}

fn asked_at(at: f64, answer: Answer) -> Answer {
    Answer {
        asked_at: at,
        ..answer
    }
}

/// Found by a page that broke off what it had asked for when another part of the day was chosen: told as a failure of the portal.
#[test]
fn what_the_page_broke_off_for_something_else_is_no_failure() {
    let day = wanted("2025-09-07", ImageTime::Utc);
    let picks = picks(&[(1, "2025-09-07")]);
    let failure = |answers: &[Answer]| network_reading(&day, answers, 1, &picks).failure;
    let part = |at| asked_at(at, answer(1, "http://p/part/1", 200, "{}"));
    let gone = || broken_off(1, "http://p/part/0", 500.0);
    assert_eq!(failure(&[gone(), part(501.0)]), None);
    assert!(
        failure(&[gone(), part(900.0)]).is_some(),
        "nothing took its place"
    );
    assert!(failure(&[gone()]).is_some());
    let mut failed = gone();
    failed.error = Some("TypeError: Failed to fetch".into());
    assert!(failure(&[failed, part(501.0)]).is_some());
}

/// An answer that cannot be read tells at least that the pick was heard, unless the same is asked for on any day.
#[test]
fn a_pick_is_heard_where_it_made_the_page_ask() {
    let picks = picks(&[(0, "2025-09-09"), (1, "2025-09-07")]);
    let live = |phase| answer(phase, "http://p/live", 200, "\u{1}\u{2}");
    let day = answer(1, "http://p/day/7", 200, "\u{1}\u{2}");
    let failed = answer(1, "http://p/day/7", 503, "");
    let beacon = answer(1, "http://p/beacon?1", 204, "");
    assert!(is_heard(&[live(0), live(1), day], 1, &picks));
    for deaf in [
        vec![],
        vec![live(0), live(1)],
        vec![live(0), failed],
        vec![beacon],
    ] {
        assert!(!is_heard(&deaf, 1, &picks), "{deaf:?}");
    }
}
