//! What is measured of a small picture. Owns the arithmetic; must not know thresholds that decide a verdict.

use super::drawn::{Edges, Layout};
use super::noise;
use super::plane::{Colours, Plane};

/// Two cells are of one brightness if they differ by no more: noise and quantisation of an even area.
const EVEN: u8 = 2;

/// Larger steps count as edges: noise in a drawn slope does not.
const WEAK: u8 = 5;

/// A step between coarse cells (of about 16 pixels) that the eye takes for an edge, not for noise.
const STEP: u16 = 4;

/// Numbers about what a picture shows, all of its body (without the top and the bottom ninth). Shares are of one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measures {
    /// Mean brightness, 0 to 255.
    pub mean: f32,
    /// The brightness that one cell in a hundred is below.
    pub low: u8,
    /// The brightness that one cell in a hundred is above.
    pub high: u8,
    /// The brightness that two cells in a thousand are above.
    pub top: u8,
    /// Mean distance between the strongest and the weakest channel of a cell; measured only where the verdict hangs on it.
    pub colour: Option<f32>,
    /// Cells as good as white.
    pub white: f32,
    /// Pairs of neighbours of one brightness.
    pub even: f32,
    /// Pairs of neighbours of exactly one brightness: many in a drawn picture, fewer where a sensor's noise is.
    pub exact: f32,
    /// The mean step between neighbours with an edge between them: small in a camera's picture, large in a drawn one.
    pub edge: f32,
    /// Cells of one of the eight commonest brightnesses.
    pub cover: f32,
    /// Pairs of coarse neighbours with an edge between them.
    pub structure: f32,
    /// The share of it that is noise from one cell to the next, and nothing else.
    pub noise: f32,
    /// Whether the picture is laid out as a card is; measured only of what may be one by the rest.
    pub layout: Option<Layout>,
    /// The edges at full size; measured only where the verdict hangs on them.
    pub edges: Option<Edges>,
}

impl Measures {
    pub(crate) fn of(plane: &Plane) -> Self {
        let luma = plane.body();
        let levels = Levels::of(luma);
        let steps = Steps::of(luma, plane.width);
        Self {
            mean: levels.mean(),
            low: levels.quantile(0.01),
            high: levels.quantile(0.99),
            top: levels.quantile(0.998),
            colour: None,
            white: share(levels.0[250..].iter().sum(), luma.len()),
            even: steps.share(steps.even),
            exact: steps.share(steps.exact),
            edge: steps.edge(),
            cover: cover(&levels),
            structure: structure(luma, plane.width),
            noise: noise::share(luma, plane.width),
            layout: None,
            edges: None,
        }
    }

    /// Measures the colour too.
    pub(crate) fn add_colour(&mut self, colours: &Colours) {
        let cells = colours.body();
        let sum = cells.iter().copied().map(colour).sum();
        self.colour = Some(share(sum, cells.len()));
    }

    /// How far apart the darkest and the brightest cells are.
    #[must_use]
    pub fn spread(&self) -> u8 {
        self.high - self.low
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of cells")]
fn share(part: u32, whole: usize) -> f32 {
    part as f32 / whole.max(1) as f32
}

fn colour([r, g, b]: [u8; 3]) -> u32 {
    u32::from(r.max(g).max(b) - r.min(g).min(b))
}

/// How many cells have each brightness.
struct Levels([u32; 256]);

impl Levels {
    /// Four counts side by side: neighbours have one brightness more often than not, and adding to the number that was just written waits for it.
    fn of(luma: &[u8]) -> Self {
        let mut counts = [[0_u32; 256]; 4];
        let (fours, rest) = luma.as_chunks::<4>();
        for four in fours {
            for (counts, &level) in counts.iter_mut().zip(four) {
                counts[usize::from(level)] += 1;
            }
        }
        let [mut all, others @ ..] = counts;
        for &level in rest {
            all[usize::from(level)] += 1;
        }
        for others in others {
            all.iter_mut()
                .zip(others)
                .for_each(|(all, more)| *all += more);
        }
        Self(all)
    }

    fn mean(&self) -> f32 {
        let sum: u32 = (0..).zip(self.0).map(|(level, count)| level * count).sum();
        share(sum, self.0.iter().sum::<u32>() as usize)
    }

    /// The lowest level that this share of the cells does not exceed.
    fn quantile(&self, wanted: f32) -> u8 {
        let all = self.0.iter().sum::<u32>() as usize;
        let mut below = 0;
        for (level, count) in (0..=u8::MAX).zip(self.0) {
            below += count;
            if share(below, all) >= wanted {
                return level;
            }
        }
        u8::MAX
    }
}

/// How pairs of neighbours differ.
#[derive(Default)]
struct Steps {
    all: u32,
    exact: u32,
    even: u32,
    edges: u32,
    /// The sum of the steps that are edges.
    height: u32,
}

impl Steps {
    fn of(luma: &[u8], width: usize) -> Self {
        let mut steps = Self::default();
        for row in luma.chunks(width.max(1)) {
            steps.add(row, &row[1..]);
        }
        steps.add(luma, luma.get(width..).unwrap_or_default());
        steps
    }

    /// Adds the pairs of one cell from each, as far as both go.
    fn add(&mut self, cells: &[u8], neighbours: &[u8]) {
        // Plain sums without branches, which the compiler turns into vector instructions.
        for (&a, &b) in cells.iter().zip(neighbours) {
            let step = a.abs_diff(b);
            self.exact += u32::from(step == 0);
            self.even += u32::from(step <= EVEN);
            self.edges += u32::from(step > WEAK);
            self.height += if step > WEAK { u32::from(step) } else { 0 };
        }
        let pairs = cells.len().min(neighbours.len());
        self.all += u32::try_from(pairs).unwrap_or(u32::MAX);
    }

    /// A share of all pairs; of none it is one.
    fn share(&self, part: u32) -> f32 {
        match self.all {
            0 => 1.0,
            all => share(part, all as usize),
        }
    }

    /// The mean of the steps that are edges.
    fn edge(&self) -> f32 {
        share(self.height, self.edges as usize)
    }
}

/// The share of cells that have one of the eight commonest levels, or one beside it.
fn cover(levels: &Levels) -> f32 {
    let mut rest = levels.0;
    let mut covered = 0;
    for _ in 0..8 {
        let around = |at: usize| at.saturating_sub(1)..(at + 2).min(256);
        let weight = |at: &usize| rest[around(*at)].iter().sum::<u32>();
        let most = (0..256).max_by_key(weight).unwrap_or(0);
        covered += weight(&most);
        rest[around(most)].fill(0);
    }
    share(covered, levels.0.iter().sum::<u32>() as usize)
}

/// Pairs of neighbours, each a mean of two by two cells, that differ by an edge.
fn structure(luma: &[u8], width: usize) -> f32 {
    let columns = width / 2;
    let rows: Vec<&[u8]> = luma.chunks_exact(width.max(1)).collect();
    let coarse: Vec<u16> = rows
        .as_chunks::<2>()
        .0
        .iter()
        .flat_map(|[upper, lower]| {
            let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
            let sum = |pair: &[u8; 2]| u16::from(pair[0]) + u16::from(pair[1]);
            upper.iter().zip(lower).map(move |(a, b)| sum(a) + sum(b))
        })
        .collect();
    let is_edge = |a: u16, b: u16| a.abs_diff(b) >= 4 * STEP;
    let across = coarse.chunks(columns.max(1)).flat_map(|row| {
        row.windows(2)
            .filter(|pair| is_edge(pair[0], pair[1]))
            .map(drop)
    });
    let below = coarse.get(columns..).unwrap_or_default();
    let down = coarse.iter().zip(below).filter(|(a, b)| is_edge(**a, **b));
    let edges = u32::try_from(across.count() + down.count()).unwrap_or(u32::MAX);
    share(edges, coarse.len() * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of `width` cells and 90 rows, of which the body is 70.
    fn plane(width: usize, grey: impl Fn(usize, usize) -> u8) -> Plane {
        let cells = || (0..90).flat_map(|y| (0..width).map(move |x| (x, y)));
        let luma: Vec<u8> = cells().map(|(x, y)| grey(x, y)).collect();
        Plane {
            width,
            height: 90,
            luma,
        }
    }

    #[test]
    fn an_even_picture_has_nothing() {
        let measures = Measures::of(&plane(150, |_, y| if y < 9 { 255 } else { 70 }));
        assert!((measures.mean - 70.0).abs() < 0.01);
        assert_eq!((measures.low, measures.high, measures.top), (70, 70, 70));
        assert!(measures.even > 0.99 && measures.structure.abs() < f32::EPSILON);
    }

    #[test]
    fn a_slope_is_weak_and_a_bar_is_sharp() {
        let slope = Measures::of(&plane(80, |x, _| u8::try_from(x * 3).unwrap()));
        assert!(slope.even < 0.6 && slope.edge < 4.0, "{slope:?}");
        let bars = Measures::of(&plane(80, |x, _| if x / 20 % 2 == 0 { 20 } else { 220 }));
        assert!(bars.even > 0.95 && bars.edge > 199.0, "{bars:?}");
        assert_eq!(bars.spread(), 200);
        assert!(bars.structure > 0.03, "{bars:?}");
    }

    #[test]
    fn the_smallest_picture_is_measured() {
        let cell = Plane {
            width: 1,
            height: 1,
            luma: vec![9],
        };
        let measures = Measures::of(&cell);
        assert!((measures.even - 1.0).abs() < f32::EPSILON);
        assert_eq!(measures.top, 9);
    }
}
