//! Layout 10: a token by OAuth 2.0 client credentials over mutual TLS (RFC 8705).

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token by OAuth 2.0 client credentials over mutual TLS (RFC 8705).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oauth2CredentialsScoped {
    /// The project.
    pub project_id: String,
    /// The domain of the user.
    pub domain_id: String,
    /// The client certificate's SHA-256 thumbprint in base64.
    pub thumbprint: String,
}

impl From<Oauth2CredentialsScoped> for TokenKind {
    fn from(kind: Oauth2CredentialsScoped) -> Self {
        Self::Oauth2CredentialsScoped(kind)
    }
}

impl Layout for Oauth2CredentialsScoped {
    const VERSION: u8 = 10;
    const LENGTH: u8 = 8;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        out.id(&self.domain_id);
        shared.write_life(out)?;
        out.text_pair(&self.thumbprint);
        Ok(())
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        let domain_id = input.id()?;
        shared.read_life(input)?;
        let thumbprint = input.id()?;
        Ok((shared, Self { project_id, domain_id, thumbprint }))
    }
}
