//! The figures as a table for people. Must not compute any.

use crate::browsing::Visit;
use crate::report::Report;
use crate::samples::{Sample, middle, most};
use crate::soak::FIGURES;
use crate::stats::number;

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

/// Ten stretches of a soak, then its first and last quarter; what grew between these beyond its tolerance.
pub fn soak(samples: &[Sample]) -> Vec<String> {
    println!(
        "  collections   browsers      browser processes   file descriptors   threads        memory MiB\n                median  most  median  most        median  most       median  most   median   most"
    );
    let last = samples.last().map_or(1, |sample| sample.collections.max(1));
    for part in 0..10 {
        let (from, to) = (last * part / 10, last * (part + 1) / 10);
        let is_in = |sample: &&Sample| sample.collections >= from && sample.collections < to;
        let part: Vec<Sample> = samples.iter().filter(is_in).copied().collect();
        if !part.is_empty() {
            stretch(&format!("{from:>4} - {to:<4}"), &part);
        }
    }
    let quarter = |from: usize, to: usize| -> Vec<Sample> {
        let is_in = |sample: &&Sample| (from..=to).contains(&sample.collections);
        samples.iter().filter(is_in).copied().collect()
    };
    let (first, fourth) = (quarter(0, last / 4), quarter(last - last / 4, last));
    println!("\n  median of              first quarter  last quarter   allowed");
    let mut grown = Vec::new();
    for (name, of, share, more) in FIGURES {
        let (before, after) = (middle(&first, of), middle(&fourth, of));
        let allowed = before * (1.0 + share) + more;
        println!("  {name:<22} {before:>13.0}  {after:>12.0}  {allowed:>8.0}");
        if after > allowed {
            grown.push(format!("{name} from {before:.0} to {after:.0}"));
        }
    }
    grown
}

fn stretch(words: &str, part: &[Sample]) {
    let figure = |at: usize| {
        let (_, of, _, _) = FIGURES[at];
        (middle(part, of), most(part, of))
    };
    let [browsers, processes, files, threads, memory] = [0, 1, 2, 3, 4].map(figure);
    println!(
        "  {words}   {:>6.0} {:>5}  {:>6.0} {:>5}        {:>6.0} {:>5}       {:>6.0} {:>5}   {:>6.1} {:>6.1}",
        browsers.0,
        browsers.1,
        processes.0,
        processes.1,
        files.0,
        files.1,
        threads.0,
        threads.1,
        memory.0 / 1024.0,
        number(memory.1) / 1024.0
    );
}
