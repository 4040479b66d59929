//! The pieces of an export to where they go, with progress, until the end or until it is told to stop. Must not know what is in them.

use std::future::Future;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context as Task, Poll, Waker};

use draywatch_core::Kind;
use draywatch_export::{Export, Output, Request};

use super::super::context::{CliError, Context};
use super::super::look::Bar;
use super::{Ended, Sources, complain};
use crate::maintain::Progress;

/// To a file or a folder, from where the last one stopped.
pub(super) async fn to_path(
    sources: Sources,
    request: Request,
    path: &Path,
    context: &Context,
) -> Result<Ended, CliError> {
    let mut output = Output::open(path, &request)?;
    let position = output.position().clone();
    if output.is_resumed() && !context.quiet && !context.json {
        let done = position.summary().rows;
        complain(&format!(
            "going on behind {done} rows of an export that was begun"
        ));
    }
    let mut export = Export::resume(sources.catalog, sources.archive, request, position)?;
    let (total, bar) = (expected(&export, context).await?, Bar::new(context));
    let mut stop = Stop::new();
    while let Some(piece) = export.next().await? {
        output.write(&piece, export.position())?;
        show(&bar, &export, total);
        if stop.is_asked_for() {
            output.save(export.position())?;
            return Ok(Ended::Stopped);
        }
    }
    let summary = export.position().summary().clone();
    drop(bar);
    Ok(Ended::Whole(Some(output.finish()?), summary))
}

/// To standard output, from the beginning. A reader that has gone away is no failure.
pub(super) async fn to_stdout(
    sources: Sources,
    request: Request,
    context: &Context,
) -> Result<Ended, CliError> {
    let mut export = Export::start(sources.catalog, sources.archive, request)?;
    let (total, bar) = (expected(&export, context).await?, Bar::new(context));
    let mut out = std::io::stdout().lock();
    while let Some(piece) = export.next().await? {
        let written = piece.parts.iter().try_for_each(|part| out.write_all(part));
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => {
                let words = format!("cannot write to standard output: {error}");
                return Err(CliError::new(Kind::Archive, words));
            }
            Ok(()) => show(&bar, &export, total),
        }
    }
    Ok(Ended::Whole(None, export.position().summary().clone()))
}

/// How many rows there will be, if somebody looks.
async fn expected(export: &Export, context: &Context) -> Result<Option<u64>, CliError> {
    if context.bars {
        Ok(export.expected().await?)
    } else {
        Ok(None)
    }
}

fn show(bar: &Bar, export: &Export, total: Option<u64>) {
    bar.show(Progress {
        doing: "exporting",
        done: export.position().summary().rows,
        total,
    });
}

/// Whether Ctrl-C was pressed, or SIGTERM came: looked at between two pieces.
struct Stop(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Stop {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate());
        Self(Box::pin(async move {
            match terminate {
                Ok(mut terminate) => tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                },
                Err(_) => std::future::pending().await,
            }
        }))
    }

    fn is_asked_for(&mut self) -> bool {
        let mut task = Task::from_waker(Waker::noop());
        matches!(self.0.as_mut().poll(&mut task), Poll::Ready(()))
    }
}
