//! The quota against servers and key pairs: what is counted for something that is gone is given back.

use std::collections::{BTreeMap, HashSet};

use ferrostack_quota::{give_back, ledger_ids, recount, usages};

use super::{Said, said};
use crate::{Compute, ComputeError, app::keypair, store};

pub(super) async fn run(compute: &Compute) -> Said {
    let leaked = leaked(compute).await?;
    for id in &leaked {
        tracing::warn!(id, "giving back the quota of something that is gone");
        compute.db().tx(|tx| async move { give_back(&tx, id).await }).await?;
    }
    let corrected = recount(compute.db()).await?;
    for correction in &corrected {
        tracing::warn!(?correction, "the usage of a quota was corrected");
    }
    said(leaked.len() + corrected.len(), "quotas corrected")
}

/// Ids that are counted, but name nothing. The ledger is read first: its rows are written together with what they count.
async fn leaked(compute: &Compute) -> Result<Vec<String>, ComputeError> {
    let db = compute.db();
    let mut counted = ledger_ids(db, "compute.instances").await?;
    counted.extend(ledger_ids(db, keypair::QUOTA).await?);
    let mut there: HashSet<String> = store::server::alive_ids(db).await?.iter().map(ToString::to_string).collect();
    there.extend(store::keypair::ids(db).await?);
    Ok(counted.into_iter().filter(|id| !there.contains(id)).collect())
}

/// What is wrong, in words.
pub(crate) async fn find(compute: &Compute) -> Result<Vec<String>, ComputeError> {
    let mut wrong: Vec<String> =
        leaked(compute).await?.into_iter().map(|id| format!("quota is counted for {id}, which is gone")).collect();
    let projects = store::server::project_ids(compute.db()).await?;
    let mut owned: BTreeMap<String, [i64; 3]> = projects.into_iter().map(|project| (project, [0; 3])).collect();
    let mut marker = None;
    loop {
        let servers = store::server::list_alive(compute.db(), marker, 500).await?;
        let Some(last) = servers.last() else { break };
        marker = Some(last.id);
        for server in &servers {
            let sums = owned.entry(server.project_id.clone()).or_default();
            let adds = [1, server.flavor.vcpus, server.flavor.memory_mb];
            sums.iter_mut().zip(adds).for_each(|(sum, amount)| *sum += amount);
        }
    }
    for (project, sums) in owned {
        let used = usages(compute.db(), &project).await?;
        for (resource, owned) in ["compute.instances", "compute.cores", "compute.ram"].into_iter().zip(sums) {
            let counted = used.iter().find(|usage| usage.resource == resource).map_or(0, |usage| usage.used);
            if counted != owned {
                wrong.push(format!("project {project} has {owned} of {resource}, but {counted} are counted"));
            }
        }
    }
    Ok(wrong)
}
