//! Servers by their id.

use std::collections::BTreeMap;

use ferrostack_agent_api::Wanted;
use ferrostack_base::{Secret, Timestamp};
use ferrostack_db::{DbError, FromRow, Json, Read, Row, Sql, Tx, args};
use ferrostack_saga::OperationId;

use crate::model::{PowerState, Server, ServerId, Stage, State, Task};

/// The columns that [`Server`] is read from; all are of the table `server`.
pub(crate) const COLUMNS: &str = "server.id, number, project_id, user_id, name, hostname, flavor, image_id, boot_image, key_name, \
    public_key, metadata, user_data, config_drive, zone, forced_host, access_ip_v4, access_ip_v6, disk_config, reservation_id, \
    launch_index, security_groups, nics, ports, server.host, power_on, server.generation, stage, operation_id, task_state, \
    status, vm_state, power_state, fault, created_us, updated_us, launched_us, terminated_us, deleted";

impl FromRow for Server {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let task: Option<Task> = row.get("task_state")?;
        let operation: Option<OperationId> = row.get("operation_id")?;
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            project_id: row.get("project_id")?,
            user_id: row.get("user_id")?,
            name: row.get("name")?,
            hostname: row.get("hostname")?,
            flavor: row.get::<Json<_>>("flavor")?.0,
            image_id: row.get("image_id")?,
            boot_source: row.get::<Option<Json<_>>>("boot_image")?.map(|json| json.0),
            key_name: row.get("key_name")?,
            public_key: row.get("public_key")?,
            metadata: row.get::<Json<_>>("metadata")?.0,
            user_data: row.get::<Option<Secret<String>>>("user_data")?,
            config_drive: row.get("config_drive")?,
            zone: row.get("zone")?,
            forced_host: row.get("forced_host")?,
            access_ip_v4: row.get("access_ip_v4")?,
            access_ip_v6: row.get("access_ip_v6")?,
            disk_config: row.get::<Json<_>>("disk_config")?.0,
            reservation_id: row.get("reservation_id")?,
            launch_index: row.get("launch_index")?,
            security_groups: row.get::<Json<_>>("security_groups")?.0,
            nics: row.get::<Json<_>>("nics")?.0,
            ports: row.get::<Json<_>>("ports")?.0,
            host: row.get("host")?,
            power: if row.get("power_on")? { Wanted::On } else { Wanted::Off },
            generation: row.get("generation")?,
            stage: row.get("stage")?,
            operation: operation.zip(task),
            state: State {
                status: row.get("status")?,
                vm_state: row.get("vm_state")?,
                task_state: task,
                power_state: PowerState::numbered(row.get("power_state")?),
            },
            fault: row.get::<Option<Json<_>>>("fault")?.map(|json| json.0),
            created: row.get("created_us")?,
            updated: row.get("updated_us")?,
            launched: row.get("launched_us")?,
            terminated: row.get("terminated_us")?,
            deleted: row.get("deleted")?,
        })
    }
}

/// Writes a new server.
pub(crate) async fn insert(tx: &Tx, server: &Server) -> Result<(), DbError> {
    let s = server;
    tx.insert_many(
        "INSERT INTO server (id, number, project_id, user_id, name, hostname, flavor_id, flavor, image_id, boot_image, key_name, \
         public_key, metadata, user_data, config_drive, zone, forced_host, access_ip_v4, access_ip_v6, disk_config, reservation_id, \
         launch_index, security_groups, nics, ports, host, power_on, generation, stage, operation_id, task_state, status, \
         vm_state, power_state, fault, created_us, updated_us, launched_us, terminated_us, deleted) VALUES",
        vec![args![
            s.id,
            s.number,
            s.project_id,
            s.user_id,
            s.name,
            s.hostname,
            s.flavor.id,
            Json(&s.flavor),
            s.image_id,
            s.boot_source.as_ref().map(Json),
            s.key_name,
            s.public_key,
            Json(&s.metadata),
            s.user_data,
            s.config_drive,
            s.zone,
            s.forced_host,
            s.access_ip_v4,
            s.access_ip_v6,
            Json(&s.disk_config),
            s.reservation_id,
            s.launch_index,
            Json(&s.security_groups),
            Json(&s.nics),
            Json(&s.ports),
            s.host,
            s.power == Wanted::On,
            s.generation,
            s.stage,
            s.operation.map(|(id, _)| id),
            s.task(),
            s.state.status,
            s.state.vm_state,
            s.state.power_state.number(),
            s.fault.as_ref().map(Json),
            s.created,
            s.updated,
            s.launched,
            s.terminated,
            s.deleted,
        ]],
    )
    .await
}

/// The server, deleted or not.
pub(crate) async fn get(db: &impl Read, id: ServerId) -> Result<Option<Server>, DbError> {
    db.find(format!("SELECT {COLUMNS} FROM server WHERE id = ?"), args![id]).await
}

/// On which host the server is; `None` when it is gone or deleted.
pub(crate) async fn host_of(db: &impl Read, id: ServerId) -> Result<Option<Option<String>>, DbError> {
    let row = db.one("SELECT host FROM server WHERE id = ? AND deleted = 0", args![id]).await?;
    row.map(|row| row.at(0)).transpose()
}

/// The server, for a change: until the transaction ends nobody else changes it. `None` when it is gone or deleted.
pub(crate) async fn lock(tx: &Tx, id: ServerId) -> Result<Option<Server>, DbError> {
    // An UPDATE, since only that enters Galera's certification; the SELECT afterwards sees what was committed before.
    if !tx.changed("UPDATE server SET deleted = deleted WHERE id = ? AND deleted = 0", args![id]).await? {
        return Ok(None);
    }
    get(tx, id).await
}

/// Writes what operations change.
pub(crate) async fn update_state(tx: &Tx, server: &Server) -> Result<(), DbError> {
    let s = server;
    tx.exec(
        "UPDATE server SET ports = ?, host = ?, power_on = ?, generation = ?, stage = ?, operation_id = ?, task_state = ?, \
         status = ?, vm_state = ?, power_state = ?, fault = ?, updated_us = ?, launched_us = ?, terminated_us = ?, deleted = ? \
         WHERE id = ?",
        args![
            Json(&s.ports),
            s.host,
            s.power == Wanted::On,
            s.generation,
            s.stage,
            s.operation.map(|(id, _)| id),
            s.task(),
            s.state.status,
            s.state.vm_state,
            s.state.power_state.number(),
            s.fault.as_ref().map(Json),
            s.updated,
            s.launched,
            s.terminated,
            s.deleted,
            s.id,
        ],
    )
    .await?;
    Ok(())
}

/// Writes what users change by `PUT /servers/{id}`.
pub(crate) async fn update(tx: &Tx, server: &Server) -> Result<(), DbError> {
    let s = server;
    tx.exec(
        "UPDATE server SET name = ?, access_ip_v4 = ?, access_ip_v6 = ?, disk_config = ?, updated_us = ? WHERE id = ?",
        args![s.name, s.access_ip_v4, s.access_ip_v6, Json(&s.disk_config), s.updated, s.id],
    )
    .await?;
    Ok(())
}

/// Writes the server's metadata.
pub(crate) async fn update_metadata(
    tx: &Tx,
    id: ServerId,
    metadata: &BTreeMap<String, String>,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.exec("UPDATE server SET metadata = ?, updated_us = ? WHERE id = ?", args![Json(metadata), now, id]).await?;
    Ok(())
}

/// The servers of a node that are not deleted.
pub(crate) async fn list_on_host(db: &impl Read, host: &str) -> Result<Vec<Server>, DbError> {
    db.rows(format!("SELECT {COLUMNS} FROM server WHERE host = ? AND deleted = 0"), args![host]).await
}

/// Those of the ids that there are, deleted or not.
pub(crate) async fn list_by_ids(db: &impl Read, ids: &[ServerId]) -> Result<Vec<Server>, DbError> {
    let mut all = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(200) {
        let mut sql = Sql::new("SELECT ");
        sql.push(COLUMNS).push(" FROM server WHERE 1 = 1").and_in("id", chunk);
        all.extend(db.list::<Server>(sql).await?);
    }
    Ok(all)
}

/// Servers that an operation holds, or that only an operation can bring further (R2).
pub(crate) async fn list_transitional(db: &impl Read) -> Result<Vec<Server>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM server WHERE deleted = 0 AND (operation_id IS NOT NULL OR stage = ?)");
    db.rows(sql, args![Stage::Building]).await
}

/// All servers that are not deleted, after `marker`, in the order of their ids.
pub(crate) async fn list_alive(db: &impl Read, marker: Option<ServerId>, limit: usize) -> Result<Vec<Server>, DbError> {
    let marker = marker.map(|id| id.to_string()).unwrap_or_default();
    db.rows(
        format!("SELECT {COLUMNS} FROM server WHERE deleted = 0 AND id > ? ORDER BY id LIMIT ?"),
        args![marker, limit],
    )
    .await
}

/// The ids of all servers that are not deleted.
pub(crate) async fn alive_ids(db: &impl Read) -> Result<Vec<ServerId>, DbError> {
    db.all("SELECT id FROM server WHERE deleted = 0", vec![]).await?.iter().map(|row| row.at(0)).collect()
}

/// The projects that have servers, or had some lately.
pub(crate) async fn project_ids(db: &impl Read) -> Result<Vec<String>, DbError> {
    db.all("SELECT DISTINCT project_id FROM server", vec![]).await?.iter().map(|row| row.at(0)).collect()
}

/// Forgets servers that were deleted before `before`, some at a time.
pub(crate) async fn purge(tx: &Tx, before: Timestamp) -> Result<u64, DbError> {
    let rows = tx.all("SELECT id FROM server WHERE deleted = 1 AND updated_us < ? LIMIT 200", args![before]).await?;
    for row in &rows {
        tx.exec("DELETE FROM server WHERE id = ?", args![row.at::<ServerId>(0)?]).await?;
    }
    Ok(rows.len() as u64)
}
