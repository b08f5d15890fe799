//! What runs in the background. Each pass takes no input, may run at any time on every controller, and repairs what it
//! finds; see the crate's theory of operation.

pub mod orphan_file_remover;
pub mod stale_upload_resetter;

use ferrostack_reconcile::Reconcilers;

use crate::Image;

/// Starts them all.
pub fn start(image: &Image, reconcilers: &Reconcilers) {
    reconcilers.start(stale_upload_resetter::StaleUploadResetter::new(image.clone()));
    reconcilers.start(orphan_file_remover::OrphanFileRemover::new(image.clone()));
}
