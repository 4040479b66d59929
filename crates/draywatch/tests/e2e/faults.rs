//! Every fault of the CDN: what is stored is right, what is missing is owed with its reason, and once the fault is gone the
//! next command completes the day.

use std::sync::Arc;

use portal_sim::{Fault, FaultRule, Match};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::harness::{Run, World, hourly, note};
use crate::{audit, store};

/// Frames that are asked for, every third of them with the fault.
const FRAMES: usize = 9;
const FAULTY: usize = 3;
/// Attempts at one request (the setting `max_retries` of these tests).
const ATTEMPTS: u64 = 2;

/// What a fault must come to.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// Nothing is stored; kind, and the reasons that are right.
    Missing(&'static str, &'static [&'static str]),
    /// The thumbnail is stored.
    Thumbnail(&'static str, &'static str),
    /// The picture is stored all the same.
    Stored,
    /// Another whole picture is stored in its place.
    Placeholder,
}

/// The fault, what it must come to, and the next one. A new fault does not compile before it stands here.
fn expected(fault: Fault) -> (Ends, Option<Fault>) {
    use Ends::{Missing, Placeholder, Stored, Thumbnail};
    let (ends, next) = match fault {
        Fault::NotFound => (Thumbnail("not_found", "http_404"), Fault::NotFoundBoth),
        Fault::NotFoundBoth => (Missing("not_found", &["http_404"]), Fault::Forbidden),
        Fault::Forbidden => (Missing("forbidden", &["http_403"]), Fault::TooMany { retry_after: 1 }),
        Fault::TooMany { .. } => (Missing("rate_limited", &["rate_limited"]), Fault::Unavailable { retry_after: 1 }),
        Fault::Unavailable { .. } => (Missing("rate_limited", &["rate_limited"]), Fault::UnavailableUntil { retry_after: 2 }),
        Fault::UnavailableUntil { .. } => (Missing("rate_limited", &["rate_limited"]), Fault::ServerError),
        Fault::ServerError => (Missing("transient", &["http_500"]), Fault::Reset),
        Fault::Reset => (Missing("transient", &["reset", "truncated"]), Fault::ResetEarly),
        Fault::ResetEarly => (Missing("transient", &["reset"]), Fault::Stall),
        Fault::Stall => (Missing("transient", &["timeout"]), Fault::StallEarly),
        Fault::StallEarly => (Missing("transient", &["timeout"]), Fault::Drip { bytes_per_sec: 20_000 }),
        Fault::Drip { .. } => (Missing("transient", &["timeout"]), Fault::CutWithLengthMismatch),
        Fault::CutWithLengthMismatch => (Missing("transient", &["truncated"]), Fault::CutConsistent),
        Fault::CutConsistent => (Missing("corrupt", &["truncated"]), Fault::CutChunked),
        Fault::CutChunked => (Missing("corrupt", &["truncated"]), Fault::CutChunkedUnfinished),
        Fault::CutChunkedUnfinished => (Missing("transient", &["truncated"]), Fault::CutUntilClose),
        Fault::CutUntilClose => (Missing("corrupt", &["truncated"]), Fault::Empty),
        Fault::Empty => (Missing("corrupt", &["empty"]), Fault::Html),
        Fault::Html => (Missing("corrupt", &["not_a_picture"]), Fault::HtmlAsJpeg),
        Fault::HtmlAsJpeg => (Missing("corrupt", &["not_a_picture"]), Fault::Scrambled),
        Fault::Scrambled => (Missing("corrupt", &["damaged"]), Fault::EndMarkerGlued),
        Fault::EndMarkerGlued => (Missing("corrupt", &["truncated", "damaged"]), Fault::Endless),
        Fault::Endless => (Missing("corrupt", &["too_large"]), Fault::RedirectLoop),
        Fault::RedirectLoop => (Missing("portal_changed", &["redirects"]), Fault::RedirectOk),
        Fault::RedirectOk => (Stored, Fault::Placeholder),
        Fault::Placeholder => return (Placeholder, None),
    };
    (ends, Some(next))
}

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
    note("  fault                                       stored thumbs missing  kind/reason                   requests   1st run   2nd run");
    lines.iter().for_each(|line| note(line));
}

/// Three of nine frames have the fault; a line of the table.
async fn one_fault(fault: Fault) -> String {
    let world = World::new("one fault", hourly()).await.quiet();
    let (truth, list) = world.some("in_gate", FRAMES).await;
    let matching = Match { every_nth: Some(3), ..Match::default() };
    world.faults(vec![FaultRule { matching, fault, times: None }]);
    let first = world.frames(&list, &["--timeout", "2"]).await;
    let placeholder = check_first(&world, fault, &first, &truth).await;
    let stats = world.portal.stats().cdn;
    assert!(stats.full_addresses.values().all(|count| *count <= ATTEMPTS), "{fault:?}: {:?}", stats.full_addresses);
    let reasons = reasons(&world).await;
    world.faults(Vec::new());
    let second = world.frames(&list, &["--timeout", "20"]).await;
    check_second(&world, fault, &second, &first, &truth, placeholder.as_deref()).await;
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
    let first = owed.first().map(|owed| format!("{}/{}", owed.kind.as_deref().unwrap_or("?"), owed.reason.as_deref().unwrap_or("?")));
    first.unwrap_or_default()
}

/// What must hold after the run with the fault; the placeholder's hash, where there is one.
async fn check_first(world: &World, fault: Fault, run: &Run, truth: &[portal_sim::TruthFrame]) -> Option<String> {
    let (ends, _) = expected(fault);
    let is_bad = matches!(ends, Ends::Missing(..) | Ends::Thumbnail(..));
    assert_eq!(run.status, i32::from(is_bad), "{fault:?}: {}", run.words());
    assert_eq!(run.report()["outcome"], if is_bad { "incomplete" } else { "complete" }, "{fault:?}");
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
    assert_eq!((full, thumbnails), (FRAMES - lost.0, lost.1), "{fault:?}: {}", run.words());
    assert_eq!(run.count("missing"), (lost.0 - lost.1) as u64, "{fault:?}");
    check_ledger(world, fault, ends, run).await;
    placeholder
}

async fn placeholder_hash(world: &World) -> String {
    let mut seen: Vec<String> = store::images(&world.home).await.into_iter().map(|image| image.sha256).collect();
    seen.sort();
    let twice = seen.windows(2).find(|two| two[0] == two[1]);
    twice.expect("the placeholder is stored more than once")[0].clone()
}

/// What is owed, and why.
async fn check_ledger(world: &World, fault: Fault, ends: Ends, run: &Run) {
    let owed = store::ledger(&world.home).await;
    let (state, kind, reasons) = match ends {
        Ends::Missing(kind, reasons) => ("open", kind, reasons.to_vec()),
        Ends::Thumbnail(kind, reason) => ("thumbnail", kind, vec![reason]),
        Ends::Stored | Ends::Placeholder => {
            assert!(owed.is_empty() && run.kinds().is_empty(), "{fault:?}: {owed:?}");
            return;
        }
    };
    assert_eq!(owed.len(), FAULTY, "{fault:?}: {owed:?}");
    for owed in &owed {
        assert_eq!((owed.state.as_str(), owed.kind.as_deref(), owed.attempts), (state, Some(kind), 1), "{fault:?}: {owed:?}");
        let reason = owed.reason.as_deref().expect("a reason");
        assert!(reasons.contains(&reason), "{fault:?}: {owed:?}");
        let said = run.report()["refused"][reason].as_u64();
        assert!(said.is_some_and(|count| count > 0), "{fault:?}: {}", run.words());
    }
    assert!(run.kinds().iter().all(|reported| reported == kind) && !run.kinds().is_empty(), "{fault:?}: {}", run.words());
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
    assert_eq!((run.count("stored"), run.count("missing"), run.count("thumbnails")), (due, 0, 0), "{fault:?}");
    if placeholder.is_none() {
        audit::complete(world, truth).await;
    } else {
        assert_eq!(audit::whole(world, truth, placeholder).await, (FRAMES, 0));
    }
}
