//! Forgets servers that were deleted long ago, and addresses of consoles that have lapsed.

use super::{Said, said};
use crate::{Compute, store};

pub(super) async fn run(compute: &Compute) -> Said {
    let now = compute.now();
    compute.db().tx(|tx| async move { store::console_token::purge(&tx, now).await }).await?;
    let before = compute.now() - compute.options().keep_deleted;
    let mut purged = 0;
    loop {
        let some = compute.db().tx(|tx| async move { store::server::purge(&tx, before).await }).await?;
        purged += usize::try_from(some).unwrap_or(usize::MAX);
        if some == 0 {
            return said(purged, "records of deleted servers purged");
        }
    }
}
