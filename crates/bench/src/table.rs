//! The figures as a table for people. Must not compute any.

use crate::browsing::Visit;
use crate::report::Report;

/// Prints everything to standard output.
pub fn print(report: &Report) {
    println!();
    contest(report);
    verification(report);
    listing(report);
    days(report);
    targets(report);
}

fn contest(report: &Report) {
    println!(
        "{} frames of one camera, fetched by draywatch (verified, durable, recorded) and by curl -Z (neither) to the same disk.",
        report.frames
    );
    println!(
        "The bound is what all {} processors verify. Frames a second; medians of interleaved rounds.\n",
        report.cores
    );
    println!(
        "  CDN    at once   draywatch     curl    bound   of curl  of bound   CPU ms a frame: draywatch  curl  portal   peak MiB"
    );
    for cell in &report.contest {
        let [draywatch, curl, portal] = cell.cpu_ms;
        println!(
            "  {:>2} ms  {:>7}   {:>9.0}   {:>6.0}   {:>6.0}   {:>7.2}  {:>8.2}   {:>26.2}  {:>4.2}  {:>6.2}   {:>8}",
            cell.latency_ms,
            cell.concurrency,
            cell.draywatch,
            cell.curl,
            cell.bound,
            cell.of_curl,
            cell.of_bound,
            draywatch,
            curl,
            portal,
            cell.peak_kib / 1024,
        );
    }
}

fn verification(report: &Report) {
    let cost = &report.verification;
    println!(
        "\nOne verification of {} KB on one thread: {:.2} ms, hash included; decompress_to_yuv alone: {:.2} ms.",
        cost.bytes / 1000,
        cost.verify_ms,
        cost.yuv_ms
    );
}

fn listing(report: &Report) {
    let listing = &report.listing;
    println!(
        "\nListing a day in seconds, beside a plain script that picks the day in a second session of the same browser:"
    );
    println!(
        "                                                cold     warm (median of {})",
        listing.days.len()
    );
    let line = |words: &str, of: fn(&Visit) -> f64| {
        println!(
            "  {words:<42}  {:>6.2}   {:>6.2}",
            of(&listing.cold),
            of(&listing.warm)
        );
    };
    line("draywatch, in all", |visit| visit.listing);
    line("the script, in all", |visit| visit.reference);
    line("pick to last answer, seen by draywatch", |visit| {
        visit.portal_answered
    });
    line("pick to last picture's element, by script", |visit| {
        visit.portal_showed
    });
}

fn days(report: &Report) {
    let days = &report.days;
    println!(
        "\n{} days of one camera, {} frames, browser started and ended, CDN at 50 ms, 16 at once: {:.1} s ({:.1} s with 2 s pause between days).",
        days.days, days.frames, days.seconds, days.seconds_with_pause
    );
}

fn targets(report: &Report) {
    println!("\nTargets:");
    for target in &report.targets {
        let mark = if target.is_met { "met   " } else { "MISSED" };
        println!("  {mark}  {:<66}  {}", target.what, target.found);
    }
}
