//! A network service on real engines, with an outside world behind `br-ex`.

use std::{
    net::IpAddr,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_db::testing::TestDb;
use ferrostack_network::{
    MIGRATIONS, Network, NetworkOptions, PublicNetwork, audit, ensure_public_network, ovn, run_southbound_watcher,
    run_syncer,
};
use ferrostack_ovn::Connection;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::{
    api::{Api, id},
    engines::{Engines, Namespace, missing, run},
    guest::Guest,
};

/// Chassis are asked often, so that tests are short.
const PROBE: Duration = Duration::from_millis(500);
const DOWN_AFTER: Duration = Duration::from_secs(3);

/// With which, and the id of the process, the names of namespaces begin.
const PREFIX: &str = "fsn";

/// A real cloud of one node. The outside has 172.24.4.1 beside `br-ex` and 198.51.100.1 behind that.
pub struct World {
    pub net: Network,
    pub api: Api,
    tasks: [AbortHandle; 2],
    pub outside: Namespace,
    guests: AtomicUsize,
    pub engines: Engines,
    _db: TestDb,
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Deref for World {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

/// Removes the namespaces of tests that were killed.
fn remove_leftovers() {
    for name in run("ip", &["netns", "list"]).lines().filter_map(|line| line.split_whitespace().next()) {
        let Some((id, _)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else { continue };
        if id.parse::<u32>().is_ok_and(|id| !std::path::Path::new(&format!("/proc/{id}")).exists()) {
            // Another test may be faster.
            let _ = std::process::Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

/// A guest with its port.
pub struct Server {
    pub guest: Guest,
    pub port: String,
    pub mac: String,
    pub addresses: Vec<String>,
}

impl World {
    /// None, with a line that says why, where there is no real OVN.
    pub async fn begin() -> Option<Self> {
        if let Some(reason) = missing() {
            eprintln!("skipped: {reason}");
            return None;
        }
        remove_leftovers();
        let name = format!("{PREFIX}{}", std::process::id());
        let engines = Engines::start(&name).await;
        let outside = Namespace::new(format!("{name}-out"));
        engines.space.ip(&format!("link add ext type veth peer name eth0 netns {}", outside.0));
        engines.space.ip("link set ext up");
        run("ip", &["netns", "exec", &outside.0, "ethtool", "-K", "eth0", "tx", "off"]);
        for words in ["link set eth0 up", "addr add 172.24.4.1/24 dev eth0", "addr add 198.51.100.1/32 dev lo"] {
            outside.ip(words);
        }
        engines.vsctl("add-port br-ex ext");

        let clock = Clock::system();
        // The database does not matter here: SQLite, even when another one is there.
        let db = TestDb::each(clock.clone(), &[ferrostack_quota::MIGRATIONS, MIGRATIONS]).await.unwrap().remove(0);
        let settings = ovn::connection_settings(engines.northbound_endpoint());
        let (northbound, changes) = Connection::start(clock.clone(), settings);
        let settings = ovn::southbound_settings(engines.southbound_endpoint());
        let (southbound, bindings) = Connection::start(clock.clone(), settings);
        let options =
            NetworkOptions { chassis_probe: PROBE, chassis_down_after: DOWN_AFTER, ..NetworkOptions::default() };
        let net = Network::new(db.db.clone(), northbound, southbound, options, clock);
        let tasks = [
            tokio::spawn(run_syncer(net.clone(), changes, Arc::new(|| true))).abort_handle(),
            tokio::spawn(run_southbound_watcher(net.clone(), bindings, Arc::new(|| true))).abort_handle(),
        ];
        let api = Api::new(&net);
        Some(Self { net, api, tasks, outside, guests: AtomicUsize::new(0), engines, _db: db })
    }

    pub async fn public(&self) -> String {
        let wanted = PublicNetwork {
            name: "public".into(),
            project_id: "admin".into(),
            physical_network: "public".into(),
            cidr: "172.24.4.0/24".parse().unwrap(),
            gateway_ip: None,
            pool: None,
        };
        ensure_public_network(&self.net, &wanted).await.unwrap().to_string()
    }

    /// A router with its gateway on the public network and interfaces on these subnets.
    pub async fn router(&self, subnets: &[&str]) -> String {
        let body = json!({"router": {"external_gateway_info": {"network_id": self.public().await}}});
        let router = id(&self.post("admin", "/v2.0/routers", body).await.ok()["router"]);
        for subnet in subnets {
            let path = format!("/v2.0/routers/{router}/add_router_interface");
            self.put("admin", &path, json!({"subnet_id": subnet})).await.ok();
        }
        router
    }

    /// A port of a server on `node-1`.
    pub async fn server_port(&self, network: &str, more: Value) -> Value {
        let mut body = json!({"network_id": network, "device_owner": "compute:nova", "binding:host_id": "node-1",
            "device_id": uuid::Uuid::new_v4()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("admin", "/v2.0/ports", json!({"port": body})).await.ok()["port"].clone()
    }

    /// A guest on a port of its own, plugged in and up.
    pub async fn server(&self, network: &str, more: Value) -> Server {
        let port = self.server_port(network, more).await;
        let server = self.guest(&port);
        server.guest.plug(&self.engines, &server.port);
        self.until_status(&server.port, "ACTIVE").await;
        server
    }

    /// A guest for a port, not plugged in.
    pub fn guest(&self, port: &Value) -> Server {
        let mac = port["mac_address"].as_str().unwrap().to_owned();
        let ips = port["fixed_ips"].as_array().unwrap();
        let addresses = ips.iter().map(|ip| ip["ip_address"].as_str().unwrap().to_owned()).collect();
        let guest = Guest::new(&self.engines, self.guests.fetch_add(1, Ordering::SeqCst), &mac);
        Server { guest, port: id(port), mac, addresses }
    }

    pub async fn status(&self, port: &str) -> String {
        let port = self.get("admin", &format!("/v2.0/ports/{port}")).await.ok();
        port["port"]["status"].as_str().unwrap().to_owned()
    }

    pub async fn until_status(&self, port: &str, status: &str) {
        self.until(&format!("port {port} is {status}"), async || self.status(port).await == status).await;
    }

    /// Waits for at most 15 s.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let clock = Clock::system();
        let end = clock.now() + Duration::from_secs(15);
        while clock.now() < end {
            if holds().await {
                return;
            }
            clock.sleep(Duration::from_millis(2)).await;
        }
        panic!(
            "not in time: {what}\n{}\n{}\n{}",
            self.engines.log("controller"),
            self.engines.log("northd"),
            self.engines.sbctl(&["show"])
        );
    }

    /// Waits until OVN is as the database wants it.
    pub async fn settle(&self) {
        self.until("OVN is as the database says", async || audit(&self.net).await.is_ok_and(|found| found.is_empty()))
            .await;
    }

    /// Whether the outside reaches an address.
    pub fn outside_pings(&self, to: &str) -> bool {
        let to: IpAddr = to.parse().unwrap();
        (0..3).any(|_| self.outside.within(|| crate::guest::ping(to, 56, crate::guest::PATIENCE)))
    }
}
