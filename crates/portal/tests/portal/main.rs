//! The listing against real pages in a real Chromium: the simulator with its behaviours, and pages by authors who saw neither it nor
//! the listing code.

mod browser;
mod harness;
mod pages;
mod simulator;
