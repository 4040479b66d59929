//! The registry of placeholders: pictures that cameras send when they have none. Owns likeness to one of them; must
//! not know where they are kept.

use super::decode::{self, Unreadable};
use super::plane::{Colours, Plane};
use crate::hash::Sha256;

/// Columns and rows of the grid that is compared.
const GRID: (usize, usize) = (48, 24);

/// Two cells of the grid are alike if no channel differs by more.
const ALIKE: u8 = 6;

/// The same for their brightness: not the three channels' rounding may keep a card from a look at its colours.
const ALIKE_IN_GREY: u8 = ALIKE + 2;

/// A picture is a placeholder when at least this share of the cells is alike: a camera's name or a clock may differ.
const SHARE_ALIKE: f32 = 0.94;

/// And so are at least this many of the card's own marks (cells that differ from its ground): an even picture of the same
/// colour is not the card.
const SHARE_MARKS: f32 = 0.8;

/// Named pictures to recognise, whatever their size and quality.
///
/// Register cards, not pictures of the scene: a picture of the gate itself would be found in every quiet frame like it.
#[derive(Clone, Default, Debug)]
pub struct Placeholders {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    sha256: Sha256,
    /// Brightness alone, which every picture is decoded for.
    grey: Vec<[u8; 1]>,
    grid: Vec<[u8; 3]>,
}

impl Placeholders {
    /// Adds a picture under a name. A name may stand for several pictures.
    ///
    /// # Errors
    /// [`Unreadable`] if the bytes are not a JPEG that can be decoded.
    pub fn add(&mut self, name: impl Into<String>, bytes: &[u8]) -> Result<(), Unreadable> {
        let header = decode::header(bytes)?;
        let plane = Plane::decode(bytes, &header, &mut Vec::new())?;
        self.entries.push(Entry {
            name: name.into(),
            sha256: Sha256::of(bytes),
            grey: grid(plane.body().as_chunks().0, plane.width),
            grid: colours(&Colours::decode(bytes, &header)?),
        });
        Ok(())
    }

    /// How many pictures are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no picture is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name of the first picture that is the same file or looks like this one. Its colours are asked for only if its brightness is
    /// like a card's.
    pub(crate) fn find(
        &self,
        sha256: Sha256,
        plane: &Plane,
        decode: impl FnOnce() -> Result<Colours, Unreadable>,
    ) -> Result<Option<&str>, Unreadable> {
        if self.is_empty() {
            return Ok(None);
        }
        if let Some(entry) = self.entries.iter().find(|entry| entry.sha256 == sha256) {
            return Ok(Some(&entry.name));
        }
        let grey = grid(plane.body().as_chunks().0, plane.width);
        let may_be = |entry: &&Entry| share_alike(&entry.grey, &grey, ALIKE_IN_GREY) >= SHARE_ALIKE;
        let mut candidates = self.entries.iter().filter(may_be).peekable();
        if candidates.peek().is_none() {
            return Ok(None);
        }
        let grid = colours(&decode()?);
        let found = candidates.find(|entry| is_alike(&entry.grid, &grid));
        Ok(found.map(|entry| &*entry.name))
    }
}

/// How many of the cells are alike, of one.
fn share_alike<const N: usize>(card: &[[u8; N]], seen: &[[u8; N]], alike: u8) -> f32 {
    let is_close = |(card, seen): (&[u8; N], &[u8; N])| is_close(*card, *seen, alike);
    let count = card.iter().zip(seen).filter(|pair| is_close(*pair)).count();
    let number = |count| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    number(count) / number(card.len())
}

fn is_alike(card: &[[u8; 3]], seen: &[[u8; 3]]) -> bool {
    let ground = commonest(card);
    let (mut marks, mut alike_marks) = (0_u16, 0_u16);
    for (&card, &seen) in card.iter().zip(seen) {
        let is_mark = !is_close(card, ground, ALIKE);
        marks += u16::from(is_mark);
        alike_marks += u16::from(is_mark && is_close(card, seen, ALIKE));
    }
    share_alike(card, seen, ALIKE) >= SHARE_ALIKE
        && f32::from(alike_marks) >= SHARE_MARKS * f32::from(marks)
}

fn is_close<const N: usize>(a: [u8; N], b: [u8; N], alike: u8) -> bool {
    a.into_iter().zip(b).all(|(a, b)| a.abs_diff(b) <= alike)
}

/// The colour that most cells have.
fn commonest(cells: &[[u8; 3]]) -> [u8; 3] {
    let mut sorted = cells.to_vec();
    sorted.sort_unstable();
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.max_by_key(|run| run.len())
        .map_or([0; 3], |run| run[0])
}

fn colours(colours: &Colours) -> Vec<[u8; 3]> {
    grid(colours.body(), colours.width)
}

/// The means of a coarse grid over the body, of the same size for every picture.
fn grid<const N: usize>(body: &[[u8; N]], width: usize) -> Vec<[u8; N]> {
    let height = body.len() / width.max(1);
    let (columns, rows) = GRID;
    let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
    cells
        .map(|(column, row)| {
            let (left, right) = span(column, columns, width);
            let (top, bottom) = span(row, rows, height);
            mean((top..bottom).flat_map(|y| &body[y * width + left..y * width + right]))
        })
        .collect()
}

/// Where part `number` of `parts` begins and ends; never empty unless the whole is.
fn span(number: usize, parts: usize, whole: usize) -> (usize, usize) {
    let start = number * whole / parts;
    (start, ((number + 1) * whole / parts).max(start + 1))
}

fn mean<'a, const N: usize>(cells: impl Iterator<Item = &'a [u8; N]>) -> [u8; N] {
    let (mut sums, mut count) = ([0_u32; N], 0_u32);
    for cell in cells {
        for (sum, &value) in sums.iter_mut().zip(cell) {
            *sum += u32::from(value);
        }
        count += 1;
    }
    sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A card: a ground of one grey, and a mark over one column in twenty-four.
    fn card(ground: u8, mark: u8) -> Vec<[u8; 3]> {
        let (columns, rows) = GRID;
        let grey = |at: usize| if at % columns < 2 { mark } else { ground };
        (0..columns * rows).map(|at| [grey(at); 3]).collect()
    }

    #[test]
    fn a_card_is_known_by_its_marks_too() {
        let known = card(215, 18);
        assert!(is_alike(&known, &card(218, 20)));
        assert!(!is_alike(&known, &card(215, 215)), "only the ground");
        assert!(!is_alike(&known, &card(190, 18)), "only the marks");
        assert!(is_alike(&card(90, 90), &card(92, 92)), "one colour");
    }
}
