//! The real program against the simulated portal, from end to end: what it leaves on the disk and in the database, what it
//! asks of the portal, and how it ends. Nothing here knows the program's code.

mod absent;
mod audit;
mod days;
mod disk;
mod expected;
mod faults;
mod harness;
mod healing;
mod input;
mod manners;
mod owed;
mod rights;
mod run;
mod store;
mod tls;
mod tls_front;
mod traps;
mod verdicts;
