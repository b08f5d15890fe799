//! What a network's guests find at 169.254.169.254 on each node: the metadata service, and DNS beside it.
//!
//! # Theory of operation
//! A network with a metadata port has a namespace `ovnmeta-<network>` on each node that has a domain of it. A veth pair
//! joins it to the integration bridge; the port is a `localport`, so OVN never sends its packets to another node. A
//! thread enters the namespace, binds the sockets there and hands them to the runtime; their connections to the
//! controller and to resolvers are made outside.
//!
//! `networks/<network>.json` is written before the namespace is made and removed after it is gone: what is named there is
//! ours, also after a restart. Namespaces go when the last domain of the network on this node goes.

mod proxy;
mod signature;

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
    sync::Arc,
};

use ferrostack_agent_api::MetadataPort;
use ferrostack_base::Clock;
use serde::{Deserialize, Serialize};
use tokio::{sync::Mutex, task::AbortHandle};
use uuid::Uuid;

use crate::{
    AgentOptions, StartError,
    command::Programs,
    dns::Forwarder,
    error::NodeError,
    ledger::{Record, write_whole},
    namespace,
    network::{NETWORK, Network, Pair, prefixed},
};

use proxy::Proxy;

/// Where every cloud's guests look for metadata.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The services of all networks.
pub(crate) struct NetworkServices {
    folder: PathBuf,
    network: Network,
    programs: Programs,
    proxy: Option<Arc<Proxy>>,
    forwarder: Arc<Forwarder>,
    running: Mutex<HashMap<Uuid, Running>>,
}

/// What a network's services are made from; the content of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) port: MetadataPort,
    pub(crate) mtu: u32,
}

/// A network's services while they run.
struct Running {
    wanted: Wanted,
    tasks: Vec<AbortHandle>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// The sockets of a namespace.
struct Sockets {
    metadata: TcpListener,
    dns: Vec<(UdpSocket, TcpListener)>,
}

/// The namespace of a network, as operators know it.
pub(crate) fn namespace_name(network: Uuid) -> String {
    format!("ovnmeta-{network}")
}

fn outer_name(network: Uuid) -> String {
    prefixed("mto", network)
}

fn inner_name(network: Uuid) -> String {
    prefixed("mti", network)
}

impl NetworkServices {
    pub(crate) fn new(
        options: &AgentOptions,
        clock: Clock,
        network: Network,
        programs: Programs,
    ) -> Result<Self, StartError> {
        let folder = options.state_dir.join("networks");
        crate::disk::make_folder(&folder).map_err(|source| StartError::Io { path: folder.clone(), source })?;
        let proxy = options.metadata.as_ref().map(|options| Proxy::new(options, clock.clone())).transpose()?;
        let forwarder = Forwarder::new(options.resolvers.clone(), options.southbound.clone(), clock);
        Ok(Self {
            folder,
            network,
            programs,
            proxy: proxy.map(Arc::new),
            forwarder: Arc::new(forwarder),
            running: Mutex::default(),
        })
    }

    /// Serves the networks of a server. Those that are served already are left alone.
    pub(crate) async fn ensure_for(&self, record: &Record) -> Result<(), NodeError> {
        for (network, wanted) in wanted_by([record]) {
            let mut running = self.running.lock().await;
            if running.get(&network).is_none_or(|running| running.wanted != wanted) {
                self.serve(&mut running, network, wanted).await?;
            }
        }
        Ok(())
    }

    /// Ends the services of networks that none of these servers, which are all there are, needs.
    pub(crate) async fn end_unused(&self, all: &[Record]) -> Result<(), NodeError> {
        let wanted = wanted_by(all);
        let mut first_error = None;
        let mut running = self.running.lock().await;
        for network in self.known(&running)? {
            if !wanted.contains_key(&network) {
                let ended = self.end(&mut running, network).await;
                first_error = first_error.or(ended.err());
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// Serves what these servers need, repairing what somebody else has broken.
    pub(crate) async fn repair(&self, records: &[Record]) -> Result<(), NodeError> {
        let mut first_error = None;
        let mut running = self.running.lock().await;
        for (network, wanted) in wanted_by(records) {
            let served = match running.get(&network) {
                Some(running) if running.wanted == wanted && self.is_whole(network).await => Ok(()),
                _ => self.serve(&mut running, network, wanted).await,
            };
            first_error = first_error.or(served.err());
        }
        first_error.map_or(Ok(()), Err)
    }

    /// The networks that have a namespace, or anything else, of ours.
    fn known(&self, running: &HashMap<Uuid, Running>) -> Result<HashSet<Uuid>, NodeError> {
        let mut known: HashSet<Uuid> = running.keys().copied().collect();
        for file in fs::read_dir(&self.folder).map_err(NodeError::io(&self.folder))? {
            let path = file.map_err(NodeError::io(&self.folder))?.path();
            known.extend(path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse::<Uuid>().ok()));
        }
        known.extend(self.network.owners(NETWORK)?.into_iter().map(|(_, network)| network));
        Ok(known)
    }

    async fn is_whole(&self, network: Uuid) -> bool {
        let outer = outer_name(network);
        let plugged = matches!(self.network.interface(&outer), Ok(Some(_)));
        plugged && crate::network::is_there(&outer) && namespace::path(&namespace_name(network)).exists()
    }

    async fn serve(
        &self,
        running: &mut HashMap<Uuid, Running>,
        network: Uuid,
        wanted: Wanted,
    ) -> Result<(), NodeError> {
        running.remove(&network);
        let file = self.file(network);
        let text = serde_json::to_vec(&wanted).map_err(|error| NodeError::io(&file)(error.into()))?;
        // With other addresses than before the old ones go.
        let known = fs::read(&file).is_ok_and(|before| before == text);
        write_whole(&file, &text).map_err(NodeError::io(&file))?;
        let (name, inner) = (namespace_name(network), inner_name(network));
        namespace::ensure(&self.programs, &name).await?;
        let pair = Pair {
            network,
            port: wanted.port.port_id,
            outer: outer_name(network),
            inner: inner.clone(),
            namespace: name.clone(),
            mac: &wanted.port.mac,
            mtu: wanted.mtu,
        };
        self.network.plug_pair(&pair).await?;
        self.address(&name, &inner, &wanted, known).await?;
        ferrostack_daemons::offload::disable_tx(&pair.outer).map_err(NodeError::io(&pair.outer))?;
        let addresses: Vec<IpAddr> = wanted.port.addresses.iter().map(|(address, _)| *address).collect();
        let sockets = namespace::within(&name, move || {
            // A userspace switch would pass packets on with unfinished checksums.
            ferrostack_daemons::offload::disable_tx(&inner)?;
            bind(&addresses)
        });
        let tasks = self.start(network, sockets.await?)?;
        running.insert(network, Running { wanted, tasks });
        Ok(())
    }

    async fn address(&self, name: &str, inner: &str, wanted: &Wanted, known: bool) -> Result<(), NodeError> {
        let mut lines = vec!["link set dev lo up".to_owned(), format!("link set dev {inner} up")];
        if !known {
            lines.push(format!("addr flush dev {inner} scope global"));
        }
        for (address, prefix) in &wanted.port.addresses {
            // The address is OVN's to give, so nobody else can have it.
            let unchecked = if address.is_ipv6() { " nodad" } else { "" };
            lines.push(format!("addr replace {address}/{prefix} dev {inner}{unchecked}"));
        }
        lines.push(format!("addr replace {ADDRESS}/32 dev {inner}"));
        self.programs.ip_within(name, &lines).await
    }

    fn start(&self, network: Uuid, sockets: Sockets) -> Result<Vec<AbortHandle>, NodeError> {
        let failed = NodeError::io(namespace::path(&namespace_name(network)));
        let mut tasks = Vec::new();
        let listening = || -> io::Result<()> {
            if let Some(proxy) = &self.proxy {
                let listener = tokio::net::TcpListener::from_std(sockets.metadata)?;
                tasks.push(tokio::spawn(proxy.clone().serve(listener, network)).abort_handle());
            }
            for (udp, tcp) in sockets.dns {
                let (udp, tcp) = (tokio::net::UdpSocket::from_std(udp)?, tokio::net::TcpListener::from_std(tcp)?);
                tasks.push(tokio::spawn(self.forwarder.clone().serve_udp(udp, network)).abort_handle());
                tasks.push(tokio::spawn(self.forwarder.clone().serve_tcp(tcp, network)).abort_handle());
            }
            Ok(())
        };
        match listening() {
            Ok(()) => Ok(tasks),
            Err(error) => {
                tasks.iter().for_each(AbortHandle::abort);
                Err(failed(error))
            }
        }
    }

    async fn end(&self, running: &mut HashMap<Uuid, Running>, network: Uuid) -> Result<(), NodeError> {
        running.remove(&network);
        self.network.unplug_pair(network, outer_name(network)).await?;
        namespace::remove(&self.programs, &namespace_name(network)).await?;
        let file = self.file(network);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NodeError::io(file)(error)),
            _ => Ok(()),
        }
    }

    fn file(&self, network: Uuid) -> PathBuf {
        self.folder.join(format!("{network}.json"))
    }
}

/// The networks that these servers need services in. Where two servers were told differently of a network's port, the
/// later wish counts.
fn wanted_by<'a>(records: impl IntoIterator<Item = &'a Record>) -> HashMap<Uuid, Wanted> {
    let mut records: Vec<&Record> = records.into_iter().collect();
    records.sort_by_key(|record| record.wished);
    let interfaces = records.into_iter().flat_map(|record| &record.spec.interfaces);
    let wanted = interfaces.filter_map(|interface| {
        let port = interface.metadata.clone()?;
        Some((interface.network_id, Wanted { port, mtu: interface.mtu }))
    });
    wanted.collect()
}

fn bind(addresses: &[IpAddr]) -> io::Result<Sockets> {
    let metadata = TcpListener::bind(SocketAddr::new(ADDRESS.into(), 80))?;
    metadata.set_nonblocking(true)?;
    let mut dns = Vec::new();
    for address in addresses {
        let address = SocketAddr::new(*address, 53);
        let (udp, tcp) = (UdpSocket::bind(address)?, TcpListener::bind(address)?);
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        dns.push((udp, tcp));
    }
    Ok(Sockets { metadata, dns })
}
