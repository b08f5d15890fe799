//! Integers that count up, for what the API numbers.

use ferrostack_db::{DbError, Read, Tx, args};

/// The next number of that name; `amount` of them belong to the caller, the first is returned.
pub(crate) async fn next(tx: &Tx, name: &'static str, amount: i64) -> Result<i64, DbError> {
    if !tx.changed("UPDATE compute_counter SET value = value + ? WHERE name = ?", args![amount, name]).await? {
        tx.exec("INSERT INTO compute_counter (name, value) VALUES (?, ?)", args![name, amount]).await?;
        return Ok(1);
    }
    let row = tx.one("SELECT value FROM compute_counter WHERE name = ?", args![name]).await?.ok_or(DbError::Ended)?;
    Ok(row.at::<i64>(0)? - amount + 1)
}
