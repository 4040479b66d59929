//! Which cameras a command is about.

use draywatch_core::CameraId;

use super::Config;
use super::problem::{ConfigError, Problem};
use super::source::Source;
use super::suggest::nearest;

/// The cameras of `wanted` in the order of `stream_names`, each once; all of them where none is asked for.
///
/// # Errors
/// When one is not among `stream_names`; the error names those that are.
pub fn select_cameras(config: &Config, wanted: &[CameraId]) -> Result<Vec<CameraId>, ConfigError> {
    let known = &config.stream_names;
    let strangers: Vec<Problem> = wanted
        .iter()
        .filter(|camera| !known.contains(camera))
        .map(|camera| stranger(camera, known))
        .collect();
    if !strangers.is_empty() {
        return Err(ConfigError::new(strangers));
    }
    let is_wanted = |camera: &&CameraId| wanted.is_empty() || wanted.contains(camera);
    Ok(known.iter().filter(is_wanted).cloned().collect())
}

/// A camera that nobody configured.
fn stranger(camera: &CameraId, known: &[CameraId]) -> Problem {
    let names: Vec<&str> = known.iter().map(CameraId::as_str).collect();
    let all = names.join(", ");
    let hint = match nearest(camera.as_str(), names) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "name one of these, or add it there".to_owned(),
    };
    let message = format!("{camera} is not among stream_names ({all}); {hint}");
    Problem::general(Source::Flag("--camera").into(), message)
}
