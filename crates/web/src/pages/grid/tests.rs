//! The order of frames and gaps.

use super::*;
use crate::pages::answers::Kind;
use chrono_tz::Tz;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_757_203_200 + minutes * 60, 0).unwrap()
}

fn day(kinds: &[Kind]) -> Day {
    let slots = (0..).zip(kinds).map(|(nth, kind)| Slot {
        start: at(nth * 10),
        kind: *kind,
        reason: None,
    });
    Day {
        date: at(0).date_naive(),
        slots: slots.collect(),
    }
}

fn row(id: i64, minutes: i64) -> ImageRow {
    ImageRow {
        id,
        camera_id: "in_gate".to_owned(),
        timestamp: Some(at(minutes)),
        ordinal: 1,
        path: String::new(),
        file_size: None,
        sha256: None,
        width: Some(1600),
        height: Some(900),
        is_thumbnail: false,
        processed: false,
        url: None,
        file_state: None,
        verified_at: None,
        verdict: None,
    }
}

fn told(cells: &[Cell]) -> Vec<String> {
    let words = |cell: &Cell| match cell {
        Cell::Frame(frame) => format!("{} {:?}", frame.at.text, frame.hour),
        Cell::Gap(gap) => format!("{} {} {:?}", gap.words, gap.length, gap.hour),
        Cell::Slot(slot) => {
            let tiles = slot.tiles.iter().map(|tile| match &tile.frame {
                Some(frame) => format!("{}+{}", frame.image.id, tile.more),
                None => tile.words.clone(),
            });
            format!(
                "{} {}",
                slot.from.text,
                tiles.collect::<Vec<_>>().join(" | ")
            )
        }
    };
    cells.iter().map(words).collect()
}

fn maker(clock: &Clock) -> Maker<'_> {
    Maker {
        clock,
        base: "",
        query: "",
    }
}

#[test]
fn frames_and_gaps_stand_in_the_order_of_time() {
    use Kind::{NotObserved, Offline, Stored, Upcoming};
    let clock = Clock::new(Tz::UTC, at(0));
    let day = day(&[
        Stored,
        Stored,
        Offline,
        Offline,
        NotObserved,
        Stored,
        Stored,
        Upcoming,
    ]);
    // Slot 1 has none of its own: its neighbours are near enough. Two are of slot 5.
    let rows = vec![row(1, 9), row(2, 51), row(3, 58), row(4, 62)];
    let cells = maker(&clock).alone(&day, rows);
    assert_eq!(
        told(&cells),
        [
            "00:09 Some(0)",
            "camera offline 20 min None",
            "not observed 10 min None",
            "00:51 None",
            "00:58 None",
            "01:02 Some(1)"
        ]
    );
}

#[test]
fn cameras_stand_side_by_side_slot_by_slot() {
    use Kind::{NotObserved, Offline, Stored, Upcoming};
    let clock = Clock::new(Tz::UTC, at(0));
    let one = day(&[Stored, Offline, NotObserved, NotObserved, Stored, Upcoming]);
    let two = day(&[Stored, Stored, NotObserved, NotObserved, Stored, Upcoming]);
    let all = [
        ("a".to_owned(), one, vec![row(1, 2), row(2, 41), row(3, 49)]),
        ("b".to_owned(), two, vec![row(4, 3), row(5, 15)]),
    ];
    let cells = maker(&clock).together(&all);
    assert_eq!(
        told(&cells),
        [
            "00:00 1+0 | 4+0",
            "00:10 camera offline | 5+0",
            "not observed 20 min None",
            "00:40 2+1 | none in this slot"
        ]
    );
}
