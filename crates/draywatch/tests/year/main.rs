//! The scheduler over simulated time: a year over rows in memory, a month over SQLite in a file, random disturbances. The rules,
//! the book of ticks and the rows are the product's; the portal, the clocks and the processes are simulated. It must not
//! sleep, open a socket or start a process.

mod archive;
mod audit;
mod conformance;
mod drive;
mod figures;
mod lag;
mod memory;
mod process;
mod random;
mod regressions;
mod rows;
mod script;
mod settings;
mod sqlite;
mod times;
mod world;
