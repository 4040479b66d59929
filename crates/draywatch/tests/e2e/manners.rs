//! How the program behaves towards the portal: how much at once, how often, how soon again, and under what name.

use std::collections::BTreeMap;

use chrono::Days;
use portal_sim::{Behaviours, CdnRequest, Fault, FaultRule, Match};

use crate::audit;
use crate::harness::{CONTACT, World, hourly, note};

/// Requests by address, each with its times in milliseconds.
fn times(log: &[CdnRequest]) -> BTreeMap<&str, Vec<u64>> {
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for request in log {
        times.entry(&request.url).or_default().push(request.at_ms);
    }
    times
}

/// The shortest time between two requests for one address.
fn shortest(log: &[CdnRequest]) -> u64 {
    let gaps = times(log).into_values().flat_map(|times| {
        times
            .windows(2)
            .map(|two| two[1] - two[0])
            .collect::<Vec<_>>()
    });
    gaps.min().unwrap_or(u64::MAX)
}

fn slow(world: &World, latency_ms: u64) {
    world.portal.set_behaviours(Behaviours {
        latency_ms,
        ..Behaviours::default()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_at_once_and_no_more() {
    let world = World::new("manners: concurrency", hourly()).await;
    let (truth, list) = world.some("in_gate", 24).await;
    slow(&world, 150);
    note("  concurrent_downloads   peak   requests   connections   seconds");
    for (nth, wanted) in ["1", "3"].into_iter().enumerate() {
        world.portal.reset_stats();
        let half: String = list
            .lines()
            .skip(nth * 12)
            .take(12)
            .map(|line| format!("{line}\n"))
            .collect();
        let run = world
            .frames(&half, &["--concurrent-downloads", wanted])
            .await;
        run.expect(0);
        let stats = world.portal.stats().cdn;
        note(&format!(
            "  {wanted:>20} {:>6} {:>10} {:>13} {:>9.1}",
            stats.peak_concurrent,
            stats.requests,
            stats.connections,
            run.took.as_secs_f64()
        ));
        assert_eq!(stats.peak_concurrent.to_string(), wanted);
        assert_eq!((stats.requests, stats.full), (12, 12));
        assert!(
            stats.connections * 2 <= stats.requests,
            "connections are not used again: {} for {} requests",
            stats.connections,
            stats.requests
        );
    }
    audit::complete(&world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_are_few_and_spaced() {
    let mut world = World::new("manners: retries", hourly()).await;
    world.home.set("MAX_RETRIES", "3");
    let (truth, list) = world.some("in_gate", 12).await;
    let matching = Match {
        every_nth: Some(3),
        ..Match::default()
    };
    world.faults(vec![FaultRule {
        matching,
        fault: Fault::ServerError,
        times: Some(2),
    }]);
    slow(&world, 50);
    let run = world.frames(&list, &[]).await;
    run.expect(0);
    let stats = world.portal.stats().cdn;
    let gap = shortest(&stats.log);
    note(&format!(
        "  12 frames, 4 of them failing twice: {} requests, shortest gap {gap} ms, peak {}",
        stats.requests, stats.peak_concurrent
    ));
    assert_eq!(stats.requests, 12 + 4 * 2);
    assert!(
        gap >= 500 && stats.peak_concurrent <= 3,
        "{gap} ms, {}",
        stats.peak_concurrent
    );
    audit::complete(&world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_one_answer_asks_for_is_kept_by_all() {
    let world = World::new("manners: Retry-After", hourly()).await;
    let (truth, list) = world.some("in_gate", 24).await;
    let name = truth[5].url.rsplit('/').next().expect("a name").to_owned();
    let matching = Match {
        address_contains: Some(name),
        ..Match::default()
    };
    world.faults(vec![FaultRule {
        matching,
        fault: Fault::Unavailable { retry_after: 3 },
        times: Some(1),
    }]);
    slow(&world, 100);
    world.frames(&list, &[]).await.expect(0);
    let log = world.portal.stats().cdn.log;
    let asked = log
        .iter()
        .find(|request| request.status == 503)
        .expect("the pause")
        .at_ms;
    // The answer comes 100 ms after the request; half a second more for it to be read on a busy machine.
    let early: Vec<u64> = log
        .iter()
        .map(|request| request.at_ms)
        .filter(|at| (asked + 600..asked + 3000).contains(at))
        .collect();
    let after = log
        .iter()
        .filter(|request| request.at_ms >= asked + 3000)
        .count();
    note(&format!(
        "  24 frames, one answer asks for 3 s: {} requests in that time, {after} after it",
        early.len()
    ));
    assert_eq!((early, log.len()), (Vec::new(), 25));
    audit::complete(&world, &truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_are_paced_one_page_serves_them_and_we_say_who_we_are() {
    let mut world = World::new("manners: pauses, pages, names", hourly()).await;
    world.home.unset("PORTAL__IMAGE_TIME");
    world.home.set("PORTAL__PAUSE_BETWEEN_DAYS_SECONDS", "2");
    // For one that may still grow the page is opened anew.
    let last = world.ended_day();
    let days: Vec<_> = (0..3).map(|back| last - Days::new(2 - back)).collect();
    let (from, to) = (days[0].to_string(), days[2].to_string());
    let run = world.run(&["backfill", "--from", &from, "--to", &to]).await;
    run.expect(0);
    let stats = world.portal.stats();
    let asked = |camera: &str, day: &str| {
        let is_it = |path: &str| {
            path.contains(&format!("/{camera}/history")) && path.contains(&format!("day={day}"))
        };
        stats
            .page
            .log
            .iter()
            .find(|request| is_it(&request.path))
            .unwrap_or_else(|| panic!("{camera} {day}"))
            .at_ms
    };
    let firsts: Vec<u64> = ["in_gate", "out_gate"]
        .iter()
        .flat_map(|camera| days.iter().map(|day| asked(camera, &day.to_string())))
        .collect();
    let gaps: Vec<u64> = firsts
        .windows(2)
        .map(|two| two[1].saturating_sub(two[0]))
        .collect();
    note(&format!(
        "  2 cameras x 3 days: ms between the days {gaps:?}, {} page loads, {} history requests",
        stats.page.page_loads, stats.page.history_requests
    ));
    assert!(gaps.iter().all(|gap| *gap >= 1990), "{gaps:?}");
    assert_eq!(stats.page.page_loads, 2, "one page a camera");
    assert_eq!(
        stats.cdn.requests,
        run.count("stored"),
        "the browser asked for pictures"
    );
    assert_eq!((stats.cdn.unknown, stats.cdn.thumb), (0, 0));
    let ours = |agent: &String| agent.contains("draywatch/") && agent.contains(CONTACT);
    let agents: Vec<&String> = stats
        .page
        .user_agents
        .keys()
        .chain(stats.cdn.user_agents.keys())
        .collect();
    assert!(agents.iter().all(|agent| ours(agent)), "{agents:?}");
    assert!(
        stats
            .cdn
            .user_agents
            .keys()
            .all(|agent| !agent.contains("Mozilla")),
        "{agents:?}"
    );
    let mut truth = Vec::new();
    for camera in ["in_gate", "out_gate"] {
        for day in &days {
            truth.extend(world.truth(camera, *day).await);
        }
    }
    audit::complete(&world, &truth).await;
}
