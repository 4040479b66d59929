//! ffmpeg as a child: started, fed with pictures, ended. Must not choose pictures.
//!
//! It reads its standard input to the end; so it ends when we do, however that happens.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::task::JoinHandle;

use super::{Container, TimelapseError};

/// So much of what ffmpeg says is kept, its end.
const SAID: usize = 2_048;

/// ffmpeg at work. Dropped, it is killed.
pub(super) struct Encoder {
    child: Child,
    input: Option<ChildStdin>,
    said: JoinHandle<String>,
}

/// Width and height of a video: even, as the codecs want it.
pub(super) fn even((width, height): (u32, u32), wanted: Option<u32>) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    let wide = wanted.unwrap_or(width);
    let high = (u64::from(height) * u64::from(wide) / u64::from(width)).clamp(2, 16_384);
    let even = |length: u32| (length + length % 2).max(2);
    (even(wide), even(u32::try_from(high).unwrap_or(2)))
}

impl Encoder {
    /// Starts ffmpeg over a file.
    pub(super) fn start(
        path: &Path,
        container: Container,
        fps: u8,
        (width, height): (u32, u32),
    ) -> Result<Self, TimelapseError> {
        let mut target = std::ffi::OsString::from("file:");
        target.push(path);
        let mut command = Command::new("ffmpeg");
        command
            .args(["-hide_banner", "-loglevel", "error", "-y"])
            // Nothing in a picture may make it open another file or address.
            .args(["-protocol_whitelist", "pipe"])
            .args(["-f", "image2pipe", "-c:v", "mjpeg", "-framerate"])
            .arg(fps.to_string())
            .args(["-i", "pipe:0", "-an", "-vf"])
            .arg(fit(width, height))
            .args(container.arguments())
            .arg(target)
            // Ctrl-C is for us: we end it, and tidy up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => TimelapseError::NoFfmpeg,
            _ => TimelapseError::Start(error),
        })?;
        let (input, errors) = (child.stdin.take(), child.stderr.take());
        let said = tokio::spawn(listen(errors));
        Ok(Self { child, input, said })
    }

    /// Hands over a picture. That ffmpeg takes no more says nothing of why: `finish` does.
    pub(super) async fn feed(&mut self, picture: &[u8]) -> io::Result<()> {
        match &mut self.input {
            Some(input) => input.write_all(picture).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits until the video is written.
    pub(super) async fn finish(mut self) -> Result<(), TimelapseError> {
        drop(self.input.take());
        let status = self.child.wait().await.map_err(TimelapseError::Start)?;
        let said = self.said.await.unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        Err(TimelapseError::Ffmpeg {
            status: status.to_string(),
            said: match said.trim() {
                "" => "nothing".to_owned(),
                words => words.to_owned(),
            },
        })
    }
}

/// Every picture in the first one's frame, bars around those of another shape.
fn fit(width: u32, height: u32) -> String {
    format!(
        "scale={width}:{height}:force_original_aspect_ratio=decrease,\
         pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p"
    )
}

/// The end of what ffmpeg says; all is read, else it would wait for us.
async fn listen(errors: Option<ChildStderr>) -> String {
    let Some(mut errors) = errors else {
        return String::new();
    };
    let (mut end, mut block) = (Vec::new(), [0; 1_024]);
    while let Ok(length @ 1..) = errors.read(&mut block).await {
        end.extend_from_slice(&block[..length]);
        end.drain(..end.len().saturating_sub(SAID));
    }
    String::from_utf8_lossy(&end).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_even_and_keep_their_shape() {
        assert_eq!(even((800, 40), None), (800, 40));
        assert_eq!(even((801, 41), None), (802, 42));
        assert_eq!(even((1920, 1080), Some(640)), (640, 360));
        assert_eq!(even((1920, 1), Some(16)), (16, 2));
    }
}
