//! Curves over collections, as SVG. Must not judge.

use std::fmt::Write as _;

use crate::samples::Sample;
use crate::soak::FIGURES;
use crate::stats::number;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 110.0;
const LEFT: f64 = 150.0;
const GAP: f64 = 30.0;

/// One strip for each figure.
pub fn svg(samples: &[Sample]) -> String {
    let strips = number(FIGURES.len());
    let (wide, high) = (LEFT + WIDTH + 20.0, strips * (HEIGHT + GAP) + GAP);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let last = samples.last().map_or(1, |sample| sample.collections.max(1));
    for (nth, (name, of, _, _)) in FIGURES.iter().enumerate() {
        let top = GAP + number(nth) * (HEIGHT + GAP);
        let most = samples.iter().map(of).max().unwrap_or(0).max(1);
        let points: String = samples
            .iter()
            .map(|sample| {
                let x = LEFT + WIDTH * number(sample.collections) / number(last);
                let y = top + HEIGHT * (1.0 - number(of(sample)) / number(most));
                format!("{x:.1},{y:.1} ")
            })
            .collect();
        let bottom = top + HEIGHT;
        let _ = writeln!(
            text,
            "<text x=\"5\" y=\"{:.0}\">{name}</text><text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{most}</text>\n\
             <path d=\"M{LEFT},{top} V{bottom} H{:.0}\" fill=\"none\" stroke=\"#999\"/>\n\
             <polyline points=\"{points}\" fill=\"none\" stroke=\"#06c\"/>",
            top + HEIGHT / 2.0,
            LEFT - 5.0,
            top + 10.0,
            LEFT + WIDTH
        );
    }
    let _ = writeln!(
        text,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{last} collections</text>\n</svg>",
        LEFT + WIDTH,
        high - 8.0
    );
    text
}
