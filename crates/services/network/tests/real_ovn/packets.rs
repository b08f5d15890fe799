//! What guests are told, and whom they reach.

use serde_json::json;

use crate::{
    api::id,
    guest::{Guest, speaks},
    world::World,
};

#[tokio::test]
async fn real_guests_reach_each_other_the_outside_and_their_metadata() {
    let Some(world) = World::begin().await else { return };
    let (left, right) = (world.network("admin", "left").await, world.network("admin", "right").await);
    let (left_subnet, right_subnet) =
        (world.subnet("admin", &left, "10.0.1.0/24").await, world.subnet("admin", &right, "10.0.2.0/24").await);
    world.router(&[&left_subnet, &right_subnet]).await;
    let open = json!({"security_group_rule": {"direction": "ingress", "ethertype": "IPv4",
        "security_group_id": world.ids("admin", "/v2.0/security-groups?name=default").await[0]}});
    world.post("admin", "/v2.0/security-group-rules", open).await.ok();
    let (a, b, c) = (
        world.server(&left, json!({})).await,
        world.server(&left, json!({})).await,
        world.server(&right, json!({})).await,
    );

    let lease = a.guest.configure(&a.mac);
    assert_eq!((lease.address.to_string(), lease.prefix, lease.mtu), (a.addresses[0].clone(), 24, Some(1442)));
    assert_eq!((lease.seconds, lease.domain.as_str()), (86_400, "openstacklocal"));
    let gateway = "10.0.1.1".parse().unwrap();
    let metadata = "10.0.1.2".parse().unwrap();
    assert_eq!(lease.routes, [("169.254.169.254/32".to_owned(), metadata), ("0.0.0.0/0".to_owned(), gateway)]);
    assert_eq!(lease.dns, [metadata]);
    b.guest.configure(&b.mac);
    c.guest.configure(&c.mac);

    assert!(a.guest.pings(&b.addresses[0]), "within a network");
    assert!(a.guest.pings_with(b.addresses[0].parse().unwrap(), 1414), "a packet as large as the MTU");
    assert!(a.guest.pings(&c.addresses[0]), "through the router");
    let listener = c.guest.listen(80);
    let mut near = a.guest.connect(&c.addresses[0], 80).expect("TCP through the router");
    let (mut far, _) = listener.accept().unwrap();
    assert!(speaks(&mut near, &mut far) && speaks(&mut far, &mut near));

    world.until("the gateway answers", async || a.guest.pings("172.24.4.1")).await;
    assert!(a.guest.pings("198.51.100.1"), "behind the gateway, translated");
    let outside = world.outside.within(|| std::net::TcpListener::bind("198.51.100.1:80").unwrap());
    let _stream = a.guest.connect("198.51.100.1", 80).expect("TCP to the outside");
    let (_, peer) = outside.accept().unwrap();
    assert!(peer.ip().to_string().starts_with("172.24.4."), "{peer}");

    let floating = json!({"floatingip": {"floating_network_id": world.public().await, "port_id": a.port}});
    let floating = world.post("admin", "/v2.0/floatingips", floating).await.ok()["floatingip"].clone();
    let address = floating["floating_ip_address"].as_str().unwrap();
    world.until("the floating IP answers", async || world.outside_pings(address)).await;
    let _stream = a.guest.connect("198.51.100.1", 80).unwrap();
    let (_, peer) = outside.accept().unwrap();
    assert_eq!(peer.ip().to_string(), address, "and is whom the outside sees");
    assert!(c.guest.pings(address), "from another network, too");
    world.delete("admin", &format!("/v2.0/floatingips/{}", id(&floating))).await.ok();
    world.until("the floating IP is gone", async || !world.outside_pings(address)).await;

    // What a node does for the network's guests: an interface that is the metadata port.
    let path = format!("/v2.0/ports?network_id={left}&device_owner=network:distributed");
    let port = world.get("admin", &path).await.ok()["ports"][0].clone();
    let node = world.guest(&port);
    node.guest.plug(&world.engines, &node.port);
    for address in ["10.0.1.2/24", "169.254.169.254/32"] {
        node.guest.space.ip(&format!("addr add {address} dev eth0"));
    }
    world.until("metadata answers", async || a.guest.pings("169.254.169.254")).await;
    let service = node.guest.listen(80);
    let mut near = a.guest.connect("169.254.169.254", 80).expect("TCP to the metadata service");
    let (mut far, peer) = service.accept().unwrap();
    assert!(peer.ip().to_string().ends_with(&a.addresses[0]), "the guest's own address is seen: {peer}");
    assert!(speaks(&mut far, &mut near));
    assert!(a.guest.pings("10.0.1.2") && b.guest.pings("169.254.169.254"));
    assert!(!c.guest.pings("169.254.169.254"), "the other network's own is not here");
    world.settle().await;
}

#[tokio::test]
async fn real_guests_make_themselves_ipv6_addresses() {
    let Some(world) = World::begin().await else { return };
    let network = world.network("admin", "n").await;
    world.subnet("admin", &network, "10.0.1.0/24").await;
    let body = json!({"subnet": {"network_id": network, "cidr": "fd00:1::/64", "ip_version": 6,
        "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}});
    let subnet = id(&world.post("admin", "/v2.0/subnets", body).await.ok()["subnet"]);
    world.router(&[&subnet]).await;
    let group = world.ids("admin", "/v2.0/security-groups?name=default").await.remove(0);
    let open =
        json!({"security_group_rule": {"direction": "ingress", "ethertype": "IPv6", "security_group_id": group}});
    world.post("admin", "/v2.0/security-group-rules", open).await.ok();
    let (a, b) = (world.server(&network, json!({})).await, world.server(&network, json!({})).await);
    let own = a.addresses.iter().find(|ip| ip.contains(':')).unwrap();
    let other = b.addresses.iter().find(|ip| ip.contains(':')).unwrap();
    let shown = |guest: &Guest| crate::engines::run("ip", &["-n", &guest.space.0, "-6", "addr", "show", "eth0"]);
    world
        .until("both have made themselves their addresses", async || {
            shown(&a.guest).contains(own) && shown(&b.guest).contains(other)
        })
        .await;
    assert!(a.guest.pings(other));
    assert!(a.guest.pings("fd00:1::1"), "the router");
    let routes = crate::engines::run("ip", &["-n", &a.guest.space.0, "-6", "route", "show", "default"]);
    assert!(routes.contains("proto ra"), "{routes}");
    let mtu = a.guest.space.within(|| std::fs::read_to_string("/proc/sys/net/ipv6/conf/eth0/mtu").unwrap());
    assert_eq!(mtu.trim(), "1442", "the advertised one");
}
