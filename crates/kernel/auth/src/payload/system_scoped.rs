//! Layout 8: a token for the whole cloud.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token for the whole cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemScoped {
    /// The part of the system; `all` is the only one there is.
    pub system: String,
}

impl From<SystemScoped> for TokenKind {
    fn from(kind: SystemScoped) -> Self {
        Self::SystemScoped(kind)
    }
}

impl Layout for SystemScoped {
    const VERSION: u8 = 8;
    const LENGTH: u8 = 6;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        out.text(&self.system);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        let system = input.text()?;
        shared.read_life(input)?;
        Ok((shared, Self { system }))
    }
}
