//! Domains: what agents report.

use std::collections::HashMap;

use ferrostack_agent_api::Power;
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::model::{Domain, ServerId};

impl FromRow for Domain {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            server: row.get("server_id")?,
            host: row.get("host")?,
            fence: row.get("fence")?,
            generation: row.get("generation")?,
            power: row.get::<Json<Power>>("power")?.0,
            since: row.get("since_us")?,
        })
    }
}

/// The server's domain.
pub(crate) async fn get(db: &impl Read, server: ServerId) -> Result<Option<Domain>, DbError> {
    db.find("SELECT server_id, host, fence, generation, power, since_us FROM domain WHERE server_id = ?", args![server])
        .await
}

/// What the domains of those servers do.
pub(crate) async fn powers(db: &impl Read, servers: &[ServerId]) -> Result<HashMap<ServerId, Power>, DbError> {
    let mut powers = HashMap::with_capacity(servers.len());
    for chunk in servers.chunks(200) {
        let mut sql = Sql::new("SELECT server_id, host, fence, generation, power, since_us FROM domain WHERE 1 = 1");
        sql.and_in("server_id", chunk);
        powers.extend(db.list::<Domain>(sql).await?.into_iter().map(|domain| (domain.server, domain.power)));
    }
    Ok(powers)
}

/// The domains of a node.
pub(crate) async fn list_on_host(db: &impl Read, host: &str) -> Result<Vec<Domain>, DbError> {
    db.rows("SELECT server_id, host, fence, generation, power, since_us FROM domain WHERE host = ?", args![host]).await
}

/// Writes what a domain is, made known before or not.
pub(crate) async fn put(tx: &Tx, domain: &Domain) -> Result<(), DbError> {
    let d = domain;
    let changed = tx
        .changed(
            "UPDATE domain SET host = ?, fence = ?, generation = ?, power = ?, since_us = ? WHERE server_id = ?",
            args![d.host, d.fence, d.generation, Json(d.power), d.since, d.server],
        )
        .await?;
    if !changed {
        tx.exec(
            "INSERT INTO domain (server_id, host, fence, generation, power, since_us) VALUES (?, ?, ?, ?, ?, ?)",
            args![d.server, d.host, d.fence, d.generation, Json(d.power), d.since],
        )
        .await?;
    }
    Ok(())
}

/// Forgets the server's domain.
pub(crate) async fn delete(tx: &Tx, server: ServerId) -> Result<(), DbError> {
    tx.exec("DELETE FROM domain WHERE server_id = ?", args![server]).await?;
    Ok(())
}
