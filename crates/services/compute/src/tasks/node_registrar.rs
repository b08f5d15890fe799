//! Makes nodes known: asks each agent what its node is and has, writes it down, and tells placement.

use std::collections::BTreeMap;

use ferrostack_agent_api::NodeFacts;
use ferrostack_contracts::{Inventory, ProviderSpec};
use futures::future::join_all;

use super::{Said, said};
use crate::{Compute, ComputeError, ComputeOptions, model::ComputeNode, store};

pub(super) async fn run(compute: &Compute) -> Said {
    said(compute.register_nodes().await?, "nodes up")
}

impl Compute {
    /// Asks all nodes at once what they are, and makes it known; the silent ones stay as they were seen last. Tells how
    /// many answered.
    ///
    /// # Errors
    /// What the database or placement says.
    pub async fn register_nodes(&self) -> Result<usize, ComputeError> {
        register(self).await
    }
}

async fn register(compute: &Compute) -> Result<usize, ComputeError> {
    let names = compute.agents().nodes();
    let answers = join_all(names.iter().map(|name| facts(compute, name))).await;
    let known = store::node::list(compute.db()).await?;
    let now = compute.now();
    let seen: Vec<ComputeNode> = answers
        .into_iter()
        .flatten()
        .map(|facts| ComputeNode {
            id: facts.id,
            number: 0,
            name: facts.name.clone(),
            facts,
            disabled: false,
            disabled_reason: None,
            zone: "nova".to_owned(),
            last_seen: now,
            registered: now,
        })
        .collect();
    for node in &seen {
        compute.placement().ensure_provider(&provider(node, compute.options())).await?;
    }
    let (seen, known) = (&seen, &known);
    compute
        .db()
        .tx(|tx| async move {
            for node in seen {
                if known.iter().any(|known| known.id == node.id) && store::node::update_facts(&tx, node).await? {
                    continue;
                }
                let number = store::counter::next(&tx, "node", 1).await?;
                store::node::insert(&tx, &ComputeNode { number, ..node.clone() }).await?;
                tracing::info!(node = node.name, "a compute node joined");
            }
            Ok::<_, ComputeError>(())
        })
        .await?;
    Ok(seen.len())
}

async fn facts(compute: &Compute, name: &str) -> Option<NodeFacts> {
    let agent = compute.agent(name).ok()?;
    match compute.within(compute.options().agent_patience, agent.facts()).await {
        Ok(facts) => Some(facts),
        Err(error) => {
            tracing::warn!(node = name, reason = error.message, "the node does not answer");
            None
        }
    }
}

/// The node as placement should know it.
fn provider(node: &ComputeNode, options: &ComputeOptions) -> ProviderSpec {
    let inventory = |total: i64, reserved: i64, allocation_ratio: f64| Inventory {
        total,
        reserved: reserved.min(total),
        min_unit: 1,
        max_unit: total,
        step_size: 1,
        allocation_ratio,
    };
    let facts = &node.facts;
    let reserved_disk_gb = (options.reserved_host_disk_mb + 1023) / 1024;
    let all = [
        ("VCPU", inventory(facts.vcpus, options.reserved_host_cpus, options.cpu_allocation_ratio)),
        ("MEMORY_MB", inventory(facts.memory_mb, options.reserved_host_memory_mb, options.ram_allocation_ratio)),
        ("DISK_GB", inventory(facts.disk_gb, reserved_disk_gb, options.disk_allocation_ratio)),
    ];
    let inventories: BTreeMap<_, _> = all
        .into_iter()
        .filter(|(_, inventory)| inventory.total > 0)
        .map(|(class, inventory)| (class.to_owned(), inventory))
        .collect();
    ProviderSpec { id: node.id, name: node.name.clone(), inventories, traits: [].into() }
}
