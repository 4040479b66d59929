//! `draywatch timelapse` by the real program and the real ffmpeg, looked into by ffprobe.

#[path = "../read_commands/support.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of other commands, which use the rest"
)]
mod support;

mod ends;
mod videos;
