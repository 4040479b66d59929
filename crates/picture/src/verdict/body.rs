//! Which rows of a picture count. Owns the share; must not look at pixels.

use std::ops::Range;

/// The share of the rows at the top and at the bottom where captions and clocks are burnt in.
const OVERLAY: usize = 9;

/// The rows between the overlays.
pub(crate) fn rows(height: usize) -> Range<usize> {
    height / OVERLAY..height - height / OVERLAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ninth_is_left_out_on_either_side() {
        assert_eq!(rows(675), 75..600);
        assert_eq!(rows(85), 9..76);
        assert_eq!(rows(1), 0..1);
        assert_eq!(rows(0), 0..0);
    }
}
