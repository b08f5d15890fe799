//! Who uploads an image's data; see the crate's theory of operation.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Read, Row, Tx, args};
use uuid::Uuid;

use crate::model::{ImageId, Status};

/// What is known of an image's data once it is durable.
#[derive(Debug, Clone)]
pub(crate) struct StoredData {
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) virtual_size: Option<u64>,
    pub(crate) md5: String,
    pub(crate) sha512: String,
}

/// An upload that a row speaks of.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) image_id: ImageId,
    pub(crate) owner: Option<Uuid>,
    pub(crate) beat: Option<Timestamp>,
}

impl FromRow for Upload {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { image_id: row.get("id")?, owner: row.get("upload_owner")?, beat: row.get("upload_beat_us")? })
    }
}

/// Takes a queued image whose formats are known for this upload; `false` when it can't be had.
pub(crate) async fn insert(
    tx: &Tx,
    id: ImageId,
    upload: Uuid,
    beat: Timestamp,
    now: Timestamp,
) -> Result<bool, DbError> {
    let values = args![Status::Saving, upload, beat, now, id, Status::Queued];
    tx.changed(
        "UPDATE image SET status = ?, upload_owner = ?, upload_beat_us = ?, updated_us = ?, generation = generation + 1 \
         WHERE id = ? AND status = ? AND disk_format IS NOT NULL AND container_format IS NOT NULL",
        values,
    )
    .await
}

/// The upload lives; `false` when it lost its image.
pub(crate) async fn update(tx: &Tx, id: ImageId, upload: Uuid, beat: Timestamp) -> Result<bool, DbError> {
    tx.changed("UPDATE image SET upload_beat_us = ? WHERE id = ? AND upload_owner = ?", args![beat, id, upload]).await
}

/// The data is durable: the image becomes active; `false` when the upload lost it.
pub(crate) async fn finish(
    tx: &Tx,
    id: ImageId,
    upload: Uuid,
    data: &StoredData,
    now: Timestamp,
) -> Result<bool, DbError> {
    let values = args![
        Status::Active,
        data.size,
        data.virtual_size,
        data.md5,
        "sha512",
        data.sha512,
        data.file,
        now,
        id,
        Status::Saving,
        upload,
    ];
    tx.changed(
        "UPDATE image SET status = ?, size = ?, virtual_size = ?, checksum = ?, os_hash_algo = ?, os_hash_value = ?, \
         data_file = ?, updated_us = ?, upload_owner = NULL, upload_beat_us = NULL, generation = generation + 1 \
         WHERE id = ? AND status = ? AND upload_owner = ?",
        values,
    )
    .await
}

/// The upload is over without data: the image waits for another one. `false` when it was not this upload's any more.
pub(crate) async fn delete(tx: &Tx, id: ImageId, upload: Option<Uuid>, now: Timestamp) -> Result<bool, DbError> {
    let mut values = args![Status::Queued, now, id, Status::Saving];
    let owner = if let Some(upload) = upload {
        values.extend(args![upload]);
        "upload_owner = ?"
    } else {
        "upload_owner IS NULL"
    };
    tx.changed(
        format!(
            "UPDATE image SET status = ?, updated_us = ?, upload_owner = NULL, upload_beat_us = NULL, \
             generation = generation + 1 WHERE id = ? AND status = ? AND {owner}"
        ),
        values,
    )
    .await
}

/// All uploads under way.
pub(crate) async fn list(db: &impl Read) -> Result<Vec<Upload>, DbError> {
    db.rows("SELECT id, upload_owner, upload_beat_us FROM image WHERE status = ?", args![Status::Saving]).await
}

/// Whether a row speaks of that upload: as the one under way, or by its file's name.
pub(crate) async fn is_known(db: &impl Read, id: ImageId, upload: Uuid, file: &str) -> Result<bool, DbError> {
    let row = db
        .one("SELECT id FROM image WHERE id = ? AND (upload_owner = ? OR data_file = ?)", args![id, upload, file])
        .await?;
    Ok(row.is_some())
}
