//! The list of gaps: stretches without a frame of which the same is known, also over midnights. Must not ask the database.

use chrono::{NaiveDate, TimeDelta};

use crate::pages::answers::{self, Day, Kind, Slot, Stretch, how_long};
use crate::pages::shell::Shell;
use crate::pages::times::{Clock, Time};

/// A gap.
pub struct Gap {
    /// The day on which it begins, and its page.
    pub day: (NaiveDate, String),
    /// The day on which it ends, where that is another one.
    pub last: Option<(NaiveDate, String)>,
    /// When it begins.
    pub from: Time,
    /// When it ends; 24:00 at the end of a day.
    pub to: Time,
    /// How long it is.
    pub lasts: String,
    /// What is known of it.
    pub kind: Kind,
    /// The same in words, with the reason.
    pub words: String,
}

/// The gaps of days that follow each other, the oldest first.
pub fn of(days: &[Day], camera: &str, shell: &Shell) -> Vec<Gap> {
    let slots: Vec<Slot> = days.iter().flat_map(|day| day.slots.clone()).collect();
    let missing = |one: &Stretch| !one.first.kind.has_frame() && one.first.kind != Kind::Upcoming;
    let stretches = answers::stretches(&slots).into_iter().filter(missing);
    let clock = shell.clock();
    stretches
        .map(|one| gap(&one, camera, shell, &clock))
        .collect()
}

fn gap(one: &Stretch, camera: &str, shell: &Shell, clock: &Clock) -> Gap {
    let page = |date| (date, shell.to(&format!("/day/{camera}/{date}")));
    let first = clock.date(one.first.start);
    // Midnight belongs to the day that ends with it.
    let last = clock.date(one.end - TimeDelta::seconds(1));
    Gap {
        day: page(first),
        last: (last > first).then(|| page(last)),
        from: clock.hour(one.first.start),
        to: clock.end(one.end),
        lasts: how_long(one),
        kind: one.first.kind,
        words: one.first.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::coverage::tests::day;
    use crate::pages::shell::plain;

    /// An outage of days was a row for each of them once, from 00:00 to 00:00.
    #[test]
    fn an_outage_of_days_is_one_gap_and_midnight_is_the_end_of_a_day() {
        let days = [
            day("2025-03-01", &[(Kind::Stored, 138), (Kind::Offline, 6)]),
            day("2025-03-02", &[(Kind::Offline, 144)]),
            day(
                "2025-03-03",
                &[(Kind::Offline, 12), (Kind::NotObserved, 132)],
            ),
            day("2025-03-04", &[(Kind::Stored, 1), (Kind::Upcoming, 143)]),
        ];
        let gaps = of(&days, "in_gate", &plain());
        let told: Vec<_> = gaps
            .iter()
            .map(|gap| {
                let last = gap.last.as_ref().map(|(date, _)| date.to_string());
                let (from, to) = (gap.from.text.as_str(), gap.to.text.as_str());
                (gap.day.0.to_string(), from, last, to, &*gap.lasts)
            })
            .collect();
        let long = Some("2025-03-03".to_owned());
        assert_eq!(
            told,
            [
                ("2025-03-01".to_owned(), "23:00", long, "02:00", "1 day 3 h"),
                ("2025-03-03".to_owned(), "02:00", None, "24:00", "22 h"),
            ]
        );
        assert_eq!(gaps[0].to.utc, "2025-03-03 02:00:00 UTC");
        assert_eq!(gaps[0].day.1, "/gates/day/in_gate/2025-03-01");
    }
}
