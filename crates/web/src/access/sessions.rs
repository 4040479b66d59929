//! Who is logged in, in memory: a restart logs everybody out. Must not know passwords.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::settings::Right;

/// The cookie's name.
pub const COOKIE: &str = "draywatch_session";
/// The header with what only our own page knows.
pub const CSRF_HEADER: &str = "x-csrf-token";
/// As many may be logged in at a time; one more ends the one that would end first.
const MOST: usize = 1000;

/// A log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: String,
    /// What they may do.
    pub right: Right,
    /// What a request that changes something must say, too.
    pub csrf: String,
    /// When it ends.
    pub expires: DateTime<Utc>,
}

/// All log-ins, by the hash of what the cookie holds.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Session>>);

impl Sessions {
    /// Logs somebody in; what the cookie is to hold, and the session.
    pub fn begin(
        &self,
        user: &str,
        right: Right,
        now: DateTime<Utc>,
        lasts: TimeDelta,
    ) -> (String, Session) {
        let (secret, csrf) = (random_text(), random_text());
        let session = Session {
            user: user.to_owned(),
            right,
            csrf,
            expires: now + lasts,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, one| one.expires > now);
        if all.len() >= MOST {
            let first = all
                .iter()
                .min_by_key(|(_, one)| one.expires)
                .map(|(key, _)| *key);
            first.map(|key| all.remove(&key));
        }
        all.insert(key(&secret), session.clone());
        (secret, session)
    }

    /// The session of a cookie, if it has not ended.
    pub fn find(&self, secret: &str, now: DateTime<Utc>) -> Option<Session> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key(secret))
            .filter(|one| one.expires > now)
            .cloned()
    }

    /// Logs out.
    pub fn end(&self, secret: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&key(secret));
    }
}

fn key(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// 256 random bits as text.
#[must_use]
pub fn random_text() -> String {
    let bytes: [u8; 32] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two secrets are the same, without telling by time where they differ.
pub fn are_equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_time_by_log_out_or_for_want_of_room() {
        let now = DateTime::from_timestamp(1_763_800_000, 0).unwrap();
        let hour = TimeDelta::hours(1);
        let sessions = Sessions::default();
        let (first, session) = sessions.begin("ann", Right::Read, now, hour);
        assert_eq!(sessions.find(&first, now), Some(session));
        assert_eq!(sessions.find(&first, now + hour), None);
        assert_eq!(sessions.find("", now), None);
        let (second, _) = sessions.begin("bob", Right::Operate, now, hour * 2);
        sessions.end(&second);
        assert_eq!(sessions.find(&second, now), None);
        let last: Vec<_> = (0..MOST)
            .map(|_| sessions.begin("eve", Right::Read, now, hour * 3).0)
            .collect();
        assert_eq!(sessions.find(&first, now), None, "the oldest made room");
        assert!(last.iter().all(|one| sessions.find(one, now).is_some()));
    }
}
