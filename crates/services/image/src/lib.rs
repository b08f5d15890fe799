//! The Image service: Image API v2, served at the prefix `/image`.
//!
//! # Theory of operation
//! An image is a row (the record, [`store`]) and, once uploaded, a file ([`file_store`]). The row alone decides: a file
//! that no row names is rubbish, whatever put it there.
//!
//! ```text
//! queued --upload accepted--> saving --file durable--> active <--> deactivated
//!    ^----------refused, cut, uploader dead-----'
//! ```
//!
//! *Upload.* Each upload has an id of its own. First one transaction moves the row from `queued` to `saving` and writes
//! that id into `upload_owner`; a second upload finds `saving` and gets 409. Then the data goes to
//! `incoming/<image>.<upload>`, is hashed and inspected on the way, is synced, and gets its final name `<image>.<upload>`.
//! Last, one transaction moves the row to `active`, if it still says `saving` with the same `upload_owner`, and names the
//! file. Whoever lost the row in between (the image was deleted, or another controller took the uploader for dead) finds
//! no such row, removes its own file and answers 410. Since the upload's id is part of the file's name, a late uploader
//! can never touch the data of another one.
//!
//! *Dead uploaders.* While data comes in, the uploader renews `upload_beat_us` (database time) every 5 s. The task
//! [`tasks::stale_upload_resetter`] returns rows whose beat is older than 20 s to `queued`. SQLite is used by one process
//! only, so there an upload that does not live in this process is dead at once and the first pass at start finds it.
//!
//! *Rubbish.* [`tasks::orphan_file_remover`] lists the files first and reads the rows afterwards. A file is made only after
//! its row says `saving` with its upload's id, and its row names it in the same transaction that forgets that id; so a
//! file that was there before the rows were read, and that no row names in either way, belongs to nobody. That covers a
//! crash at any point of an upload or between the end of a row and the end of its file in a deletion.
//!
//! *Changes* of the record are compare-and-set on `generation`; one that meets a concurrent change is applied anew.

mod access;
mod api;
mod app;
mod error;
mod file_store;
mod migrations;
mod model;
mod options;
mod policy;
mod store;
pub mod tasks;
mod wire;

use std::sync::Arc;

use ferrostack_db::Db;
use ferrostack_http::Routes;
use tokio::sync::Semaphore;

pub use app::ensure_image::{GuestImage, ImageSource, ensure_image};
pub use error::ImageError;
pub use ferrostack_image_format::DiskFormat;
pub use migrations::MIGRATIONS;
pub use model::{ContainerFormat, ImageId};
pub use options::ImageOptions;
pub use policy::ACTIONS;

use file_store::FileStore;

/// The service's state. Cheap to clone.
#[derive(Clone)]
pub struct Image(Arc<Shared>);

struct Shared {
    db: Db,
    options: ImageOptions,
    files: FileStore,
    /// Each upload occupies three threads of the pool for blocking work; this bounds them.
    uploads: Semaphore,
}

/// So many uploads at once; more wait for their turn.
const UPLOADS_AT_ONCE: usize = 64;

impl Image {
    /// The service over its database and file store. Call [`Image::start`] before the first request.
    pub fn new(db: Db, options: ImageOptions) -> Self {
        let files = FileStore::new(options.store_dir.clone());
        Self(Arc::new(Shared { db, options, files, uploads: Semaphore::new(UPLOADS_AT_ONCE) }))
    }

    /// Makes the store's directories and puts right what a crash left behind.
    ///
    /// # Errors
    /// When the store's directory can't be used or the database can't be asked.
    pub async fn start(&self) -> Result<(), ImageError> {
        self.0.files.prepare().await?;
        tasks::stale_upload_resetter::run(self).await?;
        tasks::orphan_file_remover::run(self).await?;
        Ok(())
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn options(&self) -> &ImageOptions {
        &self.0.options
    }

    pub(crate) fn files(&self) -> &FileStore {
        &self.0.files
    }
}

/// All routes below the prefix `/image`.
pub fn routes() -> Routes<Image> {
    api::routes()
}
