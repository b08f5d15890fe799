//! Which nodes have joined, and where their agents listen: a table that all controllers share.

use std::error::Error;

use ferrostack_agent_link::{Roster, RosterEntry, RosterError};
use ferrostack_db::{Db, DbError, Migrations, Read, args, migrations};
use futures::future::BoxFuture;

/// The table.
pub(super) const MIGRATIONS: Migrations = migrations!("agents";
    "CREATE TABLE IF NOT EXISTS agent_address (name VARCHAR(64) NOT NULL PRIMARY KEY, address VARCHAR(64) NOT NULL)",
);

/// The table in this database.
pub(super) struct Table(pub(super) Db);

impl Roster for Table {
    fn list(&self) -> BoxFuture<'_, Result<Vec<RosterEntry>, RosterError>> {
        Box::pin(async { list(&self.0).await.map_err(|source| RosterError { action: "read", source }) })
    }

    fn put<'a>(&'a self, entry: &'a RosterEntry) -> BoxFuture<'a, Result<(), RosterError>> {
        Box::pin(async {
            let put = put(&self.0, entry).await;
            put.map_err(|source| RosterError { action: "written down", source: source.into() })
        })
    }
}

async fn list(db: &Db) -> Result<Vec<RosterEntry>, Box<dyn Error + Send + Sync>> {
    let rows = db.all("SELECT name, address FROM agent_address ORDER BY name", vec![]).await?;
    rows.iter()
        .map(|row| Ok(RosterEntry { name: row.get("name")?, address: row.get::<String>("address")?.parse()? }))
        .collect()
}

async fn put(db: &Db, entry: &RosterEntry) -> Result<(), DbError> {
    db.tx(|tx| async move {
        let address = entry.address.to_string();
        let update = "UPDATE agent_address SET address = ? WHERE name = ?";
        if !tx.changed(update, args![address.clone(), entry.name.clone()]).await? {
            let insert = "INSERT INTO agent_address (name, address) VALUES (?, ?)";
            tx.exec(insert, args![entry.name.clone(), address]).await?;
        }
        Ok::<_, DbError>(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use ferrostack_base::Clock;
    use ferrostack_db::testing::TestDb;

    use super::*;

    fn entry(name: &str, address: &str) -> RosterEntry {
        RosterEntry { name: name.to_owned(), address: address.parse().unwrap() }
    }

    #[tokio::test]
    async fn nodes_are_written_down_and_move() {
        for database in TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap() {
            let table = Table(database.db.clone());
            assert_eq!(table.list().await.unwrap(), []);
            let (a, b) = (entry("node-a", "10.0.0.1:8082"), entry("node-b", "[fd00::2]:8082"));
            for entry in [&b, &a, &a] {
                table.put(entry).await.unwrap();
            }
            assert_eq!(table.list().await.unwrap(), [a, b.clone()]);
            let moved = entry("node-a", "10.0.0.9:8082");
            table.put(&moved).await.unwrap();
            assert_eq!(table.list().await.unwrap(), [moved, b]);
        }
    }
}
