//! Layout 4: a token without scope of a user whom another identity provider knows.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token without scope of a user whom another identity provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedUnscoped {
    /// The groups that the provider's assertion put the user into.
    pub group_ids: Vec<String>,
    /// The identity provider.
    pub identity_provider_id: String,
    /// The protocol: `saml2`, `openid`, `mapped` ...
    pub protocol_id: String,
}

impl From<FederatedUnscoped> for TokenKind {
    fn from(kind: FederatedUnscoped) -> Self {
        Self::FederatedUnscoped(kind)
    }
}

impl Layout for FederatedUnscoped {
    const VERSION: u8 = 4;
    const LENGTH: u8 = 8;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.ids(&self.group_ids);
        out.id(&self.identity_provider_id);
        out.text(&self.protocol_id);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let group_ids = input.ids()?;
        let identity_provider_id = input.id()?;
        let protocol_id = input.text()?;
        shared.read_life(input)?;
        Ok((shared, Self { group_ids, identity_provider_id, protocol_id }))
    }
}
