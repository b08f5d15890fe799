//! Networks and ports.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ferrostack_auth::{Ctx, Origin};
use ferrostack_contracts::{
    Address, AddressKind, BoundPort, ContractError, ErrorKind, FixedIp, Network, Nic, NicRequest, PortFacts, PortSpec,
    Reply,
};
use uuid::Uuid;

/// Networks, which all projects share, and ports.
#[derive(Debug, Default)]
pub struct FakeNetwork(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    networks: BTreeMap<Uuid, String>,
    ports: BTreeMap<Uuid, Port>,
    next_ip: u16,
    dead_hosts: Vec<String>,
}

#[derive(Debug, Clone)]
struct Port {
    network: Uuid,
    server: Option<Uuid>,
    host: Option<String>,
    ip: IpAddr,
}

impl FakeNetwork {
    /// Adds a network; returns its id.
    pub fn add_network(&self, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.lock().networks.insert(id, name.to_owned());
        id
    }

    /// Adds a port of a user; returns its id.
    pub fn add_port(&self, network: Uuid) -> Uuid {
        let (id, mut state) = (Uuid::new_v4(), self.lock());
        let ip = state.take_ip();
        state.ports.insert(id, Port { network, server: None, host: None, ip });
        id
    }

    /// Ports on that host never come up.
    pub fn break_host(&self, host: &str) {
        self.lock().dead_hosts.push(host.to_owned());
    }

    /// Ports with their servers and hosts.
    pub fn ports(&self) -> HashMap<Uuid, (Option<Uuid>, Option<String>)> {
        self.lock().ports.iter().map(|(id, port)| (*id, (port.server, port.host.clone()))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_ip(&mut self) -> IpAddr {
        self.next_ip += 1;
        let [high, low] = self.next_ip.to_be_bytes();
        Ipv4Addr::new(10, 0, high, low).into()
    }
}

fn mac(port: Uuid) -> String {
    let bytes = port.as_bytes();
    format!("fa:16:3e:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2])
}

impl Network for FakeNetwork {
    fn plan<'a>(&'a self, _: &'a Ctx, nics: Option<&'a [NicRequest]>, groups: &'a [String]) -> Reply<'a, Vec<Nic>> {
        Box::pin(async move {
            let state = self.lock();
            if let Some(group) = groups.iter().find(|group| *group != "default") {
                return Err(ContractError::not_found("Security group", group));
            }
            let made = |network_id, fixed_ip| Nic {
                port_id: Uuid::new_v4(),
                owned: true,
                network_id,
                fixed_ip,
                security_groups: vec![],
            };
            let Some(nics) = nics else {
                return match state.networks.len() {
                    0 | 1 => Ok(state.networks.keys().map(|id| made(*id, None)).collect()),
                    _ => Err(ContractError::new(
                        ErrorKind::Conflict,
                        "The project has several networks; name the ones to use.",
                    )),
                };
            };
            let check = |nic: &NicRequest| match nic {
                NicRequest::Network { network_id, fixed_ip } if state.networks.contains_key(network_id) => {
                    Ok(made(*network_id, *fixed_ip))
                }
                NicRequest::Network { network_id, .. } => Err(ContractError::not_found("Network", network_id)),
                NicRequest::Port { port_id } => match state.ports.get(port_id) {
                    None => Err(ContractError::not_found("Port", port_id)),
                    Some(Port { server: Some(_), .. }) => {
                        Err(ContractError::new(ErrorKind::Conflict, format!("Port {port_id} is in use.")))
                    }
                    Some(port) => Ok(Nic { port_id: *port_id, owned: false, ..made(port.network, None) }),
                },
            };
            nics.iter().map(check).collect()
        })
    }

    fn ensure_port<'a>(&'a self, _: &'a Origin, spec: PortSpec<'a>) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut state = self.lock();
            let ip = spec.nic.fixed_ip.unwrap_or_else(|| state.take_ip());
            let fresh = Port { network: spec.nic.network_id, server: None, host: None, ip };
            let port = state.ports.entry(spec.nic.port_id).or_insert(fresh);
            port.server = Some(spec.server_id);
            Ok(())
        })
    }

    fn bind<'a>(&'a self, server: Uuid, host: &'a str) -> Reply<'a, Vec<BoundPort>> {
        Box::pin(async move {
            let mut state = self.lock();
            let ports = state.ports.iter_mut().filter(|(_, port)| port.server == Some(server));
            Ok(ports
                .map(|(id, port)| {
                    port.host = Some(host.to_owned());
                    let fixed = FixedIp { subnet_id: port.network, ip: port.ip, prefix: 24, gateway: None };
                    BoundPort {
                        port_id: *id,
                        mac: mac(*id),
                        mtu: 1442,
                        network_id: port.network,
                        fixed_ips: vec![fixed],
                        dns: vec![],
                        metadata: None,
                    }
                })
                .collect())
        })
    }

    fn server_at(&self, network: Uuid, ip: IpAddr) -> Reply<'_, Option<Uuid>> {
        Box::pin(async move {
            let state = self.lock();
            Ok(state.ports.values().find(|port| port.network == network && port.ip == ip).and_then(|port| port.server))
        })
    }

    fn unbind(&self, server: Uuid) -> Reply<'_, ()> {
        Box::pin(async move {
            let mut state = self.lock();
            state.ports.values_mut().filter(|port| port.server == Some(server)).for_each(|port| port.host = None);
            Ok(())
        })
    }

    fn release<'a>(&'a self, server: Uuid, owned: &'a [Uuid]) -> Reply<'a, ()> {
        Box::pin(async move {
            let mut state = self.lock();
            state.ports.retain(|id, port| port.server != Some(server) || !owned.contains(id));
            for port in state.ports.values_mut().filter(|port| port.server == Some(server)) {
                (port.server, port.host) = (None, None);
            }
            Ok(())
        })
    }

    fn wait_until_up(&self, server: Uuid, _: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            let state = self.lock();
            let mut hosts =
                state.ports.values().filter(|port| port.server == Some(server)).filter_map(|port| port.host.as_ref());
            match hosts.find(|host| state.dead_hosts.contains(host)) {
                Some(host) => {
                    Err(ContractError::new(ErrorKind::Unavailable, format!("ports on {host} did not come up")))
                }
                None => Ok(()),
            }
        })
    }

    fn addresses<'a>(&'a self, servers: &'a [Uuid]) -> Reply<'a, HashMap<Uuid, Vec<Address>>> {
        Box::pin(async move {
            let state = self.lock();
            let mut all: HashMap<Uuid, Vec<Address>> = HashMap::new();
            for (id, port) in &state.ports {
                let Some(server) = port.server.filter(|server| servers.contains(server)) else { continue };
                all.entry(server).or_default().push(Address {
                    network_name: state.networks.get(&port.network).cloned().unwrap_or_default(),
                    ip: port.ip,
                    kind: AddressKind::Fixed,
                    mac: mac(*id),
                    port_id: *id,
                    security_groups: vec!["default".to_owned()],
                });
            }
            Ok(all)
        })
    }

    fn server_ports(&self) -> Reply<'_, Vec<PortFacts>> {
        Box::pin(async {
            let state = self.lock();
            let facts = |(id, port): (&Uuid, &Port)| PortFacts {
                port_id: *id,
                device_id: port.server,
                host: port.host.clone(),
            };
            Ok(state.ports.iter().filter(|(_, port)| port.server.is_some()).map(facts).collect())
        })
    }
}
