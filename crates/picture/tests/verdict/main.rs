//! What the verdicts are worth: a confusion matrix over pictures of the gate (`gate/`), which is not the generator that the
//! thresholds were set on, and inputs that are no pictures at all.
#![allow(
    clippy::pedantic,
    missing_docs,
    reason = "drawing is arithmetic with small numbers"
)]

mod gate;
mod matrix;
mod nonsense;
mod wilson;
