#![allow(warnings, clippy::all, clippy::pedantic)]
use draywatch_picture::verdict::Examiner;
#[path = "../testing/yard/mod.rs"]
mod yard;
use turbojpeg::{PixelFormat, Subsamp};
use yard::canvas::Grain;
use yard::*;
fn main() {
    let mut d = Dice(5);
    let g = Grain::new();
    let mut ex = Examiner::default();
    for light in [Light::Day, Light::QuietNight] {
        let cam = Camera::new(light, &mut d);
        let px = cam.shoot(&g, &mut d);
        for (a, b) in [
            (60, 80),
            (61, 63),
            (80, 81),
            (50, 70),
            (90, 92),
            (93, 95),
            (70, 70),
            (48, 56),
            (95, 95),
            (62, 94),
            (63, 93),
            (64, 86),
        ] {
            let st = |q| Style {
                quality: q,
                subsamp: Subsamp::Sub2x2,
                progressive: false,
            };
            let x = encode(&px, st(a));
            let y = encode(&px, st(b));
            let yy = turbojpeg::decompress(&x, PixelFormat::RGB).unwrap().pixels;
            let z = encode(&yy, st(b));
            println!(
                "{light:?} {a} {b}: {:?} {:?}",
                ex.contradiction(&x, &y).unwrap(),
                ex.contradiction(&x, &z).unwrap()
            );
        }
    }
}
