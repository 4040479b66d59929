//! Errors as problem details (RFC 9457). Owns how a failure is told by HTTP; must not decide what failed.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use draywatch_archive::ArchiveError;
use draywatch_catalog::CatalogError;
use draywatch_core::Kind;
use draywatch_core::error::chain;
use serde::Serialize;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which it is worth trying again.
const RETRY: &str = "5";

/// What went wrong, for people and programs (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says which problem it is.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What exactly failed, and what to do.
    detail: String,
    /// For an acknowledgement: which images are processed all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Vec<i64>>,
    /// For an acknowledgement: which images are not in the lease any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Vec<i64>>,
    #[serde(skip)]
    code: StatusCode,
    #[serde(skip)]
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// A problem of that status.
    pub fn new(code: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: code.canonical_reason().unwrap_or("Error"),
            status: code.as_u16(),
            detail: detail.into(),
            acknowledged: None,
            refused: None,
            header: None,
            code,
        }
    }

    /// The same with the header that belongs to it.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.header = Some(Box::new((name, value.into())));
        self
    }

    /// Something that was asked for wrongly.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Something that is not there.
    pub fn absent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The status.
    #[must_use]
    pub fn code(&self) -> StatusCode {
        self.code
    }

    /// What exactly failed, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Something that may be there in a moment.
    pub fn later(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let code = self.code;
        let own = self.header.clone();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (code, body).into_response();
        // For pages, which tell of it in their own way.
        response.extensions_mut().insert(self);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        match code {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY));
            }
            StatusCode::UNAUTHORIZED => {
                let how = HeaderValue::from_static("Bearer realm=\"draywatch\"");
                headers.insert(header::WWW_AUTHENTICATE, how);
            }
            _ => {}
        }
        headers.extend(own.map(|own| *own));
        response
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        tracing::warn!(kind = %error.kind(), error = %chain(&error), "the database did not answer a request");
        match error.kind() {
            Kind::Bug => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the database's answer makes no sense; the log says more",
            ),
            _ => Self::later("the database does not answer; /healthz says why"),
        }
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Missing { .. } => {
                Self::absent("its file is missing; `draywatch verify` says more")
            }
            ArchiveError::BadPath { .. } => Self::absent("its file lies outside of the archive"),
            error => {
                tracing::warn!(kind = %error.kind(), error = %chain(&error), "the archive did not answer a request");
                Self::later("the archive does not answer; /healthz says why")
            }
        }
    }
}

/// The problems that any request may meet, for the API's description.
#[derive(Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let problem = |words: &str| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new()
                .description(words)
                .content(MEDIA_TYPE, content);
            RefOr::T(response.build())
        };
        let all = [
            (
                "400",
                "A parameter or the body is wrong; the detail names it.",
            ),
            ("401", "Credentials are wanted, or these are wrong."),
            ("403", "These credentials do not give the right to do that."),
            ("404", "There is no such thing."),
            ("409", "It is not yours any more."),
            ("413", "The body is too large."),
            ("415", "The body is not JSON."),
            ("429", "Too many attempts, or too many that listen."),
            ("500", "A mistake in draywatch; its log says more."),
            ("503", "Database or archive do not answer now."),
        ];
        all.map(|(code, words)| (code.to_owned(), problem(words)))
            .into()
    }
}
