//! Simulated nodes: agents that keep their word without a hypervisor.
//!
//! # Theory of operation
//! A node does what the agent of a real one does with everything that a controller can see: it keeps a ledger of the
//! wanted domains, written before it acts; it remembers the highest fence of each server and keeps tombstones of those
//! that were dropped (R4); it acts on a power intent once per generation, so a guest that powered itself off stays off; it
//! does a one-shot once per number (R8); it has room for so much and no more; it plugs and unplugs its ports into a
//! simulated OVN. Booting takes as long as it is told to, and writes on the console. Its screen speaks RFB.
//!
//! The ledger is a file of JSON lines that survives the end of the process at any moment (it is not synced to the disk: the
//! power of a simulated machine does not fail). After a restart the node goes on with what the ledger says.
//!
//! Tests make a node refuse, answer late, or not at all, before or after it did what was asked ([`Faults`]).

mod agent;
mod console;
mod domain;
mod faults;
mod ledger;
mod nodes;
mod plug;
mod screen;
mod terminal;
#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ferrostack_agent_api::{NodeFacts, Power};
use ferrostack_base::Clock;
use uuid::Uuid;

pub use faults::{Faults, Silence};
pub use ledger::LedgerError;
pub use nodes::SimNodes;
pub use plug::{NoNetwork, OvnPlug, Plug};

use domain::Domain;
use ledger::Ledger;
use terminal::Terminals;

/// What a node is and has.
#[derive(Debug, Clone)]
pub struct SimNodeOptions {
    /// Its host name, and that of its chassis.
    pub name: String,
    /// Where its tunnels end; unique.
    pub host_ip: IpAddr,
    /// Processors.
    pub vcpus: i64,
    /// Memory in MiB.
    pub memory_mb: i64,
    /// Room for disks in GiB.
    pub disk_gb: i64,
    /// How long a guest boots.
    pub boot_time: Duration,
    /// Where its ledger is; none = in memory.
    pub ledger: Option<PathBuf>,
}

impl SimNodeOptions {
    /// `compute-1`, `compute-2` ... with 16 processors, 64 GiB of memory and 1000 GiB of disk.
    pub fn numbered(number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        Self {
            name: format!("compute-{number}"),
            host_ip: Ipv4Addr::new(10, 254, high, low).into(),
            vcpus: 16,
            memory_mb: 65_536,
            disk_gb: 1000,
            boot_time: Duration::ZERO,
            ledger: None,
        }
    }
}

/// A simulated node. See the module's documentation.
pub struct SimNode {
    options: SimNodeOptions,
    clock: Clock,
    plug: Arc<dyn Plug>,
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger>,
    terminals: Terminals,
    /// Counts restarts; what was under way before one never ends.
    incarnation: AtomicU64,
}

impl SimNode {
    /// Opens the node with what its ledger says, and plugs the ports of its running domains in.
    ///
    /// # Errors
    /// When the ledger can't be read or written.
    pub fn open(options: SimNodeOptions, clock: Clock, plug: Arc<dyn Plug>) -> Result<Self, LedgerError> {
        let ledger = Ledger::open(options.ledger.clone(), clock.now())?;
        let node = Self {
            options,
            clock,
            plug,
            faults: Mutex::default(),
            ledger: Mutex::new(ledger),
            terminals: Terminals::default(),
            incarnation: AtomicU64::new(0),
        };
        node.plug.join(&node.facts_now());
        node.adopt();
        Ok(node)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Changes how it misbehaves.
    pub fn misbehave(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Starts the agent anew: it forgets what it was doing and goes on with its ledger. Domains run on meanwhile.
    ///
    /// # Errors
    /// When the ledger can't be read or written.
    pub fn restart(&self) -> Result<(), LedgerError> {
        self.incarnation.fetch_add(1, Ordering::SeqCst);
        self.ledger().reopen(self.clock.now())?;
        self.adopt();
        Ok(())
    }

    /// Something happens to a domain that no controller asked for: the guest powers off, crashes, or is started by hand.
    /// `false` when there is no such domain.
    ///
    /// # Errors
    /// When the ledger can't be written.
    pub fn happens(&self, server: Uuid, power: Power) -> Result<bool, LedgerError> {
        let (mut ledger, now) = (self.ledger(), self.clock.now());
        let Some(mut domain) = ledger.domain(server).cloned() else { return Ok(false) };
        domain.set_power(power, now);
        self.connect(&domain);
        ledger.put(domain)?;
        Ok(true)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts_now(&self) -> NodeFacts {
        let options = &self.options;
        NodeFacts {
            version: ferrostack_agent_api::VERSION,
            id: self.ledger().node_id(),
            name: options.name.clone(),
            hypervisor_type: "fake".to_owned(),
            hypervisor_version: 1000,
            architecture: "x86_64".to_owned(),
            vcpus: options.vcpus,
            memory_mb: options.memory_mb,
            disk_gb: options.disk_gb,
            host_ip: options.host_ip,
        }
    }

    /// Ports of what runs are plugged in, as they would be found on a real node.
    fn adopt(&self) {
        for domain in self.ledger().domains() {
            self.connect(domain);
        }
    }

    fn connect(&self, domain: &Domain) {
        if matches!(domain.power, Power::Shutdown | Power::Crashed) {
            self.terminals.close(domain.spec.server);
        }
        for interface in &domain.spec.interfaces {
            match domain.power {
                Power::Running | Power::Paused => self.plug.plug(&self.options.name, interface.port_id),
                Power::Shutdown | Power::Crashed => self.plug.unplug(&self.options.name, interface.port_id),
            }
        }
    }
}
