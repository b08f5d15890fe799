//! Layout 1: a token for one domain.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for one domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainScoped {
    /// The domain.
    pub domain_id: String,
}

impl From<DomainScoped> for TokenKind {
    fn from(kind: DomainScoped) -> Self {
        Self::DomainScoped(kind)
    }
}

impl Layout for DomainScoped {
    const VERSION: u8 = 1;
    const LENGTH: u8 = 6;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.bare_id(&self.domain_id);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let domain_id = input.bare_id()?;
        shared.read_life(input)?;
        Ok((shared, Self { domain_id }))
    }
}
