//! Less travelled ways: floating IPs among guests, large packets, what is switched off, ports on the outside's network.

use serde_json::{Value, json};

use crate::{
    api::id,
    guest::speaks,
    world::{Server, World},
};

async fn open(world: &World) {
    let group = world.ids("admin", "/v2.0/security-groups?name=default").await.remove(0);
    for ethertype in ["IPv4", "IPv6"] {
        let rule = json!({"direction": "ingress", "ethertype": ethertype, "security_group_id": group});
        world.post("admin", "/v2.0/security-group-rules", json!({"security_group_rule": rule})).await.ok();
    }
}

async fn floating(world: &World, server: &Server) -> String {
    let body = json!({"floatingip": {"floating_network_id": world.public().await, "port_id": server.port}});
    let made = world.post("admin", "/v2.0/floatingips", body).await.ok()["floatingip"].clone();
    made["floating_ip_address"].as_str().unwrap().to_owned()
}

async fn set(world: &World, collection: &str, kind: &str, id: &str, body: Value) {
    let mut request = json!({});
    request[kind] = body;
    world.put("admin", &format!("/v2.0/{collection}/{id}"), request).await.ok();
}

#[tokio::test]
async fn real_floating_ips_work_among_guests_and_with_large_packets() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    let subnet = world.subnet("admin", &network, "10.0.1.0/24").await;
    world.router(&[&subnet]).await;
    open(&world).await;
    let (a, b) = (world.server(&network, json!({})).await, world.server(&network, json!({})).await);
    a.guest.configure(&a.mac);
    b.guest.configure(&b.mac);
    let (of_a, of_b) = (floating(&world, &a).await, floating(&world, &b).await);
    world.until("both answer", async || world.outside_pings(&of_a) && world.outside_pings(&of_b)).await;
    assert!(a.guest.pings(&of_b), "the other's");
    assert!(a.guest.pings(&of_a), "its own");
    let listener = b.guest.listen(80);
    let mut near = a.guest.connect(&of_b, 80).expect("TCP to the other's");
    let (mut far, peer) = listener.accept().unwrap();
    assert!(peer.ip().to_string().ends_with(&of_a), "{peer}");
    assert!(speaks(&mut near, &mut far) && speaks(&mut far, &mut near));

    // The outside has packets of 1500 bytes; it is told that the inside takes 1442.
    let large = |size| {
        (0..4).any(|_| world.outside.within(|| crate::guest::ping(of_a.parse().unwrap(), size, crate::guest::PATIENCE)))
    };
    assert!(large(1414), "what fits");
    assert!(large(1472), "what does not fit comes in parts, once the outside knows");
    let route = crate::engines::run("ip", &["-n", &world.outside.0, "route", "get", &of_a]);
    assert!(route.contains("mtu 1442"), "{route}");
}

#[tokio::test]
async fn real_things_that_are_switched_off_are_off() {
    let Some(world) = World::begin().await else { return };
    let (left, right) = (world.network("admin", "left").await, world.network("admin", "right").await);
    let subnets =
        [world.subnet("admin", &left, "10.0.1.0/24").await, world.subnet("admin", &right, "10.0.2.0/24").await];
    let router = world.router(&[&subnets[0], &subnets[1]]).await;
    open(&world).await;
    let (a, b, c) = (
        world.server(&left, json!({})).await,
        world.server(&left, json!({})).await,
        world.server(&right, json!({})).await,
    );
    for server in [&a, &b, &c] {
        server.guest.configure(&server.mac);
    }
    let near = || a.guest.pings(&b.addresses[0]);
    let far = || a.guest.pings(&c.addresses[0]);
    world.until("all is on", async || near() && far()).await;
    for (collection, kind, id, near_too) in
        [("ports", "port", &a.port, true), ("networks", "network", &left, true), ("routers", "router", &router, false)]
    {
        set(&world, collection, kind, id, json!({"admin_state_up": false})).await;
        world.until(&format!("the {kind} is off"), async || !far() && near() != near_too).await;
        set(&world, collection, kind, id, json!({"admin_state_up": true})).await;
        world.until(&format!("the {kind} is on"), async || far() && near()).await;
    }
    // A route that a user made: 10.9.0.0/16 is behind b.
    b.guest.space.ip("addr add 10.9.0.1/32 dev lo");
    b.guest.space.sysctl("net/ipv4/ip_forward", "1");
    let path = format!("/v2.0/ports/{}", b.port);
    let pair = json!({"port": {"allowed_address_pairs": [{"ip_address": "10.9.0.0/16"}]}});
    world.put("admin", &path, pair).await.ok();
    let routes = json!([{"destination": "10.9.0.0/16", "nexthop": b.addresses[0]}]);
    set(&world, "routers", "router", &router, json!({"routes": routes})).await;
    world.until("the route leads there", async || c.guest.pings("10.9.0.1")).await;
}

#[tokio::test]
async fn real_ports_on_the_outsides_network_are_beside_the_outside() {
    let Some(world) = World::begin().await else { return };
    let server = world.server(&world.public().await, json!({})).await;
    open(&world).await;
    server.guest.space.ip(&format!("addr add {}/24 dev eth0", server.addresses[0]));
    world.until("the outside answers", async || server.guest.pings("172.24.4.1")).await;
    world.until("and asks", async || world.outside_pings(&server.addresses[0])).await;
    let stateless = json!({"security_group": {"name": "stateless", "stateful": false}});
    let group = id(&world.post("admin", "/v2.0/security-groups", stateless).await.ok()["security_group"]);
    set(&world, "ports", "port", &server.port, json!({"security_groups": [group]})).await;
    world.until("stateless groups do not let answers in", async || !server.guest.pings("172.24.4.1")).await;
    let rule = json!({"direction": "ingress", "ethertype": "IPv4", "protocol": "icmp", "security_group_id": group});
    world.post("admin", "/v2.0/security-group-rules", json!({"security_group_rule": rule})).await.ok();
    world.until("unless a rule does", async || server.guest.pings("172.24.4.1")).await;
}
