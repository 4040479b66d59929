//! How the service is: what is known is gathered, judged by `draywatch_core::health`, and written where others find it. Must not
//! decide what is well.

mod file;
mod gather;
mod sights;

pub use file::{FILE, ReadError, is_of_dead, read, write};
pub use gather::{Found, Known, Memory, look, look_at_rows};

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_page_of_the_metrics_is_up_to_date() {
        crate::config::testing::up_to_date(
            "docs/reference/metrics.md",
            &draywatch_web::reference(),
        );
    }
}
