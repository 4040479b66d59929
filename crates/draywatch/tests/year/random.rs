//! Random troubles over a few days: whatever comes together, nothing is done twice and nothing is lost.

use chrono::TimeDelta;
use draywatch::config::Config;
use proptest::prelude::*;

use crate::memory::Memory;
use crate::script::{Kind, Trouble};
use crate::times::{live, start};
use crate::world::World;

/// Days of troubles, and after them enough time to recover.
const DAYS: i64 = 4;

fn trouble() -> impl Strategy<Value = Trouble> {
    let kind = proptest::sample::select(&Kind::ALL[..]);
    let minutes = prop_oneof![4 => 1i64..60, 2 => 60i64..600, 1 => 600i64..1500];
    (kind, 0..(DAYS - 1) * 1440, minutes, -100i64..=100).prop_map(|(kind, from, minutes, much)| {
        let size = match kind {
            Kind::CameraOffline => much.rem_euclid(2),
            Kind::Slow => 1 + much.abs() / 4,
            // Seconds to hours; most are small.
            Kind::ClockOff => much * much * much / 70,
            _ => 0,
        };
        Trouble::new(kind, from, minutes, size)
    })
}

/// Lets the troubles happen from a day on which clocks may change; what is wrong at the end.
pub fn wrong(troubles: &[Trouble], at: usize, closes_days: bool) -> Vec<String> {
    let (year, month, day) = [(2025, 6, 3), (2025, 3, 8), (2025, 11, 1)][at % 3];
    let start = start(year, month, day) - TimeDelta::minutes(431);
    let world = World::new(start, DAYS + 1, 5, closes_days, troubles);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let memory = Memory::default();
    let (findings, _, _) = runtime.block_on(live(&world, &memory, Config::default(), false));
    findings.wrong
}

/// A few for every day, many for the drill.
fn cases() -> u32 {
    if std::env::var_os("DRAYWATCH_TEST_FULL").is_some() {
        400
    } else {
        32
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 400, ..ProptestConfig::default() })]
    #[test]
    fn whatever_comes_together_nothing_is_lost_or_done_twice(
        troubles in proptest::collection::vec(trouble(), 0..14), at in 0usize..3, closes_days: bool,
    ) {
        let wrong = wrong(&troubles, at, closes_days);
        prop_assert!(wrong.is_empty(), "{:#?}", wrong);
    }
}
