//! Every fault of the CDN: what is stored is right, what is missing is owed with its reason, and once the fault is gone the
//! next command completes the day.

use std::sync::Arc;

use portal_sim::{Fault, FaultRule, Match};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::expected::{Ends, expected};
use crate::harness::{World, hourly, note};
use crate::run::Run;
use crate::{audit, store};

/// Frames that are asked for, every third of them with the fault.
const FRAMES: usize = 9;
const FAULTY: usize = 3;
/// Attempts at one request (the setting `max_retries` of these tests).
const ATTEMPTS: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_survived_accounted_for_and_made_good() {
    let slots = Arc::new(Semaphore::new(6));
    let mut all = JoinSet::new();
    let mut next = Some(Fault::NotFound);
    while let Some(fault) = next {
        let slots = Arc::clone(&slots);
        all.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("a slot");
            one_fault(fault).await
        });
        next = expected(fault).1;
    }
    let mut lines = Vec::new();
    while let Some(line) = all.join_next().await {
        lines.push(line.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())));
    }
    assert_eq!(lines.len(), 26, "the list of faults has a hole");
    lines.sort();
    note(
        "  fault                                       stored thumbs missing  kind/reason                   requests   1st run   2nd run",
    );
    for line in &lines {
        note(line);
    }
}

/// Seconds for one request: few where they are to run out, enough for a busy machine elsewhere.
fn patience(fault: Fault) -> &'static str {
    match expected(fault).0 {
        Ends::Missing(reasons) if reasons.iter().any(|(_, reason)| *reason == "timeout") => "3",
        _ => "20",
    }
}

/// Three of nine frames have the fault; a line of the table.
async fn one_fault(fault: Fault) -> String {
    let world = World::new("one fault", hourly()).await.quiet();
    let (truth, list) = world.some("in_gate", FRAMES).await;
    let matching = Match {
        every_nth: Some(3),
        ..Match::default()
    };
    world.faults(vec![FaultRule {
        matching,
        fault,
        times: None,
    }]);
    let first = world.frames(&list, &["--timeout", patience(fault)]).await;
    let placeholder = check_first(&world, fault, &first, &truth).await;
    let stats = world.portal.stats().cdn;
    // Redirects that are followed are not attempts.
    let asked = stats
        .full_addresses
        .iter()
        .filter(|(url, _)| !url.contains('?'));
    assert!(
        asked
            .max_by_key(|(_, count)| **count)
            .is_none_or(|(_, count)| *count <= ATTEMPTS),
        "{fault:?}: {:?}",
        stats.full_addresses
    );
    assert!(
        stats.full_addresses.values().all(|count| *count <= 5),
        "{fault:?}: {:?}",
        stats.full_addresses
    );
    let reasons = reasons(&world).await;
    world.faults(Vec::new());
    let second = world.frames(&list, &["--timeout", "20"]).await;
    check_second(
        &world,
        fault,
        &second,
        &first,
        &truth,
        placeholder.as_deref(),
    )
    .await;
    format!(
        "  {:<45} {:>4} {:>6} {:>7}  {:<30} {:>5} {:>8.1} s {:>7.1} s",
        format!("{fault:?}"),
        first.count("stored"),
        first.count("thumbnails"),
        first.count("missing"),
        reasons,
        stats.requests,
        first.took.as_secs_f64(),
        second.took.as_secs_f64()
    )
}

async fn reasons(world: &World) -> String {
    let owed = store::ledger(&world.home).await;
    let first = owed.first().map(|owed| {
        format!(
            "{}/{}",
            owed.kind.as_deref().unwrap_or("?"),
            owed.reason.as_deref().unwrap_or("?")
        )
    });
    first.unwrap_or_default()
}

/// What must hold after the run with the fault; the placeholder's hash, where there is one.
async fn check_first(
    world: &World,
    fault: Fault,
    run: &Run,
    truth: &[portal_sim::TruthFrame],
) -> Option<String> {
    let (ends, _) = expected(fault);
    let is_bad = matches!(ends, Ends::Missing(..) | Ends::Thumbnail(..));
    assert_eq!(run.status, i32::from(is_bad), "{fault:?}: {}", run.words());
    assert_eq!(
        run.report()["outcome"],
        if is_bad { "incomplete" } else { "complete" },
        "{fault:?}"
    );
    assert_eq!(run.count("listed"), FRAMES as u64, "{fault:?}");
    let placeholder = match ends {
        Ends::Placeholder => Some(placeholder_hash(world).await),
        _ => None,
    };
    let (full, thumbnails) = audit::whole(world, truth, placeholder.as_deref()).await;
    let lost = match ends {
        Ends::Missing(..) => (FAULTY, 0),
        Ends::Thumbnail(..) => (FAULTY, FAULTY),
        Ends::Stored | Ends::Placeholder => (0, 0),
    };
    assert_eq!(
        (full, thumbnails),
        (FRAMES - lost.0, lost.1),
        "{fault:?}: {}",
        run.words()
    );
    assert_eq!(run.count("missing"), (lost.0 - lost.1) as u64, "{fault:?}");
    check_ledger(world, fault, ends, run).await;
    placeholder
}

async fn placeholder_hash(world: &World) -> String {
    let mut seen: Vec<String> = store::images(&world.home)
        .await
        .into_iter()
        .map(|image| image.sha256)
        .collect();
    seen.sort();
    let twice = seen.windows(2).find(|two| two[0] == two[1]);
    twice.expect("the placeholder is stored more than once")[0].clone()
}

/// What is owed, and why.
async fn check_ledger(world: &World, fault: Fault, ends: Ends, run: &Run) {
    let owed = store::ledger(&world.home).await;
    let (state, right) = match ends {
        Ends::Missing(right) => ("open", right.to_vec()),
        Ends::Thumbnail(kind, reason) => ("thumbnail", vec![(kind, reason)]),
        Ends::Stored | Ends::Placeholder => {
            assert!(
                owed.is_empty() && run.kinds().is_empty(),
                "{fault:?}: {owed:?}"
            );
            return;
        }
    };
    assert_eq!(owed.len(), FAULTY, "{fault:?}: {owed:?}");
    for owed in &owed {
        assert_eq!(
            (owed.state.as_str(), owed.attempts),
            (state, 1),
            "{fault:?}: {owed:?}"
        );
        let told = (
            owed.kind.as_deref().expect("a kind"),
            owed.reason.as_deref().expect("a reason"),
        );
        assert!(right.contains(&told), "{fault:?}: {owed:?}");
        assert!(
            run.report()["refused"][told.1].as_u64() > Some(0),
            "{fault:?}: {}",
            run.words()
        );
        assert!(
            run.kinds().iter().any(|kind| kind == told.0),
            "{fault:?}: {}",
            run.words()
        );
    }
}

/// After the fault is gone: what was missing is there, and nothing else was asked for.
async fn check_second(
    world: &World,
    fault: Fault,
    run: &Run,
    first: &Run,
    truth: &[portal_sim::TruthFrame],
    placeholder: Option<&str>,
) {
    assert_eq!(run.status, 0, "{fault:?}: {}", run.words());
    assert_eq!(run.report()["outcome"], "complete", "{fault:?}");
    let due = first.count("missing") + first.count("thumbnails");
    assert_eq!(
        (
            run.count("stored"),
            run.count("missing"),
            run.count("thumbnails")
        ),
        (due, 0, 0),
        "{fault:?}"
    );
    if placeholder.is_none() {
        audit::complete(world, truth).await;
    } else {
        assert_eq!(audit::whole(world, truth, placeholder).await, (FRAMES, 0));
    }
}
