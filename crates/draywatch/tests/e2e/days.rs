//! Whole days by way of the browser: what is stored is what the portal shows, whatever the calendar and the zone of addresses.

use chrono::{DateTime, Days, Duration, NaiveDate, TimeZone, Utc};
use chrono_tz::America::Los_Angeles;
use portal_sim::{AddressZone, Behaviours, Clock, EmptyDay, TruthFrame};

use crate::harness::{World, every, hourly};
use crate::{audit, store};

async fn truth_of(world: &World, cameras: &[&str], days: &[NaiveDate]) -> Vec<TruthFrame> {
    let mut truth = Vec::new();
    for camera in cameras {
        for day in days {
            truth.extend(world.truth(camera, *day).await);
        }
    }
    truth
}

/// How many hours a local day has.
fn hours(day: NaiveDate) -> i64 {
    let start = |day: NaiveDate| {
        Los_Angeles
            .from_local_datetime(&day.and_hms_opt(0, 0, 0).expect("midnight"))
            .earliest()
            .expect("a midnight")
    };
    (start(day + Days::new(1)) - start(day)).num_hours()
}

/// The last day before `day` with that many hours.
fn last_with(hours_wanted: i64, day: NaiveDate) -> NaiveDate {
    let mut days = (1..399).map(|back| day - Days::new(back));
    days.find(|day| hours(*day) == hours_wanted)
        .expect("clocks change twice a year")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn today_and_yesterday_of_both_cameras_are_the_truth_and_a_second_fetch_stores_nothing() {
    let mut config = hourly();
    config.schedule.twin_every = 5;
    let mut world = World::new("days: today and yesterday, twins", config).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let (today, yesterday) = (
        world.portal.today().to_string(),
        world.yesterday().to_string(),
    );
    let before = truth_of(
        &world,
        &["in_gate", "out_gate"],
        &[world.portal.today(), world.yesterday()],
    )
    .await;
    let first = world.run(&["fetch", "--date", &yesterday]).await;
    first.expect(0);
    assert_eq!(first.reports.len(), 2);
    let second = world.run(&["fetch"]).await;
    second.expect(0);
    assert!(
        second
            .reports
            .iter()
            .all(|report| report["date"] == today.as_str()),
        "{}",
        second.words()
    );
    let after = truth_of(
        &world,
        &["in_gate", "out_gate"],
        &[today.parse().expect("a date"), world.yesterday()],
    )
    .await;
    // A frame may be published while the day is read.
    let (full, _) = audit::whole(&world, &after, None).await;
    assert!(
        (before.len()..=after.len()).contains(&full),
        "{full} of {}..{}",
        before.len(),
        after.len()
    );
    let images = store::images(&world.home).await;
    let second_ones = images
        .iter()
        .filter(|image| image.path.contains("-2_"))
        .count();
    assert!(second_ones > 0, "no second has two frames");
    assert_eq!(
        store::fact(&world.home, "image_time").await.as_deref(),
        Some("utc")
    );
    world.portal.reset_stats();
    let again = world.run(&["--json", "fetch", "--date", &yesterday]).await;
    again.expect(0);
    assert_eq!(
        (
            again.count("stored"),
            again.count("bytes"),
            world.portal.stats().cdn.requests
        ),
        (0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_across_a_month_end_is_resumed_and_asks_no_more_than_it_must() {
    let mut world = World::new("days: backfill, resumed, --again", every(7200)).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let mut middle = world.portal.today() - Days::new(4);
    while !middle.to_string().ends_with("-01") {
        middle = middle.pred_opt().expect("a day before");
    }
    let days: Vec<NaiveDate> = (0..5)
        .map(|nth| middle - Days::new(2) + Days::new(nth))
        .collect();
    let text: Vec<String> = days.iter().map(NaiveDate::to_string).collect();
    let truth = truth_of(&world, &["out_gate"], &days).await;
    let backfill = [
        "backfill", "--camera", "out_gate", "--to", &text[4], "--from", &text[0],
    ];
    let part = world
        .run(&[
            "backfill", "--camera", "out_gate", "--from", &text[1], "--to", &text[2],
        ])
        .await;
    part.expect(0);
    world.portal.reset_stats();
    let rest = world.run(&backfill).await;
    rest.expect(0);
    let finals: Vec<bool> = (0..5)
        .map(|nth| {
            rest.reports
                .iter()
                .find(|report| report["date"] == text[nth].as_str())
                .expect("a report")["final"]
                == true
        })
        .collect();
    assert_eq!(finals, [false, true, true, false, false]);
    let asked = world.portal.stats().page;
    assert!(
        asked
            .log
            .iter()
            .all(|request| !request.path.contains(&format!("day={}", text[1]))),
        "a final day was asked for"
    );
    assert_eq!(rest.count("listed"), truth.len() as u64);
    audit::complete(&world, &truth).await;
    world.portal.reset_stats();
    let none = world.run(&backfill).await;
    none.expect(0);
    let stats = world.portal.stats();
    assert_eq!(
        (
            stats.page.page_loads,
            stats.page.history_requests,
            stats.cdn.requests
        ),
        (0, 0, 0)
    );
    let again = world
        .run(&[
            "backfill", "--again", "--camera", "out_gate", "--from", &text[0], "--to", &text[4],
        ])
        .await;
    again.expect(0);
    let stats = world.portal.stats();
    assert!(
        stats.page.history_requests >= 5 && stats.cdn.requests == 0 && again.count("stored") == 0,
        "{stats:?}"
    );
    audit::complete(&world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_addresses_and_the_days_when_clocks_change_are_filed_by_their_instants() {
    let mut config = every(1500);
    config.behaviours.zone = AddressZone::Local;
    let mut world = World::new("days: local addresses, 23 and 25 hours", config).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let long = last_with(25, world.portal.today());
    let short = last_with(23, world.portal.today());
    let mut truth = Vec::new();
    for date in [world.yesterday(), long, short] {
        let day = world.truth("in_gate", date).await;
        let run = world
            .run(&["fetch", "--camera", "in_gate", "--date", &date.to_string()])
            .await;
        run.expect(0);
        assert_eq!(run.count("listed"), day.len() as u64, "{date}");
        truth.extend(day);
    }
    assert_eq!(
        store::fact(&world.home, "image_time").await.as_deref(),
        Some("local")
    );
    audit::complete(&world, &truth).await;
    let span = |day: NaiveDate| {
        truth
            .iter()
            .filter(|frame| frame.instant.with_timezone(&Los_Angeles).date_naive() == day)
            .count()
    };
    assert!(
        span(long) > span(short),
        "{} and {}",
        span(long),
        span(short)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_without_frames_is_complete_and_one_portal_that_changes_its_zone_is_refused() {
    let mut config = every(1500);
    let empty: NaiveDate = draywatch_core::Clock::system()
        .now()
        .with_timezone(&Los_Angeles)
        .date_naive()
        - Days::new(5);
    config.schedule.empty_days = vec![EmptyDay {
        camera: None,
        date: empty,
    }];
    let mut world = World::new("days: empty day; zone switched", config).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    let run = world
        .run(&["fetch", "--camera", "in_gate", "--date", &empty.to_string()])
        .await;
    run.expect(0);
    assert_eq!(
        (run.count("listed"), run.report()["outcome"].as_str()),
        (0, Some("complete"))
    );
    let before = store::content(&world.home).await;
    world.portal.set_behaviours(Behaviours {
        zone: AddressZone::Local,
        ..Behaviours::default()
    });
    world.portal.reset_stats();
    let date = world.yesterday().to_string();
    let run = world
        .run(&["fetch", "--camera", "in_gate", "--date", &date])
        .await;
    run.expect(1)
        .says(&["contradict", "image_time", "nothing was stored"]);
    assert_eq!(
        (run.kinds(), run.report()["outcome"].as_str()),
        (vec!["contradiction".to_owned()], Some("failed"))
    );
    assert_eq!(
        (
            store::content(&world.home).await,
            world.portal.stats().cdn.requests
        ),
        (before, 0)
    );
    assert_eq!(
        store::fact(&world.home, "image_time").await.as_deref(),
        Some("utc")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_in_the_future_are_refused() {
    let mut config = hourly();
    config.clock = Clock::OffsetSeconds(3 * 3600);
    let mut world = World::new("days: frames in the future", config).await;
    for setting in ["auto", "utc", "local"] {
        world.home.set("PORTAL__IMAGE_TIME", setting);
        let date = (world.portal.now() - Duration::hours(3))
            .with_timezone(&Los_Angeles)
            .date_naive()
            .to_string();
        let run = world
            .run(&["fetch", "--camera", "in_gate", "--date", &date])
            .await;
        run.expect(1).says(&["in the future"]);
        assert_eq!(run.kinds(), ["contradiction"], "{setting}");
    }
    world.home.set("PORTAL__IMAGE_TIME", "utc");
    let ahead: DateTime<Utc> = world.portal.now();
    let run = world
        .frames(&ahead.format("%Y-%m-%dT%H:%M:%SZ").to_string(), &[])
        .await;
    run.expect(1).says(&["in the future"]);
    assert_eq!(world.portal.stats().cdn.requests, 0);
    assert_eq!(audit::whole(&world, &[], None).await, (0, 0));
    assert!(store::ledger(&world.home).await.is_empty());
}
