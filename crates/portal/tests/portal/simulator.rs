//! The listing against the simulator: every behaviour alone and in pairs, both zones, month and year ends, both clock changes.

use draywatch_core::Kind;
use portal_sim::{AddressZone, ApiFailure, Behaviours, Config, Portal};

use crate::harness::{True, assert_kind, camera, date, difference, list, lister};

/// A behaviour by name, and how it is switched on.
type Way = (&'static str, fn(&mut Behaviours));

/// The ways of the page that must not hide a frame.
const HARMLESS: [Way; 12] = [
    ("stale", |b| b.stale_ms = 900),
    ("neighbours", |b| b.neighbours = 5),
    ("lazy", |b| b.lazy = true),
    ("endless", |b| b.endless = true),
    ("renamed", |b| b.renamed = true),
    ("no heading", |b| b.no_heading = true),
    ("read-only picker", |b| b.readonly_picker = true),
    ("slow", |b| b.slow_api_ms = 1500),
    ("live like history", |b| b.live_like_history = true),
    ("xhr", |b| b.xhr = true),
    ("first request fails", |b| {
        b.failing_api = Some(ApiFailure::ServerError);
        b.fail_api_times = Some(1);
    }),
    ("first load blank", |b| b.blank_loads = 1),
];

async fn start(zone: AddressZone) -> Portal {
    let behaviours = Behaviours {
        zone,
        ..Behaviours::default()
    };
    Portal::start(Config {
        history_days: 800,
        behaviours,
        ..Config::default()
    })
    .await
    .unwrap()
}

pub async fn truth(portal: &Portal, name: &str, day: chrono::NaiveDate) -> Vec<True> {
    let frames = portal.frames(name, day).unwrap();
    frames
        .iter()
        .map(|frame| {
            (
                frame.instant.timestamp_millis(),
                portal.address(frame, false),
                portal.address(frame, true),
            )
        })
        .collect()
}

/// Lists `days` under `behaviours` with one lister and tells what was not the truth.
async fn check(
    portal: &Portal,
    name: &str,
    behaviours: Behaviours,
    days: &[chrono::NaiveDate],
) -> Vec<String> {
    let mut lister = lister(&portal.page_url());
    let mut problems = Vec::new();
    let camera = camera("in_gate");
    for day in days {
        portal.set_behaviours(behaviours.clone());
        let before = truth(portal, "in_gate", *day).await;
        let result = list(&mut lister, &camera, *day).await;
        let after = truth(portal, "in_gate", *day).await;
        match result {
            Ok(listed) => problems.extend(
                difference(&listed, &before, &after).map(|d| format!("{name}, {day}: {d}")),
            ),
            Err(error) => problems.push(format!("{name}, {day}: {} {error}", error.kind())),
        }
    }
    lister.close().await;
    problems
}

/// Whether drills run in full (`make drill`).
fn is_full() -> bool {
    std::env::var_os("DRAYWATCH_TEST_FULL").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_behaviour_alone_hides_nothing() {
    let portal = start(AddressZone::Utc).await;
    let days = [
        portal.today().pred_opt().unwrap(),
        portal.today(),
        date("2026-10-31"),
    ];
    let mut problems = Vec::new();
    for (number, (name, switch)) in HARMLESS.into_iter().enumerate() {
        let mut behaviours = Behaviours::default();
        switch(&mut behaviours);
        // In `make test` one of the days for each.
        let days = if is_full() {
            &days
        } else {
            &days[number % 3..][..1]
        };
        problems.extend(check(&portal, name, behaviours, days).await);
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Found by the drill of all pairs: where only the last frame or two of a day are on a page of their own, what is there reaches
/// from one end of the day to the other, and looked whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_last_page_of_one_frame_is_not_missed() {
    let portal = start(AddressZone::Utc).await;
    let yesterday = portal.today().pred_opt().unwrap();
    let number = truth(&portal, "in_gate", yesterday).await.len();
    let mut problems = Vec::new();
    let all = [(1, false), (2, true), (1, true), (0, true)];
    for (less, bare_api) in &all[..if is_full() { 4 } else { 2 }] {
        for (name, switch) in [HARMLESS[1], HARMLESS[2], HARMLESS[8], HARMLESS[9]] {
            let mut behaviours = Behaviours {
                endless: true,
                page_size: u32::try_from(number - less).unwrap(),
                bare_api: *bare_api,
                ..Behaviours::default()
            };
            switch(&mut behaviours);
            let name = format!("{name}, {less} on the last page, bare {bare_api}");
            problems.extend(check(&portal, &name, behaviours, &[yesterday]).await);
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// Found by the drill of all pairs on a busy machine: the day that the page opens with is still shown while another is picked and the
/// day itself again, and its first part agreed with the answer's first part.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_before_the_pick_is_not_the_whole_list() {
    let portal = start(AddressZone::Utc).await;
    let mut problems = Vec::new();
    let all = [(4000, true), (4000, false), (12_000, true)];
    for (stale_ms, bare_api) in &all[..if is_full() { 3 } else { 1 }] {
        let (stale_ms, bare_api) = (*stale_ms, *bare_api);
        let behaviours = Behaviours {
            stale_ms,
            endless: true,
            page_size: 8,
            bare_api,
            ..Behaviours::default()
        };
        let name = format!("stale for {stale_ms} ms, bare {bare_api}");
        problems.extend(check(&portal, &name, behaviours, &[portal.today()]).await);
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// In `make test` every eleventh pair; all of them with `DRAYWATCH_TEST_FULL=1` (`make drill`). In four parts, which run side by side.
async fn pairs(zone: AddressZone, part: usize) {
    let mut all = Vec::new();
    for (at, first) in HARMLESS.iter().enumerate() {
        all.extend(HARMLESS[at + 1..].iter().map(|second| (first, second)));
    }
    let step = if is_full() { 1 } else { 11 };
    let chosen = all
        .iter()
        .skip(step - 1)
        .step_by(step)
        .skip(part)
        .step_by(2);
    let portal = start(zone).await;
    let days = [portal.today().pred_opt().unwrap(), portal.today()];
    let (mut problems, mut tried) = (Vec::new(), 0);
    for ((first, switch), (second, other)) in chosen {
        let mut behaviours = Behaviours {
            zone,
            ..Behaviours::default()
        };
        switch(&mut behaviours);
        other(&mut behaviours);
        let name = format!("{first} + {second} ({zone:?})");
        problems.extend(check(&portal, &name, behaviours, &days).await);
        tried += 1;
    }
    println!("{zone:?}, part {part}: {tried} pairs");
    assert!(tried > 0 && problems.is_empty(), "{problems:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_in_pairs_hide_nothing_by_utc() {
    pairs(AddressZone::Utc, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_in_pairs_hide_nothing_by_utc_either() {
    pairs(AddressZone::Utc, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_in_pairs_hide_nothing_by_local_time() {
    pairs(AddressZone::Local, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behaviours_in_pairs_hide_nothing_by_local_time_either() {
    pairs(AddressZone::Local, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn month_and_year_ends_and_clock_changes_in_both_zones() {
    let days: Vec<_> = [
        "2026-11-01",
        "2026-10-31",
        "2025-12-31",
        "2026-01-01",
        "2026-03-08",
        "2025-11-02",
        "2026-02-28",
    ]
    .into_iter()
    .map(date)
    .collect();
    let mut problems = Vec::new();
    for zone in [AddressZone::Utc, AddressZone::Local] {
        let portal = start(zone).await;
        let behaviours = Behaviours {
            zone,
            neighbours: 6,
            ..Behaviours::default()
        };
        problems.extend(check(&portal, &format!("{zone:?}"), behaviours, &days).await);
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hides_the_truth_is_an_error() {
    let portal = start(AddressZone::Utc).await;
    let camera = camera("in_gate");
    let days = [portal.today().pred_opt().unwrap(), portal.today()];
    let failing = |failure, swallow_errors| Behaviours {
        failing_api: Some(failure),
        swallow_errors,
        live_like_history: swallow_errors,
        ..Behaviours::default()
    };
    let cases = [
        (
            "blank",
            Behaviours {
                blank: true,
                ..Behaviours::default()
            },
            [Kind::Transient, Kind::Transient],
        ),
        (
            "500",
            failing(ApiFailure::ServerError, false),
            [Kind::Transient, Kind::Transient],
        ),
        (
            "500, swallowed",
            failing(ApiFailure::ServerError, true),
            [Kind::Transient, Kind::Transient],
        ),
        (
            "429",
            failing(ApiFailure::TooMany { retry_after: 1 }, true),
            [Kind::RateLimited, Kind::RateLimited],
        ),
        (
            "error body",
            failing(ApiFailure::ErrorBody, false),
            [Kind::Transient, Kind::PortalChanged],
        ),
        (
            "error body, swallowed",
            failing(ApiFailure::ErrorBody, true),
            [Kind::Transient, Kind::PortalChanged],
        ),
    ];
    for (number, (name, behaviours, kinds)) in cases.into_iter().enumerate() {
        // In `make test` one of the days for each.
        let days = if is_full() {
            &days
        } else {
            &days[number % 2..][..1]
        };
        for day in days.iter().copied() {
            portal.set_behaviours(behaviours.clone());
            let mut lister = lister(&portal.page_url());
            let result = list(&mut lister, &camera, day).await;
            lister.close().await;
            println!(
                "{name}, {day}: {:?}",
                result.as_ref().err().map(ToString::to_string)
            );
            assert_kind(&result, &kinds);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_day_is_empty_only_when_the_page_says_so() {
    let empty = date("2026-10-15");
    let mut config = Config {
        history_days: 800,
        ..Config::default()
    };
    config.schedule.empty_days = vec![portal_sim::EmptyDay {
        camera: None,
        date: empty,
    }];
    let portal = Portal::start(config).await.unwrap();
    for neighbours in [0, 4] {
        portal.set_behaviours(Behaviours {
            neighbours,
            ..Behaviours::default()
        });
        let mut lister = lister(&portal.page_url());
        let listed = list(&mut lister, &camera("in_gate"), empty).await.unwrap();
        lister.close().await;
        assert_eq!(listed.listing.frames.len(), 0);
        assert!(
            listed.listing.confirmation.is_confirmed(),
            "{:?}",
            listed.listing.confirmation
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_in_one_second_and_the_old_form_are_listed() {
    for form in [
        portal_sim::AddressForm::IsoSeconds,
        portal_sim::AddressForm::UnixMillis,
    ] {
        let mut config = Config {
            history_days: 30,
            address_form: form,
            ..Config::default()
        };
        config.schedule.twin_every = 5;
        let portal = Portal::start(config.clone()).await.unwrap();
        let day = portal.today().pred_opt().unwrap();
        let problems = check(&portal, &format!("{form:?}"), Behaviours::default(), &[day]).await;
        assert!(problems.is_empty(), "{problems:#?}");
        // All frames are two, and the three live pictures end between the two of a second.
        config.schedule.twin_every = 1;
        let portal = Portal::start(config).await.unwrap();
        let day = portal.today();
        let problems = check(&portal, &format!("{form:?}"), Behaviours::default(), &[day]).await;
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_not_loaded_to_be_listed_and_days_that_cannot_be_picked_are_named() {
    let portal = start(AddressZone::Utc).await;
    let mut lister = lister(&portal.page_url());
    let yesterday = portal.today().pred_opt().unwrap();
    list(&mut lister, &camera("in_gate"), yesterday)
        .await
        .unwrap();
    let tomorrow = list(
        &mut lister,
        &camera("in_gate"),
        portal.today().succ_opt().unwrap(),
    )
    .await;
    lister.close().await;
    assert_kind(&tomorrow, &[Kind::NotFound]);
    let stats = portal.stats();
    assert_eq!(stats.cdn.requests, 0, "the browser loaded pictures");
    assert!(
        stats
            .page
            .user_agents
            .keys()
            .any(|agent| agent.contains("tests@example.org")),
        "{:?}",
        stats.page.user_agents
    );
}

/// The history's `Retry-After` was not read: a refusal was given up at once, and a failure asked again within a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_history_asks_for_is_kept() {
    let refusing = |retry_after| Behaviours {
        failing_api: Some(ApiFailure::TooMany { retry_after }),
        ..Behaviours::default()
    };
    let portal = start(AddressZone::Utc).await;
    let day = portal.today().pred_opt().unwrap();
    let refused = |portal: &Portal| {
        let log = portal.stats().page.log.into_iter();
        let of_day = log.filter(|asked| asked.path.contains(&day.to_string()));
        of_day.filter(|asked| asked.status == 429).count()
    };

    portal.set_behaviours(refusing(4));
    let mut lister = lister(&portal.page_url());
    let begun = std::time::Instant::now();
    let camera = camera("in_gate");
    let mends_itself = async {
        while refused(&portal) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        portal.set_behaviours(Behaviours::default());
    };
    let (listed, ()) = tokio::join!(list(&mut lister, &camera, day), mends_itself);
    lister.close().await;
    assert!(!listed.unwrap().listing.frames.is_empty());
    assert!(begun.elapsed() >= std::time::Duration::from_secs(4));
    assert_eq!(refused(&portal), 1);

    // A longer one ends the collection, which asked once.
    portal.reset_stats();
    portal.set_behaviours(refusing(61));
    let mut lister = crate::harness::lister(&portal.page_url());
    let result = list(&mut lister, &camera, day).await;
    lister.close().await;
    assert_kind(&result, &[Kind::RateLimited]);
    assert_eq!(refused(&portal), 1);
    assert_eq!(portal.stats().page.page_loads, 1, "loaded again");
}
