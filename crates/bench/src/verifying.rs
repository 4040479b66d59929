//! What one verification costs beside a plain `decompress_to_yuv`, and how many all processors do a second: the machine's
//! bound. Must not verify anything but to measure it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use draywatch_picture::{Limits, Verifier};
use serde::Serialize;
use turbojpeg::{Decompressor, YuvImage, yuv_pixels_len};

use crate::stats::{median, number};

/// Milliseconds a picture on one thread, medians of interleaved rounds.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Mean size of a picture in bytes.
    pub bytes: usize,
    /// Verifying, hash included.
    pub verify_ms: f64,
    /// `decompress_to_yuv` alone.
    pub yuv_ms: f64,
    /// The one by the other; median of the rounds' own ratios.
    pub ratio: f64,
}

/// The yardstick: decodes to YUV in full size, into a buffer that is kept.
struct Plain {
    decoder: Decompressor,
    pixels: Vec<u8>,
}

impl Plain {
    fn decode(&mut self, bytes: &[u8]) -> Result<()> {
        let header = self.decoder.read_header(bytes)?;
        let (width, height, subsamp) = (header.width, header.height, header.subsamp);
        let length = yuv_pixels_len(width, 4, height, subsamp)?;
        if self.pixels.len() < length {
            self.pixels.resize(length, 0);
        }
        let pixels = &mut self.pixels[..];
        let image = YuvImage {
            pixels,
            width,
            align: 4,
            height,
            subsamp,
        };
        Ok(self.decoder.decompress_to_yuv(bytes, image)?)
    }
}

/// Times both ways turn by turn over the same pictures.
pub fn compare(pictures: &[Vec<u8>], rounds: usize) -> Result<Verification> {
    let mut verifier = Verifier::new(Limits::default())?;
    let mut plain = Plain {
        decoder: Decompressor::new()?,
        pixels: Vec::new(),
    };
    let (mut verify, mut yuv, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (mut ours, mut theirs) = (0.0, 0.0);
        for bytes in pictures {
            let promised = Some(bytes.len() as u64);
            ours += timed(|| Ok(verifier.verify(bytes, promised).map(drop)?))?;
            theirs += timed(|| plain.decode(bytes))?;
        }
        verify.push(ours / number(pictures.len()));
        yuv.push(theirs / number(pictures.len()));
        ratio.push(ours / theirs);
    }
    Ok(Verification {
        bytes: pictures.iter().map(Vec::len).sum::<usize>() / pictures.len().max(1),
        verify_ms: median(verify),
        yuv_ms: median(yuv),
        ratio: median(ratio),
    })
}

/// Milliseconds that the work took.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1_000.0)
}

/// Pictures verified a second with a thread on every processor, measured for so long.
pub fn all_cores(pictures: &[Vec<u8>], length: Duration) -> Result<f64> {
    let (stop, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let threads = std::thread::available_parallelism()?.get();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let work = || verify_until(&stop, &count, pictures);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .map_err(|_| anyhow!("a verification panicked"))?
        })
    })?;
    Ok(f64::from(count.into_inner()) / start.elapsed().as_secs_f64())
}

fn verify_until(stop: &AtomicBool, count: &AtomicU32, pictures: &[Vec<u8>]) -> Result<()> {
    let mut verifier = Verifier::new(Limits::default())?;
    for bytes in pictures.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        verifier.verify(bytes, Some(bytes.len() as u64))?;
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
