//! What every resource has.

use ferrostack_base::Timestamp;
use ferrostack_db::DbError;

use crate::store::Reader;

/// The standard attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Standard {
    /// For people.
    pub description: String,
    /// For people and their tools; sorted, each once.
    pub tags: Vec<String>,
    /// Raised by each change.
    pub revision: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

impl Standard {
    /// Of something made now.
    pub(crate) fn new(description: String, now: Timestamp) -> Self {
        Self { description, tags: Vec::new(), revision: 1, created: now, updated: now }
    }

    /// Of something changed now.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.revision += 1;
        self.updated = now;
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DbError> {
        Ok(Self {
            description: reader.next()?,
            tags: reader.json()?,
            revision: reader.next()?,
            created: reader.next()?,
            updated: reader.next()?,
        })
    }
}
