//! `draywatch completions`: the completion script for a shell.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Args;

/// Writes the completion script for `shell`.
///
/// # Errors
/// When it cannot be written.
pub fn run(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    // The generator panics where it cannot write, so it is given memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "draywatch", &mut script);
    out.write_all(&script)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_has_a_script_that_knows_the_commands() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            run(*shell, &mut script).unwrap();
            let script = String::from_utf8(script).unwrap();
            for word in ["backfill", "doctor", "frames-from"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let error = run(Shell::Bash, &mut Closed).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
