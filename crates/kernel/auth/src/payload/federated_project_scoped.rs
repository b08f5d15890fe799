//! Layout 5: a token for one project of a user whom another identity provider knows.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for one project of a user whom another identity provider knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederatedProjectScoped {
    /// The project.
    pub project_id: String,
    /// The groups that the provider's assertion put the user into.
    pub group_ids: Vec<String>,
    /// The identity provider.
    pub identity_provider_id: String,
    /// The protocol: `saml2`, `openid`, `mapped` ...
    pub protocol_id: String,
}

impl From<FederatedProjectScoped> for TokenKind {
    fn from(kind: FederatedProjectScoped) -> Self {
        Self::FederatedProjectScoped(kind)
    }
}

impl Layout for FederatedProjectScoped {
    const VERSION: u8 = 5;
    const LENGTH: u8 = 9;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.id(&self.project_id);
        out.ids(&self.group_ids);
        out.id(&self.identity_provider_id);
        out.text(&self.protocol_id);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let project_id = input.id()?;
        let group_ids = input.ids()?;
        let identity_provider_id = input.id()?;
        let protocol_id = input.text()?;
        shared.read_life(input)?;
        Ok((shared, Self { project_id, group_ids, identity_provider_id, protocol_id }))
    }
}
