//! Which runs without an end nobody carries out any more, as readers are to know before the next collection closes them. Must not read
//! nor write.

use chrono::{DateTime, TimeDelta, Utc};
use draywatch_catalog::{JobRow, RunRow};

use super::job_name;
use crate::lease;

/// The leases were read before the run: one that is younger than this may have been begun in between, by who holds its lease now.
const FRESH: TimeDelta = TimeDelta::minutes(1);

/// Whether nobody carries out a run that has no end.
///
/// Known is what the camera's lease says. No run goes on without it: one whose lease is free was broken off. Or its holder was a
/// process of this machine, the run's own, and is no more; of another machine's processes nothing is known.
#[must_use]
pub fn is_abandoned(run: &RunRow, jobs: &[JobRow], now: DateTime<Utc>) -> bool {
    let name = job_name(&run.run.camera);
    let job = jobs.iter().find(|job| job.name == name);
    job.is_some_and(|job| match &job.lease {
        Some(lease) => {
            lease::process(&lease.holder) == Some(run.run.pid) && lease::is_dead(&lease.holder)
        }
        None => run.run.started_at + FRESH < now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use draywatch_catalog::{Lease, NewRun};
    use draywatch_core::CameraId;
    use draywatch_core::schedule::Standing;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn run(pid: u32) -> RunRow {
        let run = NewRun {
            command: "fetch".into(),
            camera: CameraId::new("in_gate").unwrap(),
            date: None,
            started_at: DateTime::UNIX_EPOCH,
            pid,
        };
        RunRow {
            id: 1,
            run,
            end: None,
        }
    }

    fn job(holder: String) -> JobRow {
        JobRow {
            name: "collect:in_gate".into(),
            lease: Some(Lease {
                holder,
                fence: 1,
                beats: 0,
            }),
            standing: Standing::default(),
            purpose: None,
            memory: None,
        }
    }

    /// Before, a run was told to be under way for as long as nobody collected the camera again, whoever had died.
    #[test]
    fn only_the_runs_of_the_dead_are_abandoned() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (dead, me) = (child.id(), std::process::id());
        child.wait().unwrap();
        let is_abandoned = |pid: u32, holder: String| is_abandoned(&run(pid), &[job(holder)], NOW);
        let mine = lease::this_process();
        let (place, _) = mine.rsplit_once('/').unwrap();
        let (machine, _) = place.rsplit_once('/').unwrap();
        let theirs = format!("{machine}/{dead}/1");
        assert!(!is_abandoned(me, mine.clone()));
        assert!(is_abandoned(dead, theirs.clone()));
        // The lease is another's, or the process another machine's.
        assert!(!is_abandoned(me, theirs));
        assert!(!is_abandoned(dead, format!("elsewhere/x/1/{dead}/1")));
        assert!(!super::is_abandoned(&run(dead), &[], NOW));
    }

    /// A tick that was found interrupted frees its lease; its run was told to be under way until the next one.
    #[test]
    fn a_run_whose_lease_is_free_is_abandoned_unless_it_has_just_begun() {
        let free = JobRow {
            lease: None,
            ..job(String::new())
        };
        let abandoned_after = |seconds| {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            is_abandoned(&run(1), std::slice::from_ref(&free), now)
        };
        assert!(!abandoned_after(59));
        assert!(abandoned_after(61));
    }
}
