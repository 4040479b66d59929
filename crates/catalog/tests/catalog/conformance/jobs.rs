//! Ticks, leases and fences; days as the service sees them.

use std::sync::Arc;

use chrono::TimeDelta;
use draywatch_catalog::{
    Catalog, CatalogError, LedgerFilter, NewObservation, NewRun, NewTick, RunCounts, RunEnd,
    TickEnd,
};
use draywatch_core::outcome::Outcome;
use draywatch_core::schedule::TickState;
use draywatch_core::{Failure, Kind};

use crate::support::{at, camera, day, entry, frame, image};

const JOB: &str = "collect:in_gate";

fn tick(due: i64) -> NewTick {
    NewTick {
        job: JOB.into(),
        due: at(due),
        purpose: "period".into(),
    }
}

pub async fn a_job_has_one_open_tick(catalog: Arc<dyn Catalog>) {
    assert!(catalog.plan_tick(&tick(0), at(0)).await.unwrap());
    assert!(!catalog.plan_tick(&tick(600), at(0)).await.unwrap());
    assert!(
        catalog
            .miss_tick(JOB, at(0), "late", 3, at(9))
            .await
            .unwrap()
    );
    assert!(
        !catalog
            .miss_tick(JOB, at(0), "late", 3, at(9))
            .await
            .unwrap()
    );
    // The clock was set back: a due time that is taken is moved on.
    assert!(catalog.plan_tick(&tick(0), at(10)).await.unwrap());
    let ticks = catalog.ticks(Some(JOB), 9).await.unwrap();
    assert_eq!(ticks[0].due, at(1));
    assert_eq!(
        (ticks[1].state, ticks[1].stands_for),
        (TickState::Missed, 3)
    );
    let jobs = catalog.jobs().await.unwrap();
    assert_eq!(jobs[0].standing.last_due, Some(at(0)));
    assert_eq!(jobs[0].standing.open.unwrap().due, at(1));
}

pub async fn of_many_that_start_a_tick_one_does(catalog: Arc<dyn Catalog>) {
    catalog.plan_tick(&tick(0), at(0)).await.unwrap();
    assert!(
        catalog
            .start_tick(JOB, "early", at(-1))
            .await
            .unwrap()
            .is_none()
    );
    let starts = (0..8).map(|n| {
        let catalog = Arc::clone(&catalog);
        tokio::spawn(async move {
            catalog
                .start_tick(JOB, &format!("p{n}"), at(1))
                .await
                .unwrap()
        })
    });
    let won: Vec<_> = futures_join(starts).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "{won:?}");
    let jobs = catalog.jobs().await.unwrap();
    assert!(jobs[0].standing.open.unwrap().is_running);
    assert_eq!(jobs[0].lease.as_ref().unwrap().fence, won[0].number);
}

async fn futures_join<T: 'static>(
    tasks: impl Iterator<Item = tokio::task::JoinHandle<T>>,
) -> Vec<T> {
    let mut done = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        done.push(task.await.unwrap());
    }
    done
}

pub async fn a_tick_that_failed_comes_again(catalog: Arc<dyn Catalog>) {
    catalog.plan_tick(&tick(0), at(0)).await.unwrap();
    let fence = catalog.start_tick(JOB, "me", at(0)).await.unwrap().unwrap();
    let failure = Failure::new(Kind::Transient, "the portal is away");
    let again = TickEnd::Again(failure.clone(), at(60));
    assert!(
        catalog
            .end_tick(&fence, &again, Some("{}"), at(5))
            .await
            .unwrap()
    );
    assert!(
        catalog
            .start_tick(JOB, "me", at(59))
            .await
            .unwrap()
            .is_none()
    );
    let fence = catalog
        .start_tick(JOB, "me", at(60))
        .await
        .unwrap()
        .unwrap();
    assert!(
        catalog
            .end_tick(&fence, &TickEnd::PutBack, None, at(61))
            .await
            .unwrap()
    );
    let fence = catalog
        .start_tick(JOB, "me", at(62))
        .await
        .unwrap()
        .unwrap();
    assert!(
        catalog
            .end_tick(&fence, &TickEnd::Failed(failure.clone()), None, at(65))
            .await
            .unwrap()
    );
    let row = &catalog.ticks(None, 9).await.unwrap()[0];
    assert_eq!(
        (row.state, row.attempts, row.failure.as_ref()),
        (TickState::Failed, 2, Some(&failure))
    );
    let job = &catalog.jobs().await.unwrap()[0];
    assert_eq!(job.memory.as_deref(), Some("{}"));
    assert!(job.lease.is_none() && job.standing.open.is_none());
    assert_eq!(job.standing.last_started, Some(at(62)));
    assert_eq!(catalog.forget_ticks(at(65)).await.unwrap(), 0);
    assert_eq!(catalog.forget_ticks(at(66)).await.unwrap(), 1);
}

/// Found by two services on one database, one of which had waited for the other's lock: the rows told of two ticks at once.
pub async fn a_tick_begins_after_the_one_before_it_has_ended(catalog: Arc<dyn Catalog>) {
    let start = async |nth: i64, now: i64| {
        catalog.plan_tick(&tick(nth), at(nth)).await.unwrap();
        let fence = catalog.start_tick(JOB, "one", at(now)).await.unwrap();
        let begun = catalog.ticks(Some(JOB), 1).await.unwrap()[0].started_at;
        (fence.unwrap(), begun.unwrap())
    };
    let (fence, begun) = start(0, 5).await;
    assert_eq!(begun, at(5));
    let gone = catalog.interrupt_tick(JOB, fence.number, at(30));
    assert!(gone.await.unwrap());
    let (fence, begun) = start(20, 29).await;
    assert_eq!(begun, at(30), "its moment was a second old");
    let gone = catalog.interrupt_tick(JOB, fence.number, at(1000));
    assert!(gone.await.unwrap());
    let (_, begun) = start(40, 100).await;
    assert_eq!(begun, at(100), "a clock that was set back");
    let other = NewTick {
        job: "collect:out_gate".into(),
        ..tick(50)
    };
    catalog.plan_tick(&other, at(50)).await.unwrap();
    let mut each = catalog.ticks_of_each(2).await.unwrap();
    each.sort_by_key(|tick| (tick.job.clone(), tick.due));
    let told: Vec<_> = each
        .iter()
        .map(|tick| (tick.job.as_str(), tick.due))
        .collect();
    assert_eq!(
        told,
        [(JOB, at(20)), (JOB, at(40)), ("collect:out_gate", at(50))]
    );
}

pub async fn a_lease_is_taken_over_only_from_who_is_gone(catalog: Arc<dyn Catalog>) {
    catalog.plan_tick(&tick(0), at(0)).await.unwrap();
    let old = catalog
        .start_tick(JOB, "old", at(0))
        .await
        .unwrap()
        .unwrap();
    assert!(catalog.beat(&old, at(5)).await.unwrap());
    assert_eq!(
        catalog.jobs().await.unwrap()[0]
            .lease
            .as_ref()
            .unwrap()
            .beats,
        1
    );
    assert!(
        !catalog
            .interrupt_tick(JOB, old.number - 1, at(9))
            .await
            .unwrap()
    );
    assert!(
        catalog
            .take_lease(JOB, "new", None, at(9))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        catalog
            .interrupt_tick(JOB, old.number, at(9))
            .await
            .unwrap()
    );
    let new = catalog
        .take_lease(JOB, "new", None, at(9))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(new.number, old.number + 1);
    assert!(!catalog.beat(&old, at(10)).await.unwrap());
    assert!(
        !catalog
            .end_tick(&old, &TickEnd::Done, None, at(10))
            .await
            .unwrap()
    );
    assert!(!catalog.release(&old).await.unwrap());
    let third = catalog
        .take_lease(JOB, "third", Some(new.number), at(11))
        .await
        .unwrap();
    assert!(third.is_some() && !catalog.beat(&new, at(12)).await.unwrap());
    let row = &catalog.ticks(None, 9).await.unwrap()[0];
    assert_eq!(row.state, TickState::Interrupted);
}

pub async fn who_lost_a_lease_writes_nothing_more(catalog: Arc<dyn Catalog>) {
    let old = catalog
        .take_lease(JOB, "old", None, at(0))
        .await
        .unwrap()
        .unwrap();
    let mine = catalog.fenced(&old);
    let entries = [entry(frame(0))];
    assert_eq!(mine.enlist(&entries, at(1)).await.unwrap().len(), 1);
    catalog
        .take_lease(JOB, "new", Some(old.number), at(2))
        .await
        .unwrap()
        .unwrap();
    assert!(mine.check_lease().await.is_err() && catalog.check_lease().await.is_ok());
    let late = mine.enlist(&[entry(frame(600))], at(3)).await;
    assert!(
        matches!(late, Err(CatalogError::FencedOut { .. })),
        "{late:?}"
    );
    assert_eq!(
        catalog
            .ledger(&LedgerFilter::default())
            .await
            .unwrap()
            .len(),
        1
    );
    // Its end does not cut off the others.
    mine.close().await;
    assert_eq!(
        catalog
            .ledger(&LedgerFilter::default())
            .await
            .unwrap()
            .len(),
        1
    );
}

pub async fn days_sum_up_what_was_observed(catalog: Arc<dyn Catalog>) {
    observe(&catalog, 0, Some(3), None).await;
    observe(&catalog, 90_000, None, Some(Kind::Transient)).await;
    catalog
        .enlist(&[entry(frame(0)), entry(frame(60))], at(0))
        .await
        .unwrap();
    let days = catalog.days(&camera("in_gate"), day()).await.unwrap();
    assert_eq!(days.len(), 1);
    let seen = days[0];
    assert_eq!((seen.listed, seen.owed, seen.in_vain), (3, 2, 1));
    assert_eq!(seen.failure, Some(Kind::Transient));
    assert_eq!(
        (seen.confirmed_at, seen.asked_at),
        (Some(at(0)), Some(at(90_000)))
    );
    observe(&catalog, 90_100, None, Some(Kind::NotFound)).await;
    assert!(catalog.days(&camera("in_gate"), day()).await.unwrap()[0].is_gone());
    // Older days only if they owe something.
    let later = day() + TimeDelta::days(3);
    assert_eq!(
        catalog.days(&camera("in_gate"), later).await.unwrap().len(),
        1
    );
    assert!(
        catalog
            .days(&camera("out_gate"), day())
            .await
            .unwrap()
            .is_empty()
    );
    let latest = catalog.latest_listings(9).await.unwrap();
    let kinds: Vec<_> = latest.iter().map(|attempt| attempt.failure).collect();
    assert_eq!(kinds, [Some(Kind::NotFound), Some(Kind::Transient), None]);
    assert_eq!(latest[1].ended, at(90_005));
    let count = |since| catalog.listings_since(&latest[0].camera, at(since));
    assert_eq!((count(0).await.unwrap(), count(1).await.unwrap()), (3, 2));
    let newest = async |until, limit| -> Vec<_> {
        let newest = catalog.newest_frames(&latest[0].camera, at(until), limit);
        let newest = newest.await.unwrap().into_iter();
        newest.map(|seen| (seen.instant, seen.committed)).collect()
    };
    assert_eq!(newest(60, 1).await, [(at(60), None)]);
    assert_eq!(newest(59, 9).await, [(at(0), None)]);
    // A row of the future.
    catalog
        .adopt(&[image(&frame(90_000))], at(100))
        .await
        .unwrap();
    assert_eq!(newest(61, 9).await.len(), 2);
    assert_eq!(newest(90_000, 1).await, [(at(90_000), Some(at(100)))]);
}

async fn observe(
    catalog: &Arc<dyn Catalog>,
    seconds: i64,
    listed: Option<u64>,
    failure: Option<Kind>,
) {
    let run = NewRun {
        command: "collect".into(),
        camera: camera("in_gate"),
        date: Some(day()),
        started_at: at(seconds),
        pid: 1,
    };
    let id = catalog.start_run(&run).await.unwrap();
    let end = RunEnd {
        finished_at: at(seconds + 5),
        outcome: Outcome::Complete,
        counts: RunCounts::default(),
        errors: Vec::new(),
        listing_took: std::time::Duration::ZERO,
        took: std::time::Duration::ZERO,
    };
    let observation = NewObservation {
        camera: camera("in_gate"),
        date: day(),
        day_start: at(-36_000),
        day_end: at(50_400),
        observed_at: at(seconds),
        confirmed: listed.is_some(),
        listed,
        newest: None,
        failure: failure.map(|kind| Failure::new(kind, "away")),
    };
    catalog
        .finish_run(id, &end, Some(&observation))
        .await
        .unwrap();
}
