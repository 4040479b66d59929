//! The simulated portal as its visitors meet it. One binary: the simulator is built with optimisations, and every further
//! binary would cost as much again.

mod api;
mod browser;
mod common;
mod faults;
mod frames;
mod live;
