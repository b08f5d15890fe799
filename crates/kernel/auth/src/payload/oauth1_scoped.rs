//! Layout 7: a token for one project by an OAuth 1.0a access token.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for one project by an OAuth 1.0a access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth1Scoped {
    /// The project.
    pub project_id: String,
    /// The access token.
    pub access_token_id: String,
}

impl From<Oauth1Scoped> for TokenKind {
    fn from(kind: Oauth1Scoped) -> Self {
        Self::Oauth1Scoped(kind)
    }
}

impl Layout for Oauth1Scoped {
    const VERSION: u8 = 7;
    const LENGTH: u8 = 7;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        out.id(&self.access_token_id);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        let access_token_id = input.id()?;
        shared.read_life(input)?;
        Ok((shared, Self { project_id, access_token_id }))
    }
}
