//! How the service is: what is known is gathered, judged by `draywatch_core::health`, and written where others find it. Must not
//! decide what is well.

mod file;
mod gather;
mod report;

pub use file::{FILE, ReadError, read, write};
pub use gather::{Known, Memory, facts, nothing};
pub use report::{JobReport, Report};
