//! Bringing files onto the disk while others are written: at the end there is little to wait for. Must not know their names.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::ExportError;

/// So many bytes are written before they are sent on their way to the disk.
const STEP: u64 = 64 << 20;

/// A thread that flushes.
#[derive(Debug)]
pub(super) struct Syncer {
    to: Option<SyncSender<File>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    sent: u64,
}

impl Syncer {
    pub(super) fn start() -> Self {
        // Whoever writes faster than the disk waits here: memory full of what is to be written helps nobody.
        let (to, from) = sync_channel::<File>(1);
        let work = move || from.into_iter().try_for_each(|file| file.sync_data());
        Self {
            to: Some(to),
            thread: Some(std::thread::spawn(work)),
            sent: 0,
        }
    }

    /// Flushes a file that goes on, now and then.
    pub(super) fn written(&mut self, file: &File, offset: u64) -> Result<(), ExportError> {
        if offset < self.sent {
            self.sent = 0;
        }
        if offset - self.sent < STEP {
            return Ok(());
        }
        self.sent = offset;
        let file = file.try_clone().map_err(failed)?;
        self.send(file)
    }

    /// Flushes a file that is complete.
    pub(super) fn end(&mut self, file: File) -> Result<(), ExportError> {
        self.sent = 0;
        self.send(file)
    }

    fn send(&mut self, file: File) -> Result<(), ExportError> {
        match &self.to {
            Some(to) if to.send(file).is_ok() => Ok(()),
            // It has ended, and says why.
            _ => self.wait(),
        }
    }

    /// Waits until all is on the disk.
    pub(super) fn wait(&mut self) -> Result<(), ExportError> {
        self.to = None;
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let done = thread
            .join()
            .unwrap_or_else(|broken| std::panic::resume_unwind(broken));
        done.map_err(failed)
    }
}

fn failed(source: io::Error) -> ExportError {
    ExportError::Io {
        action: "flush",
        path: "the export".into(),
        source,
    }
}
