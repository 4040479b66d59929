//! PICTURES: bytes -> a verified picture, or why not. This crate owns every judgement about a picture's bytes
//! (whole or damaged, its size, its hash) and the program's only C, libjpeg-turbo. It must not read or write
//! files, speak HTTP, know a clock or a database, or depend on an asynchronous runtime.
//!
//! A picture counts as whole when all of these hold; each was measured against damaged pictures:
//!
//! 1. it has exactly as many bytes as the server promised, if it promised a number;
//! 2. its markers form an unbroken chain whose end marker (`FF D9`) is the very last thing: not one byte may
//!    follow, not even padding;
//! 3. its scans sent every coefficient that its header announced;
//! 4. its claimed size is within [`Limits`], asked before any memory is taken for pixels;
//! 5. libjpeg-turbo decodes every coefficient of every scan without an error *and without a warning*, by a decoder that saw
//!    no other picture before.
//!
//! What no decoder can see (a flipped bit that is still a valid code, one missing stretch of a progressive picture
//! in fifty when no length was promised) only the recorded [`Sha256`] sees, from then on.
//!
//! ```
//! let refusal = draywatch_picture::verify(b"<!doctype html><title>Login</title>", None).unwrap_err();
//! assert_eq!(refusal.reason(), "not_a_picture");
//! assert_eq!(refusal.to_string(), "not a picture but an HTML page");
//! ```

mod coverage;
mod hash;
mod limits;
mod markers;
mod refusal;
mod sheet;
mod sniff;
mod thumbnail;
pub mod verdict;
mod verify;

pub use hash::{ParseSha256Error, Sha256};
pub use limits::Limits;
pub use refusal::Refusal;
pub use sheet::{TILES, sheet};
pub use thumbnail::thumbnail;
pub use verify::{Dimensions, MediaType, Verified, Verifier, verify, verify_and_see};
