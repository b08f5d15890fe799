//! Rows of allocations: who has how much of what.

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, FromRow, Read, Row, Sql, Tx, args};
use uuid::Uuid;

/// An allocation of a known consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) provider: Uuid,
    pub(crate) class: String,
    pub(crate) used: i64,
    pub(crate) created: Timestamp,
}

/// An allocation at a known provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) consumer: Uuid,
    pub(crate) class: String,
    pub(crate) used: i64,
    pub(crate) consumer_generation: i64,
    pub(crate) created: Timestamp,
}

impl FromRow for Given {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            consumer: row.get("consumer")?,
            class: row.get("class")?,
            used: row.get("used")?,
            consumer_generation: row.get("generation")?,
            created: row.get("created_us")?,
        })
    }
}

/// What a project uses of a class, by consumer type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) consumer_type: Option<String>,
    pub(crate) class: String,
    pub(crate) used: i64,
}

impl FromRow for Usage {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { consumer_type: row.get("consumer_type")?, class: row.get("class")?, used: row.get("used")? })
    }
}

/// All allocations at a provider.
pub(crate) async fn list_at(db: &impl Read, provider: Uuid) -> Result<Vec<Given>, DbError> {
    let sql = "SELECT a.consumer, a.class, a.used, a.created_us, c.generation FROM placement_allocation a
        JOIN placement_consumer c ON c.uuid = a.consumer WHERE a.provider = ?";
    db.rows(sql, args![provider]).await
}

/// All consumers at a provider.
pub(crate) async fn list_consumers(db: &impl Read, provider: Uuid) -> Result<Vec<Uuid>, DbError> {
    let sql = "SELECT DISTINCT consumer FROM placement_allocation WHERE provider = ?";
    db.all(sql, args![provider]).await?.iter().map(|row| row.get("consumer")).collect()
}

/// Whether anybody has an allocation at the provider.
pub(crate) async fn any_at(tx: &Tx, provider: Uuid) -> Result<bool, DbError> {
    Ok(tx.one("SELECT consumer FROM placement_allocation WHERE provider = ? LIMIT 1", args![provider]).await?.is_some())
}

fn of_project(sql: &mut Sql, project_id: &str, user_id: Option<&str>) {
    sql.push(" FROM placement_consumer c JOIN placement_allocation a ON a.consumer = c.uuid WHERE c.project_id = ?")
        .bind(project_id);
    if let Some(user_id) = user_id {
        sql.and("c.user_id = ?", user_id);
    }
}

/// What a project (and user) uses, by consumer type and class.
pub(crate) async fn usages(db: &impl Read, project_id: &str, user_id: Option<&str>) -> Result<Vec<Usage>, DbError> {
    let mut sql = Sql::new("SELECT c.consumer_type, a.class, CAST(SUM(a.used) AS SIGNED) AS used");
    of_project(&mut sql, project_id, user_id);
    sql.push(" GROUP BY c.consumer_type, a.class");
    db.list(sql).await
}

/// How many consumers a project (and user) has, by type.
pub(crate) async fn consumer_counts(
    db: &impl Read,
    project_id: &str,
    user_id: Option<&str>,
) -> Result<Vec<(Option<String>, i64)>, DbError> {
    struct Count(Option<String>, i64);
    impl FromRow for Count {
        fn from_row(row: &Row) -> Result<Self, DbError> {
            Ok(Self(row.get("consumer_type")?, row.get("consumers")?))
        }
    }
    let mut sql = Sql::new("SELECT c.consumer_type, COUNT(DISTINCT c.uuid) AS consumers");
    of_project(&mut sql, project_id, user_id);
    sql.push(" GROUP BY c.consumer_type");
    Ok(db.list::<Count>(sql).await?.into_iter().map(|count| (count.0, count.1)).collect())
}

/// Writes allocations: consumer, provider, class, amount.
pub(crate) async fn insert_many(
    tx: &Tx,
    allocations: &[(Uuid, Uuid, &str, i64)],
    now: Timestamp,
) -> Result<(), DbError> {
    let rows = allocations.iter().map(|(consumer, provider, class, used)| args![consumer, provider, *class, used, now]);
    tx.insert_many(
        "INSERT INTO placement_allocation (consumer, provider, class, used, created_us) VALUES",
        rows.collect(),
    )
    .await
}

/// Deletes all allocations of a consumer.
pub(crate) async fn delete(tx: &Tx, consumer: Uuid) -> Result<(), DbError> {
    tx.exec("DELETE FROM placement_allocation WHERE consumer = ?", args![consumer]).await.map(drop)
}
