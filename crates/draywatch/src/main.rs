//! Parse, run, exit status.

fn main() -> std::process::ExitCode {
    draywatch::cli::main()
}
