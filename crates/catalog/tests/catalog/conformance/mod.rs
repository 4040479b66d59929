//! What every backend must do. The functions take any [`Catalog`], empty and new; a backend gets its tests by one macro.

mod frames;
mod images;
mod jobs;
mod pages;
mod runs;
mod slots;

use std::sync::Arc;

use draywatch_catalog::Catalog;

/// Every conformance function, for a backend.
macro_rules! for_backend {
    ($backend:ident, $fresh:path) => {
        mod $backend {
            for_backend!(@tests $fresh, frames: a_listed_frame_is_open_until_it_is_stored
                listing_again_keeps_what_was_tried a_failure_is_counted_and_told a_thumbnail_is_upgraded
                a_given_up_frame_opens_again a_given_up_thumbnail_keeps_its_image the_ledger_is_filtered
                a_replacement_is_remembered every_frame_is_known_once an_empty_batch_is_nothing
                two_frames_of_one_second_are_two instants_keep_their_microseconds);
            for_backend!(@tests $fresh, images: pages_follow_the_ids rows_are_found_by_time_and_path
                what_was_found_lost_is_owed_and_keeps_its_row
                a_good_row_speaks_for_a_frame_that_is_there_twice
                files_are_adopted_once an_adopted_file_settles_the_ledger a_file_state_is_written
                recording_twice_changes_one_row concurrent_batches_are_all_kept);
            for_backend!(@tests $fresh, pages: pages_are_in_one_order_whatever_their_length pages_hold_what_was_asked_for);
            for_backend!(@tests $fresh, runs: a_run_is_closed_with_its_observation interrupted_runs_are_closed
                runs_are_filtered_newest_first a_run_that_is_not_there_is_an_error totals_are_counted
                facts_are_kept sessions_are_remembered the_history_of_health_is_kept runs_are_counted_once_as_they_end
                the_database_is_whole);
            for_backend!(@tests $fresh, jobs: a_job_has_one_open_tick of_many_that_start_a_tick_one_does
                a_tick_that_failed_comes_again a_tick_begins_after_the_one_before_it_has_ended
                a_lease_is_taken_over_only_from_who_is_gone
                who_lost_a_lease_writes_nothing_more days_sum_up_what_was_observed);
            for_backend!(@tests $fresh, slots: every_change_of_a_frame_changes_its_slot
                neighbours_across_midnight_close_a_gap days_are_told_in_order_for_every_camera
                an_empty_day_is_too_old_beyond_what_the_portal_was_seen_to_keep
                a_withheld_day_is_judged_anew_when_the_reach_grows what_was_observed_stays_observed
                days_are_counted the_newest_runs_of_each_camera_are_found);
        }
    };
    (@tests $fresh:path, $module:ident: $($test:ident)+) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (_guard, catalog) = $fresh().await;
                super::$module::$test(catalog.clone()).await;
                catalog.close().await;
            }
        )+
    };
}

for_backend!(sqlite, super::fresh_sqlite);

async fn fresh_sqlite() -> (tempfile::TempDir, Arc<dyn Catalog>) {
    let folder = tempfile::tempdir().unwrap();
    let catalog = crate::support::open(&folder.path().join("data/database.db")).await;
    (folder, catalog)
}
