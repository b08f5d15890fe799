//! Engines that die, and people who meddle.

use std::time::Duration;

use ferrostack_base::Clock;
use ferrostack_network::{audit, full_sync};
use serde_json::json;

use crate::{api::id, world::World};

#[tokio::test]
async fn real_northbound_may_go_and_come_back() {
    let Some(mut world) = World::begin().await else { return };
    let network = world.network("admin", "before").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let a = world.server(&network, json!({})).await;
    world.engines.northbound.kill();
    let b = world.server_port(&network, json!({})).await;
    let meanwhile = world.network("admin", "meanwhile").await;
    assert_eq!(world.status(&id(&b)).await, "DOWN");
    world.engines.start_northbound().await;
    world.settle().await;
    assert!(world.engines.nbctl(&["ls-list"]).contains(&meanwhile));
    assert_eq!(world.status(&a.port).await, "ACTIVE");
    let b = world.guest(&b);
    b.guest.plug(&world.engines, &b.port);
    world.until_status(&b.port, "ACTIVE").await;
}

#[tokio::test]
async fn real_changes_are_never_lost_when_northbound_dies_amid_them() {
    let Some(mut world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.0.0/16").await;
    world.settle().await;
    let mut ports = Vec::new();
    for round in 0..6 {
        for _ in 0..15 {
            ports.push(id(&world.server_port(&network, json!({})).await));
        }
        match round % 2 {
            0 => world.engines.northbound.kill(),
            _ => world.engines.start_northbound().await,
        }
    }
    world.settle().await;
    let listed = world.engines.nbctl(&["lsp-list", &format!("neutron-{network}")]);
    assert!(ports.iter().all(|port| listed.contains(port)), "{listed}");
    assert_eq!(full_sync(&world.net).await.unwrap(), []);
}

#[tokio::test]
async fn real_statuses_survive_the_southbound_and_the_switch() {
    let Some(mut world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let (a, b) = (world.server(&network, json!({})).await, world.server(&network, json!({})).await);
    a.guest.configure(&a.mac);
    b.guest.configure(&b.mac);
    world.until("they reach each other", async || a.guest.pings(&b.addresses[0])).await;
    world.engines.southbound.kill();
    Clock::system().sleep(Duration::from_secs(4)).await;
    assert_eq!(world.status(&a.port).await, "ACTIVE", "nobody knows otherwise");
    assert!(a.guest.pings(&b.addresses[0]));
    world.engines.start_southbound().await;
    let c = world.server(&network, json!({})).await;
    c.guest.configure(&c.mac);
    assert_eq!(world.status(&a.port).await, "ACTIVE");
    world.engines.switch.kill();
    world.engines.start_switch();
    world.until("they reach each other again", async || a.guest.pings(&b.addresses[0])).await;
    world.until_status(&a.port, "ACTIVE").await;
}

#[tokio::test]
async fn real_northd_may_be_away() {
    let Some(mut world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let a = world.server(&network, json!({})).await;
    world.engines.northd.kill();
    let b = world.server_port(&network, json!({})).await;
    let b = world.guest(&b);
    b.guest.plug(&world.engines, &b.port);
    // Longer than chassis have time to answer: nobody can ask them.
    Clock::system().sleep(Duration::from_secs(5)).await;
    assert_eq!((world.status(&a.port).await, world.status(&b.port).await), ("ACTIVE".into(), "DOWN".into()));
    world.engines.start_northd();
    world.until_status(&b.port, "ACTIVE").await;
    b.guest.configure(&b.mac);
}

#[tokio::test]
async fn real_meddling_is_repaired() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    let subnet = world.subnet("admin", &network, "10.0.1.0/24").await;
    let router = world.router(&[&subnet]).await;
    let a = world.server(&network, json!({})).await;
    world.settle().await;
    let before = world.engines.nbctl(&["show"]);
    world.engines.nbctl(&["lsp-del", &a.port]);
    world.engines.nbctl(&["lr-nat-del", &format!("neutron-{router}")]);
    world.engines.nbctl(&["--all", "destroy", "DHCP_Options"]);
    world.engines.nbctl(&["pg-del", "neutron_pg_drop"]);
    world.engines.nbctl(&["ls-add", "somebody-elses"]);
    // The syncer sees what goes away, and does not wait for somebody to compare everything.
    world.until("it is repaired", async || audit(&world.net).await.unwrap().is_empty()).await;
    world.engines.nbctl(&["ls-del", "somebody-elses"]);
    assert_eq!(sorted(&world.engines.nbctl(&["show"])), sorted(&before));
    assert!(full_sync(&world.net).await.unwrap().is_empty());
    world.until_status(&a.port, "ACTIVE").await;
    a.guest.configure(&a.mac);
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}
