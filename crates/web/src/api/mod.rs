//! The API under `/api/v1`: a file for each resource, described by the code itself (OpenAPI 3.1). Must not know SQL or
//! files.

mod cameras;
mod coverage;
mod docs;
mod events;
mod export;
mod health;
mod image;
mod images;
mod leases;
mod pictures;
mod runs;
mod session;
mod timelapses;

use axum::Router;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::COOKIE;
use crate::problem::Problem;
use crate::state::App;

pub use image::{Image, VerdictName};
pub use images::find;
pub use pictures::{Version, resized};
pub use session::{LogIn, enter, leave};

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// What stands over the description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "draywatch",
        description = "The history of container terminal gate cameras: what there is, what is missing and why, the pictures \
                       themselves, and work for detectors. Times are UTC (RFC 3339); lists come by pages, whose `next` is handed \
                       back as `cursor`; errors are problem details (RFC 9457)."
    ),
    components(schemas(Problem)),
    modifiers(&Ways),
    security(("token" = []), ("session" = []))
)]
struct Described;

/// The ways to say who asks.
struct Ways;

impl Modify for Ways {
    fn modify(&self, document: &mut Document) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let token = token.description(Some("A token of the settings."));
        let session = ApiKeyValue::with_description(
            COOKIE,
            "A log-in; what changes something must send x-csrf-token, too.",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    }
}

/// Routes that take rights.
fn resources() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(cameras::list))
        .routes(routes!(images::list))
        .routes(routes!(images::one))
        .routes(routes!(export::export))
        .routes(routes!(pictures::file))
        .routes(routes!(pictures::thumbnail))
        .routes(routes!(runs::list))
        .routes(routes!(runs::one))
        .routes(routes!(coverage::gaps))
        .routes(routes!(coverage::days))
        .routes(routes!(health::now))
        .routes(routes!(health::history))
        .routes(routes!(events::listen))
        .routes(routes!(leases::lease))
        .routes(routes!(leases::acknowledge))
        .routes(routes!(leases::give_back))
        .routes(routes!(timelapses::make))
        .routes(routes!(timelapses::one, timelapses::remove))
        .routes(routes!(timelapses::file))
}

/// Routes by which rights are had.
fn ways_in() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(session::who, session::log_in, session::log_out))
}

fn described() -> (Router<App>, Router<App>, Document) {
    let nested = |routes| OpenApiRouter::new().nest(BASE, routes).split_for_parts();
    let (guarded, first) = nested(resources());
    let (open, second) = nested(ways_in());
    let mut document = Described::openapi();
    document.merge(first);
    document.merge(second);
    (guarded, open, document)
}

/// The description of the API, as JSON that people can read, too.
#[must_use]
pub fn document() -> serde_json::Value {
    let (_, _, document) = described();
    serde_json::to_value(document).unwrap_or_default()
}

/// What takes rights.
pub fn guarded() -> Router<App> {
    described().0.merge(docs::description())
}

/// What everybody may ask for.
pub fn open() -> Router<App> {
    described().1.merge(docs::pages())
}
