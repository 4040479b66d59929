//! Crash drills: the program is killed, stopped, doubled and disturbed while it collects, and each time the archive, the
//! database and the portal's own truth are held against each other. Needs the feature `failpoints` (as in `make test`).

mod failpoints;
mod leftovers;
mod legacy;
mod pair;
mod random;
mod removals;
mod signals;
mod site;
mod state;
mod world;
