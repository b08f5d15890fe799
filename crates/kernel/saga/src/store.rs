//! The tables of operations: live ones, their steps, the archive, fences and leases.

use ferrostack_auth::Origin;
use ferrostack_base::{Fence, Timestamp};
use ferrostack_db::{DbError, FromRow, Json, Migrations, Read, Row, Tx, args, migrations};

pub use crate::lease::Controller;
use crate::{Failure, OperationId, StepRecord};

/// The tables of this crate.
pub const MIGRATIONS: Migrations = migrations!("saga";
    "CREATE TABLE IF NOT EXISTS operation (
        id VARCHAR(36) NOT NULL PRIMARY KEY, kind VARCHAR(64) NOT NULL, version BIGINT NOT NULL,
        resource VARCHAR(128) NOT NULL, live_resource VARCHAR(128) UNIQUE, params MEDIUMTEXT NOT NULL, origin MEDIUMTEXT NOT NULL,
        request_id VARCHAR(64) NOT NULL, project_id VARCHAR(255), state VARCHAR(16) NOT NULL, owner VARCHAR(36),
        epoch BIGINT NOT NULL, seq BIGINT NOT NULL, fence BIGINT NOT NULL, failure MEDIUMTEXT, reason MEDIUMTEXT,
        created_us BIGINT NOT NULL, updated_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS operation_owner ON operation (owner)",
    "CREATE INDEX IF NOT EXISTS operation_request ON operation (request_id)",
    "CREATE TABLE IF NOT EXISTS operation_archive (
        id VARCHAR(36) NOT NULL PRIMARY KEY, kind VARCHAR(64) NOT NULL, version BIGINT NOT NULL,
        resource VARCHAR(128) NOT NULL, params MEDIUMTEXT NOT NULL, origin MEDIUMTEXT NOT NULL, request_id VARCHAR(64) NOT NULL,
        project_id VARCHAR(255), outcome VARCHAR(16) NOT NULL, failure MEDIUMTEXT, epoch BIGINT NOT NULL, fence BIGINT NOT NULL,
        created_us BIGINT NOT NULL, ended_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS operation_archive_request ON operation_archive (request_id)",
    "CREATE INDEX IF NOT EXISTS operation_archive_resource ON operation_archive (resource)",
    "CREATE INDEX IF NOT EXISTS operation_archive_ended ON operation_archive (ended_us)",
    "CREATE TABLE IF NOT EXISTS operation_step (
        operation_id VARCHAR(36) NOT NULL, position BIGINT NOT NULL, name VARCHAR(190) NOT NULL, ok BIGINT NOT NULL,
        output MEDIUMTEXT NOT NULL, node VARCHAR(255) NOT NULL, started_us BIGINT NOT NULL, ended_us BIGINT NOT NULL,
        undone_us BIGINT, PRIMARY KEY (operation_id, position))",
    "CREATE TABLE IF NOT EXISTS resource_fence (resource VARCHAR(128) NOT NULL PRIMARY KEY, fence BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS controller_lease (
        incarnation VARCHAR(36) NOT NULL PRIMARY KEY, node VARCHAR(255) NOT NULL, started_us BIGINT NOT NULL, expires_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS operation_archive_project ON operation_archive (project_id)",
);

/// A live operation's row.
#[derive(Debug, Clone)]
pub struct Live {
    /// Its id.
    pub id: OperationId,
    /// Its kind.
    pub kind: String,
    /// Of parameters and steps.
    pub version: i64,
    /// `server 1234`.
    pub resource: String,
    /// Parameters as JSON.
    pub params: String,
    /// On whose behalf.
    pub origin: Origin,
    /// `running`, `unwinding` or `stuck`.
    pub state: String,
    /// The incarnation that runs it.
    pub owner: Option<String>,
    /// Raised at each claim.
    pub epoch: i64,
    /// Of the resource, for this epoch.
    pub fence: Fence,
    /// Why it is unwinding.
    pub failure: Option<Failure>,
    /// Why it waits or is stuck.
    pub reason: Option<String>,
    /// When it was accepted.
    pub created: Timestamp,
}

const LIVE: &str = "SELECT id, kind, version, resource, params, origin, state, owner, epoch, fence, failure, reason, created_us FROM operation";

impl FromRow for Live {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            version: row.get("version")?,
            resource: row.get("resource")?,
            params: row.get("params")?,
            origin: row.get::<Json<Origin>>("origin")?.0,
            state: row.get("state")?,
            owner: row.get("owner")?,
            epoch: row.get("epoch")?,
            fence: row.get("fence")?,
            failure: row.get::<Option<Json<Failure>>>("failure")?.map(|json| json.0),
            reason: row.get("reason")?,
            created: row.get("created_us")?,
        })
    }
}

/// An operation of a request, live or ended, for `trace` and `explain`.
#[derive(Debug, Clone)]
pub struct Past {
    /// Its id.
    pub id: OperationId,
    /// Its kind.
    pub kind: String,
    /// `server 1234`.
    pub resource: String,
    /// Its request.
    pub request_id: String,
    /// `running`, `unwinding`, `stuck`, `done`, `failed` or `superseded`.
    pub outcome: String,
    /// Why it failed, is unwinding, waits or is stuck.
    pub reason: Option<String>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl FromRow for Past {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let failure = row.get::<Option<Json<Failure>>>("failure")?.map(|json| json.0.reason);
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            resource: row.get("resource")?,
            request_id: row.get("request_id")?,
            outcome: row.get("outcome")?,
            reason: row.get::<Option<String>>("reason")?.or(failure),
            created: row.get("created_us")?,
            ended: row.get("ended_us")?,
        })
    }
}

async fn past(db: &impl Read, column: &'static str, value: &str) -> Result<Vec<Past>, DbError> {
    let live = format!(
        "SELECT id, kind, resource, request_id, state AS outcome, reason, failure, created_us, NULL AS ended_us FROM operation WHERE {column} = ?"
    );
    let ended = format!(
        "SELECT id, kind, resource, request_id, outcome, NULL AS reason, failure, created_us, ended_us FROM operation_archive WHERE {column} = ?"
    );
    let mut all: Vec<Past> = db.rows(ended, args![value]).await?;
    all.extend(db.rows::<Past>(live, args![value]).await?);
    all.sort_by_key(|operation| operation.created);
    Ok(all)
}

/// The operations behind a request.
///
/// # Errors
/// What the database says.
pub async fn of_request(db: &impl Read, request_id: &str) -> Result<Vec<Past>, DbError> {
    past(db, "request_id", request_id).await
}

/// The operations on a resource (`server 1234`), as far as the archive reaches.
///
/// # Errors
/// What the database says.
pub async fn of_resource(db: &impl Read, resource: &str) -> Result<Vec<Past>, DbError> {
    past(db, "resource", resource).await
}

/// All live operations, the oldest first.
///
/// # Errors
/// What the database says.
pub async fn live(db: &impl Read) -> Result<Vec<Live>, DbError> {
    db.rows(format!("{LIVE} ORDER BY created_us"), vec![]).await
}

/// All controllers with a lease.
///
/// # Errors
/// What the database says.
pub async fn controllers(db: &impl Read) -> Result<Vec<Controller>, DbError> {
    crate::lease::list(db).await
}

/// The resources of that type that have a live operation (R2).
///
/// # Errors
/// What the database says.
pub async fn busy_resources(db: &impl Read, kind: &str) -> Result<std::collections::HashSet<String>, DbError> {
    let prefix = format!("{kind} ");
    let rows =
        db.all("SELECT live_resource FROM operation WHERE live_resource LIKE ?", args![format!("{prefix}%")]).await?;
    rows.iter().map(|row| Ok(row.at::<String>(0)?.trim_start_matches(&prefix).to_owned())).collect()
}

pub(crate) async fn find_live(db: &impl Read, resource: &str) -> Result<Option<Live>, DbError> {
    db.find(format!("{LIVE} WHERE live_resource = ?"), args![resource]).await
}

/// The log of an operation.
///
/// # Errors
/// What the database says.
pub async fn steps(db: &impl Read, id: OperationId) -> Result<Vec<StepRecord>, DbError> {
    db.rows(
        "SELECT position, name, ok, output, node, started_us, ended_us, undone_us FROM operation_step WHERE operation_id = ? ORDER BY position",
        args![id],
    )
    .await
}

/// Raises the resource's fence and returns it.
pub(crate) async fn raise_fence(tx: &Tx, resource: &str) -> Result<Fence, DbError> {
    if !tx.changed("UPDATE resource_fence SET fence = fence + 1 WHERE resource = ?", args![resource]).await? {
        tx.exec("INSERT INTO resource_fence (resource, fence) VALUES (?, 1)", args![resource]).await?;
        return Ok(Fence(1));
    }
    current_fence(tx, resource).await
}

pub(crate) async fn current_fence(db: &impl Read, resource: &str) -> Result<Fence, DbError> {
    let row = db.one("SELECT fence FROM resource_fence WHERE resource = ?", args![resource]).await?;
    row.map_or(Ok(Fence(0)), |row| row.get("fence"))
}

pub(crate) async fn insert(tx: &Tx, live: &Live) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO operation (id, kind, version, resource, live_resource, params, origin, request_id, project_id, state, owner,
            epoch, seq, fence, created_us, updated_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, 0, ?, ?, ?)",
        args![
            live.id,
            live.kind,
            live.version,
            live.resource,
            live.resource,
            live.params,
            Json(&live.origin),
            live.origin.request_id,
            live.origin.project_id,
            live.owner,
            live.epoch,
            live.fence,
            live.created,
            live.created,
        ],
    )
    .await?;
    Ok(())
}

/// Moves a live operation to the archive.
pub(crate) async fn archive(tx: &Tx, id: OperationId, outcome: &str, now: Timestamp) -> Result<(), DbError> {
    tx.exec(
        "INSERT INTO operation_archive (id, kind, version, resource, params, origin, request_id, project_id, outcome, failure, epoch, fence, created_us, ended_us)
            SELECT id, kind, version, resource, params, origin, request_id, project_id, ?, failure, epoch, fence, created_us, ? FROM operation WHERE id = ?",
        args![outcome, now, id],
    )
    .await?;
    tx.exec("DELETE FROM operation WHERE id = ?", args![id]).await?;
    Ok(())
}

/// Forgets ended operations from before `before`, and all but the newest `keep`, with their steps. Fences
/// stay: a resource that still exists needs its own, and one row for each that is gone is small.
///
/// # Errors
/// What the database says.
pub async fn purge(db: &ferrostack_db::Db, before: Timestamp, keep: i64) -> Result<u64, DbError> {
    let newest =
        db.one("SELECT ended_us FROM operation_archive ORDER BY ended_us DESC LIMIT 1 OFFSET ?", args![keep]).await?;
    let by_size = newest.map(|row| row.get::<Timestamp>("ended_us")).transpose()?;
    let limit = by_size.map_or(before, |by_size| before.max(by_size));
    let old = db
        .all("SELECT id FROM operation_archive WHERE ended_us <= ? ORDER BY ended_us LIMIT 500", args![limit])
        .await?;
    let old = &old;
    db.tx(|tx| async move {
        for row in old {
            let id: OperationId = row.get("id")?;
            tx.exec("DELETE FROM operation_step WHERE operation_id = ?", args![id]).await?;
            tx.exec("DELETE FROM operation_archive WHERE id = ?", args![id]).await?;
        }
        Ok::<_, DbError>(old.len() as u64)
    })
    .await
}
