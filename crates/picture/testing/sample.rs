//! Pictures for tests and measurements, the same on every run. Shared by the unit tests and the example.

use turbojpeg::{Colorspace, Compressor, Image, PixelFormat, Subsamp};

/// A small pseudo-random generator (splitmix64), so that samples never change with a library's version.
pub struct Random(pub u64);

impl Random {
    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// How a sample is compressed.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub width: usize,
    pub height: usize,
    pub format: PixelFormat,
    pub subsamp: Subsamp,
    pub colorspace: Option<Colorspace>,
    pub progressive: bool,
    pub arithmetic: bool,
}

impl Default for Style {
    /// As the portal's cameras: 1200 x 675, 4:2:0, baseline.
    fn default() -> Self {
        Self {
            width: 1200,
            height: 675,
            format: PixelFormat::RGB,
            subsamp: Subsamp::Sub2x2,
            colorspace: None,
            progressive: false,
            arithmetic: false,
        }
    }
}

/// A picture of this style: a soft gradient under noise, which compresses about as well as a camera's frame.
pub fn jpeg(style: Style, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let size = style.format.size();
    let mut pixels = Vec::with_capacity(style.width * style.height * size);
    for y in 0..style.height {
        for x in 0..style.width {
            let noise = random.bits().to_le_bytes();
            for (channel, noise) in noise.iter().enumerate().take(size) {
                let base = (x * (channel + 1) / 12 + y / 5) % 200;
                pixels.push(u8::try_from(base).unwrap() + noise % 40);
            }
        }
    }
    let (width, height, format) = (style.width, style.height, style.format);
    let image = Image {
        pixels: &pixels[..],
        width,
        pitch: width * size,
        height,
        format,
    };
    compressor(style).compress_to_vec(image).unwrap()
}

fn compressor(style: Style) -> Compressor {
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(80).unwrap();
    compressor.set_subsamp(style.subsamp).unwrap();
    if let Some(colorspace) = style.colorspace {
        compressor.set_colorspace(colorspace).unwrap();
    }
    compressor.set_progressive(style.progressive).unwrap();
    compressor.set_arithmetic(style.arithmetic).unwrap();
    compressor
}
