//! The confusion matrix: 8,400 good frames and 500 of each bad kind with `DRAYWATCH_TEST_FULL=1`, 300 and 60 without.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use draywatch_picture::verdict::{Examiner, Placeholders, Verdict};
use draywatch_picture::{Sha256, verify};

use crate::gate::Chance;
use crate::gate::faults;
use crate::gate::film::{Normal, Print};
use crate::gate::plain::Watch;
use crate::gate::world::{Hour, Post};
use crate::wilson::wilson;

/// How many pictures a post takes before another one is built.
const SERIES: usize = 12;

/// How many cards are registered; each comes again in many forms.
const REGISTERED: u64 = 6;

/// The first hours: those without large even areas. Of the even ones a few more re-encoded pictures in a hundred are missed
/// (`docs/decisions/0015-verdicts.md`).
const WITH_GRAIN: usize = 6;

const BAD: [(&str, Verdict); 10] = [
    ("frozen, same bytes", Verdict::Frozen),
    ("frozen, re-encoded", Verdict::Frozen),
    ("frozen, encoded twice", Verdict::Frozen),
    ("frozen, clock amid it", Verdict::Frozen),
    ("placeholder, registered", Verdict::Placeholder),
    ("placeholder, unknown card", Verdict::Placeholder),
    ("placeholder, one colour", Verdict::Placeholder),
    ("placeholder, no signal", Verdict::Placeholder),
    ("dark", Verdict::Dark),
    ("blank", Verdict::Blank),
];

/// What was found for a kind: how often each verdict.
type Matrix = BTreeMap<&'static str, BTreeMap<Verdict, usize>>;

/// One worker's tools.
struct Bench<'a> {
    noise: &'a Normal,
    examiner: Examiner,
    chance: Chance,
    found: Matrix,
}

impl Bench<'_> {
    fn judge(&mut self, kind: &'static str, bytes: &[u8], previous: Option<&[u8]>) {
        let verified = verify(bytes, None).expect("a whole picture");
        let before = previous.map(|bytes| {
            let examined = self.examiner.examine(bytes, Sha256::of(bytes)).unwrap();
            // As it comes out of a database.
            let kept = examined.fingerprint().to_string();
            kept.parse().unwrap()
        });
        let judged = self
            .examiner
            .judge(bytes, verified.sha256, before.as_ref(), || previous);
        let (verdict, examined) = judged.unwrap();
        if std::env::var_os("DRAYWATCH_VERDICT_SHOW").is_some_and(|it| it == verdict.as_str()) {
            println!("{kind} taken for {verdict}: {:?}", examined.measures());
        }
        *self
            .found
            .entry(kind)
            .or_default()
            .entry(verdict)
            .or_default() += 1;
    }

    /// A camera's pictures in a row, each after the one before.
    fn good(&mut self, hour: Hour) {
        let mut post = Post::new(hour, &mut self.chance);
        let mut previous: Option<Vec<u8>> = None;
        for _ in 0..=SERIES {
            let print = post.shoot(self.noise, &mut self.chance);
            let bytes = post.encode(&print, &mut self.chance);
            if let Some(previous) = &previous {
                self.judge(hour.name(), &bytes, Some(previous));
            }
            previous = Some(bytes);
        }
    }

    /// A few pictures of a camera that shows the same over and over.
    fn frozen(&mut self, kind: &'static str, number: usize) {
        let hour = Hour::ALL[number % WITH_GRAIN];
        let mut post = Post::new(hour, &mut self.chance);
        for _ in 0..SERIES {
            let mut print = post.shoot(self.noise, &mut self.chance);
            let mut later = print.clone();
            if kind == "frozen, clock amid it" {
                let time = Watch::new(&mut self.chance);
                time.show(&mut print, self.chance.word());
                time.show(&mut later, self.chance.word());
            }
            let first = post.encode(&print, &mut self.chance);
            let second = match kind {
                "frozen, clock amid it" => post.encode(&later, &mut self.chance),
                "frozen, same bytes" => first.clone(),
                "frozen, re-encoded" => post.encode_otherwise(&mut print, &mut self.chance),
                _ => post.encode_otherwise(&mut Print::of_jpeg(&first), &mut self.chance),
            };
            self.judge(kind, &second, Some(&first));
        }
    }

    fn other(&mut self, kind: &'static str) {
        for _ in 0..SERIES {
            let chance = &mut self.chance;
            let mut print = match kind {
                "placeholder, registered" => {
                    faults::card(&mut registered(chance.below(REGISTERED as usize) as u64))
                }
                "placeholder, unknown card" => faults::card(chance),
                "placeholder, one colour" => faults::uniform(chance),
                "placeholder, no signal" => faults::hiss(self.noise, chance),
                "dark" => faults::dark(self.noise, chance),
                _ => faults::blank(self.noise, chance),
            };
            if kind.starts_with("placeholder") {
                if chance.one_in(2) {
                    print.roughen(chance.between(0.2, 1.5), self.noise, &mut chance.clone());
                }
                if chance.one_in(3) {
                    print.caption(u64::from(chance.word()) << 20, chance.one_in(2));
                }
            }
            let bytes = print.jpeg(45 + chance.below(50) as i32, chance.one_in(8));
            self.judge(kind, &bytes, None);
        }
    }
}

/// The seed of a registered card; unknown ones have other seeds.
fn registered(number: u64) -> Chance {
    Chance::new(7_000_000 + number)
}

fn placeholders() -> Placeholders {
    let mut placeholders = Placeholders::default();
    for number in 0..REGISTERED {
        let bytes = faults::card(&mut registered(number)).jpeg(85, false);
        placeholders.add(format!("card {number}"), &bytes).unwrap();
    }
    placeholders
}

/// Runs tasks on all processors; the result does not depend on how many there are.
fn run(tasks: &[(&'static str, usize)]) -> Matrix {
    let noise = Normal::new();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Matrix::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut bench = Bench {
                    noise: &noise,
                    examiner: Examiner::new(placeholders()),
                    chance: Chance::new(0),
                    found: Matrix::new(),
                };
                while let Some(&(kind, number)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bench.chance = Chance::new(seed(kind, number));
                    let hour = Hour::ALL.into_iter().find(|hour| hour.name() == kind);
                    match hour {
                        Some(hour) => bench.good(hour),
                        None if kind.starts_with("frozen") => bench.frozen(kind, number),
                        None => bench.other(kind),
                    }
                }
                let mut all = all.lock().unwrap();
                for (kind, row) in bench.found {
                    for (verdict, count) in row {
                        *all.entry(kind).or_default().entry(verdict).or_default() += count;
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

/// What a series is drawn by. `DRAYWATCH_VERDICT_SEED` draws others than those that were ever looked at.
fn seed(kind: &str, number: usize) -> u64 {
    let other = std::env::var("DRAYWATCH_VERDICT_SEED").map_or(0, |it| it.parse().unwrap());
    let name = kind.bytes().fold(5381, |sum: u64, byte| {
        sum.wrapping_mul(33) ^ u64::from(byte)
    });
    name.wrapping_add(other).wrapping_mul(1000) + number as u64
}

fn series(kinds: impl Iterator<Item = &'static str>, each: usize) -> Vec<(&'static str, usize)> {
    kinds
        .flat_map(|kind| (0..each.div_ceil(SERIES)).map(move |number| (kind, number)))
        .collect()
}

fn count(row: &BTreeMap<Verdict, usize>, verdict: Verdict) -> usize {
    row.get(&verdict).copied().unwrap_or(0)
}

fn print_row(name: &str, row: &BTreeMap<Verdict, usize>, wanted: Verdict) -> (usize, usize) {
    let all: usize = row.values().sum();
    let right = count(row, wanted);
    let (low, high) = wilson(right, all);
    let counts: String = Verdict::ALL
        .map(|verdict| format!("{:>12}", count(row, verdict)))
        .concat();
    let share = 100.0 * right as f64 / all as f64;
    println!(
        "{name:<26}{counts}   {share:7.3} % right, 95 %: {:.3} to {:.3}",
        low * 100.0,
        high * 100.0
    );
    (right, all)
}

#[test]
fn confusion_matrix() {
    let is_full = std::env::var_os("DRAYWATCH_TEST_FULL").is_some_and(|value| value == "1");
    let (good, bad) = if is_full { (8300, 500) } else { (300, 60) };
    let mut tasks = series(
        Hour::ALL.map(Hour::name).into_iter(),
        good / Hour::ALL.len() + 1,
    );
    tasks.extend(series(BAD.map(|(kind, _)| kind).into_iter(), bad));
    let found = run(&tasks);

    println!(
        "{:<26}{}",
        "",
        Verdict::ALL
            .map(|it| format!("{:>12}", it.as_str()))
            .concat()
    );
    let mut all_good = BTreeMap::new();
    for hour in Hour::ALL {
        let row = &found[hour.name()];
        print_row(hour.name(), row, Verdict::Ok);
        for (verdict, count) in row {
            *all_good.entry(*verdict).or_default() += count;
        }
    }
    let (right, frames) = print_row("all good frames", &all_good, Verdict::Ok);
    let alarms = frames - right;
    let (low, high) = wilson(alarms, frames);
    println!(
        "false alarms {alarms} of {frames}, 95 %: {:.3} % to {:.3} %",
        low * 100.0,
        high * 100.0
    );
    let mut missed = Vec::new();
    for (kind, verdict) in BAD {
        let (right, all) = print_row(kind, &found[kind], verdict);
        assert!(all >= bad, "{kind}: {all}");
        if (right as f64) < 0.99 * all as f64 {
            missed.push(format!("{kind}: {right} of {all}"));
        }
    }
    assert!(frames >= good);
    assert!(
        alarms as f64 <= 0.001 * frames as f64,
        "{alarms} false alarms of {frames}"
    );
    assert!(missed.is_empty(), "recall below 99 %: {missed:?}");
}
