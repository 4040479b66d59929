//! The frames of a day in time order, and its gaps: one camera's frame by frame, or several cameras' slot by slot. Must not ask for
//! anything.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use draywatch_catalog::ImageRow;
use draywatch_core::coverage::SLOT;

use super::answers::{Day, Slot, Stretch, how_long, stretches};
use super::frames::sight;
use super::sheets::Place;
use super::times::{Clock, Time};
use crate::api::Image;

/// A place in the order of time.
#[derive(Debug)]
pub enum Cell {
    /// A frame.
    Frame(Frame),
    /// Nothing, for some time.
    Gap(Gap),
    /// What each camera has in a slot.
    Slot(Together),
}

/// A frame as a thumbnail.
#[derive(Debug)]
pub struct Frame {
    /// The image.
    pub image: Image,
    /// When.
    pub at: Time,
    /// The page that shows it large.
    pub address: String,
    /// How high its thumbnail of 160 pixels is.
    pub height: u32,
    /// The sheet that has its thumbnail, if it is on one.
    pub place: Option<Box<Place>>,
    /// What is wrong with it.
    pub sight: Option<&'static str>,
    /// The hour that begins with it, to go to.
    pub hour: Option<usize>,
}

/// A stretch without frames.
#[derive(Debug)]
pub struct Gap {
    /// Its class.
    pub class: &'static str,
    /// What is known of it.
    pub words: String,
    /// From when on.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// How long.
    pub length: String,
    /// The hour that begins with it or in it, to go to.
    pub hour: Option<usize>,
}

/// A slot of several cameras.
#[derive(Debug)]
pub struct Together {
    /// When it begins.
    pub from: Time,
    /// The cameras in their order.
    pub tiles: Vec<Tile>,
    /// The hour that begins with it, to go to.
    pub hour: Option<usize>,
}

/// What one camera has in a slot.
#[derive(Debug)]
pub struct Tile {
    /// Its name.
    pub camera: String,
    /// Its frame.
    pub frame: Option<Frame>,
    /// Further frames in the same slot.
    pub more: usize,
    /// The class and the words where there is no frame.
    pub class: &'static str,
    /// In words.
    pub words: String,
}

/// How frames become cells.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// How times are shown.
    pub clock: &'a Clock,
    /// What stands before every path.
    pub base: &'a str,
    /// What stands behind the address of a frame's page, such as `?with=out_gate`.
    pub query: &'a str,
}

/// Tells which cell is the first of an hour.
struct Hours {
    begin: Option<DateTime<Utc>>,
    told: Option<usize>,
}

impl Hours {
    fn new(day: &Day) -> Self {
        Self {
            begin: day.slots.first().map(|slot| slot.start),
            told: None,
        }
    }

    /// The hour of that instant, if it was not told before.
    fn first(&mut self, at: DateTime<Utc>) -> Option<usize> {
        let hour = usize::try_from((at - self.begin?).num_hours()).ok()?;
        if self.told.is_some_and(|told| told >= hour) {
            return None;
        }
        self.told = Some(hour);
        Some(hour)
    }
}

impl Maker<'_> {
    /// The cells of one camera. Neighbouring gaps of which the same is known are one.
    #[must_use]
    pub fn alone(&self, day: &Day, rows: Vec<ImageRow>) -> Vec<Cell> {
        let mut hours = Hours::new(day);
        let mut cells = Vec::new();
        let mut rows = rows.into_iter().peekable();
        for stretch in stretches(&day.slots) {
            let is_gap = |row: &ImageRow| row.timestamp.is_none_or(|at| at < stretch.end);
            let mut has_frames = false;
            while let Some(row) = rows.next_if(is_gap) {
                has_frames = true;
                cells.extend(self.frame(row, &mut hours).map(Cell::Frame));
            }
            if !has_frames && is_missing(&stretch.first) {
                cells.push(Cell::Gap(self.gap(&stretch, &mut hours)));
            }
        }
        cells.extend(rows.filter_map(|row| self.frame(row, &mut hours).map(Cell::Frame)));
        cells
    }

    /// The cells of several cameras, aligned by slot. Neighbouring slots in which no camera has anything, and of all of which the same
    /// is known, are one gap.
    #[must_use]
    pub fn together(&self, cameras: &[(String, Day, Vec<ImageRow>)]) -> Vec<Cell> {
        let Some((_, first, _)) = cameras.first() else {
            return Vec::new();
        };
        let mut hours = Hours::new(first);
        let first = first.slots.clone();
        let mut cells: Vec<Cell> = Vec::new();
        let mut empty: Vec<Slot> = Vec::new();
        for (nth, slot) in first.iter().enumerate() {
            let end = slot.start + SLOT;
            let within = |row: &&ImageRow| {
                let at = row.timestamp;
                at.is_some_and(|at| at < end && (at >= slot.start || nth == 0))
            };
            let tiles: Vec<_> = cameras
                .iter()
                .map(|(name, day, rows)| {
                    let begin = rows.partition_point(|row| row.timestamp < Some(slot.start));
                    let begin = if nth == 0 { 0 } else { begin };
                    let found: Vec<_> = rows[begin..].iter().take_while(within).collect();
                    (name, day.slots.get(nth).unwrap_or(slot), found)
                })
                .collect();
            let is_alike = tiles
                .iter()
                .all(|(_, one, found)| found.is_empty() && one.words() == slot.words());
            if is_alike {
                empty.push(slot.clone());
                continue;
            }
            self.close(&mut empty, &mut hours, &mut cells);
            let hour = hours.first(slot.start);
            let tiles = tiles.into_iter().map(|(name, one, found)| Tile {
                camera: name.clone(),
                more: found.len().saturating_sub(1),
                frame: found
                    .first()
                    .and_then(|row| self.frame((*row).clone(), &mut hours)),
                class: one.kind.class(),
                words: if one.kind.has_frame() {
                    "none in this slot".to_owned()
                } else {
                    one.words()
                },
            });
            cells.push(Cell::Slot(Together {
                from: self.clock.hour(slot.start),
                tiles: tiles.collect(),
                hour,
            }));
        }
        self.close(&mut empty, &mut hours, &mut cells);
        cells
    }

    fn close(&self, empty: &mut Vec<Slot>, hours: &mut Hours, cells: &mut Vec<Cell>) {
        for stretch in stretches(empty) {
            if is_missing(&stretch.first) {
                cells.push(Cell::Gap(self.gap(&stretch, hours)));
            }
        }
        empty.clear();
    }

    fn gap(&self, stretch: &Stretch, hours: &mut Hours) -> Gap {
        Gap {
            class: stretch.first.kind.class(),
            words: stretch.first.words(),
            from: self.clock.hour(stretch.first.start),
            to: self.clock.end(stretch.end),
            length: how_long(stretch),
            hour: hours.first(stretch.first.start),
        }
    }

    fn frame(&self, row: ImageRow, hours: &mut Hours) -> Option<Frame> {
        let at = row.timestamp?;
        let image = Image::new(row, self.base);
        let height = image.width.zip(image.height).map(|(width, height)| {
            let height = u64::from(height) * 160 / u64::from(width.max(1));
            u32::try_from(height).unwrap_or(90).clamp(20, 320)
        });
        let date = self.clock.date(at);
        Some(Frame {
            at: self.clock.hour(at),
            address: format!(
                "{}/day/{}/{date}/{}{}",
                self.base, image.camera, image.id, self.query
            ),
            height: height.unwrap_or(90),
            place: None,
            sight: sight(&image),
            hour: hours.first(at),
            image,
        })
    }
}

/// Whether a frame should be there, and is not.
fn is_missing(slot: &Slot) -> bool {
    !slot.kind.has_frame() && slot.kind != super::answers::Kind::Upcoming
}
