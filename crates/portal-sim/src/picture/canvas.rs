//! Owns pixels in the form a JPEG encoder wants them: planes of brightness and two half-size colour planes.
//! It must not know what is drawn.

use anyhow::Result;
use turbojpeg::{Compressor, Subsamp, YuvImage};

use super::font;

/// A colour as brightness and two colour differences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// A rectangle in pixels; what lies outside of the canvas is not drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Area {
    pub(crate) const fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

/// A picture under construction.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    rows: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (width, rows) = (width.next_multiple_of(2), height.next_multiple_of(2));
        Self {
            width,
            height,
            rows,
            pixels: vec![128; width * rows * 3 / 2],
        }
    }

    /// The brightness plane, row after row.
    pub(crate) fn luma(&mut self) -> &mut [u8] {
        let size = self.width * self.rows;
        &mut self.pixels[..size]
    }

    pub(crate) fn fill(&mut self, area: Area, colour: Colour) {
        let Colour(y, u, v) = colour;
        let (width, rows) = (self.width, self.rows);
        let (luma, chroma) = self.pixels.split_at_mut(width * rows);
        let (blue, red) = chroma.split_at_mut(width * rows / 4);
        paint(luma, width, rows, area, y);
        let half = Area {
            x: area.x / 2,
            y: area.y / 2,
            width: area.width / 2,
            height: area.height / 2,
        };
        paint(blue, width / 2, rows / 2, half, u);
        paint(red, width / 2, rows / 2, half, v);
    }

    pub(crate) fn disc(&mut self, x: i32, y: i32, radius: i32, colour: Colour) {
        for dy in -radius..=radius {
            let half = (radius * radius - dy * dy).isqrt();
            let area = Area {
                x: x - half,
                y: y + dy,
                width: half * 2,
                height: 1,
            };
            self.fill(area, colour);
        }
    }

    /// Writes a text with letters of 3x5 dots, each dot `scale` pixels wide.
    pub(crate) fn text(&mut self, x: i32, y: i32, scale: i32, text: &str, colour: Colour) {
        let mut left = x;
        for letter in text.chars() {
            let dots = font::dots(letter);
            for index in (0..15).filter(|index| dots >> (14 - index) & 1 == 1) {
                let (column, row) = (index % 3, index / 3);
                let (dot_x, dot_y) = (left + column * scale, y + row * scale);
                self.fill(
                    Area {
                        x: dot_x,
                        y: dot_y,
                        width: scale,
                        height: scale,
                    },
                    colour,
                );
            }
            left += 4 * scale;
        }
    }

    /// The same picture at another size, each pixel the mean of a few.
    pub(crate) fn shrunk(&self, width: usize, height: usize) -> Self {
        let mut small = Self::new(width, height);
        let size = self.width * self.rows;
        let small_size = small.width * small.rows;
        let (luma, chroma) = small.pixels.split_at_mut(small_size);
        shrink(
            &self.pixels[..size],
            (self.width, self.height),
            luma,
            (width, height),
        );
        let (from, to) = ((self.width / 2, self.height / 2), (width / 2, height / 2));
        for (plane, target) in self.pixels[size..]
            .chunks(size / 4)
            .zip(chroma.chunks_mut(small_size / 4))
        {
            shrink(plane, from, target, to);
        }
        small
    }

    /// The picture as a baseline JPEG with half-size colour planes.
    pub(crate) fn encode(&self, quality: i32) -> Result<Vec<u8>> {
        let mut compressor = Compressor::new()?;
        compressor.set_quality(quality)?;
        let image = YuvImage {
            pixels: self.pixels.as_slice(),
            width: self.width,
            align: 1,
            height: self.height,
            subsamp: Subsamp::Sub2x2,
        };
        Ok(compressor.compress_yuv_to_vec(image)?)
    }
}

fn paint(plane: &mut [u8], width: usize, rows: usize, area: Area, value: u8) {
    let clip = |from: i32, length: i32, limit: usize| {
        let end = usize::try_from(from + length).unwrap_or(0).min(limit);
        (usize::try_from(from).unwrap_or(0).min(end), end)
    };
    let (left, right) = clip(area.x, area.width, width);
    let (top, bottom) = clip(area.y, area.height, rows);
    for row in top..bottom {
        plane[row * width + left..row * width + right].fill(value);
    }
}

fn shrink(from: &[u8], from_size: (usize, usize), to: &mut [u8], to_size: (usize, usize)) {
    for row in 0..to_size.1 {
        let top = row * from_size.1 / to_size.1;
        for column in 0..to_size.0 {
            let left = column * from_size.0 / to_size.0;
            let mut sum = 0_u32;
            for y in top..top + 3 {
                let y = y.min(from_size.1 - 1);
                for x in left..left + 3 {
                    sum += u32::from(from[y * from_size.0 + x.min(from_size.0 - 1)]);
                }
            }
            to[row * to_size.0 + column] = u8::try_from(sum / 9).unwrap_or(u8::MAX);
        }
    }
}
