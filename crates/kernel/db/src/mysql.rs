//! MariaDB: a pool, READ COMMITTED, and transactions that write their own id.

use std::{str::FromStr, sync::Arc, time::Duration};

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column, Executor, MySql, MySqlConnection, Row as _, TypeInfo, ValueRef,
    mysql::{MySqlArguments, MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlRow},
    query::Query,
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

fn bind(sql: &str, args: Vec<Value>) -> Query<'static, MySql, MySqlArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in args {
        query = match value {
            Value::Null => query.bind(None::<String>),
            Value::Int(number) => query.bind(number),
            Value::Real(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        };
    }
    query
}

pub(crate) async fn exec(connection: &mut MySqlConnection, sql: &str, args: Vec<Value>) -> Result<u64, DbError> {
    Ok(connection.execute(bind(sql, args)).await?.rows_affected())
}

pub(crate) async fn all(connection: &mut MySqlConnection, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, DbError> {
    collect(connection.fetch(bind(sql, args))).await
}

pub(crate) async fn pool_all(pool: &MySqlPool, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, DbError> {
    collect(pool.fetch(bind(sql, args))).await
}

async fn collect(
    mut rows: impl futures::Stream<Item = Result<MySqlRow, sqlx::Error>> + Unpin,
) -> Result<Vec<Row>, DbError> {
    let mut columns: Option<Columns> = None;
    let mut out = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let names = columns
            .get_or_insert_with(|| Arc::from(row.columns().iter().map(|c| c.name().to_owned()).collect::<Vec<_>>()));
        let values = (0..row.len()).map(|index| decode(&row, index)).collect::<Result<Vec<_>, _>>()?;
        out.push(Row::new(names.clone(), values));
    }
    Ok(out)
}

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
