//! The commands that read, check and take over, by the real program in folders of their own.

mod adopt;
mod doctor;
mod gaps;
mod health;
mod prune;
mod reading;
mod repair;
mod room;
mod runs;
mod support;
mod verdicts;
mod verify;
