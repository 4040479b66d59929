//! Alerts to people: [`Notifier`] asks the rules (`core::alert`) what is to be said, and hands it to e-mail and webhook, or
//! calls the heartbeat. It needs neither database nor archive. It must not decide what is worth a message, nor find out
//! what is wrong.
//!
//! What could not be delivered waits in the state and is tried again at the next evaluation; of each alert the latest
//! message waits, so that a channel that comes back gives no storm either.

mod failure;
mod mail;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod web;
mod words;

use std::collections::BTreeMap;
use std::future::Future;

use chrono::{DateTime, Utc};
use draywatch_core::Clock;
use draywatch_core::alert::{Event, Line, Message, Reason, State, Status};
use draywatch_core::retry::Next;

pub use failure::{Channel, ChannelFailure};
pub use settings::{NotifySettings, SmtpSettings, WebhookSettings};

use failure::SendError;
use state::{Saved, StateFile};

/// The reason of health that says that the archive is not there, or not ours.
const ARCHIVE: &str = "archive";

/// How many messages may wait for one channel; the oldest goes first.
const MOST_WAITING: usize = 20;

/// Who tells people. One of it for a service.
#[derive(Debug)]
pub struct Notifier {
    settings: NotifySettings,
    clock: Clock,
    file: StateFile,
    saved: Saved,
    /// What was found wrong when the state was read, until it is told.
    untold: Option<ChannelFailure>,
}

impl Notifier {
    /// A notifier that goes on where the one before stopped. A state that cannot be read is set aside and told of by the
    /// next [`Notifier::evaluate`].
    pub async fn open(settings: NotifySettings, clock: Clock) -> Self {
        let file = StateFile::new(settings.state_file.clone());
        let (saved, untold) = file.load(clock.now()).await;
        Self {
            settings,
            clock,
            file,
            saved,
            untold,
        }
    }

    /// A notifier that remembers nothing and reads no file, for tests of the channels.
    #[must_use]
    pub fn untouched(settings: NotifySettings, clock: Clock) -> Self {
        Self {
            file: StateFile::new(settings.state_file.clone()),
            settings,
            clock,
            saved: Saved::default(),
            untold: None,
        }
    }

    /// Takes other settings; what waits for a channel that is no more is forgotten. The place of the state stays.
    pub fn reconfigure(&mut self, settings: NotifySettings) {
        self.settings = settings;
    }

    /// Takes in what an evaluation of health at `now` found, sends what is to be said, and calls the heartbeat while all is
    /// well. Returns the channels that failed, for health to show. It takes at most three time-outs of a channel and some
    /// seconds, and is never cancelled for good: what was not sent is sent the next time.
    pub async fn evaluate(
        &mut self,
        now: DateTime<Utc>,
        reasons: &[Reason],
    ) -> Vec<ChannelFailure> {
        let mut failures: Vec<ChannelFailure> = self.untold.take().into_iter().collect();
        let state = std::mem::take(&mut self.saved.rules);
        let (rules, messages) = state.evaluated(now, reasons, &self.settings.policy);
        self.saved.rules = rules;
        self.enqueue(&messages);
        // Before it is sent: a crash in between repeats a message at worst, and never loses one.
        let before = self.save(reasons).await;
        let (email, webhook) = (self.waiting(Channel::Email), self.waiting(Channel::Webhook));
        let ((mailed, no_mail), (posted, no_post)) = futures::join!(
            self.deliver(Channel::Email, &email),
            self.deliver(Channel::Webhook, &webhook),
        );
        self.sent(Channel::Email, mailed);
        self.sent(Channel::Webhook, posted);
        let is_well = reasons.iter().all(|one| one.status < Status::Degraded);
        let all_told = self.saved.waiting.values().all(Vec::is_empty);
        let beat = if is_well && all_told {
            self.beat().await.err()
        } else {
            None
        };
        let after = self.save(reasons).await;
        failures.extend(no_mail.into_iter().chain(no_post).chain(beat));
        failures.extend(after.or(before).err());
        failures
    }

    /// Sends a test message over every channel there is, and calls the heartbeat; remembers nothing.
    pub async fn test(&self) -> Vec<(Channel, Result<(), ChannelFailure>)> {
        let message = [test_message(self.clock.now())];
        let mut done = Vec::new();
        for channel in self.settings.channels() {
            let result = match channel {
                Channel::Heartbeat => self.beat().await,
                _ => self.deliver(channel, &message).await.1.map_or(Ok(()), Err),
            };
            done.push((channel, result));
        }
        done
    }

    /// Writes the state down, but not into an archive that may be another one than ours.
    async fn save(&mut self, reasons: &[Reason]) -> Result<(), ChannelFailure> {
        let is_elsewhere = reasons.iter().any(|reason| reason.id == ARCHIVE);
        if is_elsewhere && self.file.is_in_archive() {
            return Ok(());
        }
        self.file.save(&self.saved).await
    }

    fn enqueue(&mut self, messages: &[Message]) {
        let channels = self.settings.channels();
        self.saved
            .waiting
            .retain(|channel, _| channels.contains(channel));
        let speaking = |channel: &&Channel| **channel != Channel::Heartbeat;
        for channel in channels.iter().filter(speaking) {
            let waiting = self.saved.waiting.entry(*channel).or_default();
            for message in messages {
                waiting.retain(|older| older.alert != message.alert);
                waiting.push(message.clone());
            }
            let too_many = waiting.len().saturating_sub(MOST_WAITING);
            waiting.drain(..too_many);
        }
    }

    fn waiting(&self, channel: Channel) -> Vec<Message> {
        let waiting: &BTreeMap<_, _> = &self.saved.waiting;
        waiting.get(&channel).cloned().unwrap_or_default()
    }

    fn sent(&mut self, channel: Channel, number: usize) {
        if let Some(waiting) = self.saved.waiting.get_mut(&channel) {
            waiting.drain(..number);
        }
    }

    /// Sends messages until one fails: how many went out, and what failed.
    async fn deliver(
        &self,
        channel: Channel,
        messages: &[Message],
    ) -> (usize, Option<ChannelFailure>) {
        for (number, message) in messages.iter().enumerate() {
            let done = match channel {
                Channel::Email => self.mail(message).await,
                _ => self.post(message).await,
            };
            if let Err(error) = done {
                let left = messages.len() - number;
                return (number, Some(ChannelFailure::new(channel, &error, left)));
            }
        }
        (messages.len(), None)
    }

    async fn mail(&self, message: &Message) -> Result<(), SendError> {
        let Some(settings) = &self.settings.smtp else {
            return Ok(());
        };
        let zone = self.settings.zone;
        self.again(|| mail::send(settings, message, self.clock.now(), zone))
            .await
    }

    async fn post(&self, message: &Message) -> Result<(), SendError> {
        let Some(settings) = &self.settings.webhook else {
            return Ok(());
        };
        let zone = self.settings.zone;
        self.again(|| web::post(settings, message, zone)).await
    }

    async fn beat(&self) -> Result<(), ChannelFailure> {
        let Some((url, timeout)) = &self.settings.heartbeat else {
            return Ok(());
        };
        let done = self.again(|| web::call(url, *timeout)).await;
        done.map_err(|error| ChannelFailure::new(Channel::Heartbeat, &error, 0))
    }

    /// Repeats what may pass by itself within seconds.
    async fn again<F, Fut>(&self, send: F) -> Result<(), SendError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<(), SendError>>,
    {
        let mut attempt = 1;
        loop {
            let Err(error) = send().await else {
                return Ok(());
            };
            let jitter = rand::random::<f64>();
            match self
                .settings
                .retry
                .next(error.kind(), attempt, None, jitter)
            {
                Next::Wait(wait) => tokio::time::sleep(wait).await,
                Next::Later(_) | Next::GiveUp => return Err(error),
            }
            attempt += 1;
        }
    }

    /// What the rules remember.
    #[must_use]
    pub fn rules(&self) -> &State {
        &self.saved.rules
    }
}

/// What `draywatch alert test` sends: marked as a test wherever it is read.
fn test_message(now: DateTime<Utc>) -> Message {
    Message {
        alert: 0,
        event: Event::Raise,
        status: Status::Warning,
        at: now,
        since: now,
        about: vec![words::TEST.to_owned()],
        wrong: vec![Line {
            id: words::TEST.to_owned(),
            status: Status::Warning,
            message: "this is a test by `draywatch alert test`".to_owned(),
            since: now,
        }],
        over: Vec::new(),
        is_last_for_now: false,
    }
}
