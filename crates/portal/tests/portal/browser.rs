//! The browser's deaths, and ours: nothing outlives the session.

mod deaths;
mod drill;
mod endings;
mod helper;
mod kills;
mod remote;
mod starting;
mod users;
