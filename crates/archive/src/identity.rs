//! The archive's id (invariant 6). Whether it is the right one is the caller's business, who knows the database's.

use std::io::Read;

use super::{Archive, ArchiveError};

const FILE: &str = "archive-id";

impl Archive {
    /// The id in the archive; `None` when it has none yet.
    ///
    /// # Errors
    /// When it cannot be read, or what stands there is no id.
    pub fn id(&self) -> Result<Option<String>, ArchiveError> {
        let Some(control) = self.0.control.as_ref().map(|control| &control.folder) else {
            return Ok(None);
        };
        let path = control.path().join(FILE);
        let mut text = String::new();
        match control.open_file(FILE) {
            Ok(file) => file
                .take(200)
                .read_to_string(&mut text)
                .map_err(|error| ArchiveError::of("read", &path, error))?,
            Err(ArchiveError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        match uuid::Uuid::parse_str(text.trim()) {
            Ok(id) => Ok(Some(id.to_string())),
            Err(_) => Err(ArchiveError::BadId { path, text }),
        }
    }

    /// Gives the archive its id, durably. The same id again is fine.
    ///
    /// # Errors
    /// When another id is there, `id` is no UUID, or it cannot be written.
    pub fn write_id(&self, id: &str) -> Result<(), ArchiveError> {
        let control = self.control()?;
        let path = control.path().join(FILE);
        let bad = |_| ArchiveError::BadId {
            path: path.clone(),
            text: id.to_owned(),
        };
        let id = uuid::Uuid::parse_str(id).map_err(bad)?.to_string();
        let mut staged = self.stage(format!("{id}\n").as_bytes())?;
        match staged.move_to(control, FILE) {
            // Even if somebody else wrote it just now, it counts only once it is durable.
            Ok(()) | Err(ArchiveError::Exists { .. }) => control.sync()?,
            Err(error) => return Err(error),
        }
        match self.id()? {
            Some(there) if there != id => Err(ArchiveError::OtherId {
                path,
                there,
                wanted: id,
            }),
            _ => Ok(()),
        }
    }
}
