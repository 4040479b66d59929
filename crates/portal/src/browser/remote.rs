//! Sessions on servers that others run: opened, recorded, deleted for certain. Must not start a process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// The longest wait for a server to delete a session.
const DELETION: Duration = Duration::from_secs(10);

/// Keeps a record of sessions on a remote server, so that the next start can delete those that a crash left.
#[async_trait]
pub trait SessionJournal: Send + Sync {
    /// A session was opened.
    async fn opened(&self, server: &str, session: &str);
    /// It was deleted.
    async fn closed(&self, server: &str, session: &str);
}

/// A session on a remote server that is ours to delete.
pub(super) struct RemoteSession {
    server: String,
    session: String,
    journal: Option<Arc<dyn SessionJournal>>,
}

impl RemoteSession {
    /// Records a session that was just opened.
    pub async fn record(
        server: &str,
        session: String,
        journal: Option<Arc<dyn SessionJournal>>,
    ) -> Self {
        if let Some(journal) = &journal {
            journal.opened(server, &session).await;
        }
        Self {
            server: server.to_owned(),
            session,
            journal,
        }
    }

    /// Deletes it on the server and then its record; a session that could not be deleted stays recorded.
    pub async fn delete(self) {
        match delete(&self.server, &self.session).await {
            Ok(()) => {
                if let Some(journal) = &self.journal {
                    journal.closed(&self.server, &self.session).await;
                }
            }
            Err(error) => tracing::warn!(
                error,
                session = self.session,
                recorded = self.journal.is_some(),
                "the remote session could not be deleted; if it is recorded, the next start does"
            ),
        }
    }
}

/// Deletes sessions that an earlier process left on remote servers. Those that could not be reached are kept for later.
pub async fn delete_remote_sessions(sessions: &[(String, String)], journal: &dyn SessionJournal) {
    for (server, session) in sessions {
        match delete(server, session).await {
            Ok(()) => journal.closed(server, session).await,
            Err(error) => {
                tracing::warn!(
                    error,
                    session,
                    "a left-over remote session could not be deleted"
                );
            }
        }
    }
}

/// Asks a server to delete a session. One that the server does not know any more is deleted.
async fn delete(server: &str, session: &str) -> Result<(), String> {
    let client = reqwest::Client::builder().timeout(DELETION).build();
    let address = format!("{}/session/{session}", server.trim_end_matches('/'));
    let request = client
        .map_err(|error| error.to_string())?
        .delete(&address)
        .send();
    // The address may hold a password, which is no business of the log.
    let answer = request
        .await
        .map_err(|error| draywatch_core::error::chain(&error.without_url()))?;
    let status = answer.status();
    if status.is_success() || status == 404 {
        return Ok(());
    }
    Err(format!("the server answered {status}"))
}
