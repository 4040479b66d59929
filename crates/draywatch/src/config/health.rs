//! The section `[health]`: from where on things are not well.

use super::setting::{Spec, section};

section! {
    /// From where on things are not well.
    HealthConfig = "health.", |config| config.health;

    /// Per cent of the archive's disk in use above which there is a warning.
    disk_warning_percent: f64 => Spec::default("80.0").above(0.0);
    /// And above which health is critical.
    disk_critical_percent: f64 => Spec::default("90.0").above(0.0);
    /// Seconds between two looks at how things are; the file `.health` expires after four of them and 30 seconds.
    look_seconds: u32 => Spec::default("30").within(1, 300);
}
