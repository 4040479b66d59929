//! `DevTools` commands by way of the driver. Must not know what they are for.

use std::sync::Arc;

use serde_json::{Value, json};
use thirtyfour::common::command::ExtensionCommand;

/// A `DevTools` command.
#[derive(Debug)]
pub(super) struct DevTools {
    pub method: String,
    pub parameters: Value,
}

impl ExtensionCommand for DevTools {
    fn parameters_json(&self) -> Option<Value> {
        Some(json!({ "cmd": self.method, "params": self.parameters }))
    }

    fn method(&self) -> reqwest::Method {
        reqwest::Method::POST
    }

    fn endpoint(&self) -> Arc<str> {
        "/goog/cdp/execute".into()
    }
}
