//! `draywatch run`: the service. It must not know how a collection is done, nor words for people.

pub mod reload;
pub mod signals;
pub mod systemd;
