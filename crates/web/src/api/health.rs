//! Health now and how it changed. Must not judge.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use draywatch_core::health::{Reason, Status};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cameras::Nothing;
use super::images::{Limit, usual_limit};
use crate::params::{Params, maybe_instant};
use crate::problem::{Problem, Problems};
use crate::state::App;

/// How things are.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    /// All is well.
    Healthy,
    /// Something should be looked at.
    Warning,
    /// Something does not work.
    Degraded,
    /// Nothing is collected.
    Critical,
}

/// Something that is not well.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonTold {
    /// What, such as `disk` or `camera:in_gate`.
    id: String,
    /// How bad it is.
    status: StatusName,
    /// In words.
    message: String,
}

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// As a whole.
    status: StatusName,
    /// When it was looked at.
    timestamp: DateTime<Utc>,
    /// After this moment it says nothing any more.
    expires: DateTime<Utc>,
    /// Whether the service is at work.
    is_running: bool,
    /// Everything that is not well, the worst first.
    reasons: Vec<ReasonTold>,
    /// The version of draywatch that looked.
    version: String,
}

/// A change of health.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// When.
    at: DateTime<Utc>,
    /// As a whole from then on.
    status: StatusName,
    /// What was not well from then on.
    reasons: Vec<ReasonTold>,
}

/// How health changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changes {
    /// The newest first.
    items: Vec<Change>,
}

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// Only what changed then or later; 30 days back where it is not given.
    #[serde(default, deserialize_with = "maybe_instant")]
    since: Option<DateTime<Utc>>,
    /// At most so many.
    #[serde(default = "usual_limit")]
    #[param(minimum = 1, maximum = 1000, value_type = Option<u32>)]
    limit: Limit<1000>,
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::Healthy => Self::Healthy,
            Status::Warning => Self::Warning,
            Status::Degraded => Self::Degraded,
            Status::Critical => Self::Critical,
        }
    }
}

impl From<&Reason> for ReasonTold {
    fn from(reason: &Reason) -> Self {
        Self {
            id: reason.id.clone(),
            status: reason.status.into(),
            message: reason.message.clone(),
        }
    }
}

/// How the service is now.
#[utoipa::path(get, operation_id = "get_health", path = "/health", tag = "health", responses((status = 200, description = "Health, whatever it is.", body = Health), Problems))]
pub async fn now(State(app): State<App>, _: Params<Nothing>) -> Json<Health> {
    let report = app.source().report();
    Json(Health {
        status: report.status.into(),
        timestamp: report.timestamp,
        expires: report.expires,
        is_running: report.is_running,
        reasons: report.reasons.iter().map(ReasonTold::from).collect(),
        version: report.version,
    })
}

/// How health changed.
#[utoipa::path(get, operation_id = "list_health_changes", path = "/health/history", tag = "health", params(Since), responses((status = 200, description = "Changes.", body = Changes), Problems))]
pub async fn history(
    State(app): State<App>,
    Params(asked): Params<Since>,
) -> Result<Json<Changes>, Problem> {
    let since = asked
        .since
        .unwrap_or_else(|| app.now() - TimeDelta::days(30));
    let changes =
        app.ask(|catalog| async move { catalog.health_changes(since, asked.limit.0).await });
    let change = |change: draywatch_catalog::HealthChange| Change {
        at: change.at,
        status: change.health.status.into(),
        reasons: change.health.reasons.iter().map(ReasonTold::from).collect(),
    };
    let items = changes.await?.into_iter().map(change).collect();
    Ok(Json(Changes { items }))
}
