//! Taking and giving back.

use ferrostack_db::{DbError, Read, Tx, args};

use crate::{QuotaError, UNLIMITED};

/// An amount of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// The resource, prefixed by its service: `network.ports`, `compute.cores`.
    pub resource: &'static str,
    /// How much; 0 or less is not counted.
    pub amount: i64,
    /// The limit of projects that have none of their own; [`UNLIMITED`] for none.
    pub default_limit: i64,
}

/// Counts what `id` takes of the project's resources, all or nothing. Call it within the transaction that makes the
/// thing; when it fails, let the transaction fail, for some resources may have been counted already.
///
/// # Errors
/// [`QuotaError::Exceeded`] names the first resource of `wants` that has no room.
pub async fn take(tx: &Tx, project_id: &str, id: &str, wants: &[Want]) -> Result<(), QuotaError> {
    let mut rows = Vec::with_capacity(wants.len());
    for want in wants.iter().filter(|want| want.amount > 0) {
        raise(tx, project_id, want).await?;
        rows.push(args![id, want.resource, project_id, want.amount]);
    }
    tx.insert_many("INSERT INTO quota_ledger (id, resource, project_id, amount) VALUES", rows).await?;
    Ok(())
}

async fn raise(tx: &Tx, project_id: &str, want: &Want) -> Result<(), QuotaError> {
    let Want { resource, amount, default_limit } = *want;
    let raised = tx
        .changed(
            "UPDATE quota_usage SET used = used + ? WHERE project_id = ? AND resource = ? AND \
             (COALESCE((SELECT hard_limit FROM quota_limit WHERE project_id = ? AND resource = ?), ?) < 0 OR \
             used + ? <= COALESCE((SELECT hard_limit FROM quota_limit WHERE project_id = ? AND resource = ?), ?))",
            args![
                amount,
                project_id,
                resource,
                project_id,
                resource,
                default_limit,
                amount,
                project_id,
                resource,
                default_limit
            ],
        )
        .await?;
    if raised {
        return Ok(());
    }
    let row = tx
        .one("SELECT hard_limit FROM quota_limit WHERE project_id = ? AND resource = ?", args![project_id, resource])
        .await?;
    let limit = row.map_or(Ok(default_limit), |row| row.at(0))?;
    let row = tx
        .one("SELECT used FROM quota_usage WHERE project_id = ? AND resource = ?", args![project_id, resource])
        .await?;
    let used: Option<i64> = row.map(|row| row.at(0)).transpose()?;
    if limit > UNLIMITED && used.unwrap_or(0) + amount > limit {
        return Err(QuotaError::Exceeded { resource, limit, used: used.unwrap_or(0), wanted: amount });
    }
    // Nobody has counted this resource for the project yet, or somebody is doing so now, or just gave something back.
    let inserted = tx
        .exec(
            "INSERT INTO quota_usage (project_id, resource, used) VALUES (?, ?, ?)",
            args![project_id, resource, amount],
        )
        .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.is_duplicate() => Box::pin(raise(tx, project_id, want)).await,
        Err(error) => Err(error.into()),
    }
}

/// Counts what `id` takes without asking the limit: for what the cloud itself makes for a project, such as its default
/// security group, which may pass the limit but leaves less room for the project's own.
///
/// # Errors
/// What the database says.
pub async fn count(tx: &Tx, project_id: &str, id: &str, wants: &[Want]) -> Result<(), DbError> {
    let mut rows = Vec::with_capacity(wants.len());
    for Want { resource, amount, .. } in wants.iter().filter(|want| want.amount > 0) {
        let update = "UPDATE quota_usage SET used = used + ? WHERE project_id = ? AND resource = ?";
        if !tx.changed(update, args![amount, project_id, resource]).await? {
            let insert = "INSERT INTO quota_usage (project_id, resource, used) VALUES (?, ?, ?)";
            match tx.exec(insert, args![project_id, resource, amount]).await {
                Err(error) if error.is_duplicate() => tx.exec(update, args![amount, project_id, resource]).await?,
                other => other?,
            };
        }
        rows.push(args![id, resource, project_id, amount]);
    }
    tx.insert_many("INSERT INTO quota_ledger (id, resource, project_id, amount) VALUES", rows).await
}

/// Gives back all that `id` took, once; nothing taken is fine.
///
/// # Errors
/// What the database says.
pub async fn give_back(tx: &Tx, id: &str) -> Result<(), DbError> {
    for row in tx.all("SELECT resource, project_id, amount FROM quota_ledger WHERE id = ?", args![id]).await? {
        let (resource, project, amount): (String, String, i64) = (row.at(0)?, row.at(1)?, row.at(2)?);
        // Only who deletes the row subtracts: a second caller at the same time finds it gone.
        if tx.changed("DELETE FROM quota_ledger WHERE id = ? AND resource = ?", args![id, resource]).await? {
            tx.exec(
                "UPDATE quota_usage SET used = used - ? WHERE project_id = ? AND resource = ?",
                args![amount, project, resource],
            )
            .await?;
        }
    }
    Ok(())
}

/// All ids that are counted for a resource, for the reconciler of the service that owns it.
///
/// # Errors
/// What the database says.
pub async fn ledger_ids(db: &impl Read, resource: &str) -> Result<Vec<String>, DbError> {
    db.all("SELECT id FROM quota_ledger WHERE resource = ? ORDER BY id", args![resource])
        .await?
        .iter()
        .map(|row| row.at(0))
        .collect()
}
