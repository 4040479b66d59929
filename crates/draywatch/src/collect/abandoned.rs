//! Which runs without an end nobody carries out any more, as readers are to know before the next collection closes them. Must not read
//! nor write.

use draywatch_catalog::{JobRow, RunRow};

use super::job_name;
use crate::lease;

/// Whether the process of a run that has no end is known to be gone.
///
/// Known is what the camera's lease says: its holder was a process of this machine, the run's own, and is no more. Of another
/// machine's processes nothing is known.
#[must_use]
pub fn is_abandoned(run: &RunRow, jobs: &[JobRow]) -> bool {
    let name = job_name(&run.run.camera);
    let job = jobs.iter().find(|job| job.name == name);
    let lease = job.and_then(|job| job.lease.as_ref());
    lease.is_some_and(|lease| {
        lease::process(&lease.holder) == Some(run.run.pid) && lease::is_dead(&lease.holder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use draywatch_catalog::{Lease, NewRun};
    use draywatch_core::CameraId;
    use draywatch_core::schedule::Standing;

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
        let is_abandoned = |pid: u32, holder: String| is_abandoned(&run(pid), &[job(holder)]);
        let mine = lease::this_process();
        let (place, _) = mine.rsplit_once('/').unwrap();
        let (machine, _) = place.rsplit_once('/').unwrap();
        let theirs = format!("{machine}/{dead}/1");
        assert!(!is_abandoned(me, mine.clone()));
        assert!(is_abandoned(dead, theirs.clone()));
        // The lease is another's, or the process another machine's.
        assert!(!is_abandoned(me, theirs));
        assert!(!is_abandoned(dead, format!("elsewhere/x/1/{dead}/1")));
        assert!(!super::is_abandoned(&run(dead), &[]));
    }
}
