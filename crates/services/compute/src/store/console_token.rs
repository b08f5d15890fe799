//! Permissions to open consoles.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Tx, args};

use crate::model::{ConsoleToken, ServerId};

impl FromRow for ConsoleToken {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            hash: row.get("hash")?,
            server: row.get("server_id")?,
            host: row.get("host")?,
            kind: row.get::<Json<_>>("kind")?.0,
            expires: row.get("expires_us")?,
        })
    }
}

/// Writes a new one.
pub(crate) async fn insert(tx: &Tx, token: &ConsoleToken) -> Result<(), DbError> {
    let t = token;
    tx.exec(
        "INSERT INTO console_token (hash, server_id, host, kind, expires_us) VALUES (?, ?, ?, ?, ?)",
        args![t.hash, t.server, t.host, Json(t.kind), t.expires],
    )
    .await?;
    Ok(())
}

/// The one with that hash, if it holds at that time and its server is where it was.
pub(crate) async fn find(db: &impl Read, hash: &str, now: Timestamp) -> Result<Option<ConsoleToken>, DbError> {
    db.find(
        "SELECT hash, server_id, console_token.host, kind, expires_us FROM console_token \
         JOIN server ON server.id = console_token.server_id AND server.host = console_token.host AND server.deleted = 0 \
         WHERE hash = ? AND expires_us > ?",
        args![hash, now],
    )
    .await
}

/// Forgets those of a server.
pub(crate) async fn delete_of_server(tx: &Tx, server: ServerId) -> Result<(), DbError> {
    tx.exec("DELETE FROM console_token WHERE server_id = ?", args![server]).await?;
    Ok(())
}

/// Forgets those that hold no more.
pub(crate) async fn purge(tx: &Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.exec("DELETE FROM console_token WHERE expires_us <= ?", args![now]).await
}
