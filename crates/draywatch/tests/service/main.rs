//! The service as its users run it: the real program against the simulated portal while frames appear. Outages are switched on
//! and off, signals sent, systemd played; files, rows and the portal's own truth are held against each other. Outages of disks
//! and names take root (a mount, a mount namespace): without it these tests fail and say so.

mod alarm;
mod archive;
#[path = "../e2e/audit.rs"]
#[allow(dead_code, reason = "the tests from end to end need more of it")]
mod audit;
mod browser;
mod database;
mod drill;
mod endings;
mod harness;
mod health;
mod kept;
mod lease;
#[path = "../crash/leftovers.rs"]
mod leftovers;
mod logs;
mod mounts;
mod names;
mod notify;
mod owed;
mod portal;
mod process;
mod reload;
#[path = "../e2e/store.rs"]
#[allow(dead_code, reason = "the tests from end to end need more of it")]
mod store;
mod systemd;
