//! Drills of the service: `draywatch run` killed, stopped and doubled under load by a portal that goes on publishing, and each
//! time files, rows, ticks and the portal's own truth are held against each other. The long form is `make drill`.

mod book;
mod kills;
mod live;
mod pair;
mod service;
mod stops;

#[path = "../crash/leftovers.rs"]
mod leftovers;
#[path = "../crash/site.rs"]
#[expect(dead_code, reason = "shared with the drills of the commands")]
mod site;
#[path = "../crash/state.rs"]
mod state;
#[path = "../crash/world.rs"]
#[expect(dead_code, reason = "shared with the drills of the commands")]
mod world;
