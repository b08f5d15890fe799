//! Removes files of the store that no image's record speaks of.

use std::time::Duration;

use ferrostack_reconcile::{Outcome, Reconciler};

use crate::{Image, ImageError, app::live_uploads, store};

/// The background task.
pub struct OrphanFileRemover(Image);

impl OrphanFileRemover {
    /// For that service.
    pub fn new(image: Image) -> Self {
        Self(image)
    }
}

impl Reconciler for OrphanFileRemover {
    fn name(&self) -> &'static str {
        "orphan_file_remover"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn run(&self) -> Outcome<'_> {
        Box::pin(async move { Ok(format!("{} files removed", run(&self.0).await?)) })
    }
}

/// One pass; tells how many files it removed.
///
/// # Errors
/// When the store or the database can't be asked.
pub async fn run(image: &Image) -> Result<usize, ImageError> {
    // Files first, records afterwards: see the theory of operation.
    let files = image.files().list().await?;
    let mut removed = 0;
    for name in files {
        let file = name.to_string();
        if live_uploads::contains(name.upload)
            || store::upload::is_known(image.db(), name.image, name.upload, &file).await?
        {
            continue;
        }
        image.files().remove(&file).await?;
        tracing::warn!(file, "removed a file of the image store that belonged to no image");
        removed += 1;
    }
    Ok(removed)
}
