//! Integers that count up, for what the API numbers.

use ferrostack_db::{DbError, Read, Tx, args};

/// The next number of that name; `amount` of them belong to the caller, the first is returned.
pub(crate) async fn next(tx: &Tx, name: &'static str, amount: i64) -> Result<i64, DbError> {
    if !tx.changed("UPDATE compute_counter SET value = value + ? WHERE name = ?", args![amount, name]).await? {
        let insert = "INSERT INTO compute_counter (name, value) VALUES (?, ?)";
        return match tx.exec(insert, args![name, amount]).await {
            Ok(_) => Ok(1),
            // Somebody else was the first one; there is a row now.
            Err(error) if error.is_duplicate() => Box::pin(next(tx, name, amount)).await,
            Err(error) => Err(error),
        };
    }
    let row = tx.one("SELECT value FROM compute_counter WHERE name = ?", args![name]).await?.ok_or(DbError::Ended)?;
    Ok(row.at::<i64>(0)? - amount + 1)
}
