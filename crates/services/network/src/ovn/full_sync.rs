//! Compares everything.

use std::collections::BTreeSet;

use ferrostack_db::{DbError, Read, Sql};
use ferrostack_ovn::OvnError;

use super::{
    Difference, Owner, names,
    owner::TABLES,
    plan::Mode,
    records::Id,
    session::{Outcome, Session, is_about_resources},
    status,
};
use crate::{Network, error::NetworkError, ids::Kind};

/// Resources in one transaction.
pub(super) const BATCH: usize = 200;

/// Brings OVN to what the database says, and port statuses to what OVN says, and gives what was different. May run while
/// a syncer runs: each makes the other look again.
///
/// # Errors
/// When the database or OVN is not available, or OVN refuses the rows of some resource (the others are done then; each
/// refusal is logged, and the first is the error).
pub async fn full_sync(network: &Network) -> Result<Vec<Difference>, NetworkError> {
    let session = Session::new();
    let mut differences = Vec::new();
    let mut first_failure = None;
    for batch in everything(network).await?.chunks(BATCH) {
        let (outcome, failures) = carry_out_all(&session, network, batch, Mode::Full).await?;
        differences.extend(outcome.differences);
        let ports: BTreeSet<_> = outcome.statuses.into_iter().map(|(port, _)| port).collect();
        differences.extend(status::write(network, &ports).await?.into_iter().map(status::difference));
        for (owner, error) in failures {
            tracing::error!(%owner, error = %ferrostack_base::chain(&error), "OVN does not take this resource");
            first_failure.get_or_insert(error);
        }
    }
    first_failure.map_or(Ok(differences), Err)
}

/// What [`full_sync`] would repair; changes nothing. What is queued and not yet carried out counts as different.
///
/// # Errors
/// When the database or OVN is not available, or what they hold cannot be read.
pub async fn audit(network: &Network) -> Result<Vec<Difference>, NetworkError> {
    let mut differences = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for batch in everything(network).await?.chunks(BATCH) {
        let outcome = Session::look(network, batch).await?;
        let statuses = outcome.statuses.into_iter().map(status::difference);
        // What several resources depend on is found with each of them.
        differences
            .extend(outcome.differences.into_iter().chain(statuses).filter(|found| seen.insert(format!("{found:?}"))));
    }
    Ok(differences)
}

/// All owners that the database or the Northbound database knows: what others depend on comes first.
pub(super) async fn everything(network: &Network) -> Result<Vec<Owner>, NetworkError> {
    let northbound = network.northbound();
    // Without a connection the copy is empty or old, and everything would look different.
    northbound.schema()?;
    let mut owners = vec![Owner::Deployment];
    for (kind, sql) in [
        (Kind::SecurityGroup, "SELECT id FROM security_group"),
        (Kind::Network, "SELECT id FROM network"),
        (Kind::Subnet, "SELECT id FROM subnet"),
        (Kind::Router, "SELECT id FROM router"),
        (Kind::Port, "SELECT id FROM port"),
        (Kind::FloatingIp, "SELECT id FROM floating_ip"),
    ] {
        let ids = ids(network, sql).await?;
        owners.extend(ids.into_iter().map(|id| Owner::Resource(kind, id.0)));
    }
    let known: BTreeSet<Owner> = owners.iter().copied().collect();
    let orphans: BTreeSet<Owner> = northbound.replica().read(|contents| {
        let rows = TABLES.into_iter().flat_map(|table| contents.rows(table));
        let named = rows.filter_map(|(_, row)| Owner::parse(row.external_id(names::OWNER)?));
        named.filter(|owner| !known.contains(owner)).collect()
    });
    // First what is gone: its names and addresses may be in use again.
    owners.splice(0..0, orphans);
    Ok(owners)
}

async fn ids(network: &Network, sql: &'static str) -> Result<Vec<Id>, DbError> {
    let mut sql = Sql::new(sql);
    sql.push(" ORDER BY id");
    network.db().list(sql).await
}

/// Carries out a batch; if OVN does not take it, one resource after another. Gives the failures that are about single
/// resources.
///
/// # Errors
/// When the database or OVN is not available.
pub(super) async fn carry_out_all(
    session: &Session,
    network: &Network,
    owners: &[Owner],
    mode: Mode,
) -> Result<(Outcome, Vec<(Owner, NetworkError)>), NetworkError> {
    match session.carry_out(network, owners, mode).await {
        Ok(outcome) => return Ok((outcome, Vec::new())),
        Err(error) if !is_about_resources(&error) => return Err(error),
        Err(error) => match owners {
            [owner] => return Ok((Outcome::default(), vec![(*owner, error)])),
            _ => {
                tracing::warn!(resources = owners.len(), error = %ferrostack_base::chain(&error), "OVN refused a batch")
            }
        },
    }
    let mut all = Outcome::default();
    let mut failures = Vec::new();
    for owner in owners {
        match session.carry_out(network, &[*owner], mode).await {
            Ok(outcome) => {
                all.differences.extend(outcome.differences);
                all.statuses.extend(outcome.statuses);
            }
            Err(error) if is_about_resources(&error) => failures.push((*owner, error)),
            Err(error) => return Err(error),
        }
    }
    Ok((all, failures))
}

/// Whether OVN can be written to now.
pub(super) fn is_reachable(network: &Network) -> bool {
    !matches!(network.northbound().schema(), Err(OvnError::NotConnected { .. }))
}
