//! Memory for bodies, used again: what is freed and asked for again by every picture costs a page fault for each of its pages. Must
//! not look at what is in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

/// Larger ones are rare and not kept.
const LARGEST: usize = 1024 * 1024;

/// Buffers that nobody uses at present.
#[derive(Debug)]
pub(super) struct Buffers {
    spare: Mutex<Vec<BytesMut>>,
    most: usize,
}

impl Buffers {
    /// Keeps at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self {
            spare: Mutex::default(),
            most,
        }
    }

    /// An empty one with that much room, if not more.
    pub(super) fn take(&self, room: usize) -> BytesMut {
        let mut buffer = self.lock().pop().unwrap_or_default();
        buffer.reserve(room);
        buffer
    }

    /// Takes one back, unless somebody else still reads it.
    pub(super) fn give(&self, bytes: Bytes) {
        let Ok(mut buffer) = bytes.try_into_mut() else {
            return;
        };
        buffer.clear();
        let mut spare = self.lock();
        if buffer.capacity() <= LARGEST && spare.len() < self.most {
            spare.push(buffer);
        }
    }

    /// Nothing panics while this is held, so that it is whole in any case.
    fn lock(&self) -> MutexGuard<'_, Vec<BytesMut>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(buffers: &Buffers, text: &[u8]) -> Bytes {
        let mut buffer = buffers.take(1000);
        assert!(buffer.is_empty() && buffer.capacity() >= 1000);
        buffer.extend_from_slice(text);
        buffer.freeze()
    }

    #[test]
    fn a_buffer_is_used_again() {
        let buffers = Buffers::new(2);
        let first = filled(&buffers, b"first");
        let place = first.as_ptr();
        buffers.give(first);
        let second = filled(&buffers, b"2nd");
        assert_eq!((second.as_ptr(), &*second), (place, &b"2nd"[..]));
    }

    #[test]
    fn one_that_is_read_is_left_alone() {
        let buffers = Buffers::new(2);
        let first = filled(&buffers, b"first");
        buffers.give(first.clone());
        let second = filled(&buffers, b"2nd");
        assert_eq!((&*first, &*second), (&b"first"[..], &b"2nd"[..]));
    }

    #[test]
    fn no_more_are_kept_than_wanted_and_none_that_is_large() {
        let buffers = Buffers::new(2);
        let many: Vec<Bytes> = (0..5).map(|_| filled(&buffers, b"x")).collect();
        for bytes in many {
            buffers.give(bytes);
        }
        assert_eq!(buffers.lock().len(), 2);
        buffers.lock().clear();
        buffers.give(Bytes::from(vec![0; LARGEST + 1]));
        assert!(buffers.lock().is_empty());
    }
}
