//! Pages for programs as they are used: the real program serves a real database and archive on loopback, and is asked by HTTP.

mod access;
mod api;
mod browser;
mod collected;
mod description;
mod detectors;
mod events;
mod exports;
mod files;
mod leases;
mod pages;
mod records;
mod site;
#[path = "../read_commands/support.rs"]
#[allow(dead_code, reason = "the tests of the commands need more of it")]
mod support;
mod timelapse;
mod ways_in;
