//! New images as they come (server-sent events): each once and in order, also across connections, whoever wrote its row. Must not
//! remember clients.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use draywatch_catalog::ImageRow;
use draywatch_core::CameraId;
use futures::{Stream, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Image;
use crate::events::Listener;
use crate::params::Params;
use crate::problem::{Problem, Problems};
use crate::state::App;

/// A comment is sent when there was nothing for so long, so that both ends know of each other.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Rows that are read ahead of a client.
const AHEAD: u32 = 100;
/// How long a client waits for a database that does not answer, before it is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Seconds after which whoever found no place may try again.
const AGAIN_LATER: u16 = 5;
/// The first event is how far the client is.
const HERE: &str = "here";

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct From {
    /// Only of this camera.
    #[param(value_type = Option<String>, pattern = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
    camera: Option<CameraId>,
    /// Images behind this id, also those that are there already. The header `Last-Event-ID` has precedence. Without both: only what
    /// is new.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// Where a client is.
struct Client {
    app: App,
    listener: Listener,
    camera: Option<CameraId>,
    /// The last image that was read.
    last: i64,
    ahead: VecDeque<ImageRow>,
    is_told: bool,
}

/// New images as they are stored, by server-sent events.
///
/// Each event `image` has the image's id as its own and the image as JSON; the first event, `here`, has the id from which on they
/// are told. Who connects again with `Last-Event-ID` misses nothing.
#[utoipa::path(get, operation_id = "listen_to_events", path = "/events", tag = "images",
    params(From, ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen.")),
    responses((status = 200, description = "Events without end.", body = String, content_type = "text/event-stream"), Problems))]
pub async fn listen(
    State(app): State<App>,
    Params(from): Params<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let seen = match headers.get("last-event-id") {
        Some(value) => Some(read_id(value.to_str().unwrap_or_default())?),
        None => from.after,
    };
    let too_many = || {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too many listen already; try again later",
        )
        .with(header::RETRY_AFTER, AGAIN_LATER)
    };
    // In this order: what is stored from here on wakes the listener.
    let listener = app.events().listen().ok_or_else(too_many)?;
    let newest = app
        .ask(|catalog| async move { catalog.newest_image().await })
        .await?;
    let client = Client {
        listener,
        camera: from.camera,
        // Of a database that was made anew nothing would be told for long.
        last: seen.unwrap_or(newest).min(newest),
        ahead: VecDeque::new(),
        is_told: false,
        app,
    };
    let events = stream::unfold(client, |mut client| async move {
        let event = client.next().await;
        Some((Ok(event), client))
    });
    let beats = KeepAlive::new().interval(HEARTBEAT).text("still here");
    Ok(Sse::new(events).keep_alive(beats))
}

fn read_id(text: &str) -> Result<i64, Problem> {
    let id = text.trim().parse().ok().filter(|id| *id >= 0);
    id.ok_or_else(|| Problem::bad("Last-Event-ID is not the id of an event: send it as it came"))
}

impl Client {
    /// The next event. A client that reads slowly is read for slowly.
    async fn next(&mut self) -> Event {
        if !self.is_told {
            self.is_told = true;
            let here = self.last.to_string();
            return Event::default().event(HERE).id(here.clone()).data(here);
        }
        loop {
            while let Some(row) = self.ahead.pop_front() {
                self.last = row.id;
                if self
                    .camera
                    .as_ref()
                    .is_none_or(|camera| camera.as_str() == row.camera_id)
                {
                    return self.event(row);
                }
            }
            let last = self.last;
            let rows = self
                .app
                .ask(|catalog| async move { catalog.images_after(last, AHEAD).await });
            match rows.await {
                Ok(rows) if rows.is_empty() => self.listener.changed().await,
                Ok(rows) => self.ahead = rows.into(),
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    fn event(&self, row: ImageRow) -> Event {
        let id = row.id.to_string();
        let image = Image::new(row, &self.app.settings().base_path);
        let data = serde_json::to_string(&image).unwrap_or_default();
        Event::default().event("image").id(id).data(data)
    }
}
