//! What both databases do alike, once: binding values, running statements, collecting rows. sqlx has a type of its own for
//! each, so it is written as a macro; `decode` of the module that uses it says how a column is read.

macro_rules! backend {
    ($database:ident, $arguments:ident, $connection:ident, $pool:ident, $row:ident) => {
        fn bind(sql: &str, args: Vec<Value>) -> sqlx::query::Query<'static, $database, $arguments> {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
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

        /// Runs a statement; gives the number of rows that it changed.
        pub(crate) async fn exec(connection: &mut $connection, sql: &str, args: Vec<Value>) -> Result<u64, DbError> {
            Ok(connection.execute(bind(sql, args)).await?.rows_affected())
        }

        /// All rows of a statement, within a transaction.
        pub(crate) async fn all(
            connection: &mut $connection,
            sql: &str,
            args: Vec<Value>,
        ) -> Result<Vec<Row>, DbError> {
            collect(connection.fetch(bind(sql, args))).await
        }

        /// All rows of a statement, from what is committed.
        pub(crate) async fn pool_all(pool: &$pool, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, DbError> {
            collect(pool.fetch(bind(sql, args))).await
        }

        async fn collect(
            mut rows: impl futures::Stream<Item = Result<$row, sqlx::Error>> + Unpin,
        ) -> Result<Vec<Row>, DbError> {
            let mut columns: Option<Columns> = None;
            let mut out = Vec::new();
            while let Some(row) = futures::TryStreamExt::try_next(&mut rows).await? {
                let names = columns.get_or_insert_with(|| {
                    let names = row.columns().iter().map(|column| column.name().to_owned());
                    std::sync::Arc::from(names.collect::<Vec<_>>())
                });
                let values = (0..row.len()).map(|index| decode(&row, index)).collect::<Result<Vec<_>, _>>()?;
                out.push(Row::new(names.clone(), values));
            }
            Ok(out)
        }
    };
}
