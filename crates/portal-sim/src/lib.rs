//! A simulated camera portal: a page on the real Vue and Element Plus, its history API, and a CDN on a
//! second origin that serves real JPEGs and fails on demand.
//!
//! It owns everything that stands in for the public site in tests, demo and benchmarks. It must not use any
//! other crate of this workspace (it would then share their mistakes), and must not connect to anything.

mod address;
mod api;
mod behaviours;
mod calendar;
mod cdn;
mod config;
mod control;
mod door;
mod faults;
mod mix;
mod page;
mod picture;
mod portal;
mod schedule;
mod state;
mod stats;
mod store;
mod truth;
mod wall;

pub use behaviours::{AddressZone, ApiFailure, Behaviours, Outage};
pub use config::{
    AddressForm, Clock, Config, EmptyDay, Extension, PublicAddresses, Schedule, Thinned,
};
pub use faults::{Fault, FaultRule, Match, Sizes};
pub use portal::Portal;
pub use schedule::Frame;
pub use stats::{ApiRequest, CdnRequest, CdnStats, PageStats, Stats};
pub use truth::TruthFrame;
