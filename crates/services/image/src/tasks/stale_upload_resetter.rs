//! Returns images whose uploader died to `queued`, so that they can be uploaded again.

use std::time::Duration;

use ferrostack_db::Engine;
use ferrostack_reconcile::{Outcome, Reconciler};

use crate::{Image, ImageError, app::live_uploads, store};

/// The background task.
pub struct StaleUploadResetter(Image);

impl StaleUploadResetter {
    /// For that service.
    pub fn new(image: Image) -> Self {
        Self(image)
    }
}

impl Reconciler for StaleUploadResetter {
    fn name(&self) -> &'static str {
        "stale_upload_resetter"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn run(&self) -> Outcome<'_> {
        Box::pin(async move { Ok(format!("{} images returned to queued", run(&self.0).await?)) })
    }
}

/// An uploader that did not say for so long that it lives is dead.
pub(crate) const LAPSE: Duration = Duration::from_secs(20);

/// One pass; tells how many images it returned to `queued`.
///
/// # Errors
/// When the database can't be asked.
pub async fn run(image: &Image) -> Result<usize, ImageError> {
    let db = image.db();
    let alone = db.engine() == Engine::Sqlite;
    let now = db.now().await?;
    let mut reset = 0;
    for upload in store::upload::list(db).await? {
        let here = upload.owner.is_some_and(live_uploads::contains);
        let lapsed = upload.beat.is_none_or(|beat| now.since(beat) >= LAPSE);
        if here || !(alone || lapsed) {
            continue;
        }
        let upload = &upload;
        let done =
            db.tx(|tx| async move { store::upload::delete(&tx, upload.image_id, upload.owner, now).await }).await?;
        if done {
            tracing::warn!(image = %upload.image_id, "the upload of an image died with its controller; the image is queued again");
            reset += 1;
        }
    }
    Ok(reset)
}
