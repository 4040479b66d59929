//! A month with the coverage of each of its days, as a table of links. Must not ask for anything.

use askama::Template;
use chrono::{Datelike, Days, Months, NaiveDate};

use super::answers::{Day, Kind};

/// A month; in a template: `{{ calendar|safe }}`.
#[derive(Debug, Template)]
#[template(path = "parts/calendar.html")]
pub struct Calendar {
    name: String,
    is_moved: bool,
    before: Option<String>,
    after: Option<String>,
    weeks: Vec<Vec<Cell>>,
}

/// A place in the table, of a day or of none.
#[derive(Debug, Default)]
struct Cell {
    number: u32,
    words: String,
    address: Option<String>,
    is_here: bool,
    is_today: bool,
    parts: Vec<Part>,
    slots: usize,
}

/// So many slots of a day are of that kind.
#[derive(Debug)]
struct Part {
    at: usize,
    slots: usize,
    class: &'static str,
}

/// The first and the last day of the month that a day is in.
#[must_use]
pub fn month_of(date: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = date.with_day(1).unwrap_or(date);
    let last = first
        .checked_add_months(Months::new(1))
        .and_then(|next| next.pred_opt());
    (first, last.unwrap_or(first))
}

/// What a calendar is made for.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The day that is shown beside it.
    pub here: NaiveDate,
    /// Today; there is no way to a later day.
    pub today: NaiveDate,
}

impl Calendar {
    /// The month of these days (all of them), with addresses of days and of other months (their first days).
    pub fn new(
        days: &[Day],
        shown: Shown,
        of_day: impl Fn(NaiveDate) -> String,
        of_month: impl Fn(NaiveDate) -> String,
    ) -> Self {
        let first = days.first().map_or(shown.here, |day| day.date);
        let skipped = first.weekday().num_days_from_monday();
        let mut cells: Vec<Cell> = (0..skipped).map(|_| Cell::default()).collect();
        cells.extend(days.iter().map(|day| cell(day, shown, &of_day)));
        while !cells.len().is_multiple_of(7) {
            cells.push(Cell::default());
        }
        let mut weeks = Vec::new();
        let mut rest = cells.into_iter().peekable();
        while rest.peek().is_some() {
            weeks.push(rest.by_ref().take(7).collect());
        }
        let before = first.checked_sub_months(Months::new(1));
        let after = first.checked_add_months(Months::new(1));
        Self {
            name: first.format("%B %Y").to_string(),
            is_moved: month_of(shown.here).0 != first,
            before: before.map(&of_month),
            after: after.filter(|after| *after <= shown.today).map(of_month),
            weeks,
        }
    }
}

impl Calendar {
    /// Whether it is of another month than the day that is shown beside it: somebody looks for a day.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.is_moved
    }
}

fn cell(day: &Day, shown: Shown, of_day: impl Fn(NaiveDate) -> String) -> Cell {
    let is_over = day.date <= shown.today;
    let (have, over) = day.counts();
    let date = day.date.format("%A %-d %B");
    let words = format!(
        "{date}: {}, {have} of {over} slots have a frame",
        day.share()
    );
    Cell {
        number: day.date.day(),
        words,
        address: is_over.then(|| of_day(day.date)),
        is_here: day.date == shown.here,
        is_today: day.date == shown.today,
        parts: if is_over { parts(day) } else { Vec::new() },
        slots: day.slots.len().max(1),
    }
}

/// The slots of a day by kind, put together.
fn parts(day: &Day) -> Vec<Part> {
    let mut at = 0;
    let mut parts = Vec::new();
    for kind in Kind::ALL {
        let slots = day.slots.iter().filter(|slot| slot.kind == kind).count();
        if slots > 0 {
            let class = kind.class();
            parts.push(Part { at, slots, class });
            at += slots;
        }
    }
    parts
}

/// The days before and after one, as far as today.
#[must_use]
pub fn neighbours(shown: Shown) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let before = shown.here.checked_sub_days(Days::new(1));
    let after = shown.here.checked_add_days(Days::new(1));
    (before, after.filter(|after| *after <= shown.today))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_all_of_its_days_below_their_weekdays() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(
            month_of(date("2024-02-10")),
            (date("2024-02-01"), date("2024-02-29"))
        );
        let (first, last) = month_of(date("2025-09-07"));
        let days: Vec<Day> = first
            .iter_days()
            .take_while(|day| *day <= last)
            .map(|date| Day {
                date,
                slots: Vec::new(),
            })
            .collect();
        let shown = Shown {
            here: date("2025-09-07"),
            today: date("2025-09-08"),
        };
        let calendar = Calendar::new(&days, shown, |day| format!("/{day}"), |day| day.to_string());
        assert_eq!(calendar.weeks.len(), 5);
        assert!(calendar.weeks.iter().all(|week| week.len() == 7));
        assert_eq!(calendar.weeks[0][0].number, 1, "a Monday");
        assert_eq!(
            (calendar.before.as_deref(), calendar.after.as_deref()),
            (Some("2025-08-01"), None)
        );
        let text = calendar.render().unwrap();
        assert!(text.contains(r#"href="/2025-09-08""#) && !text.contains(r#"href="/2025-09-09""#));
        assert_eq!(
            neighbours(shown),
            (Some(date("2025-09-06")), Some(date("2025-09-08")))
        );
    }
}
