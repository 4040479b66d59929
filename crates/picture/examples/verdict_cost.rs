//! What a verdict costs, beside verifying the same picture: one look, the hash being known from `verify`; both by one decode, as at
//! the fetch; and the look at full size that only candidates for `frozen` need. The last line is JSON; with `--json` it is the only one.

use std::error::Error;
use std::time::Instant;

use draywatch_picture::verdict::{Examiner, Placeholders};
use draywatch_picture::{Limits, Sha256, Verifier};

#[path = "../testing/sample.rs"]
mod sample;

const PICTURES: u64 = 8;
const ROUNDS: usize = 40;

type Anyhow<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Anyhow<()> {
    let style = sample::Style::default();
    let pictures: Vec<_> = (0..PICTURES)
        .map(|seed| sample::jpeg(style, seed))
        .collect();
    let mut verifier = Verifier::new(Limits::default())?;
    let mut examiner = Examiner::default();
    let (mut verify, mut look, mut confirm) = (Vec::new(), Vec::new(), Vec::new());
    let (mut both, none) = (Vec::new(), Placeholders::default());
    for round in 0..ROUNDS * pictures.len() {
        let bytes = &pictures[round % pictures.len()];
        let previous = &pictures[(round + 1) % pictures.len()];
        let sha256 = Sha256::of(bytes);
        verify.push(timed(|| Ok(verifier.verify(bytes, None).map(drop)?))?);
        look.push(timed(|| Ok(examiner.examine(bytes, sha256).map(drop)?))?);
        both.push(timed(|| {
            let (_, seen) = verifier.verify_and_see(bytes, None)?;
            Ok(seen.examine(bytes, &none).map(drop)?)
        })?);
        confirm.push(timed(|| {
            Ok(examiner.is_same_picture(previous, bytes).map(drop)?)
        })?);
    }
    let (verify, look, confirm) = (median(verify), median(look), median(confirm));
    let both = median(both);
    if !std::env::args().any(|argument| argument == "--json") {
        let bytes = pictures.iter().map(Vec::len).sum::<usize>() / pictures.len();
        println!("{PICTURES} pictures of 1200 x 675, {bytes} bytes on average, medians");
        println!("verify {verify:.3} ms, look {look:.3} ms, both by one decode {both:.3} ms");
        println!("look at full size {confirm:.3} ms");
    }
    println!(
        r#"{{"verify_ms":{verify:.3},"look_ms":{look:.3},"both_ms":{both:.3},"confirm_ms":{confirm:.3}}}"#
    );
    Ok(())
}

/// Milliseconds that the work took.
fn timed(work: impl FnOnce() -> Anyhow<()>) -> Anyhow<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1_000.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
