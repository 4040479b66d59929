//! The command line: parse, set up, run, exit status. Words and tables for people are in here; what happens is elsewhere.

pub mod adopt_cmd;
pub mod alert_cmd;
pub mod args;
pub mod completions;
pub mod config_cmd;
pub mod context;
pub mod doctor_cmd;
#[cfg(feature = "failpoints")]
mod drill;
mod examine_cmd;
mod export_cmd;
mod fetch_cmd;
pub mod gaps_cmd;
mod health_cmd;
pub mod hold_cmd;
pub mod logging;
mod look;
mod password_cmd;
mod placeholder_cmd;
mod progress;
pub mod prune_cmd;
mod run_cmd;
pub mod runs_cmd;
mod serve_cmd;
pub mod status_cmd;
mod status_jobs;
pub mod table;
mod timelapse_cmd;
pub mod verify_cmd;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use args::{Args, Command};
use context::{CliError, Context, Status};
use logging::Purpose;

use crate::config::{Config, env};

/// Runs the program and tells its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = draywatch_portal::guard::run_if_asked(&words[1.min(words.len())..]) {
        return code;
    }
    // Two TLS libraries could be chosen from in the dependency tree; one must be named before the first use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = match Args::parse_checked(words) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    match run(&args) {
        Ok(status) => status.into(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            error.status().into()
        }
    }
}

/// Commands that need no database first, then the others on a runtime.
fn run(args: &Args) -> Result<Status, CliError> {
    let load = || {
        Config::load(
            args.global.config.as_deref(),
            env::environment(),
            &args.overrides(),
        )
    };
    match &args.command {
        Command::Completions(shell) => {
            logging::set_up_plain(&args.global);
            quiet_pipe(completions::run(shell.shell, &mut std::io::stdout()).map(|()| 0))
        }
        Command::Config(config) => {
            logging::set_up_plain(&args.global);
            let done = config_cmd::run(
                &config.command,
                &args.global,
                load,
                &mut std::io::stdout(),
                &mut std::io::stderr(),
            );
            quiet_pipe(done)
        }
        Command::Run(_) => {
            let loaded = load()?.fit_for_service()?;
            let log = logging::set_up(&args.global, &loaded.config.log, Purpose::Service)?;
            #[cfg(feature = "failpoints")]
            drill::arm();
            run_cmd::run(&loaded, args.overrides(), log)
        }
        Command::Password => {
            logging::set_up_plain(&args.global);
            password_cmd::run()
        }
        Command::Serve => {
            let loaded = load()?;
            let _log = logging::set_up(&args.global, &loaded.config.log, Purpose::Service)?;
            serve_cmd::run(loaded)
        }
        _ => {
            let config = load()?.config;
            let _log = logging::set_up(&args.global, &config.log, Purpose::Command)?;
            #[cfg(feature = "failpoints")]
            drill::arm();
            let context = Context::new(config, &args.global);
            // One thread waits for network and database: handing what comes from thread to thread would cost more than it
            // saves. What computes or waits for the disk has threads of its own, as many as there is work for.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(16)
                .build()
                .map_err(|error| CliError::failed(&error))?;
            let status = runtime.block_on(dispatch(args, &context));
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
            status
        }
    }
}

async fn dispatch(args: &Args, context: &Context) -> Result<Status, CliError> {
    match &args.command {
        Command::Fetch(fetch) => fetch_cmd::fetch(fetch, context).await,
        Command::Backfill(backfill) => fetch_cmd::backfill(backfill, context).await,
        Command::Status => status_cmd::run(context).await,
        Command::Health => Ok(health_cmd::run(context)),
        Command::Runs(runs) => runs_cmd::run(runs, context).await,
        Command::Gaps(gaps) => gaps_cmd::run(gaps, context).await,
        Command::Export(export) => export_cmd::run(export, context).await,
        Command::Timelapse(timelapse) => timelapse_cmd::run(timelapse, context).await,
        Command::Verify(verify) => verify_cmd::run(verify, context).await,
        Command::Adopt(adopt) => adopt_cmd::run(adopt, context).await,
        Command::Prune(prune) => prune_cmd::run(prune, context).await,
        Command::Hold(hold) => hold_cmd::run(hold, context).await,
        Command::Examine(examine) => examine_cmd::run(examine, context).await,
        Command::Placeholder(placeholder) => placeholder_cmd::run(placeholder, context).await,
        Command::Alert(alert) => alert_cmd::run(alert, context).await,
        Command::Doctor(doctor) => doctor_cmd::run(doctor, context).await,
        Command::Completions(_)
        | Command::Config(_)
        | Command::Run(_)
        | Command::Serve
        | Command::Password => Err(CliError::new(
            draywatch_core::Kind::Bug,
            "this command needs no runtime: please report this",
        )),
    }
}

/// A reader that has gone away (`draywatch ... | head`) is no failure.
fn quiet_pipe(done: std::io::Result<u8>) -> Result<Status, CliError> {
    match done {
        Ok(0) => Ok(Status::AllWell),
        Ok(1) => Ok(Status::SomethingMissing),
        Ok(_) => Ok(Status::Usage),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Status::AllWell),
        Err(error) => Err(CliError::failed(&error)),
    }
}
