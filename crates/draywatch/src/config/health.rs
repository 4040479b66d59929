//! The section `[health]`: from where on things are not well.

use super::setting::{Spec, section};

section! {
    /// From where on things are not well.
    HealthConfig = "health.", |config| config.health;

    /// Per cent of the archive's disk in use above which there is a warning.
    disk_warning_percent: f64 => Spec::default("80.0").above_to(0.0, 100.0);
    /// And above which health is critical.
    disk_critical_percent: f64 => Spec::default("90.0").above_to(0.0, 100.0);
    /// Seconds between two looks at how things are; the file `.health` expires after four of them and 30 seconds.
    look_seconds: u32 => Spec::default("30").within(1, 300);
}

impl HealthConfig {
    /// What is wrong with these settings together: the setting that it is about, and the words.
    pub(super) fn contradiction(&self) -> Option<(&'static str, String)> {
        let (warning, critical) = (self.disk_warning_percent, self.disk_critical_percent);
        (warning > critical).then(|| {
            let words = format!(
                "({warning}) must not be above health.disk_critical_percent ({critical}): there would be no warning"
            );
            ("health.disk_warning_percent", words)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::from_file;

    #[test]
    fn limits_of_the_disk_that_never_warn_are_refused() {
        for text in [
            "disk_warning_percent = 150",
            "disk_critical_percent = 100.5",
        ] {
            let told = from_file(&format!("[health]\n{text}")).unwrap_err();
            assert!(told.to_string().contains("at most 100"), "{text}: {told}");
        }
        for (text, words) in [
            ("disk_warning_percent = 95", "disk_critical_percent (90)"),
            ("disk_critical_percent = 70", "disk_critical_percent (70)"),
        ] {
            let loaded = from_file(&format!("[health]\n{text}")).unwrap();
            let told = loaded.fit_for_service().unwrap_err().to_string();
            assert!(told.contains(words), "{text}: {told}");
        }
        let most = "[health]\ndisk_warning_percent = 100\ndisk_critical_percent = 100";
        from_file(most).unwrap().fit_for_service().unwrap();
    }
}
