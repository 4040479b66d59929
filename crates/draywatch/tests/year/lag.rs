//! How soon frames are stored after they appear, at real ten-minute periods on the simulated clock.

use draywatch::config::Config;

use crate::memory::Memory;
use crate::times::{KEEP, hold, live, start};
use crate::world::World;

#[tokio::test]
async fn the_median_lag_stays_under_45_seconds_at_1_2_listings_per_interval() {
    let world = World::new(start(2025, 6, 1), 28, KEEP, false, &[]);
    let (findings, by_rhythm, _) = live(&world, &Memory::default(), Config::default(), false).await;
    hold(&findings);
    let mut config = Config::default();
    config.service.capture_at_publish = false;
    let (findings, by_period, _) = live(&world, &Memory::default(), config, false).await;
    hold(&findings);
    println!("Four weeks by the cameras' rhythm:\n{by_rhythm}");
    println!("The same by plain polling every ten minutes:\n{by_period}");
    assert!(by_rhythm.lag.0.num_seconds() < 45);
    assert!(by_rhythm.most_per_interval <= 1.2);
    assert!(by_rhythm.lag.0 * 3 < by_period.lag.0);
}
