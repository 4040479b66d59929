//! The rules of draywatch: everything that can be decided without I/O.
//!
//! This crate owns the vocabulary that all others share (cameras, frames, addresses, kinds of failure) and the decisions
//! made from values alone. It must not name tokio, SQL, HTTP, files or C.

pub mod address;
pub mod alert;
pub mod backlog;
pub mod breaker;
pub mod camera;
pub mod clock;
pub mod coverage;
pub mod error;
pub mod frame;
pub mod health;
pub mod listing;
pub mod outcome;
pub mod pace;
pub mod plan;
pub mod retention;
pub mod retry;
pub mod retry_after;
pub mod schedule;
pub mod verdict;
pub mod verification;
pub mod zone;

pub use camera::CameraId;
pub use clock::Clock;
pub use error::{Failure, Kind};
pub use frame::FrameId;
