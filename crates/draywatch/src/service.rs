//! `draywatch run`: ticks, tasks, shutdown. It composes collection and maintenance in time and owns who does what when; what a
//! job does is theirs.

pub mod book;
pub mod policy;
pub mod reload;
pub mod signals;
pub mod systemd;
