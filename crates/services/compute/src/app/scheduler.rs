//! Chooses hosts: placement says who has room, the rest is decided here, in memory, with a reason for each host that is
//! passed over.

use std::{collections::HashMap, time::Duration};

use ferrostack_base::Timestamp;
use ferrostack_contracts::{Candidate, CandidateQuery, Resources};
use ferrostack_saga::Failure;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Compute,
    model::{ComputeNode, Server, ServerId},
    sagas::from_contract,
    store,
};

/// Hosts whose score differs by less than this are equally good; servers that start together then spread over them.
const BUCKETS: f64 = 20.0;

/// A host to be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChosenHost {
    pub name: String,
    pub provider: Uuid,
}

/// A host that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DroppedHost {
    pub name: String,
    pub reason: String,
}

/// The step's output; `explain` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// In the order in which they are tried.
    pub hosts: Vec<ChosenHost>,
    pub dropped: Vec<DroppedHost>,
    /// Hosts that would do, but come after the last one that is tried.
    pub spare: usize,
}

/// What is asked of hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demand {
    pub resources: Resources,
    pub zone: Option<String>,
    pub forced_host: Option<String>,
    /// The image's `hw_architecture`.
    pub architecture: Option<String>,
    /// It must be one of these, if any are named.
    pub together_with: Option<Vec<String>>,
    /// It must be none of these.
    pub apart_from: Vec<String>,
}

/// What a user wants of the host, beyond what the server's row says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wishes {
    /// The image's `hw_architecture`.
    pub architecture: Option<String>,
    /// On the host of one of these servers.
    pub same_host: Vec<ServerId>,
    /// On the host of none of these servers.
    pub different_host: Vec<ServerId>,
}

/// Chooses hosts for the server.
pub(crate) async fn choose_hosts(compute: &Compute, server: &Server, wishes: &Wishes) -> Result<Choice, Failure> {
    let demand = Demand {
        resources: server.flavor.resources(),
        zone: server.zone.clone(),
        forced_host: server.forced_host.clone(),
        architecture: wishes.architecture.clone(),
        together_with: match wishes.same_host.is_empty() {
            true => None,
            false => Some(hosts_of(compute, &wishes.same_host).await?),
        },
        apart_from: hosts_of(compute, &wishes.different_host).await?,
    };
    let query = CandidateQuery {
        resources: demand.resources.clone(),
        required: server.flavor.traits("required").map(str::to_owned).collect(),
        forbidden: server.flavor.traits("forbidden").map(str::to_owned).collect(),
        member_of: Vec::new(),
        limit: Some(compute.options().max_candidates),
    };
    let candidates = compute.placement().candidates(&query).await.map_err(from_contract)?;
    let nodes = store::node::list(compute.db()).await?;
    let options = compute.options();
    Ok(choose(&demand, &candidates, &nodes, compute.now(), options.node_down_after, options.max_build_attempts))
}

async fn hosts_of(compute: &Compute, servers: &[ServerId]) -> Result<Vec<String>, Failure> {
    let servers = store::server::list_by_ids(compute.db(), servers).await?;
    Ok(servers.into_iter().filter(|server| !server.deleted).filter_map(|server| server.host).collect())
}

/// The pure part: filters, weighs, and shuffles what is equally good.
pub(crate) fn choose(
    demand: &Demand,
    candidates: &[Candidate],
    nodes: &[ComputeNode],
    now: Timestamp,
    down_after: Duration,
    attempts: usize,
) -> Choice {
    let room: HashMap<Uuid, &Candidate> = candidates.iter().map(|candidate| (candidate.provider, candidate)).collect();
    let mut dropped = Vec::new();
    let mut fit = Vec::new();
    for node in nodes {
        match judge(demand, room.get(&node.id).copied(), node, now, down_after) {
            Ok(candidate) => fit.push((candidate, node)),
            Err(reason) => dropped.push(DroppedHost { name: node.name.clone(), reason }),
        }
    }
    let best =
        |class: &str| fit.iter().filter_map(|(candidate, _)| candidate.free.get(class)).max().copied().unwrap_or(0);
    let most: Vec<(&str, i64)> = demand.resources.keys().map(|class| (class.as_str(), best(class))).collect();
    let mut scored: Vec<(i64, &ComputeNode)> =
        fit.iter().map(|(candidate, node)| (score(candidate, &most), *node)).collect();
    scored.shuffle(&mut rand::rng());
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    let spare = scored.len().saturating_sub(attempts);
    let hosts =
        scored.into_iter().take(attempts).map(|(_, node)| ChosenHost { name: node.name.clone(), provider: node.id });
    Choice { hosts: hosts.collect(), dropped, spare }
}

fn judge<'a>(
    demand: &Demand,
    candidate: Option<&'a Candidate>,
    node: &ComputeNode,
    now: Timestamp,
    down_after: Duration,
) -> Result<&'a Candidate, String> {
    if demand.forced_host.as_ref().is_some_and(|host| *host != node.name) {
        return Err("another host was asked for".to_owned());
    }
    if let Some(zone) = demand.zone.as_ref().filter(|zone| **zone != node.zone) {
        return Err(format!("it is in zone {}, not in {zone}", node.zone));
    }
    if node.disabled && demand.forced_host.is_none() {
        return Err(format!("it is disabled ({})", node.disabled_reason.as_deref().unwrap_or("no reason given")));
    }
    if !node.is_up(now, down_after) {
        return Err(format!("it was last heard of at {}", node.last_seen));
    }
    if let Some(wanted) = demand.architecture.as_ref().filter(|wanted| **wanted != node.facts.architecture) {
        return Err(format!("its architecture is {}, the image needs {wanted}", node.facts.architecture));
    }
    if demand.together_with.as_ref().is_some_and(|hosts| !hosts.contains(&node.name)) {
        return Err("none of the servers that it should be together with is there".to_owned());
    }
    if demand.apart_from.contains(&node.name) {
        return Err("a server that it should be apart from is there".to_owned());
    }
    candidate.ok_or_else(|| format!("it has no room for {}, or lacks a trait", words(&demand.resources)))
}

/// `2 VCPU, 512 MEMORY_MB`.
fn words(resources: &Resources) -> String {
    resources.iter().map(|(class, amount)| format!("{amount} {class}")).collect::<Vec<_>>().join(", ")
}

/// How much of each resource is free compared with the freest host, all resources alike, in steps.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a weight needs no exactness")]
fn score(candidate: &Candidate, most: &[(&str, i64)]) -> i64 {
    let parts = most.iter().map(|(class, best)| {
        let free = candidate.free.get(*class).copied().unwrap_or(0);
        if *best > 0 { free as f64 / *best as f64 } else { 0.0 }
    });
    let sum: f64 = parts.sum();
    (sum / most.len().max(1) as f64 * BUCKETS).round() as i64
}

#[cfg(test)]
mod tests;
