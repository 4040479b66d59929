//! The heat map of a year, a column for each day. Must not ask the database.

use std::fmt::Write as _;

use askama::Template;
use chrono::{Datelike, NaiveDate};

use super::share;
use crate::pages::answers::{self, Day, Kind};
use crate::pages::shell::Shell;

/// How wide a day is, and how high a slot.
const WIDTH: usize = 3;
const HEIGHT: usize = 2;
/// Slots of the longest day.
const MOST: usize = 150;
/// Room for words at the left, which stay in sight, and at the top.
const LEFT: usize = 34;
const TOP: usize = 16;

/// The heat map; in a template: `{{ map|safe }}`.
#[derive(Template, Default)]
#[template(path = "parts/map.html")]
pub struct Map {
    left: usize,
    ground: usize,
    width: usize,
    height: usize,
    words: String,
    layers: Vec<Layer>,
    months: Vec<(usize, &'static str)>,
    hours: Vec<(usize, String)>,
    days: Vec<Link>,
}

/// All slots of one answer, as one path.
struct Layer {
    class: &'static str,
    path: String,
}

/// A day, to be pointed at.
struct Link {
    at: usize,
    is_last: bool,
    address: String,
    title: String,
}

impl Map {
    /// Of the days of a year.
    pub fn new(days: &[Day], year: i32, camera: &str, shell: &Shell) -> Self {
        let place = |day: &Day| usize::try_from(day.date.ordinal0()).unwrap_or(0);
        let mut layers: Vec<Layer> = Kind::ALL
            .into_iter()
            .map(|kind| Layer {
                class: kind.class(),
                path: String::new(),
            })
            .collect();
        for day in days {
            let mut at = 0;
            for one in answers::stretches(&day.slots) {
                let layer = Kind::ALL.iter().position(|kind| *kind == one.first.kind);
                if let Some(layer) = layer.and_then(|nth| layers.get_mut(nth)) {
                    let (x, y) = (LEFT + place(day) * WIDTH, TOP + at * HEIGHT);
                    let height = one.slots * HEIGHT;
                    let _ = write!(layer.path, "M{x} {y}h{WIDTH}v{height}h-{WIDTH}z");
                }
                at += one.slots;
            }
        }
        layers.retain(|layer| !layer.path.is_empty());
        Self {
            left: LEFT,
            ground: lasts(year) * WIDTH,
            width: 366 * WIDTH,
            height: TOP + MOST * HEIGHT,
            words: format!(
                "{year} of {camera}, day by day: {} of all slots have a frame",
                share(days)
            ),
            layers,
            months: months(year),
            hours: (0..24)
                .step_by(6)
                .map(|hour| (TOP + hour * 6 * HEIGHT, format!("{hour} h")))
                .collect(),
            days: days
                .iter()
                .map(|day| Link {
                    at: LEFT + place(day) * WIDTH,
                    is_last: days.last() == Some(day),
                    address: shell.to(&format!("/day/{camera}/{}", day.date)),
                    title: format!("{}: {}", day.date, day.share()),
                })
                .collect(),
        }
    }
}

/// The days of a year.
fn lasts(year: i32) -> usize {
    let last = NaiveDate::from_ymd_opt(year, 12, 31).map_or(365, |day| day.ordinal());
    usize::try_from(last).unwrap_or(365)
}

/// Where the months of a year begin.
fn months(year: i32) -> Vec<(usize, &'static str)> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let begin = |month| NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |day| day.ordinal0());
    let place = |month| LEFT + usize::try_from(begin(month)).unwrap_or(0) * WIDTH;
    (1..=12).map(place).zip(NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::coverage::tests::day;
    use crate::pages::shell::plain;

    #[test]
    fn months_have_their_places() {
        let places = months(2024);
        assert_eq!(places[0], (LEFT, "Jan"));
        assert_eq!(places[2], (LEFT + 60 * WIDTH, "Mar"), "a leap year");
    }

    /// By keys the newest day is reached first, and the others from it: no day was in the order of tabs once.
    #[test]
    fn one_day_is_in_the_order_of_tabs() {
        let days = ["2025-03-01", "2025-03-02"].map(|date| day(date, &[(Kind::Stored, 144)]));
        let text = Map::new(&days, 2025, "in_gate", &plain()).render().unwrap();
        assert_eq!(text.matches("tabindex=\"0\"").count(), 1, "{text}");
        let newest = text.find("/day/in_gate/2025-03-02").unwrap();
        assert!(text[newest..].contains("tabindex=\"0\""), "{text}");
    }
}
