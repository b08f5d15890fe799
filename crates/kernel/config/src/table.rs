//! The one list of all settings. A line reads: name, type, default, who reads it, then the range of numbers, and
//! `derived` when the value follows from other settings as long as nobody gives one.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use ferrostack_base::Secret;
use ipnet::Ipv4Net;
use toml::de::DeValue;

use crate::{
    ControllerUrl, DatabaseUrl, DomainName, HttpUrl, Kind, LogFilter, LogFormat, MacPrefix, Origin, OvsdbAddress,
    VirtTypeChoice,
    value::{Reason, Value},
};

/// One setting, without its value.
#[derive(Debug)]
pub struct Row {
    /// `section.name`.
    pub key: &'static str,
    /// What its value looks like.
    pub kind: Kind,
    /// The parts of the program that read it.
    pub readers: &'static [Reader],
    /// Lowest and highest number.
    pub range: Option<(f64, f64)>,
    /// Whether it follows from other settings when it is not given.
    pub derived: bool,
}

impl Row {
    /// The row of a key.
    pub fn find(key: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.key == key)
    }

    /// The section's name.
    pub fn section(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(section, _)| section)
    }

    /// The name within the section.
    pub fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }
}

/// A part of the program that reads a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "services and roles by their names")]
pub enum Reader {
    Identity,
    Image,
    Compute,
    Network,
    AllServices,
    Controller,
    Agent,
    Simulation,
    AllCommands,
}

impl Reader {
    /// The name for people, the same in every language.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Image => "image",
            Self::Compute => "compute",
            Self::Network => "network",
            Self::AllServices => "identity, image, placement, compute, network",
            Self::Controller => "controller",
            Self::Agent => "agent",
            Self::Simulation => "up --simulated",
            Self::AllCommands => "up, controller, agent, init, migrate, status, trace, explain",
        }
    }
}

use Reader::{Agent, AllCommands, AllServices, Compute, Controller, Identity, Image, Network, Simulation};

macro_rules! settings {
    ($(
        $(#[$section_doc:meta])*
        $section:ident: $struct:ident {
            $(
                $(#[$doc:meta])*
                $name:ident: $type:ty = $default:expr, [$($reader:ident),+]
                $(, ($low:literal to $high:literal))? $(, $derived:ident)?;
            )*
        }
    )*) => {
        $(
            $(#[$section_doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $struct {
                $($(#[$doc])* pub $name: $type,)*
            }

            impl Default for $struct {
                fn default() -> Self {
                    Self { $($name: $default,)* }
                }
            }
        )*

        /// Every setting with its value in force.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Settings {
            $($(#[$section_doc])* pub $section: $struct,)*
            pub(crate) origins: BTreeMap<&'static str, Origin>,
            pub(crate) file: String,
        }

        impl Settings {
            /// Takes over the value of a setting of the table.
            pub(crate) fn put(&mut self, row: &'static Row, value: &DeValue<'_>) -> Result<(), Reason> {
                match (row.section(), row.name()) {
                    $($((stringify!($section), stringify!($name)) => {
                        let value = <$type as Value>::read(value)?;
                        if let Some((low, high)) = row.range && !value.is_within(low, high) {
                            return Err(Reason::OutOfRange { low, high });
                        }
                        self.$section.$name = value;
                    })*)*
                    _ => {}
                }
                Ok(())
            }

            /// The value as TOML, secrets hidden; `None` when it is not set.
            pub(crate) fn shown(&self, row: &Row) -> Option<String> {
                match (row.section(), row.name()) {
                    $($((stringify!($section), stringify!($name)) => self.$section.$name.show(),)*)*
                    _ => None,
                }
            }
        }

        /// All settings.
        pub static TABLE: &[Row] = &[
            $($(
                Row {
                    key: concat!(stringify!($section), ".", stringify!($name)),
                    kind: <$type as Value>::KIND,
                    readers: &[$($reader),+],
                    range: settings!(@range $($low $high)?),
                    derived: settings!(@derived $($derived)?),
                },
            )*)*
        ];
    };
    (@range) => { None };
    (@range $low:literal $high:literal) => { Some(($low as f64, $high as f64)) };
    (@derived) => { false };
    (@derived derived) => { true };
}

settings! {
    /// Where data is kept.
    state: StateSettings {
        /// Folder of everything that has no folder of its own.
        dir: PathBuf = PathBuf::from("/var/lib/ferrostack"), [AllCommands];
    }
    /// Where the APIs listen and how clients reach them.
    api: ApiSettings {
        /// Address and port of the one listener.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), [Controller];
        /// Base of the `public` endpoints in the catalog.
        public_url: HttpUrl = HttpUrl::of(SocketAddr::from(([127, 0, 0, 1], 8080))), [Identity, Controller], derived;
        /// Base of the `internal` endpoints.
        internal_url: HttpUrl = HttpUrl::of(SocketAddr::from(([127, 0, 0, 1], 8080))), [Identity], derived;
        /// Base of the `admin` endpoints.
        admin_url: HttpUrl = HttpUrl::of(SocketAddr::from(([127, 0, 0, 1], 8080))), [Identity], derived;
        /// Name of the region in the catalog.
        region: String = "RegionOne".to_owned(), [AllServices];
    }
    /// The database.
    database: DatabaseSettings {
        /// SQLite file or MariaDB server.
        url: DatabaseUrl = DatabaseUrl::Sqlite(PathBuf::from("/var/lib/ferrostack/ferrostack.db")), [AllCommands], derived;
        /// Most connections of one process.
        pool_size: u32 = 16, [Controller], (1 to 1000);
    }
    /// Users, tokens and their keys.
    identity: IdentitySettings {
        /// Lifetime of a token in seconds.
        token_expiration_s: u64 = 3600, [Identity], (60 to 31_536_000);
        /// Cost of bcrypt: 2 to this power of rounds.
        password_hash_rounds: u32 = 12, [Identity], (4 to 31);
        /// Folder of the Fernet keys.
        fernet_key_dir: PathBuf = PathBuf::from("/var/lib/ferrostack/fernet-keys"), [Identity], derived;
        /// Password that the user `admin` gets when the cloud is made.
        admin_password: Option<Secret<String>> = None, [Identity];
    }
    /// Images.
    image: ImageSettings {
        /// Folder of the image data.
        store_dir: PathBuf = PathBuf::from("/var/lib/ferrostack/images"), [Image], derived;
        /// Largest image in bytes.
        size_cap_bytes: u64 = 1_099_511_627_776, [Image], (1 to 1_152_921_504_606_846_976.0);
        /// Whether content that is not what was declared is refused.
        require_format_match: bool = true, [Image];
        /// Most properties of an image; -1: no limit.
        property_quota: i64 = 128, [Image], (-1 to 1_000_000);
        /// Most tags of an image; -1: no limit.
        tag_quota: i64 = 128, [Image], (-1 to 1_000_000);
        /// Length of a page when a client does not ask for one.
        list_default: u32 = 25, [Image], (1 to 100_000);
        /// Longest page.
        list_limit: u32 = 1000, [Image], (1 to 100_000);
    }
    /// Servers, hosts and the scheduler.
    compute: ComputeSettings {
        /// Virtual CPUs offered for each physical one.
        cpu_allocation_ratio: f64 = 4.0, [Compute, Agent], (0.01 to 1000);
        /// Memory offered for each unit of physical memory.
        ram_allocation_ratio: f64 = 1.0, [Compute, Agent], (0.01 to 100);
        /// Disk offered for each unit of physical disk.
        disk_allocation_ratio: f64 = 1.0, [Compute, Agent], (0.01 to 1000);
        /// Physical CPUs of each host that servers do not get.
        reserved_host_cpus: u32 = 0, [Compute, Agent], (0 to 10_000);
        /// Memory of each host that servers do not get, in MiB.
        reserved_host_memory_mb: u64 = 512, [Compute, Agent], (0 to 1_073_741_824);
        /// Disk of each host that servers do not get, in MiB.
        reserved_host_disk_mb: u64 = 0, [Compute, Agent], (0 to 1_099_511_627_776.0);
        /// Longest wait for the network of a new server, in seconds.
        vif_plugging_timeout_s: u64 = 300, [Compute], (1 to 86_400);
        /// Longest build on one host, in seconds.
        build_timeout_s: u64 = 600, [Compute], (1 to 86_400);
        /// How many hosts a build tries.
        max_build_attempts: u32 = 3, [Compute], (1 to 100);
        /// Most candidates that the scheduler asks placement for.
        max_candidates: u32 = 1000, [Compute], (1 to 100_000);
        /// Longest page of a list.
        list_limit: u32 = 1000, [Compute], (1 to 100_000);
        /// How long a guest may take to shut itself down, in seconds.
        shutdown_timeout_s: u64 = 60, [Compute], (1 to 3600);
        /// Whether every server gets a configuration drive.
        force_config_drive: bool = false, [Compute];
        /// How long the address of a console is good, in seconds.
        console_token_ttl_s: u64 = 600, [Compute], (10 to 86_400);
        /// Folder of noVNC, which shows screens in a browser.
        novnc_dir: PathBuf = PathBuf::from("/usr/share/novnc"), [Compute];
        /// Servers of a project; -1: no limit.
        quota_instances: i64 = 10, [Compute], (-1 to 2_147_483_647);
        /// Virtual CPUs of a project; -1: no limit.
        quota_cores: i64 = 20, [Compute], (-1 to 2_147_483_647);
        /// Memory of a project in MiB; -1: no limit.
        quota_ram_mb: i64 = 51_200, [Compute], (-1 to 2_147_483_647);
        /// Key pairs of a user; -1: no limit.
        quota_key_pairs: i64 = 100, [Compute], (-1 to 2_147_483_647);
        /// Metadata items of a server; -1: no limit.
        quota_metadata_items: i64 = 128, [Compute], (-1 to 2_147_483_647);
        /// Server groups of a project; -1: no limit.
        quota_server_groups: i64 = 10, [Compute], (-1 to 2_147_483_647);
        /// Members of a server group; -1: no limit.
        quota_server_group_members: i64 = 10, [Compute], (-1 to 2_147_483_647);
    }
    /// Networks, addresses and security groups.
    network: NetworkSettings {
        /// Largest packet of the physical network in bytes.
        physical_mtu: u32 = 1500, [Network], (1280 to 65_535);
        /// What Geneve takes of each packet, in bytes.
        geneve_overhead: u32 = 58, [Network], (38 to 300);
        /// Domain of the names of ports.
        dns_domain: DomainName = DomainName::openstacklocal(), [Network];
        /// The front half of the MAC addresses of ports.
        base_mac: MacPrefix = MacPrefix([0xfa, 0x16, 0x3e]), [Network];
        /// Addresses of the external network `public` of an all-in-one; the first one is the host's own.
        public_cidr: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(172, 24, 4, 0), 22), [Network, Agent];
        /// Physical networks that provider networks may name.
        physical_networks: Vec<String> = vec!["public".to_owned()], [Network];
        /// Lease of addresses by DHCP, in seconds.
        dhcp_lease_s: u64 = 86_400, [Network], (60 to 31_536_000);
        /// OVN's Northbound database, as a controller reaches it.
        northbound: OvsdbAddress = OvsdbAddress::standard("ovnnb_db"), [Controller];
        /// OVN's Southbound database, as a controller reaches it.
        southbound: OvsdbAddress = OvsdbAddress::standard("ovnsb_db"), [Controller];
        /// Networks of a project; -1: no limit.
        quota_networks: i64 = 100, [Network], (-1 to 2_147_483_647);
        /// Subnets of a project; -1: no limit.
        quota_subnets: i64 = 100, [Network], (-1 to 2_147_483_647);
        /// Ports of a project; -1: no limit.
        quota_ports: i64 = 500, [Network], (-1 to 2_147_483_647);
        /// Routers of a project; -1: no limit.
        quota_routers: i64 = 10, [Network], (-1 to 2_147_483_647);
        /// Floating IPs of a project; -1: no limit.
        quota_floating_ips: i64 = 50, [Network], (-1 to 2_147_483_647);
        /// Security groups of a project; -1: no limit.
        quota_security_groups: i64 = 10, [Network], (-1 to 2_147_483_647);
        /// Security group rules of a project; -1: no limit.
        quota_security_group_rules: i64 = 100, [Network], (-1 to 2_147_483_647);
    }
    /// What controllers and nodes say to each other.
    agent: AgentSettings {
        /// Where the agent answers controllers.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8082)), [Agent];
        /// The controllers' addresses on the management network.
        controllers: Vec<ControllerUrl> = vec![ControllerUrl::of(SocketAddr::from(([127, 0, 0, 1], 8081)))], [Agent];
        /// Folder of the node's certificate and key, and of the secret of its metadata proxy.
        tls_dir: PathBuf = PathBuf::from("/var/lib/ferrostack/agent/tls"), [Agent], derived;
        /// Where guests' questions for metadata go: the address of the controllers' APIs.
        metadata_url: HttpUrl = HttpUrl::of(SocketAddr::from(([127, 0, 0, 1], 8080))), [Agent], derived;
        /// How often a node reports, in seconds.
        report_s: u64 = 10, [Agent, Controller], (1 to 3600);
        /// After how many seconds of silence a node counts as down.
        down_after_s: u64 = 60, [Compute, Controller], (3 to 86_400);
        /// How guests run: `auto`, `kvm` or `qemu`.
        virt_type: VirtTypeChoice = VirtTypeChoice::Auto, [Agent];
        /// Kernel that the probe for KVM boots; none: a small one of our own.
        probe_kernel: Option<PathBuf> = None, [Agent];
        /// Folder of the node's servers, images and ledger.
        dir: PathBuf = PathBuf::from("/var/lib/ferrostack/agent"), [Agent], derived;
        /// The node's address towards other nodes.
        host_ip: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST), [Agent];
        /// Name servers that answer the guests; empty: those of the node.
        resolvers: Vec<IpAddr> = Vec::new(), [Agent];
        /// Largest size of the cache of images, in bytes.
        image_cache_bytes: u64 = 42_949_672_960, [Agent], (1 to 1_152_921_504_606_846_976.0);
        /// Room that is left free on the node's disk, in bytes.
        reserved_disk_bytes: u64 = 1_073_741_824, [Agent], (0 to 1_152_921_504_606_846_976.0);
    }
    /// Durable operations and who carries them on.
    controller: ControllerSettings {
        /// Where the controller answers agents.
        management_listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8081)), [Controller];
        /// Folder of the controller's certificate and key.
        tls_dir: PathBuf = PathBuf::from("/var/lib/ferrostack/tls"), [Controller], derived;
        /// How often a controller renews its lease, in seconds.
        lease_renew_s: u64 = 5, [Controller], (1 to 600);
        /// After how many seconds without renewal a lease lapses.
        lease_lapse_s: u64 = 20, [Controller], (3 to 3600);
        /// How many days finished operations are kept.
        archive_days: u32 = 30, [Controller], (1 to 36_500);
        /// How many finished operations are kept.
        archive_rows: u64 = 1_000_000, [Controller], (1000 to 1_000_000_000);
    }
    /// The log.
    log: LogSettings {
        /// What is logged.
        level: LogFilter = LogFilter::info(), [AllCommands];
        /// How it is written.
        format: LogFormat = LogFormat::Human, [AllCommands];
    }
    /// The nodes of a simulated cloud.
    simulated: SimulatedSettings {
        /// How many nodes there are.
        nodes: u32 = 2, [Simulation], (1 to 10_000);
        /// CPUs of each node.
        vcpus: u32 = 16, [Simulation], (1 to 10_000);
        /// Memory of each node in MiB.
        memory_mb: u64 = 65_536, [Simulation], (1024 to 1_073_741_824);
        /// Disk of each node in GiB.
        disk_gb: u64 = 1000, [Simulation], (1 to 1_073_741_824);
    }
}

impl Settings {
    /// Where the value of a setting comes from.
    pub fn origin(&self, key: &str) -> Origin {
        let derived = Row::find(key).is_some_and(|row| row.derived);
        let unset = if derived { Origin::Derived } else { Origin::Default };
        self.origins.get(key).copied().unwrap_or(unset)
    }

    /// Recomputes the settings that follow from others and were not given themselves.
    pub(crate) fn derive(&mut self) {
        let given = |key: &str| self.origins.contains_key(key);
        let dir = &self.state.dir;
        if !given("database.url") {
            self.database.url = DatabaseUrl::Sqlite(dir.join("ferrostack.db"));
        }
        if !given("identity.fernet_key_dir") {
            self.identity.fernet_key_dir = dir.join("fernet-keys");
        }
        if !given("image.store_dir") {
            self.image.store_dir = dir.join("images");
        }
        if !given("agent.dir") {
            self.agent.dir = dir.join("agent");
        }
        if !given("agent.tls_dir") {
            self.agent.tls_dir = self.agent.dir.join("tls");
        }
        if !given("controller.tls_dir") {
            self.controller.tls_dir = dir.join("tls");
        }
        if !given("agent.metadata_url") {
            self.agent.metadata_url = HttpUrl::of(self.api.listen);
        }
        if !given("api.public_url") {
            self.api.public_url = HttpUrl::of(self.api.listen);
        }
        if !given("api.internal_url") {
            self.api.internal_url = self.api.public_url.clone();
        }
        if !given("api.admin_url") {
            self.api.admin_url = self.api.internal_url.clone();
        }
    }
}
