//! What a whole picture is worth: does it show the gate, or does the camera lie? Owns the kinds of verdict and every
//! rule and threshold behind them. It must not read files, know a camera or a clock, or keep anything between calls.
//!
//! A verdict never is a reason to drop a frame. The first of these that holds is the verdict:
//!
//! 1. `placeholder`: like a picture of the registry ([`Placeholders`]), or like a drawn card (even areas of few levels, bars or a slope, with
//!    hard edges between them), or the same colour all over, neither nearly white nor nearly black, or a receiver's noise;
//! 2. `dark`: nothing to be seen, and little light; a night with a few lamps is `ok`;
//! 3. `blank`: nothing to be seen, and more light than that: overexposed, covered, or fogged up;
//! 4. `frozen`: the same picture as the camera's previous frame, which has another instant;
//! 5. `ok`.
//!
//! What the picture shows comes before `frozen`, so that a card that stays for a week is a `placeholder` from its first frame to
//! its last. The caller must not offer a frame of the same instant as the previous one: twins are not a frozen camera.
//!
//! Everything but step 4 is decided by one decode at an eighth of the size, which may be that of the check ([`Seen`]); only what else would
//! be a drawn card is looked at in full size for its edges. For `frozen`, a [`Fingerprint`] of the previous
//! frame (its SHA-256 and a perceptual hash, short enough for a column) names candidates, and only those cost the
//! previous frame's bytes and two decodes at full size ([`Examiner::is_same_picture`]).
//!
//! The top and the bottom ninth of a picture are not looked at (but for equality byte for byte): there runs the burnt-in
//! clock, in a frozen picture as in a black one. `docs/decisions/0015-verdicts.md` says why and gives figures.

mod body;
mod content;
pub(crate) mod decode;
mod drawn;
mod examiner;
mod fingerprint;
mod measures;
mod moved;
mod noise;
mod placeholders;
mod plane;
mod same;
mod tables;

pub use decode::Unreadable;
pub use drawn::{Edges, Layout};
pub use draywatch_core::verdict::{ParseVerdictError, Verdict};
pub use examiner::{Examined, Examiner, Seen, Step};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use measures::Measures;
pub use placeholders::Placeholders;
pub(crate) use plane::Plane;
pub use same::Contradiction;
