//! `draywatch export` by the real program, read by the programs that exports are for.

#[path = "../read_commands/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of other commands, which use the rest"
)]
mod support;

mod errors;
mod kills;
mod python;
mod reads;
