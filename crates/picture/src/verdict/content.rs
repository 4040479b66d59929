//! What a picture shows, by its measures alone. Owns the thresholds; must not measure.
//!
//! The thresholds were set on the pictures of `examples/verdict_tuning.rs`, which prints the distributions; the test of them
//! (`tests/verdict`) draws its pictures otherwise.

use draywatch_core::verdict::Verdict;

use super::drawn::{Edges, Layout};
use super::measures::Measures;

/// The least share of edges in a picture with something to be seen.
const STRUCTURE: f32 = 0.003;

/// A picture of one colour has no larger spread of brightness.
const UNIFORM_SPREAD: u8 = 3;

/// A picture without structure whose mean is below this is dark.
const DARK: f32 = 60.0;

/// A picture of one colour whose mean is above this is blank: a flooded sensor, not a card.
const BRIGHT: f32 = 190.0;

/// A picture of one colour is a card, however dark, when its channels differ by so much (a blue screen).
const COLOURED: f32 = 40.0;

/// Nothing is to be seen by eye where all is darker than this.
const BLACK: u8 = 24;

/// A drawn card has at least this share of even pairs,
const CARD_EVEN: f32 = 0.78;

/// at least this mean step at its edges if half of the pairs are exactly equal (less if more are, more if fewer),
const CARD_EDGE: f32 = 37.0;
const CARD_EDGE_BY_EXACT: f32 = 60.0;

/// so much of it in few levels, bars or a slope; more if it is one ground that is even but not exactly so, as asphalt without
/// grain would be, and nearly all of it if half of it is white, as snow under a white sky would be,
const CARD_LAYOUT: f32 = 0.85;
const CARD_GROUND: f32 = 0.91;
const CARD_IN_WHITE: f32 = 0.95;

/// and at full size edges in this share of the places at least, of which this share at least are hard.
const CARD_EDGES: f32 = 0.0005;
const CARD_HARD: f32 = 0.7;

/// A ground is exactly even if of its even pairs so many are equal.
const EXACTLY: f32 = 0.985;

/// A receiver without a signal shows noise in so much of the picture; what else there may be is a caption.
const NOISE: f32 = 0.6;

/// A picture with so many white cells is blank, whatever the rest.
const WHITE: f32 = 0.97;

/// Whether the verdict hangs on the picture's colour: it is of one colour, and not bright.
pub(crate) fn needs_colour(measures: &Measures) -> bool {
    measures.structure < STRUCTURE && measures.spread() <= UNIFORM_SPREAD && measures.mean < BRIGHT
}

/// The verdict that needs no other picture; `None` if the picture shows something.
pub(crate) fn verdict(measures: &Measures) -> Option<Verdict> {
    if measures.structure < STRUCTURE {
        return Some(without_structure(measures));
    }
    if measures.top < BLACK {
        return Some(Verdict::Dark);
    }
    if is_card(measures) || measures.noise >= NOISE {
        return Some(Verdict::Placeholder);
    }
    (measures.white >= WHITE).then_some(Verdict::Blank)
}

/// Whether the verdict hangs on the layout: without it, the picture would be a card.
pub(crate) fn needs_layout(measures: &Measures) -> bool {
    let drawn = measures.edge + CARD_EDGE_BY_EXACT * (measures.exact - 0.5);
    let shows_something = measures.structure >= STRUCTURE && measures.top >= BLACK;
    shows_something && measures.even >= CARD_EVEN && drawn >= CARD_EDGE
}

/// Whether it hangs on the edges at full size: by all else, the picture would be a card.
pub(crate) fn needs_edges(measures: &Measures) -> bool {
    let is_exact = measures.exact >= EXACTLY * measures.even;
    let least = |layout: &Layout| match measures.white {
        white if white >= 0.5 => CARD_IN_WHITE,
        _ if layout.is_one_ground && !is_exact => CARD_GROUND,
        _ => CARD_LAYOUT,
    };
    let layout = measures.layout.as_ref();
    layout.is_some_and(|layout| layout.share >= least(layout))
}

fn is_card(measures: &Measures) -> bool {
    let has_hard_edges = |edges: Edges| edges.share >= CARD_EDGES && edges.hard >= CARD_HARD;
    needs_layout(measures) && needs_edges(measures) && measures.edges.is_some_and(has_hard_edges)
}

fn without_structure(measures: &Measures) -> Verdict {
    let is_uniform = measures.spread() <= UNIFORM_SPREAD;
    let is_grey = measures.colour.is_none_or(|colour| colour < COLOURED);
    match measures.mean {
        mean if is_uniform && !is_grey && mean < BRIGHT => Verdict::Placeholder,
        mean if mean < DARK => Verdict::Dark,
        mean if is_uniform && mean < BRIGHT => Verdict::Placeholder,
        _ => Verdict::Blank,
    }
}
