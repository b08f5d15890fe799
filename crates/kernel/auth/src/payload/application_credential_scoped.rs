//! Layout 9: a token for one project by an application credential.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for one project by an application credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCredentialScoped {
    /// The project.
    pub project_id: String,
    /// The application credential.
    pub application_credential_id: String,
}

impl From<ApplicationCredentialScoped> for TokenKind {
    fn from(kind: ApplicationCredentialScoped) -> Self {
        Self::ApplicationCredentialScoped(kind)
    }
}

impl Layout for ApplicationCredentialScoped {
    const VERSION: u8 = 9;
    const LENGTH: u8 = 7;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        shared.write_life(out)?;
        out.id(&self.application_credential_id);
        Ok(())
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        shared.read_life(input)?;
        let application_credential_id = input.id()?;
        Ok((shared, Self { project_id, application_credential_id }))
    }
}
