//! Prints what the thresholds of verdicts were set from: distributions over pictures of the yard (`testing/yard`), kind by
//! kind. The test of the verdicts uses another generator. `--count N` pictures of each kind (default 200).
#![allow(
    clippy::pedantic,
    reason = "drawing is arithmetic with small numbers; nothing of this is shipped"
)]

use draywatch_picture::Sha256;
use draywatch_picture::verdict::{Examined, Examiner, Measures, Step, Verdict};
use turbojpeg::{PixelFormat, Subsamp};

#[path = "../testing/yard/mod.rs"]
mod yard;

use yard::canvas::Grain;
use yard::{Camera, Dice, Light, Style, cards, encode};

/// Named numbers of one picture.
type Row = Vec<(&'static str, f32)>;

struct Tuning {
    examiner: Examiner,
    grain: Grain,
    dice: Dice,
    count: usize,
}

fn main() {
    let mut arguments = std::env::args().skip_while(|it| it != "--count").skip(1);
    let mut tuning = Tuning {
        examiner: Examiner::default(),
        grain: Grain::new(),
        dice: Dice(20_261_122),
        count: arguments.next().map_or(200, |it| it.parse().unwrap()),
    };
    for light in Light::ALL {
        tuning.good(light);
    }
    for (name, draw) in [("card", true), ("uniform", false)] {
        tuning.bad(name, "placeholder", |dice| {
            let canvas = if draw {
                cards::card(dice)
            } else {
                cards::uniform(dice)
            };
            let noise = if dice.chance(0.5) {
                0.0
            } else {
                dice.within(0.3, 1.5)
            };
            (canvas, noise)
        });
    }
    tuning.bad("no signal", "placeholder", cards::static_noise);
    tuning.bad("dark", "dark", cards::dark);
    tuning.bad("blank", "blank", cards::blank);
}

impl Tuning {
    /// Pairs of exposures, and each first one re-encoded in three ways.
    fn good(&mut self, light: Light) {
        let (mut content, mut live, mut frozen) = (Vec::new(), Vec::new(), Vec::new());
        let mut wrong = 0;
        for number in 0..self.count {
            let camera = Camera::new(light, &mut self.dice);
            let style = Style::any(&mut self.dice);
            let first_pixels = camera.shoot(&self.grain, &mut self.dice);
            let first = encode(&first_pixels, style);
            let second = encode(&camera.shoot(&self.grain, &mut self.dice), style);
            let examined = self.examine(&first);
            if examined.after(None) != Step::Settled(Verdict::Ok) {
                wrong += 1;
                println!(
                    "  {light:?} taken for {:?}: {:?}",
                    examined.after(None),
                    examined.measures()
                );
            }
            content.push(content_row(&examined));
            if measures_only() {
                continue;
            }
            live.push(self.pair(&first, &second));
            let other_style = Style::any(&mut self.dice);
            let other = encode(&camera.shoot(&self.grain, &mut self.dice), other_style);
            live.push(self.pair(&first, &other));
            let style = Style::any(&mut self.dice);
            let again = match number % 3 {
                0 => encode(&first_pixels, style),
                1 => encode(&decoded(&first), style),
                _ => {
                    let style = Style {
                        subsamp: Subsamp::Sub2x2,
                        ..style
                    };
                    encode(
                        &decoded(&encode(&first_pixels, style)),
                        Style::any(&mut self.dice),
                    )
                }
            };
            let first = if number % 3 == 2 {
                encode(&first_pixels, style)
            } else {
                first
            };
            frozen.push(self.pair(&first, &again));
        }
        show(&format!("{light:?}: content ({wrong} not ok)"), &content);
        if !measures_only() {
            show(&format!("{light:?}: two exposures"), &live);
            show(&format!("{light:?}: re-encoded"), &frozen);
        }
    }

    fn bad(&mut self, name: &str, verdict: &str, draw: impl Fn(&mut Dice) -> (yard::Canvas, f32)) {
        let mut rows = Vec::new();
        let mut wrong = 0;
        for _ in 0..self.count {
            let (canvas, deviation) = draw(&mut self.dice);
            let pixels = if deviation > 0.0 {
                canvas.exposed(1.0, deviation, &self.grain, &mut self.dice)
            } else {
                canvas.plain()
            };
            let bytes = encode(&pixels, Style::any(&mut self.dice));
            let examined = self.examine(&bytes);
            let found = match examined.after(None) {
                Step::Settled(found) => found.as_str(),
                Step::Candidate => "candidate",
            };
            if found != verdict {
                wrong += 1;
                println!("  {name} taken for {found}: {:?}", examined.measures());
            }
            rows.push(content_row(&examined));
        }
        show(&format!("{name} ({wrong} not {verdict})"), &rows);
    }

    fn examine(&mut self, bytes: &[u8]) -> Examined {
        self.examiner.examine(bytes, Sha256::of(bytes)).unwrap()
    }

    fn pair(&mut self, first: &[u8], second: &[u8]) -> Row {
        let (a, b) = (self.examine(first), self.examine(second));
        let (bits, mean) = a.fingerprint().distance(b.fingerprint());
        let against = self.examiner.contradiction(first, second).unwrap();
        let against = against.unwrap();
        vec![
            ("hash bits", bits as f32),
            ("mean / 16", f32::from(mean)),
            ("contradiction %", against.share * 100.0),
            ("together", against.together as f32),
        ]
    }
}

/// With `--measures` only what one look finds is shown: a tenth of the time.
fn measures_only() -> bool {
    std::env::args().any(|argument| argument == "--measures")
}

fn decoded(bytes: &[u8]) -> Vec<u8> {
    turbojpeg::decompress(bytes, PixelFormat::RGB)
        .unwrap()
        .pixels
}

fn content_row(examined: &Examined) -> Row {
    let measures: &Measures = examined.measures();
    let edges = measures.edges.unwrap_or_default();
    vec![
        ("mean", measures.mean),
        ("spread", f32::from(measures.spread())),
        ("top", f32::from(measures.top)),
        ("colour", measures.colour.unwrap_or_default()),
        ("white %", measures.white * 100.0),
        ("even %", measures.even * 100.0),
        ("exact %", measures.exact * 100.0),
        ("edge", measures.edge),
        ("cover %", measures.cover * 100.0),
        ("structure %", measures.structure * 100.0),
        ("noise %", measures.noise * 100.0),
        (
            "layout %",
            measures.layout.map_or(0.0, |it| it.share) * 100.0,
        ),
        ("edges %", edges.share * 100.0),
        ("hard %", edges.hard * 100.0),
    ]
}

/// Pictures with many even pairs, where cards are told from scenes.
fn show_even(rows: &[Row]) {
    let value = |row: &Row, name: &str| row.iter().find(|it| it.0 == name).unwrap().1;
    for row in rows
        .iter()
        .filter(|row| value(row, "even %") >= 84.0 && value(row, "structure %") >= 0.3)
    {
        println!(
            "EVEN {:.1} exact {:.1} edge {:.1} cover {:.1}",
            value(row, "even %"),
            value(row, "exact %"),
            value(row, "edge"),
            value(row, "cover %")
        );
    }
}

/// Least, one in a hundred, median, 99 in a hundred, most.
fn show(title: &str, rows: &[Row]) {
    println!("{title}, {} pictures", rows.len());
    if rows[0].len() > 4 && measures_only() {
        show_even(rows);
    }
    for (column, (name, _)) in rows[0].iter().enumerate() {
        let mut values: Vec<f32> = rows.iter().map(|row| row[column].1).collect();
        values.sort_by(f32::total_cmp);
        let at = |share: f32| values[((values.len() - 1) as f32 * share).round() as usize];
        let shown: Vec<String> = [0.0, 0.01, 0.5, 0.99, 1.0]
            .map(|it| format!("{:9.3}", at(it)))
            .to_vec();
        println!("  {name:<16}{}", shown.join(""));
    }
}
