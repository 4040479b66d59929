//! Thumbnails of an hour in one picture, so that a page of a day asks for two dozen instead of a gross. Owns where each of them lies; must
//! not choose them.

use turbojpeg::{PixelFormat, ScalingFactor};

use crate::thumbnail::{Pixels, pack};
use crate::verdict::Unreadable;
use crate::verdict::decode;

/// Tiles of a sheet, one below the other.
pub const TILES: usize = 6;
/// A tile is so many parts wide,
const WIDE: usize = 160;
/// so many high: that of the cameras' pictures,
const HIGH: usize = 90;
/// and has its first and last row repeated so often above and below it. With these it is whole blocks of JPEG high, so that no tile shows
/// at the edge of another, neither when it is packed nor when it is scaled.
const MARGIN: usize = 3;
/// What is shown where there is nothing.
const NOTHING: [u8; 3] = [128; 3];

/// A sheet of tiles as JPEG, so many pixels wide; where there is no thumbnail it is grey.
///
/// # Errors
/// When a thumbnail cannot be decoded.
pub fn sheet<T: AsRef<[u8]>>(thumbnails: &[Option<T>], width: u32) -> Result<Vec<u8>, Unreadable> {
    let width = usize::try_from(width).unwrap_or(WIDE).max(WIDE);
    let (high, margin) = (width * HIGH / WIDE, width * MARGIN / WIDE);
    let mut sheet = Pixels {
        bytes: Vec::new(),
        width,
        height: (high + 2 * margin) * TILES,
    };
    for nth in 0..TILES {
        let tile = match thumbnails.get(nth) {
            Some(Some(thumbnail)) => unpacked(thumbnail.as_ref())?,
            _ => nothing(),
        };
        for row in 0..high + 2 * margin {
            let row = row.saturating_sub(margin).min(high - 1);
            append(&mut sheet.bytes, &tile, (row * tile.height / high, width));
        }
    }
    pack(&sheet)
}

/// Appends a row, as wide as wanted: a picture that is smaller than its tile fills it all the same.
fn append(bytes: &mut Vec<u8>, tile: &Pixels, (row, width): (usize, usize)) {
    for column in 0..width {
        let at = (row * tile.width + column * tile.width / width) * 3;
        bytes.extend_from_slice(&tile.bytes[at..at + 3]);
    }
}

fn nothing() -> Pixels {
    Pixels {
        bytes: NOTHING.to_vec(),
        width: 1,
        height: 1,
    }
}

fn unpacked(jpeg: &[u8]) -> Result<Pixels, Unreadable> {
    let header = decode::header(jpeg)?;
    let mut bytes = Vec::new();
    let (scale, format) = (ScalingFactor::ONE, PixelFormat::RGB);
    let (width, height) = decode::pixels(jpeg, &header, scale, format, &mut bytes)?;
    Ok(Pixels {
        bytes,
        width,
        height,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(colour: [u8; 3], width: usize, height: usize) -> Vec<u8> {
        let bytes = colour.repeat(width * height);
        pack(&Pixels {
            bytes,
            width,
            height,
        })
        .unwrap()
    }

    #[test]
    fn each_tile_lies_where_it_is_looked_for() {
        let colours = [[200, 30, 30], [30, 200, 30], [30, 30, 200], [250, 250, 250]];
        let sizes = [(160, 90), (320, 180), (100, 56), (160, 90)];
        let mut thumbnails: Vec<_> = colours
            .iter()
            .zip(sizes)
            .map(|(colour, (width, height))| Some(plain(*colour, width, height)))
            .collect();
        thumbnails.insert(2, None);
        for (width, high, pitch) in [(160, 90, 96), (320, 180, 192)] {
            let sheet = unpacked(&sheet(&thumbnails, width).unwrap()).unwrap();
            let wide = usize::try_from(width).unwrap();
            assert_eq!((sheet.width, sheet.height), (wide, pitch * TILES));
            let wanted = [
                colours[0], colours[1], NOTHING, colours[2], colours[3], NOTHING,
            ];
            for (nth, colour) in wanted.into_iter().enumerate() {
                let top = nth * pitch + (pitch - high) / 2;
                for (x, y) in [
                    (0, top),
                    (wide - 1, top),
                    (0, top + high - 1),
                    (80, top + 40),
                ] {
                    let at = (y * wide + x) * 3;
                    let found = &sheet.bytes[at..at + 3];
                    let is_near = found.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 6);
                    assert!(is_near, "{nth} at {x}, {y}: {found:?}, not {colour:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(sheet(&[Some(b"<html>")], 160).is_err());
    }
}
