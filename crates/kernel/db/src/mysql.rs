//! MariaDB: a pool, READ COMMITTED, and transactions that write their own id.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Column, Executor, MySql, MySqlConnection, Row as _, TypeInfo, ValueRef,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow},
};

use crate::{DbError, Row, Value, row::Columns};

/// Session settings: isolation as Galera wants it, strict modes, times in UTC.
const SESSION: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_ZERO_DATE', innodb_lock_wait_timeout = 10",
];

pub(crate) async fn open(url: &str, size: u32) -> Result<MySqlPool, DbError> {
    let options = MySqlConnectOptions::from_str(url)
        .map_err(|error| DbError::Address { url: crate::handle::without_password(url), reason: error.to_string() })?
        .charset("utf8mb4")
        .collation("utf8mb4_bin")
        .statement_cache_capacity(256);
    let pool = MySqlPoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(|connection, _| {
            Box::pin(async move {
                for statement in SESSION {
                    connection.execute(statement).await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

backend!(MySql, MySqlArguments, MySqlConnection, MySqlPool, MySqlRow);

fn decode(row: &MySqlRow, index: usize) -> Result<Value, DbError> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let info = raw.type_info();
    let name = info.name();
    Ok(if name.contains("INT") || name == "BOOLEAN" {
        if name.contains("UNSIGNED") {
            Value::Int(i64::try_from(row.try_get_unchecked::<u64, _>(index)?).unwrap_or(i64::MAX))
        } else {
            Value::Int(row.try_get_unchecked::<i64, _>(index)?)
        }
    } else if name == "DOUBLE" || name == "FLOAT" {
        Value::Real(row.try_get_unchecked::<f64, _>(index)?)
    } else {
        // Texts of a binary collation are reported as bytes: readers of the column know which they want.
        let bytes = row.try_get_unchecked::<Vec<u8>, _>(index)?;
        if name.ends_with("BLOB") || name.ends_with("BINARY") {
            Value::Bytes(bytes)
        } else {
            String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
        }
    })
}
