//! The section `[service]`: how `draywatch run` keeps time and keeps going.

use super::setting::{Spec, section};

section! {
    /// How the service keeps time and keeps going.
    ServiceConfig = "service.", |config| config.service;

    /// Seconds by which a tick may be late and still run; one that is later is missed, and the next one does its work.
    misfire_grace_seconds: u32 => Spec::default("300").within(1, 86_400);
    /// Whether ticks follow each camera's own rhythm; else the plain interval.
    capture_at_publish: bool => Spec::default("true");
    /// How many days back the service asks for days that are not known to be complete; days that the portal no
    /// longer keeps end the search sooner.
    recover_days: u32 => Spec::default("90").within(1, 3660);
    /// Failures of the whole portal in a row after which it is asked only by one careful probe at a time.
    breaker_failures: u32 => Spec::default("3").within(1, 60);
    /// Seconds after which another process takes over the work of one that is gone; three renewals fit into it.
    lease_seconds: u32 => Spec::default("20").within(5, 300).at_restart();
    /// Seconds that the work in flight gets to end in good order when the service stops.
    shutdown_seconds: u32 => Spec::default("30").within(1, 600);
}
