//! Who owns which temporary: each open archive that puts files holds a locked file in `tmp/`, and its temporaries bear that
//! file's name. The lock ends with the process however it dies, so the sweep tells leftovers from work in flight, also that of
//! another process. Must not touch anything outside `tmp/`.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use super::folder::Folder;
use super::{Archive, ArchiveError};

const OWNER: &str = ".owner";
const PART: &str = ".part";

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Temporaries of owners that are no more.
    pub count: u64,
}

/// The right to temporaries named `<token>.<number>.part`, for as long as `<token>.owner` is locked.
#[derive(Debug)]
pub(super) struct Owner {
    token: String,
    /// Opened once more, as a temporary may outlive the archive it came from.
    tmp: Folder,
    next: AtomicU64,
    _locked: File,
}

/// What became of an owner.
enum Fate {
    Alive,
    /// Nobody else can take it for alive while its file, if there is one, is locked by us.
    Dead(Option<File>),
}

impl Owner {
    /// Becomes an owner. The locked file is there before any temporary is.
    fn new(control: &Folder) -> Result<Self, ArchiveError> {
        let tmp = control.open("tmp")?;
        loop {
            let token = uuid::Uuid::new_v4().simple().to_string();
            let name = format!("{token}{OWNER}");
            let file = tmp.create_new(&name)?;
            let path = tmp.path().join(&name);
            let is_locked = try_lock(&file, &path)?;
            // A sweep may have taken the new file for a dead one's before it was locked; then it is nobody's.
            let links = file
                .metadata()
                .map_err(|error| ArchiveError::of("look at", &path, error))?
                .nlink();
            if is_locked && links > 0 {
                return Ok(Self {
                    token,
                    tmp,
                    next: AtomicU64::new(1),
                    _locked: file,
                });
            }
        }
    }

    pub(super) fn tmp(&self) -> &Folder {
        &self.tmp
    }

    /// A name that no other temporary has or had.
    pub(super) fn next_name(&self) -> String {
        format!(
            "{}.{}{PART}",
            self.token,
            self.next.fetch_add(1, Ordering::Relaxed)
        )
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // If this fails, a later sweep does it.
        let _ = self.tmp.unlink(&format!("{}{OWNER}", self.token));
    }
}

impl Archive {
    /// This archive's owner, made at the first call.
    pub(super) fn owner(&self) -> Result<Arc<Owner>, ArchiveError> {
        self.parts()?;
        let mut owner = self.0.owner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = &*owner {
            return Ok(Arc::clone(owner));
        }
        Ok(Arc::clone(
            owner.insert(Arc::new(Owner::new(self.control()?)?)),
        ))
    }

    /// Removes the temporaries whose owners are dead. Costs by the number of temporaries, not by the size of the archive.
    ///
    /// # Errors
    /// When the folder of temporaries cannot be read or changed.
    pub fn sweep(&self) -> Result<Swept, ArchiveError> {
        let tmp = self.tmp()?;
        let mut left = BTreeMap::<String, Vec<String>>::new();
        for (name, _) in tmp.list()? {
            if let Some(token) = token_of(&name) {
                let parts = left.entry(token.to_owned()).or_default();
                if name.ends_with(PART) {
                    parts.push(name);
                }
            }
        }
        let mut swept = Swept::default();
        for (token, parts) in left {
            let owner = format!("{token}{OWNER}");
            // Looked up only now: an owner's file is there before its temporaries, so if it is gone, it died or finished.
            // The lock is held until all is removed.
            let Fate::Dead(_lock) = fate_of(tmp, &owner)? else {
                continue;
            };
            for part in parts {
                swept.count += u64::from(tmp.unlink(&part)?);
            }
            tmp.unlink(&owner)?;
        }
        Ok(swept)
    }
}

fn fate_of(tmp: &Folder, owner: &str) -> Result<Fate, ArchiveError> {
    match tmp.open_existing(owner) {
        Ok(file) if try_lock(&file, &tmp.path().join(owner))? => Ok(Fate::Dead(Some(file))),
        Ok(_) => Ok(Fate::Alive),
        Err(ArchiveError::Missing { .. }) => Ok(Fate::Dead(None)),
        Err(error) => Err(error),
    }
}

/// Locks a file without waiting; whether nobody else had it locked.
pub(super) fn try_lock(file: &File, path: &std::path::Path) -> Result<bool, ArchiveError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(ArchiveError::of("lock", path, error)),
    }
}

/// The owner's token in a name of ours in `tmp/`; other names are nobody's business.
fn token_of(name: &str) -> Option<&str> {
    let (token, rest) = name.split_at_checked(32)?;
    let is_token = token
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = rest
        .strip_suffix(PART)
        .and_then(|number| number.strip_prefix('.'));
    let is_part = number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    (is_token && (rest == OWNER || is_part)).then_some(token)
}

/// Finds out whether new files can be made, by making one. A full disk is no answer to that: what frees it must still work.
pub(super) fn probe(tmp: &Folder) -> Result<(), ArchiveError> {
    let name = format!("{}.0{PART}", uuid::Uuid::new_v4().simple());
    match tmp.create_new(&name) {
        Ok(_) => tmp.unlink(&name).map(|_| ()),
        Err(ArchiveError::DiskFull { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::token_of;

    #[test]
    fn only_names_of_ours_have_a_token() {
        let token = "0123456789abcdef0123456789abcdef";
        assert_eq!(token_of(&format!("{token}.owner")), Some(token));
        assert_eq!(token_of(&format!("{token}.17.part")), Some(token));
        for name in [
            "",
            "x.part",
            &format!("{token}.part"),
            &format!("{token}..part"),
            &format!("{token}.a.part"),
            token,
        ] {
            assert_eq!(token_of(name), None, "{name}");
        }
        assert_eq!(token_of(&"é".repeat(40)), None);
    }
}
