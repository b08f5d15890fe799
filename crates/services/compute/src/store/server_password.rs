//! Rows of passwords that guests have handed over, encrypted with their user's key.

use ferrostack_db::{DbError, Read, Tx, args};

use crate::model::ServerId;

/// The password of a server.
pub(crate) async fn get(db: &impl Read, server: ServerId) -> Result<Option<String>, DbError> {
    let row = db.one("SELECT password FROM server_password WHERE server_id = ?", args![server]).await?;
    row.map(|row| row.get("password")).transpose()
}

/// Keeps a password; a duplicate is an error.
pub(crate) async fn insert(tx: &Tx, server: ServerId, password: &str) -> Result<(), DbError> {
    tx.exec("INSERT INTO server_password (server_id, password) VALUES (?, ?)", args![server, password]).await.map(drop)
}

/// Forgets it; none is fine.
pub(crate) async fn delete(tx: &Tx, server: ServerId) -> Result<(), DbError> {
    tx.exec("DELETE FROM server_password WHERE server_id = ?", args![server]).await.map(drop)
}
