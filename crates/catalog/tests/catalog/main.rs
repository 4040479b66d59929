//! The database, tested from outside: what every backend must do, and what `SQLite` must do for users' programs.

mod adoption;
mod browse;
mod conformance;
mod counters;
mod crash;
mod holds;
mod leases;
mod locking;
mod opening;
mod programs;
mod sqlalchemy;
mod support;
mod verdicts;
