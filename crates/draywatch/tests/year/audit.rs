//! What must be true at the end of a simulation, held against the world's truth. Must not change anything.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, TimeDelta};
use draywatch_catalog::TickRow;
use draywatch_core::coverage::{Answer, GAP, SLOT};
use draywatch_core::zone::{day_bounds, local_date};

use crate::archive::Archive;
use crate::drive::Log;
use crate::script::Kind;
use crate::world::{Frame, Span, Time, World, ZONE};

/// So long everything must have worked until the archive is complete again.
pub const RECOVERY: TimeDelta = TimeDelta::minutes(60);

/// Three attempts for each of six periods, as many again for starts and steps of the clock.
const MOST_AN_HOUR: usize = 40;

/// What was found to be wrong, in words; and the slots by answer.
#[derive(Debug, Default)]
pub struct Findings {
    pub wrong: Vec<String>,
    pub answers: BTreeMap<String, usize>,
}

pub async fn audit(world: &World, archive: &dyn Archive, log: &Log, ticks: &[TickRow]) -> Findings {
    let mut findings = Findings::default();
    let good = world.good();
    duplicates(log, ticks, &mut findings.wrong);
    hammering(world, log, &mut findings.wrong);
    rush(world, log, &mut findings.wrong);
    for number in 0..world.cameras.len() {
        let id = &world.cameras[number].id;
        let stored = archive.stored(id).await.unwrap();
        lost(world, number, &stored, &good, &mut findings.wrong);
        let days = (local_date(world.start, ZONE), local_date(world.end, ZONE));
        let slots = archive.slots(id, days, world.end).await.unwrap();
        answers(world, number, &slots, &good, &mut findings);
    }
    findings
}

/// No tick twice, no job by two at a time.
fn duplicates(log: &Log, ticks: &[TickRow], wrong: &mut Vec<String>) {
    let mut dues = BTreeSet::new();
    for tick in ticks {
        if !dues.insert((&tick.job, tick.due)) {
            wrong.push(format!("two ticks of {} at {}", tick.job, tick.due));
        }
    }
    let mut last: BTreeMap<&str, Time> = BTreeMap::new();
    let mut instances: Vec<_> = log.instances.iter().collect();
    instances.sort_by_key(|(_, began, ended)| (*began, *ended));
    for (job, began, ended) in instances {
        if last.get(job.as_str()).is_some_and(|last| began < last) {
            wrong.push(format!("two instances of {job} at {began}"));
        }
        last.insert(job, *ended);
    }
}

/// Whatever happens, a camera's present day is not asked for more often than a tick's own retries explain.
fn rush(world: &World, log: &Log, wrong: &mut Vec<String>) {
    for number in 0..world.cameras.len() {
        let of_today = log.listings.iter();
        let of_today = of_today
            .filter(|(camera, date, at, _)| *camera == number && *date >= local_date(*at, ZONE));
        let times: Vec<Time> = of_today.map(|listing| listing.2).collect();
        let hour = TimeDelta::hours(1);
        let later = times.iter().skip(MOST_AN_HOUR - 1);
        let rush = times
            .iter()
            .zip(later)
            .find(|(first, last)| **last - **first < hour);
        if let Some((first, _)) = rush {
            wrong.push(format!("{MOST_AN_HOUR} listings in the hour from {first}"));
        }
    }
}

/// While the portal is down it is asked at the longest delay, after the few that it takes to see that.
fn hammering(world: &World, log: &Log, wrong: &mut Vec<String>) {
    for (_, (from, to), _) in &world
        .troubles
        .iter()
        .filter(|t| t.0 == Kind::PortalDown)
        .collect::<Vec<_>>()
    {
        let first = log.listings.partition_point(|listing| listing.2 < *from);
        let last = log.listings.partition_point(|listing| listing.2 < *to);
        // Restarts and steps of the clock each cost a few more.
        let also = world
            .troubles
            .iter()
            .filter(|(_, span, _)| span.0 < *to && *from < span.1);
        // A listing that its own deadline cuts short says nothing of the portal: the cameras keep their own delays.
        let is_slow = also.clone().any(|(kind, _, _)| *kind == Kind::Slow);
        let periods = (*to - *from).num_minutes() / 10 * (1 + i64::from(is_slow));
        let most = 12 + periods + 4 * i64::try_from(also.count()).unwrap();
        let count = i64::try_from(last - first).unwrap();
        if count > most {
            wrong.push(format!(
                "{count} listings while the portal was down from {from} to {to}"
            ));
        }
    }
}

/// Whether there was a chance to get what the portal shows from `from` to `to`.
fn had_chance(good: &[Span], from: Time, to: Time) -> bool {
    let first = good.partition_point(|span| span.1 < from);
    let spans = good[first..].iter().take_while(|span| span.0 < to);
    let mut chances = spans.map(|span| span.1.min(to) - span.0.max(from));
    chances.any(|chance| chance >= RECOVERY)
}

fn lost(
    world: &World,
    number: usize,
    stored: &BTreeSet<Time>,
    good: &[Span],
    wrong: &mut Vec<String>,
) {
    let camera = &world.cameras[number];
    let real: BTreeSet<Time> = camera.frames.iter().map(|frame| frame.instant).collect();
    if let Some(strange) = stored.difference(&real).next() {
        wrong.push(format!("{}: {strange} is stored and never was", camera.id));
    }
    let missing = camera.frames.iter();
    let missing = missing.filter(|frame| !stored.contains(&frame.instant));
    let missing = missing.filter(|frame| had_chance(good, frame.appears, frame.dropped));
    let missing: Vec<&Frame> = missing.collect();
    if let Some(first) = missing.first() {
        wrong.push(format!(
            "{}: {} frames lost, the first of {}",
            camera.id,
            missing.len(),
            first.instant
        ));
    }
}

/// Every slot has one answer, and the answer is right.
fn answers(
    world: &World,
    number: usize,
    slots: &[(Time, Answer)],
    good: &[Span],
    findings: &mut Findings,
) {
    let camera = &world.cameras[number];
    if slots.windows(2).any(|pair| pair[1].0 - pair[0].0 != SLOT) {
        findings
            .wrong
            .push(format!("{}: slots are not one by one", camera.id));
    }
    let span = slots.last().unwrap().0 - slots[0].0;
    if span + SLOT * 2 < world.end - world.start {
        findings
            .wrong
            .push(format!("{}: slots for {span} only", camera.id));
    }
    for (slot, answer) in slots {
        *findings
            .answers
            .entry(answer.as_str().to_owned())
            .or_default() += 1;
        if let Some(why) = contradiction(world, number, *slot, answer, good) {
            findings
                .wrong
                .push(format!("{}: {slot} is {answer:?}, but {why}", camera.id));
        }
    }
}

/// What speaks against an answer.
fn contradiction(
    world: &World,
    number: usize,
    slot: Time,
    answer: &Answer,
    good: &[Span],
) -> Option<String> {
    let frames = &world.cameras[number].frames;
    let first = frames.partition_point(|frame| frame.instant < slot);
    let last = frames.partition_point(|frame| frame.instant < slot + SLOT);
    let real = &frames[first..last];
    let date = local_date(slot, ZONE);
    let dropped = real.first().map_or_else(
        || day_bounds(date + Days::new(world.keep()), ZONE).1,
        |frame| frame.dropped,
    );
    let reachable = had_chance(good, slot + SLOT, dropped);
    match answer {
        Answer::Stored => {
            let before = first.checked_sub(1).map(|at| frames[at].instant);
            let after = frames.get(last).map(|frame| frame.instant);
            let is_bridged = before.zip(after).is_some_and(|(a, b)| b - a <= GAP);
            (real.is_empty() && !is_bridged).then(|| "there was no frame".to_owned())
        }
        Answer::NotOffered => real
            .first()
            .map(|frame| format!("there was {}", frame.instant)),
        Answer::TooOld => reachable.then(|| "there was a chance to ask in time".to_owned()),
        Answer::NotObserved => reachable.then(|| "there was a chance to ask".to_owned()),
        Answer::NotDownloaded(_) => reachable.then(|| "there was a chance to get it".to_owned()),
        Answer::Thumbnail | Answer::Removed => Some("nothing of that kind happened".to_owned()),
    }
}
