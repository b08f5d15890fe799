//! Endpoints of services.

use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};

use crate::{EndpointId, RegionId, ServiceId, store::Extra};

/// An endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) id: EndpointId,
    pub(crate) service_id: ServiceId,
    pub(crate) region_id: Option<RegionId>,
    /// `public`, `internal` or `admin`.
    pub(crate) interface: String,
    pub(crate) url: String,
    pub(crate) enabled: bool,
    pub(crate) extra: Extra,
}

impl FromRow for Endpoint {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            service_id: row.get("service_id")?,
            region_id: row.get("region_id")?,
            interface: row.get("interface")?,
            url: row.get("url")?,
            enabled: row.get("enabled")?,
            extra: row.get::<Json<Extra>>("extra")?.0,
        })
    }
}

const COLUMNS: &str =
    "SELECT id, service_id, region_id, interface, url, enabled, extra FROM identity_endpoint WHERE 1 = 1";

/// What a list of endpoints is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) service_id: Option<ServiceId>,
    pub(crate) region_id: Option<RegionId>,
    pub(crate) interface: Option<String>,
    pub(crate) enabled: Option<bool>,
}

pub(crate) async fn insert(tx: &Tx, endpoint: &Endpoint) -> Result<(), DbError> {
    let sql = "INSERT INTO identity_endpoint (id, service_id, region_id, interface, url, enabled, extra) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let (id, service, region) = (&endpoint.id, &endpoint.service_id, &endpoint.region_id);
    tx.exec(sql, args![id, service, region, endpoint.interface, endpoint.url, endpoint.enabled, Json(&endpoint.extra)])
        .await
        .map(drop)
}

pub(crate) async fn get(db: &impl Read, id: &EndpointId) -> Result<Option<Endpoint>, DbError> {
    db.find(format!("{COLUMNS} AND id = ?"), args![id]).await
}

pub(crate) async fn list(db: &impl Read, filter: &Filter) -> Result<Vec<Endpoint>, DbError> {
    let mut sql = Sql::new(COLUMNS);
    if let Some(service_id) = &filter.service_id {
        sql.and("service_id = ?", service_id);
    }
    if let Some(region_id) = &filter.region_id {
        sql.and("region_id = ?", region_id);
    }
    if let Some(interface) = &filter.interface {
        sql.and("interface = ?", interface);
    }
    if let Some(enabled) = filter.enabled {
        sql.and("enabled = ?", enabled);
    }
    sql.push(" ORDER BY id");
    db.list(sql).await
}

pub(crate) async fn update(tx: &Tx, endpoint: &Endpoint) -> Result<bool, DbError> {
    let sql = "UPDATE identity_endpoint SET service_id = ?, region_id = ?, interface = ?, url = ?, enabled = ?, extra = ? WHERE id = ?";
    let (id, service, region) = (&endpoint.id, &endpoint.service_id, &endpoint.region_id);
    tx.changed(
        sql,
        args![service, region, endpoint.interface, endpoint.url, endpoint.enabled, Json(&endpoint.extra), id],
    )
    .await
}

pub(crate) async fn delete(tx: &Tx, id: &EndpointId) -> Result<bool, DbError> {
    tx.changed("DELETE FROM identity_endpoint WHERE id = ?", args![id]).await
}
