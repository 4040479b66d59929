//! What verifying a picture costs, beside a plain `decompress_to_yuv` of the same picture with the same reuse of
//! buffers. The last line is JSON; with `--json` it is the only one.

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use draywatch_picture::{Limits, Verifier};
use turbojpeg::{Decompressor, YuvImage, yuv_pixels_len};

#[path = "../testing/sample.rs"]
mod sample;

const PICTURES: u32 = 8;
const ROUNDS: usize = 60;
const ALL_CORES_FOR: Duration = Duration::from_secs(2);

type Anyhow<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The yardstick: decode to YUV at full size, into a buffer that is kept.
struct Plain {
    decoder: Decompressor,
    pixels: Vec<u8>,
}

impl Plain {
    fn decode(&mut self, bytes: &[u8]) -> Anyhow<()> {
        let header = self.decoder.read_header(bytes)?;
        let (width, height, subsamp) = (header.width, header.height, header.subsamp);
        let length = yuv_pixels_len(width, 4, height, subsamp)?;
        if self.pixels.len() < length {
            self.pixels.resize(length, 0);
        }
        let image = YuvImage {
            pixels: &mut self.pixels[..],
            width,
            align: 4,
            height,
            subsamp,
        };
        Ok(self.decoder.decompress_to_yuv(bytes, image)?)
    }
}

/// Milliseconds a picture: verifying, decoding, and the median of the rounds' ratios.
struct Cost {
    verify: f64,
    yuv: f64,
    ratio: f64,
}

fn main() -> Anyhow<()> {
    let only_json = std::env::args().any(|argument| argument == "--json");
    let baseline = pictures(false);
    let cost = compare(&baseline)?;
    let per_second = all_cores(&baseline)?;
    if !only_json {
        let bytes = baseline.iter().map(Vec::len).sum::<usize>() / baseline.len();
        println!(
            "{PICTURES} pictures of 1200 x 675, {bytes} bytes on average, {ROUNDS} interleaved rounds"
        );
        show("baseline", &cost);
        show("progressive", &compare(&pictures(true))?);
        println!("all cores      {per_second:7.0} pictures/s verified");
    }
    let Cost { verify, yuv, ratio } = cost;
    println!(
        r#"{{"verify_ms":{verify:.3},"yuv_ms":{yuv:.3},"ratio":{ratio:.3},"all_cores_per_second":{per_second:.0}}}"#
    );
    Ok(())
}

fn pictures(progressive: bool) -> Vec<Vec<u8>> {
    let style = sample::Style {
        progressive,
        ..sample::Style::default()
    };
    (0..PICTURES)
        .map(|seed| sample::jpeg(style, seed.into()))
        .collect()
}

fn show(kind: &str, cost: &Cost) {
    let Cost { verify, yuv, ratio } = cost;
    println!("{kind:<12} verify {verify:6.3} ms, decompress_to_yuv {yuv:6.3} ms, ratio {ratio:.3}");
}

/// Times both ways turn by turn over the same pictures.
fn compare(pictures: &[Vec<u8>]) -> Anyhow<Cost> {
    let mut verifier = Verifier::new(Limits::default())?;
    let mut plain = Plain {
        decoder: Decompressor::new()?,
        pixels: Vec::new(),
    };
    let (mut verify, mut yuv, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut ours, mut theirs) = (0.0, 0.0);
        for bytes in pictures {
            ours += timed(|| Ok(verifier.verify(bytes, Some(bytes.len() as u64)).map(drop)?))?;
            theirs += timed(|| plain.decode(bytes))?;
        }
        verify.push(ours / f64::from(PICTURES));
        yuv.push(theirs / f64::from(PICTURES));
        ratio.push(ours / theirs);
    }
    Ok(Cost {
        verify: median(verify),
        yuv: median(yuv),
        ratio: median(ratio),
    })
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

/// Pictures verified a second with a thread on every core.
fn all_cores(pictures: &[Vec<u8>]) -> Anyhow<f64> {
    let (stop, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let threads = std::thread::available_parallelism()?.get();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> Anyhow<()> {
            let mut verifier = Verifier::new(Limits::default())?;
            for bytes in pictures.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                verifier.verify(bytes, None)?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(ALL_CORES_FOR);
        stop.store(true, Ordering::Relaxed);
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
    })?;
    Ok(f64::from(count.into_inner()) / start.elapsed().as_secs_f64())
}
