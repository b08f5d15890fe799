//! Layout 2: a token for one project.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectScoped {
    /// The project.
    pub project_id: String,
}

impl From<ProjectScoped> for TokenKind {
    fn from(kind: ProjectScoped) -> Self {
        Self::ProjectScoped(kind)
    }
}

impl Layout for ProjectScoped {
    const VERSION: u8 = 2;
    const LENGTH: u8 = 6;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        shared.read_life(input)?;
        Ok((shared, Self { project_id }))
    }
}
