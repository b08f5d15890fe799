//! How long it takes until a change has its effect.

use std::time::Duration;

use ferrostack_base::Clock;
use ferrostack_network::ovn::connection_settings;
use ferrostack_ovn::{
    Connection, Table,
    northbound::{Acl, LogicalSwitchPort},
};
use serde_json::json;
use uuid::Uuid;

use crate::{api::id, world::World};

const ROUNDS: usize = 20;

/// Prints and gives the fastest quarter's slowest, and the median.
fn figures(what: &str, mut took: Vec<Duration>) -> [Duration; 2] {
    took.sort_unstable();
    let [quarter, median] = [took[took.len() / 4], took[took.len() / 2]];
    println!("{what}: quarter {quarter:?}, median {median:?}, slowest {:?}", took[took.len() - 1]);
    [quarter, median]
}

#[tokio::test]
async fn real_changes_take_effect_within_moments() {
    let Some(world) = World::begin().await else { return };
    let clock = Clock::system();
    let (northbound, _) = Connection::start(clock.clone(), connection_settings(world.engines.northbound_endpoint()));
    northbound.connected().await;
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let group = id(
        &world.post("admin", "/v2.0/security-groups", json!({"security_group": {"name": "g"}})).await.ok()["security_group"]
    );
    let a = world.server(&network, json!({"security_groups": [group]})).await;
    let b = world.server(&network, json!({"security_groups": [group]})).await;
    a.guest.configure(&a.mac);
    b.guest.configure(&b.mac);
    world.settle().await;

    let since = |start| clock.now().since(start);
    let (mut written, mut effective, mut active) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let body = json!({"security_group_rule": {"direction": "ingress", "ethertype": "IPv4", "protocol": "icmp", "security_group_id": group}});
        let rule = id(&world.post("admin", "/v2.0/security-group-rules", body).await.ok()["security_group_rule"]);
        let start = clock.now();
        let uuid: Uuid = rule.parse().unwrap();
        northbound.replica().wait_until(|contents| contents.row(Acl::TABLE, uuid).map(drop)).await;
        written.push(since(start));
        while !a.guest.pings_once(&b.addresses[0], Duration::from_millis(4)) {}
        effective.push(since(start));
        world.delete("admin", &format!("/v2.0/security-group-rules/{rule}")).await.ok();
        northbound.replica().wait_until(|contents| contents.row(Acl::TABLE, uuid).is_none().then_some(())).await;
        while a.guest.pings_once(&b.addresses[0], Duration::from_millis(20)) {}
    }
    for _ in 0..ROUNDS {
        let port = world.server_port(&network, json!({})).await;
        let start = clock.now();
        let uuid: Uuid = id(&port).parse().unwrap();
        northbound.replica().wait_until(|contents| contents.row(LogicalSwitchPort::TABLE, uuid).map(drop)).await;
        written.push(since(start));
        let server = world.guest(&port);
        let start = clock.now();
        server.guest.plug(&world.engines, &server.port);
        world.until_status(&server.port, "ACTIVE").await;
        active.push(since(start));
    }
    let [quarter, _] = figures("answer to Northbound", written);
    assert!(quarter < Duration::from_millis(20), "{quarter:?}");
    figures("answer to a rule's effect", effective);
    figures("interface to ACTIVE", active);
}
