//! Who does a job: the name of this process, its signs of life, and whether another is gone. Must not know what the job is.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use draywatch_catalog::{Catalog, Fence, Lease};
use draywatch_core::Clock;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// So many signs of life fit into the life of a lease.
const BEATS: u32 = 3;

/// The name of this process as a holder of leases: machine, start of the machine, space of process numbers, number, start of
/// the process. No two processes ever have the same.
#[must_use]
pub fn this_process() -> String {
    let pid = std::process::id();
    let start = process_start(pid).unwrap_or_default();
    format!("{}/{pid}/{start}", machine())
}

/// Where process numbers mean the same processes: this machine since it was started, this space of process numbers. Read once:
/// every turn asks for it, and a machine that is renamed meanwhile must not take its own processes for strangers.
fn machine() -> &'static str {
    static MACHINE: OnceLock<String> = OnceLock::new();
    MACHINE.get_or_init(read_machine)
}

fn read_machine() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned());
    let host = read("/proc/sys/kernel/hostname").unwrap_or_else(|_| "unknown".into());
    let boot = read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid");
    let space = space.map_or_else(
        |_| String::new(),
        |link| link.to_string_lossy().into_owned(),
    );
    let space: String = space.chars().filter(char::is_ascii_digit).collect();
    format!("{}/{boot}/{space}", host.replace('/', "_"))
}

/// When a process started, in the system's own count; `None` if there is no such process, or only its remains.
fn process_start(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program may hold anything; what follows its closing parenthesis does not.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return None;
    }
    fields.nth(18).map(ToOwned::to_owned)
}

/// The number of the process that a holder's name names.
#[must_use]
pub fn process(holder: &str) -> Option<u32> {
    holder.rsplit('/').nth(1)?.parse().ok()
}

/// Whether that holder was a process of this machine and is no more. Of other machines' processes nothing can be told.
#[must_use]
pub fn is_dead(holder: &str) -> bool {
    let Some(rest) = holder.strip_prefix(&format!("{}/", machine())) else {
        return false;
    };
    let Some((pid, start)) = rest.split_once('/') else {
        return false;
    };
    let Ok(pid) = pid.parse() else {
        return true;
    };
    process_start(pid).as_deref() != Some(start) && !is_hidden(pid)
}

/// Whether there is such a process, of another user, and this machine shows its users only their own (`hidepid`).
fn is_hidden(pid: u32) -> bool {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let asked = number.map(test_kill_process);
    matches!(asked, Some(Err(Errno::PERM))) && !Path::new(&format!("/proc/{pid}")).exists()
}

/// Whether the process of that number is stopped (SIGSTOP): it holds its locks, and does nothing.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().next());
    matches!(state, Some("T" | "t"))
}

/// Watches other processes' leases: one that gives no sign of life for as long as a lease lives is gone. Measured by our own
/// steady clock, so that no wall clock, ours or theirs, can take a lease from a living process or keep a dead one's.
#[derive(Debug)]
pub struct Watch {
    life: Duration,
    seen: BTreeMap<String, (i64, i64, Instant)>,
}

impl Watch {
    /// A watch for leases that live so long without a sign of life.
    #[must_use]
    pub fn new(life: Duration) -> Self {
        Self {
            life,
            seen: BTreeMap::new(),
        }
    }

    /// Looks at a job's lease at `now`; whether its holder is known to be gone.
    pub fn is_gone(&mut self, job: &str, lease: &Lease, now: Instant) -> bool {
        if is_dead(&lease.holder) {
            return true;
        }
        let (fence, beats, since) =
            self.seen
                .entry(job.to_owned())
                .or_insert((lease.fence, lease.beats, now));
        if (*fence, *beats) != (lease.fence, lease.beats) {
            (*fence, *beats, *since) = (lease.fence, lease.beats, now);
        }
        now.saturating_duration_since(*since) >= self.life
    }
}

/// The leases that this process works under right now. Whether one of them lives is known here without signs of life: while
/// the database takes none, they must not be missed.
#[derive(Debug, Clone, Default)]
pub struct Living(Arc<Mutex<HashSet<Fence>>>);

impl Living {
    /// Work begins under that lease.
    #[must_use]
    pub fn enter(&self, fence: &Fence) -> Alive {
        self.change(|living| living.insert(fence.clone()));
        Alive {
            living: self.clone(),
            fence: fence.clone(),
        }
    }

    /// Whether work is under way under that lease.
    #[must_use]
    pub fn has(&self, fence: &Fence) -> bool {
        self.change(|living| living.contains(fence))
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<Fence>) -> bool) -> bool {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Work under a lease is under way until this is dropped, also by a panic.
#[derive(Debug)]
pub struct Alive {
    living: Living,
    fence: Fence,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.living.change(|living| living.remove(&self.fence));
    }
}

/// Keeps a lease alive until it is dropped, and tells when it was lost.
#[derive(Debug)]
pub struct Keeper {
    lost: CancellationToken,
    beating: JoinHandle<()>,
}

impl Keeper {
    /// Gives signs of life of `fence`, so many to its life.
    #[must_use]
    pub fn start(catalog: Arc<dyn Catalog>, fence: Fence, life: Duration, clock: Clock) -> Self {
        let lost = CancellationToken::new();
        let told = lost.clone();
        let beating = tokio::spawn(async move {
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(life / BEATS).await;
                match catalog.beat(&fence, clock.now()).await {
                    Ok(true) => last = Instant::now(),
                    Ok(false) => {
                        tracing::warn!(job = %fence.job, "another process has taken this work over");
                        told.cancel();
                        return;
                    }
                    // The database is what fails here, and whoever works will meet it; others cannot take over either.
                    Err(error) => {
                        let silent = last.elapsed().as_secs();
                        tracing::warn!(job = %fence.job, silent, kind = %error.kind(), error = %draywatch_core::error::chain(&error), "a lease could not be renewed");
                    }
                }
            }
        });
        Self { lost, beating }
    }

    /// Returns when the lease was lost.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself_and_the_dead() {
        let me = this_process();
        assert!(!is_dead(&me), "{me}");
        let (place, start) = me.rsplit_once('/').unwrap();
        assert!(is_dead(&format!("{place}/{start}1")));
        assert!(!is_dead("elsewhere/1/2/3/4"));
        assert!(!is_dead(""));
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        let name = format!("{}/{pid}/{}", machine(), process_start(pid).unwrap());
        assert!(!is_dead(&name));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_dead(&name));
    }

    #[test]
    fn work_under_way_is_known_until_it_ends() {
        let living = Living::default();
        let fence = Fence {
            job: "x".into(),
            number: 1,
        };
        let alive = living.enter(&fence);
        let next = Fence {
            number: 2,
            ..fence.clone()
        };
        assert!(living.has(&fence) && !living.has(&next));
        drop(alive);
        assert!(!living.has(&fence));
    }

    #[test]
    fn a_lease_without_signs_of_life_is_gone_after_its_life() {
        let life = Duration::from_secs(20);
        let mut watch = Watch::new(life);
        let lease = |beats| Lease {
            holder: "elsewhere/1/2/3/4".into(),
            fence: 1,
            beats,
        };
        let start = Instant::now();
        assert!(!watch.is_gone("x", &lease(0), start));
        assert!(!watch.is_gone("x", &lease(0), start + life / 2));
        assert!(!watch.is_gone("x", &lease(1), start + life));
        assert!(!watch.is_gone("x", &lease(1), start + life * 2 - life / 4));
        assert!(watch.is_gone("x", &lease(1), start + life * 2));
    }
}
