//! What tells a drawn card from a scene with large even areas: a night with lamps, snow under a white sky. Owns the
//! arithmetic; must not know thresholds that decide a verdict.
//!
//! At an eighth of the size a sensor's noise is averaged away, and a low quality takes it out of a dark picture altogether: an even area
//! proves nothing. But a card is **laid out** in few levels, bars, or one slope; and its edges are **hard**, from one level to
//! the other within two pixels, where a lamp's light falls off over many.

use super::body;
use super::plane::Plane;

/// Cells belong to a level if they differ from it by no more.
const CLOSE: usize = 1;

/// A slope has no larger step between the levels of one row and the next.
const SLOPE: u8 = 4;

/// Bars may end at the thirds of a picture, more or less: test cards have others at the bottom.
const BANDS: usize = 3;

/// A second level counts as another ground from this share of the picture on.
const SECOND: f32 = 0.15;

/// Two levels that are both so bright are a white sky over snow rather than a card.
const WHITE: u8 = 200;

/// How many pixels are looked at together for an edge, first and last included.
const WINDOW: usize = 9;

/// An edge goes over so many levels ...
const EDGE: u8 = 40;

/// ... and goes on beside it, so many pixels away: strokes do, points of light do not.
const BESIDE: usize = 8;

/// An edge is hard if so many tenths of it lie within two pixels.
const HARD: u32 = 7;

/// Every n-th row and column is looked at for edges.
const SAMPLE: usize = 2;

/// The edges of a picture at full size.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Edges {
    /// The share of places with an edge.
    pub share: f32,
    /// The share of the edges that are hard.
    pub hard: f32,
}

/// How a picture in small is laid out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Layout {
    /// How much of it is accounted for by the best of: two levels all over; a level for each third of each column (bars); a level for each row, or
    /// each column, that changes but slowly from one to the next (a slope).
    pub share: f32,
    /// Whether one level makes up most of it, and no other much: a card with text only, or a scene on even ground.
    pub is_one_ground: bool,
}

impl Layout {
    pub(super) fn of(plane: &Plane) -> Self {
        let (luma, width) = (plane.body(), plane.width.max(1));
        let rows: Vec<Vec<u8>> = luma.chunks_exact(width).map(<[u8]>::to_vec).collect();
        let columns: Vec<Vec<u8>> = (0..width)
            .map(|x| rows.iter().map(|row| row[x]).collect())
            .collect();
        let [(first, ground), (second, other)] = two_commonest(luma);
        let is_snow = first.min(second) >= WHITE && ground + other > luma.len() / 2;
        let even = if is_snow {
            ground
        } else {
            (ground + other).max(bars(&columns))
        };
        let most = even.max(slope(&rows)).max(slope(&columns));
        Self {
            share: share(most, luma.len()),
            is_one_ground: ground > luma.len() / 2 && share(other, luma.len()) < SECOND,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cells")]
fn share(part: usize, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

/// The two levels to which most cells belong, and how many.
fn two_commonest(cells: &[u8]) -> [(u8, usize); 2] {
    let mut counts = histogram(cells);
    let first = commonest(&counts);
    counts[around(first.0)].fill(0);
    [first, commonest(&counts)]
}

fn bars(columns: &[Vec<u8>]) -> usize {
    let thirds = |column: &Vec<u8>| {
        let parts = column.chunks(column.len().div_ceil(BANDS).max(1));
        parts
            .map(|part| commonest(&histogram(part)).1)
            .sum::<usize>()
    };
    columns.iter().map(thirds).sum()
}

/// How many cells belong to the level of their line, if these levels make a slope.
fn slope(lines: &[Vec<u8>]) -> usize {
    let found: Vec<(u8, usize)> = lines
        .iter()
        .map(|line| commonest(&histogram(line)))
        .collect();
    let is_smooth = found
        .windows(2)
        .all(|pair| pair[0].0.abs_diff(pair[1].0) <= SLOPE);
    let belong = found.iter().map(|(_, cells)| cells).sum();
    if is_smooth { belong } else { 0 }
}

fn histogram(cells: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    for &cell in cells {
        counts[usize::from(cell)] += 1;
    }
    counts
}

/// The level to which most cells belong, and how many.
fn commonest(counts: &[usize; 256]) -> (u8, usize) {
    let cells = |level: u8| counts[around(level)].iter().sum::<usize>();
    let found = (0..=u8::MAX).map(|level| (level, cells(level)));
    found.max_by_key(|(_, cells)| *cells).unwrap_or((0, 0))
}

fn around(level: u8) -> std::ops::Range<usize> {
    let level = usize::from(level);
    level.saturating_sub(CLOSE)..(level + CLOSE + 1).min(256)
}

impl Edges {
    /// Of a picture at full size.
    pub(super) fn of(plane: &Plane) -> Self {
        let mut count = Count::default();
        let (width, rows) = (plane.width, body::rows(plane.height));
        let reach = WINDOW.max(BESIDE + 1);
        if width >= reach && rows.len() >= reach {
            for y in (rows.start..=rows.end - reach).step_by(SAMPLE) {
                for x in (0..=width - reach).step_by(WINDOW - 1) {
                    count.look(&plane.luma, y * width + x, 1, width);
                }
            }
            for y in (rows.start..=rows.end - reach).step_by(WINDOW - 1) {
                for x in (0..=width - reach).step_by(SAMPLE) {
                    count.look(&plane.luma, y * width + x, width, 1);
                }
            }
        }
        Self {
            share: share(count.edges, count.windows),
            hard: share(count.hard, count.edges),
        }
    }
}

#[derive(Default)]
struct Count {
    windows: usize,
    edges: usize,
    hard: usize,
}

impl Count {
    /// Looks at the pixels from `at` on in one direction, and at those beside them in the other.
    fn look(&mut self, luma: &[u8], at: usize, step: usize, aside: usize) {
        self.windows += 1;
        let window = pixels(luma, at, step);
        let whole = height(&window);
        if whole < EDGE || height(&pixels(luma, at + BESIDE * aside, step)) < EDGE {
            return;
        }
        self.edges += 1;
        let steepest = window.windows(3).map(|three| three[0].abs_diff(three[2]));
        let steepest = steepest.max().unwrap_or(0);
        self.hard += usize::from(u32::from(steepest) * 10 >= u32::from(whole) * HARD);
    }
}

fn pixels(luma: &[u8], at: usize, step: usize) -> [u8; WINDOW] {
    std::array::from_fn(|place| luma[at + place * step])
}

/// From the darkest to the brightest.
fn height(window: &[u8; WINDOW]) -> u8 {
    let (low, high) = window.iter().fold((u8::MAX, 0), |(low, high), &level| {
        (level.min(low), level.max(high))
    });
    high - low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of 144 by 90 cells, of which the body is 70 rows.
    fn plane(grey: impl Fn(usize, usize) -> usize) -> Plane {
        let cells = (0..90).flat_map(|y| (0..144).map(move |x| (x, y)));
        let luma = cells.map(|(x, y)| u8::try_from(grey(x, y).min(255)).unwrap());
        Plane {
            width: 144,
            height: 90,
            luma: luma.collect(),
        }
    }

    #[test]
    fn cards_are_laid_out() {
        let board = plane(|x, y| 40 + 90 * ((x / 12 + y / 9) % 2));
        let bars = plane(|x, _| 20 + 20 * (x / 14));
        let (down, across) = (plane(|_, y| 30 + 2 * y), plane(|x, _| 30 + x));
        for card in [board, bars, down, across] {
            let layout = Layout::of(&card);
            assert!(layout.share > 0.99 && !layout.is_one_ground, "{layout:?}");
        }
    }

    #[test]
    fn a_sky_over_a_ground_is_not() {
        let sky = plane(|_, y| if y < 40 { 140 + y } else { 94 });
        assert!(Layout::of(&sky).share < 0.75);
        let snow = plane(|_, y| if y < 40 { 255 } else { 246 });
        assert!(Layout::of(&snow).share < 0.75);
        let ground = plane(|x, y| if x / 20 == 3 && y > 30 { 160 } else { 94 });
        assert!(Layout::of(&ground).is_one_ground);
        let patches = plane(|x, y| 20 + 3 * ((x / 9 * 7 + y / 11 * 5) % 8));
        assert!(Layout::of(&patches).share < 0.75);
    }

    #[test]
    fn a_bar_is_hard_and_a_lamp_is_soft() {
        let bars = Edges::of(&plane(|x, _| if x / 13 % 2 == 0 { 20 } else { 220 }));
        assert!(bars.share > 0.1 && bars.hard > 0.95, "{bars:?}");
        let lamp = |x: usize, y: usize| {
            let away = x.abs_diff(72).pow(2) + y.abs_diff(45).pow(2);
            16 + 24_000 / (80 + away)
        };
        let lamp = Edges::of(&plane(lamp));
        assert!(lamp.share > 0.01 && lamp.hard < 0.1, "{lamp:?}");
    }

    #[test]
    fn points_of_light_are_no_edges() {
        let points = Edges::of(&plane(
            |x, y| if x % 20 < 4 && y % 20 < 4 { 250 } else { 2 },
        ));
        assert!(points.share < 0.001, "{points:?}");
        let smallest = Plane {
            width: 1,
            height: 1,
            luma: vec![9],
        };
        assert_eq!(Edges::of(&smallest), Edges::default());
    }
}
