//! All simulated nodes of a cloud.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use ferrostack_agent_api::{Agent, Agents};
use ferrostack_base::Clock;

use super::{LedgerError, Plug, SimNode, SimNodeOptions};

/// The nodes by their names. Clones share them.
#[derive(Clone)]
pub struct SimNodes {
    clock: Clock,
    plug: Arc<dyn Plug>,
    nodes: Arc<RwLock<BTreeMap<String, Arc<SimNode>>>>,
}

impl SimNodes {
    /// None yet.
    pub fn new(clock: Clock, plug: Arc<dyn Plug>) -> Self {
        Self { clock, plug, nodes: Arc::default() }
    }

    /// Opens a node and adds it.
    ///
    /// # Errors
    /// When its ledger can't be read or written.
    pub fn add(&self, options: SimNodeOptions) -> Result<Arc<SimNode>, LedgerError> {
        let node = Arc::new(SimNode::open(options, self.clock.clone(), self.plug.clone())?);
        self.nodes.write().unwrap_or_else(PoisonError::into_inner).insert(node.name().to_owned(), node.clone());
        Ok(node)
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<Arc<SimNode>> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All nodes.
    pub fn all(&self) -> Vec<Arc<SimNode>> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Restarts the agents of all nodes.
    ///
    /// # Errors
    /// When a ledger can't be read or written.
    pub fn restart(&self) -> Result<(), LedgerError> {
        self.all().iter().try_for_each(|node| node.restart())
    }
}

impl Agents for SimNodes {
    fn agent(&self, node: &str) -> Option<Arc<dyn Agent>> {
        self.node(node).map(|node| node as Arc<dyn Agent>)
    }

    fn nodes(&self) -> Vec<String> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}
