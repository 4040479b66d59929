//! Frames, their addresses and their pictures, as the truth tells them.

use std::collections::HashSet;

use crate::common::{at, evening, get, instant, start};
use chrono::NaiveDate;
use portal_sim::{
    AddressForm, AddressZone, Behaviours, Clock, Config, EmptyDay, Portal, Schedule, TruthFrame,
};

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

async fn day(portal: &Portal, camera: &str, text: &str) -> Vec<TruthFrame> {
    let frames = portal.frames(camera, date(text)).expect("frames");
    let (from, to) = (frames.first(), frames.last());
    let (Some(from), Some(to)) = (from, to) else {
        return Vec::new();
    };
    let end = to.instant + chrono::Duration::milliseconds(1);
    portal
        .truth_between(camera, from.instant, end, false)
        .await
        .expect("truth")
}

fn distinct(frames: &[TruthFrame]) -> bool {
    let urls: HashSet<&str> = frames.iter().map(|frame| frame.url.as_str()).collect();
    urls.len() == frames.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_follow_from_the_seed() {
    let path = |frame: &TruthFrame| frame.url.split("/apm/").nth(1).map(str::to_owned);
    let mut days = Vec::new();
    for seed in [1, 1, 2] {
        let portal = start(Config {
            seed,
            ..at(evening())
        })
        .await;
        let frames = day(&portal, "in_gate", "2025-09-08").await;
        assert!((143..=145).contains(&frames.len()), "{}", frames.len());
        let gaps = frames
            .windows(2)
            .map(|two| (two[1].instant - two[0].instant).num_seconds());
        assert!(
            gaps.clone().all(|gap| (500..700).contains(&gap)),
            "{:?}",
            gaps.collect::<Vec<_>>()
        );
        days.push(frames.iter().map(path).collect::<Vec<_>>());
        let other: Vec<_> = day(&portal, "out_gate", "2025-09-08").await;
        assert_ne!(frames[0].instant, other[0].instant);
    }
    assert_eq!(days[0], days[1]);
    assert_ne!(days[0], days[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_as_long_as_the_terminals() {
    let portal = start(at(instant("2026-04-01T00:00:00Z"))).await;
    let spring = day(&portal, "in_gate", "2026-03-08").await;
    let autumn = day(&portal, "in_gate", "2025-11-02").await;
    assert!((137..=139).contains(&spring.len()), "{}", spring.len());
    assert!((149..=151).contains(&autumn.len()), "{}", autumn.len());
    assert!(autumn[0].instant >= instant("2025-11-02T07:00:00Z"));
    assert!(autumn[autumn.len() - 1].instant < instant("2025-11-03T08:00:00Z"));
    assert!(spring[0].instant >= instant("2026-03-08T08:00:00Z"));
    assert!(spring[spring.len() - 1].instant < instant("2026-03-09T07:00:00Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn local_addresses_stay_distinct_when_an_hour_comes_twice() {
    let mut config = at(instant("2025-12-01T00:00:00Z"));
    config.schedule = Schedule {
        interval_seconds: 10,
        jitter_seconds: 4,
        ..Schedule::default()
    };
    config.behaviours = Behaviours {
        zone: AddressZone::Local,
        ..Behaviours::default()
    };
    let portal = start(config).await;
    let frames = day(&portal, "in_gate", "2025-11-02").await;
    assert!((8995..=9005).contains(&frames.len()), "{}", frames.len());
    assert!(distinct(&frames));
    assert!(
        frames
            .iter()
            .all(|frame| frame.url.contains("/apm/2025-11-02/"))
    );
    for frame in frames.iter().filter(|frame| frame.url.contains("T01:30:")) {
        assert_eq!(
            get(&frame.thumbnail_url).await.status,
            200,
            "{}",
            frame.thumbnail_url
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn utc_and_local_addresses() {
    let portal = start(at(evening())).await;
    let utc = day(&portal, "in_gate", "2025-09-09").await;
    assert!(
        utc.iter()
            .any(|frame| frame.url.contains("/apm/2025-09-10/0/2025-09-10T00:"))
    );
    portal.set_behaviours(Behaviours {
        zone: AddressZone::Local,
        ..Behaviours::default()
    });
    let local = day(&portal, "in_gate", "2025-09-09").await;
    assert!(
        local
            .iter()
            .all(|frame| frame.url.contains("/apm/2025-09-09/"))
    );
    assert_eq!(utc[9].instant, local[9].instant);
    assert_eq!(get(&local[9].url).await.status, 200);
    assert_eq!(get(&utc[9].url).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_frames_in_one_second() {
    for form in [AddressForm::IsoSeconds, AddressForm::UnixMillis] {
        let schedule = Schedule {
            twin_every: 10,
            ..Schedule::default()
        };
        let portal = start(Config {
            address_form: form,
            schedule,
            ..at(evening())
        })
        .await;
        let frames = portal
            .truth("in_gate", date("2025-09-09"))
            .await
            .expect("truth");
        let twins: Vec<_> = frames
            .windows(2)
            .filter(|two| two[0].instant.timestamp() == two[1].instant.timestamp())
            .collect();
        assert!((5..30).contains(&twins.len()), "{form:?}: {}", twins.len());
        assert!(distinct(&frames));
        for two in twins {
            assert_ne!(two[0].sha256, two[1].sha256);
            assert_eq!(
                get(&two[0].url).await.body.len(),
                two[0].bytes.expect("a length")
            );
            assert_eq!(
                get(&two[1].url).await.body.len(),
                two[1].bytes.expect("a length")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_days_delays_and_frozen_cameras() {
    let mut config = at(evening());
    config.schedule.empty_days = vec![EmptyDay {
        camera: Some("in_gate".to_owned()),
        date: date("2025-09-09"),
    }];
    config.schedule.publish_delay_seconds = 1800;
    let portal = start(config).await;
    assert!(day(&portal, "in_gate", "2025-09-09").await.is_empty());
    assert!(day(&portal, "out_gate", "2025-09-09").await.len() > 140);
    let newest = |portal: &Portal, camera: &str| {
        let frames = portal.frames(camera, portal.today()).expect("frames");
        frames.last().expect("a frame").instant
    };
    assert!(newest(&portal, "in_gate") <= evening() - chrono::Duration::minutes(30));
    portal.set_behaviours(Behaviours {
        frozen_seconds: 7200,
        frozen_cameras: vec!["in_gate".to_owned()],
        ..Behaviours::default()
    });
    assert!(newest(&portal, "in_gate") <= evening() - chrono::Duration::minutes(150));
    assert!(newest(&portal, "out_gate") > evening() - chrono::Duration::minutes(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_appear_as_time_passes() {
    let portal = start(at(evening())).await;
    let before = portal
        .frames("in_gate", portal.today())
        .expect("frames")
        .len();
    portal.set_clock(Clock::Fixed(evening() + chrono::Duration::hours(1)));
    let after = portal
        .frames("in_gate", portal.today())
        .expect("frames")
        .len();
    assert!((5..=7).contains(&(after - before)), "{before} {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_real_distinct_and_of_the_right_size() {
    let portal = start(at(evening())).await;
    let mut sums = HashSet::new();
    for camera in ["in_gate", "out_gate"] {
        let truth = portal
            .truth(camera, date("2025-09-09"))
            .await
            .expect("truth");
        for frame in &truth {
            let bytes = frame.bytes.expect("a length");
            assert!(
                (150_000..=250_000).contains(&bytes),
                "{} has {bytes} bytes",
                frame.url
            );
            assert!(
                sums.insert(frame.sha256.clone()) && sums.insert(frame.thumbnail_sha256.clone())
            );
        }
        let picture = get(&truth[70].url).await.body;
        let header = turbojpeg::read_header(&picture).expect("a header");
        assert_eq!((header.width, header.height), (1200, 675));
        assert_eq!(header.subsamp, turbojpeg::Subsamp::Sub2x2);
        assert!(!header.is_progressive && turbojpeg::decompress_to_yuv(&picture).is_ok());
        let small = get(&truth[70].thumbnail_url).await.body;
        let header = turbojpeg::read_header(&small).expect("a header");
        assert_eq!((header.width, header.height), (320, 180));
    }
}
