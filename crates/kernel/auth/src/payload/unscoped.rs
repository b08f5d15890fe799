//! Layout 0: a token without scope.

use super::{Layout, Shared, SharedRef, TokenKind};
use crate::AuthError;
use crate::msgpack::{Reader, Writer};

/// A token without scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unscoped;

impl From<Unscoped> for TokenKind {
    fn from(kind: Unscoped) -> Self {
        Self::Unscoped(kind)
    }
}

impl Layout for Unscoped {
    const VERSION: u8 = 0;
    const LENGTH: u8 = 5;

    fn write(&self, shared: &SharedRef<'_>, out: &mut Writer) -> Result<(), AuthError> {
        shared.write_head(out);
        shared.write_life(out)
    }

    fn read(input: &mut Reader<'_>) -> Result<(Shared, Self), AuthError> {
        let mut shared = Shared::read_head(input)?;
        shared.read_life(input)?;
        Ok((shared, Self))
    }
}
