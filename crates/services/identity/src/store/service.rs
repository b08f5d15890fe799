//! Services of the catalog.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{ServiceId, store::Extra};

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) id: ServiceId,
    pub(crate) service_type: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) extra: Extra,
}

impl FromRow for Service {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            service_type: row.get("type")?,
            name: row.get("name")?,
            description: row.get("description")?,
            enabled: row.get("enabled")?,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str = "SELECT id, type, name, description, enabled, extra FROM identity_service WHERE 1 = 1";

/// What a list of services is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) service_type: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) enabled: Option<bool>,
}

pub(crate) async fn insert(tx: &Tx, service: &Service) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_service (id, type, name, description, enabled, extra) VALUES (?, ?, ?, ?, ?, ?)";
    let extra = Json(&service.extra);
    tx.exec(sql, args![service.id, service.service_type, service.name, service.description, service.enabled, extra])
        .await
        .map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &ServiceId) -> Result<Option<Service>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Vec<Service>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    if let Some(service_type) = &filter.service_type {
        sql.and("type = ?", service_type);
    }
    if let Some(name) = &filter.name {
        sql.and("name = ?", name);
    }
    if let Some(enabled) = filter.enabled {
        sql.and("enabled = ?", enabled);
    }
    sql.push(" ORDER BY id");
    db.list(sql).await
}

pub(crate) async fn update(tx: &Tx, service: &Service) -> Result<bool, DbError> {
    let sql = "UPDATE identity_service SET type = ?, name = ?, description = ?, enabled = ?, extra = ? WHERE id = ?";
    let extra = Json(&service.extra);
    tx.changed(sql, args![service.service_type, service.name, service.description, service.enabled, extra, service.id])
        .await
}

/// Deletes a service with its endpoints.
pub(crate) async fn delete(tx: &Tx, id: &ServiceId) -> Result<bool, DbError> {
    tx.exec("DELETE FROM identity_endpoint WHERE service_id = ?", args![id]).await?;
    tx.changed("DELETE FROM identity_service WHERE id = ?", args![id]).await
}
