//! One evaluation, step by step: see, put together what belongs together, speak, forget.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::subject::Subject;
use super::{
    Alert, CAMERA, CAMERAS_TOGETHER, DAY, Event, JOB, Line, Message, PICTURE, Policy, Reason,
    State, Status,
};

impl State {
    pub(super) fn step(
        &mut self,
        now: DateTime<Utc>,
        reasons: &[Reason],
        policy: &Policy,
    ) -> Vec<Message> {
        self.age(now);
        self.see(now, reasons, policy);
        self.gather_causes(now, policy);
        self.gather_cameras(now, policy);
        let mut alerts = std::mem::take(&mut self.alerts);
        let spoken = alerts.iter_mut();
        let messages: Vec<Message> = spoken
            .filter_map(|alert| self.speak(alert, now, policy))
            .collect();
        self.alerts = alerts;
        self.forget(now, policy);
        messages
    }

    /// A clock that was set back must not make anything wait for the future it had been in.
    fn age(&mut self, now: DateTime<Utc>) {
        self.subjects
            .values_mut()
            .for_each(|subject| subject.age(now));
        for alert in &mut self.alerts {
            alert.since = now.min(alert.since);
            alert.grown_at = now.min(alert.grown_at);
            alert.told_at = alert.told_at.map(|at| now.min(at));
            alert.easing_since = alert.easing_since.map(|at| now.min(at));
        }
        self.camera_raises
            .iter_mut()
            .for_each(|at| *at = now.min(*at));
        self.camera_raises.retain(|at| now - *at < DAY);
    }

    fn see(&mut self, now: DateTime<Utc>, reasons: &[Reason], policy: &Policy) {
        let mut worst: BTreeMap<&str, &Reason> = BTreeMap::new();
        for reason in reasons.iter().filter(|one| one.status > Status::Healthy) {
            let known = worst.entry(&reason.id).or_insert(reason);
            if reason.status > known.status {
                *known = reason;
            }
        }
        for id in worst.keys() {
            let new = || Subject::new(now);
            self.subjects.entry((*id).to_owned()).or_insert_with(new);
        }
        for (id, subject) in &mut self.subjects {
            subject.see(now, worst.get(id.as_str()).copied(), policy);
        }
    }

    /// What has settled bad and belongs to no alert yet.
    fn loose(&self, cameras: bool) -> BTreeSet<String> {
        let taken = |id: &String| self.alerts.iter().any(|alert| alert.members.contains(id));
        let bad = self.subjects.iter().filter(|(_, subject)| subject.is_bad());
        bad.map(|(id, _)| id)
            .filter(|id| is_camera(id) == cameras && !taken(id))
            .cloned()
            .collect()
    }

    /// Causes join the alert that is still growing, else they are one new alert.
    fn gather_causes(&mut self, now: DateTime<Utc>, policy: &Policy) {
        let loose = self.loose(false);
        if loose.is_empty() {
            return;
        }
        let subjects = &self.subjects;
        let is_growing = |alert: &&mut Alert| {
            // One that is over with this evaluation is told to be over.
            let lasts = alert.members.iter().any(|id| subjects[id].is_bad());
            lasts && now - alert.grown_at < policy.settle
        };
        if let Some(alert) = self.alerts.iter_mut().rev().find(is_growing) {
            alert.take_in(loose, now);
        } else if let Some(head) = self.who_may_raise(&loose, policy) {
            self.open(loose, head, now);
        }
    }

    /// Cameras belong to the cause that is known; they wait for one that is about to be; else they are an alert of their own.
    fn gather_cameras(&mut self, now: DateTime<Utc>, policy: &Policy) {
        let mut loose = self.loose(true);
        loose.retain(|id| {
            let explains = |alert: &&mut Alert| alert.explains(id, now, policy);
            let cause = self.alerts.iter_mut().rev().find(explains);
            cause
                .map(|alert| alert.take_in([id.clone()].into(), now))
                .is_none()
        });
        if loose.is_empty() {
            return;
        }
        let is_about_to_settle = |(id, subject): (&String, &Subject)| {
            !is_camera(id) && subject.now() >= Status::Degraded && !subject.is_bad()
        };
        let together = policy
            .raises_per_day
            .max(1)
            .saturating_mul(CAMERAS_TOGETHER);
        if self.subjects.iter().any(is_about_to_settle)
            || self.camera_raises.len() >= usize::try_from(together).unwrap_or(usize::MAX)
        {
            return;
        }
        if let Some(head) = self.who_may_raise(&loose, policy) {
            self.camera_raises.push(now);
            self.open(loose, head, now);
        }
    }

    /// Those that may cause a message, if there are any.
    fn who_may_raise(&self, ids: &BTreeSet<String>, policy: &Policy) -> Option<BTreeSet<String>> {
        let may = |id: &&String| self.subjects[*id].may_raise(policy);
        let may: BTreeSet<String> = ids.iter().filter(may).cloned().collect();
        (!may.is_empty()).then_some(may)
    }

    fn open(&mut self, members: BTreeSet<String>, head: BTreeSet<String>, now: DateTime<Utc>) {
        self.last_number += 1;
        let since = members.iter().map(|id| self.subjects[id].since).min();
        let alert = Alert {
            number: self.last_number,
            told: self.worst(&members),
            is_common: is_common(&members),
            members,
            head,
            since: since.unwrap_or(now),
            grown_at: now,
            told_at: None,
            easing_since: None,
        };
        self.alerts.push(alert);
    }

    fn worst(&self, ids: &BTreeSet<String>) -> Status {
        let all = ids.iter().map(|id| self.subjects[id].settled);
        all.max().unwrap_or_default()
    }

    /// What an alert has to say now, if anything.
    fn speak(&mut self, alert: &mut Alert, now: DateTime<Utc>, policy: &Policy) -> Option<Message> {
        let worst = self.worst(&alert.members);
        let Some(told_at) = alert.told_at else {
            let head = alert.head.clone();
            return Some(self.tell(alert, Event::Raise, &head, now, policy));
        };
        if worst == Status::Healthy {
            return Some(self.message(alert, Event::Resolve, now, policy));
        }
        if let Some(head) = self.grown_worse(alert, policy) {
            return Some(self.tell(alert, Event::Update, &head, now, policy));
        }
        if self.has_eased(alert, worst, now, policy) {
            alert.head = self.cause_now(alert);
            alert.told = worst;
            alert.easing_since = None;
            if let Some(head) = self.who_may_raise(&alert.head, policy) {
                return Some(self.tell(alert, Event::Update, &head, now, policy));
            }
        }
        (now - told_at >= DAY).then(|| {
            alert.told_at = Some(now);
            self.message(alert, Event::Remind, now, policy)
        })
    }

    /// What makes an alert worse than was told, is the cause of what was told of cameras, or another camera than the only one that
    /// was told.
    fn grown_worse(&self, alert: &Alert, policy: &Policy) -> Option<BTreeSet<String>> {
        let only_cameras = alert.head.iter().all(|id| is_camera(id));
        let is_news = |id: &&String| {
            let subject = &self.subjects[*id];
            let is_cause = only_cameras && !is_camera(id) && subject.settled >= Status::Degraded;
            let is_another = !alert.is_common && subject.is_bad() && alert.tells_not_of(id);
            subject.settled > alert.told || is_cause || is_another
        };
        let news = alert.members.iter().filter(is_news).cloned().collect();
        self.who_may_raise(&news, policy)
    }

    /// Whether an alert has for `settle` been better than was told.
    fn has_eased(
        &self,
        alert: &mut Alert,
        worst: Status,
        now: DateTime<Utc>,
        policy: &Policy,
    ) -> bool {
        let is_cause_over = alert.head.iter().all(|id| !self.subjects[id].is_bad());
        if !is_cause_over && worst >= alert.told {
            alert.easing_since = None;
            return false;
        }
        now - *alert.easing_since.get_or_insert(now) >= policy.settle
    }

    /// What is left as the cause.
    fn cause_now(&self, alert: &Alert) -> BTreeSet<String> {
        let bad = alert
            .members
            .iter()
            .filter(|id| self.subjects[*id].is_bad());
        let (cameras, causes): (BTreeSet<String>, _) = bad.cloned().partition(|id| is_camera(id));
        if causes.is_empty() { cameras } else { causes }
    }

    /// Tells of `head`, which is counted for it.
    fn tell(
        &mut self,
        alert: &mut Alert,
        event: Event,
        head: &BTreeSet<String>,
        now: DateTime<Utc>,
        policy: &Policy,
    ) -> Message {
        for (_, subject) in self
            .subjects
            .iter_mut()
            .filter(|(id, _)| head.contains(*id))
        {
            subject.count_raise(now);
        }
        alert.head.clone_from(head);
        alert.is_common = is_common(&alert.members);
        alert.told = self.worst(&alert.members);
        alert.told_at = Some(now);
        alert.easing_since = None;
        self.message(alert, event, now, policy)
    }

    fn message(&self, alert: &Alert, event: Event, now: DateTime<Utc>, policy: &Policy) -> Message {
        let lines = alert.members.iter().map(|id| self.subjects[id].line(id));
        let (over, mut wrong): (Vec<Line>, Vec<Line>) =
            lines.partition(|line| line.status == Status::Healthy);
        wrong.sort_by_key(|line| (std::cmp::Reverse(line.status), is_camera(&line.id)));
        let mut head = alert.head.iter().filter_map(|id| self.subjects.get(id));
        Message {
            alert: alert.number,
            event,
            status: alert.told,
            at: now,
            since: alert.since,
            about: alert.head.iter().cloned().collect(),
            wrong,
            over,
            is_last_for_now: head.all(|subject| !subject.may_raise(policy)),
        }
    }

    /// Alerts that are over go; what has long been well leaves its alert, so that it can raise one again.
    fn forget(&mut self, now: DateTime<Utc>, policy: &Policy) {
        let subjects = &self.subjects;
        let is_bad = |id: &String| subjects[id].is_bad();
        self.alerts.retain(|alert| alert.members.iter().any(is_bad));
        for alert in &mut self.alerts {
            let lasts = |id: &String| {
                let good = subjects[id].good_since;
                good.is_none_or(|since| now - since < policy.settle)
            };
            alert.members.retain(lasts);
            alert.head.retain(|id| alert.members.contains(id));
            alert.is_common &= is_common(&alert.members);
        }
        let alerts = &self.alerts;
        self.subjects.retain(|id, subject| {
            !subject.is_forgettable() || alerts.iter().any(|alert| alert.members.contains(id))
        });
    }
}

impl Alert {
    fn take_in(&mut self, ids: BTreeSet<String>, now: DateTime<Utc>) {
        self.members.extend(ids);
        self.grown_at = now;
    }

    /// Whether it is why something of a camera is bad. What begins as a warning may be why a camera is late a moment later; one
    /// that has stood for long is not. What is wrong with one camera is never why another one is.
    fn explains(&self, id: &str, now: DateTime<Utc>, policy: &Policy) -> bool {
        let is_growing = now - self.grown_at < policy.settle;
        let is_job_of_it = |member: &str| member.starts_with(JOB) && camera(member) == camera(id);
        let is_cause = |member: &String| !is_camera(member) || is_job_of_it(member);
        let has_cause = self.members.iter().any(is_cause);
        is_growing || has_cause && self.told >= Status::Degraded
    }

    /// Whether something is of a camera that was not named as what the alert is about.
    fn tells_not_of(&self, id: &str) -> bool {
        let of = camera(id);
        of.is_some() && self.head.iter().all(|told| camera(told) != of)
    }
}

/// Whether more than one camera is affected, or what all of them need.
fn is_common(ids: &BTreeSet<String>) -> bool {
    let cameras: BTreeSet<Option<&str>> = ids.iter().map(|id| camera(id)).collect();
    cameras.contains(&None) || cameras.len() > 1
}

/// The camera that something is of alone: that it is silent, what it shows, its job. `None` for what all cameras need.
fn camera(id: &str) -> Option<&str> {
    let of = [CAMERA, PICTURE, JOB];
    of.iter().find_map(|begins| id.strip_prefix(begins))
}

fn is_camera(id: &str) -> bool {
    camera(id).is_some()
}
