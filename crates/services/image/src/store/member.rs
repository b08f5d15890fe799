//! With whom images are shared.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Read, Row, Tx, args};

use crate::model::{ImageId, Member, MemberStatus};

const SELECT: &str = "SELECT image_id, member, status, created_us, updated_us FROM image_member";

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            image_id: row.get("image_id")?,
            member: row.get("member")?,
            status: row.get("status")?,
            created_at: row.get("created_us")?,
            updated_at: row.get("updated_us")?,
        })
    }
}

/// One member.
pub(crate) async fn get(db: &impl Read, image: ImageId, member: &str) -> Result<Option<Member>, DbError> {
    db.find(format!("{SELECT} WHERE image_id = ? AND member = ?"), args![image, member]).await
}

/// All members of an image, oldest first.
pub(crate) async fn list(db: &impl Read, image: ImageId) -> Result<Vec<Member>, DbError> {
    db.rows(format!("{SELECT} WHERE image_id = ? ORDER BY created_us, member"), args![image]).await
}

/// A new member.
pub(crate) async fn insert(tx: &Tx, member: &Member) -> Result<(), DbError> {
    let values = args![member.image_id, member.member, member.status, member.created_at, member.updated_at];
    tx.exec(
        "INSERT INTO image_member (image_id, member, status, created_us, updated_us) VALUES (?, ?, ?, ?, ?)",
        values,
    )
    .await
    .map(|_| ())
}

/// What the member thinks of the image; `false` when there is no such member.
pub(crate) async fn update(
    tx: &Tx,
    image: ImageId,
    member: &str,
    status: MemberStatus,
    now: Timestamp,
) -> Result<bool, DbError> {
    tx.changed(
        "UPDATE image_member SET status = ?, updated_us = ? WHERE image_id = ? AND member = ?",
        args![status, now, image, member],
    )
    .await
}

/// Stops sharing; `false` when there is no such member.
pub(crate) async fn delete(tx: &Tx, image: ImageId, member: &str) -> Result<bool, DbError> {
    tx.changed("DELETE FROM image_member WHERE image_id = ? AND member = ?", args![image, member]).await
}
