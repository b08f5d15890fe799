//! Layout 3: a token for the project of a trust.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for the project of a trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustScoped {
    /// The project.
    pub project_id: String,
    /// The trust, a UUID without dashes.
    pub trust_id: String,
}

impl From<TrustScoped> for TokenKind {
    fn from(kind: TrustScoped) -> Self {
        Self::TrustScoped(kind)
    }
}

impl Layout for TrustScoped {
    const VERSION: u8 = 3;
    const LENGTH: u8 = 7;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        shared.write_life(out)?;
        out.uuid("the trust id", &self.trust_id)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        shared.read_life(input)?;
        let trust_id = input.uuid()?;
        Ok((shared, Self { project_id, trust_id }))
    }
}
