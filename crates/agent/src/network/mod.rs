//! The node's side of ports: devices, and their entries in Open vSwitch.
//!
//! # Theory of operation
//! A port of a guest is a tap device, made before the domain starts and named by libvirt's definition; a network's
//! metadata service has one end of a veth pair. Both become ports of the integration bridge whose `iface-id` is the
//! logical port's name: ovn-controller does the rest. Their `external_ids` say whose they are: this node's id, the
//! server (or the network), and the fence. What has another node's id, or none, is not ours and stays.
//!
//! The device is made before the entry and removed after it, so vswitchd never looks for a device that is gone. All is
//! idempotent: what is there as wanted is left alone.

mod bridge;
mod device;

use std::time::Duration;

use ferrostack_agent_api::Interface;
use ferrostack_base::{Clock, Fence};
use ferrostack_ovn::{Connection, ConnectionSettings, Endpoint, open_vswitch};
use uuid::Uuid;

use crate::{command::Programs, error::NodeError};

pub(crate) use bridge::{BridgePort, NETWORK, SERVER};
pub(crate) use device::{is_there, prefixed, tap_name};

/// How long Open vSwitch may be away before a wish is given back.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the start of a guest waits for OVN; whoever asked for the start must not lose patience before.
const CARRIED: Duration = Duration::from_secs(25);
/// How often it looks. OVN needs some 20 ms.
const LOOK: Duration = Duration::from_millis(5);

/// The node's bridge; clones share it.
#[derive(Clone)]
pub(crate) struct Network {
    clock: Clock,
    programs: Programs,
    connection: Connection,
    bridge: String,
    node: Uuid,
}

impl Network {
    /// Begins to connect to Open vSwitch, in the background.
    pub(crate) fn start(clock: Clock, programs: Programs, endpoint: Endpoint, bridge: String, node: Uuid) -> Self {
        let settings = ConnectionSettings::new(endpoint, open_vswitch::DATABASE, SERVER, open_vswitch::watched());
        let (connection, _) = Connection::start(clock.clone(), settings);
        Self { clock, programs, connection, bridge, node }
    }

    /// Makes the taps of a guest and plugs them in.
    pub(crate) async fn plug(&self, server: Uuid, fence: Fence, interfaces: &[Interface]) -> Result<(), NodeError> {
        self.reached().await?;
        for interface in interfaces {
            let tap = tap_name(interface.port_id);
            device::ensure_tap(&self.programs, &tap, interface.mtu).await?;
        }
        let ports = interfaces.iter().map(|interface| BridgePort {
            device: tap_name(interface.port_id),
            logical_port: interface.port_id,
            mac: interface.mac.clone(),
            owner: (SERVER, server),
            fence: Some(fence),
        });
        self.ensure_ports(&ports.collect::<Vec<_>>()).await
    }

    /// Whether all taps of a guest are there and plugged in.
    pub(crate) fn is_plugged(&self, interfaces: &[Interface]) -> Result<bool, NodeError> {
        for interface in interfaces {
            let tap = tap_name(interface.port_id);
            if !is_there(&tap) || self.interface(&tap)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a tap of a guest is not there.
    pub(crate) fn has_lost_tap(&self, interfaces: &[Interface]) -> bool {
        interfaces.iter().any(|interface| device::is_gone(&tap_name(interface.port_id)))
    }

    /// Waits until ovn-controller has made the flows of a guest's ports, but not for ever; says whether it has.
    pub(crate) async fn wait_until_carried(&self, interfaces: &[Interface]) -> Result<bool, NodeError> {
        let waiting = async {
            for interface in interfaces {
                while !self.is_carried(&tap_name(interface.port_id))? {
                    self.clock.sleep(LOOK).await;
                }
            }
            Ok(true)
        };
        self.clock.timeout(CARRIED, waiting).await.unwrap_or(Ok(false))
    }

    /// Takes the taps of a server out and removes them; `ports` are those that may exist without an entry.
    pub(crate) async fn unplug(&self, server: Uuid, ports: &[Uuid]) -> Result<(), NodeError> {
        self.reached().await?;
        let mut devices: Vec<String> = ports.iter().map(|port| tap_name(*port)).collect();
        devices.extend(self.ports_of(SERVER, server)?);
        self.remove_ports(&devices).await?;
        device::remove(&self.programs, &devices).await
    }

    /// Makes a pair of devices whose inner end is in a namespace, and plugs the outer end in.
    pub(crate) async fn plug_pair(&self, pair: &Pair<'_>) -> Result<(), NodeError> {
        self.reached().await?;
        device::ensure_pair(&self.programs, pair).await?;
        let port = BridgePort {
            device: pair.outer.clone(),
            logical_port: pair.port,
            mac: pair.mac.to_owned(),
            owner: (NETWORK, pair.network),
            fence: None,
        };
        self.ensure_ports(&[port]).await
    }

    /// Takes a network's pair out and removes it.
    pub(crate) async fn unplug_pair(&self, network: Uuid, outer: String) -> Result<(), NodeError> {
        self.reached().await?;
        let mut devices = self.ports_of(NETWORK, network)?;
        devices.push(outer);
        self.remove_ports(&devices).await?;
        device::remove(&self.programs, &devices).await
    }

    /// Whether Open vSwitch answers now.
    pub(crate) fn is_reached(&self) -> bool {
        self.connection.is_connected()
    }

    async fn reached(&self) -> Result<(), NodeError> {
        let reached = self.clock.timeout(PATIENCE, self.connection.connected()).await;
        reached.map_err(|_| NodeError::Away { what: "Open vSwitch does not answer".to_owned() })
    }
}

/// A veth pair of a network.
pub(crate) struct Pair<'a> {
    pub(crate) network: Uuid,
    pub(crate) port: Uuid,
    pub(crate) outer: String,
    pub(crate) inner: String,
    pub(crate) namespace: String,
    /// Of the inner end.
    pub(crate) mac: &'a str,
    pub(crate) mtu: u32,
}
