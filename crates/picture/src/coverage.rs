//! Whether a JPEG's scans sent all that its frame header announced. Owns the account; must not decode.
//!
//! A progressive picture that was cut exactly between two scans and given an end marker decodes without a
//! warning, only blurred: no decoder complains about scans that never came.

/// What has not yet been sent to full precision, per component.
#[derive(Default)]
pub(crate) struct Coverage {
    progressive: bool,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    /// A bit for each of the 64 coefficients that is still missing.
    missing: u64,
}

impl Coverage {
    /// Takes note of a frame header (SOF) without its length. One too short is left to the decoder to refuse.
    pub(crate) fn frame(&mut self, marker: u8, header: &[u8]) {
        self.progressive = matches!(marker, 0xC2 | 0xCA);
        let ids = header
            .get(6..)
            .unwrap_or_default()
            .chunks(3)
            .map(|component| component[0]);
        self.components = ids
            .map(|id| Component {
                id,
                missing: u64::MAX,
            })
            .collect();
    }

    /// Takes note of a scan header (SOS) without its length.
    pub(crate) fn scan(&mut self, header: &[u8]) {
        let Some((&count, rest)) = header.split_first() else {
            return;
        };
        let Some((components, &[first, last, precision])) =
            rest.split_at_checked(2 * usize::from(count))
        else {
            return;
        };
        let sent = match (self.progressive, precision & 0x0F) {
            (false, _) => u64::MAX,
            (true, 0) if first <= last && last < 64 => u64::MAX << first & u64::MAX >> (63 - last),
            (true, _) => 0,
        };
        for component in &mut self.components {
            if components.chunks(2).any(|pair| pair[0] == component.id) {
                component.missing &= !sent;
            }
        }
    }

    /// Whether every coefficient of every component was sent.
    pub(crate) fn is_complete(&self) -> bool {
        self.components
            .iter()
            .all(|component| component.missing == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of two components (1 and 2) and these scans: components, first and last coefficient, precision.
    fn complete(marker: u8, scans: &[(&[u8], u8, u8, u8)]) -> bool {
        let mut coverage = Coverage::default();
        coverage.frame(marker, &[8, 0, 9, 0, 9, 2, 1, 0x11, 0, 2, 0x11, 0]);
        for (ids, first, last, precision) in scans {
            let mut header = vec![u8::try_from(ids.len()).unwrap()];
            ids.iter().for_each(|id| header.extend([*id, 0]));
            header.extend([*first, *last, *precision]);
            coverage.scan(&header);
        }
        coverage.is_complete()
    }

    #[test]
    fn a_sequential_picture_needs_every_component() {
        assert!(complete(0xC0, &[(&[1, 2], 0, 63, 0)]));
        assert!(complete(0xC0, &[(&[1], 0, 63, 0), (&[2], 0, 63, 0)]));
        assert!(!complete(0xC0, &[(&[1], 0, 63, 0)]));
    }

    #[test]
    fn a_progressive_picture_needs_every_coefficient_to_the_last_bit() {
        let all: [(&[u8], u8, u8, u8); 5] = [
            (&[1, 2], 0, 0, 1),
            (&[1], 1, 63, 0),
            (&[2], 1, 5, 0),
            (&[2], 6, 63, 0),
            (&[1, 2], 0, 0, 0x10),
        ];
        assert!(complete(0xC2, &all));
        for last in 0..all.len() {
            assert!(!complete(0xC2, &all[..last]), "{last}");
        }
    }

    #[test]
    fn nonsense_is_survived() {
        let mut coverage = Coverage::default();
        coverage.frame(0xC2, &[1, 2]);
        coverage.frame(0xC2, &[8, 0, 9, 0, 9, 1, 1]);
        for header in [
            &[][..],
            &[1],
            &[9, 1, 0, 0, 63, 0],
            &[1, 1, 0, 9, 3, 0],
            &[1, 1, 0, 0, 64, 0],
        ] {
            coverage.scan(header);
        }
        assert!(!coverage.is_complete());
    }
}
