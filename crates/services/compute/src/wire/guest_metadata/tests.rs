use std::net::IpAddr;

use ferrostack_contracts::{BoundPort, FixedIp, MetadataAddress};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::model::ServerId;

fn fixed(ip: &str, prefix: u8, gateway: &str) -> FixedIp {
    FixedIp { subnet_id: Uuid::nil(), ip: ip.parse().unwrap(), prefix, gateway: gateway.parse().ok() }
}

fn port(number: u128, fixed_ips: Vec<FixedIp>, dhcp: bool) -> BoundPort {
    let metadata = MetadataAddress { port_id: Uuid::nil(), mac: "fa:16:3e:00:00:02".to_owned(), addresses: Vec::new() };
    BoundPort {
        port_id: Uuid::from_u128(number),
        mac: "fa:16:3e:00:00:01".to_owned(),
        mtu: 1442,
        network_id: Uuid::from_u128(3),
        fixed_ips,
        dns: vec!["10.0.0.53".parse().unwrap(), "fd00::53".parse().unwrap()],
        metadata: dhcp.then_some(metadata),
    }
}

fn facts() -> GuestFacts {
    GuestFacts {
        id: ServerId(Uuid::from_u128(7)),
        number: 10,
        project_id: "demo".to_owned(),
        name: "Web".to_owned(),
        hostname: "web.novalocal".to_owned(),
        launch_index: 0,
        reservation_id: "r-1".to_owned(),
        zone: "nova".to_owned(),
        flavor_name: "tiny".to_owned(),
        image_id: Some(Uuid::from_u128(0x1234_5678 << 96)),
        root_device: "vda",
        key: Some(("mine".to_owned(), "ssh-ed25519 AAAA".to_owned())),
        metadata: [("role".to_owned(), "db".to_owned())].into(),
        user_data: Some(b"#!/bin/sh\n\xff".to_vec().into()),
        ports: vec![port(1 << 100, vec![fixed("10.0.0.5", 24, "10.0.0.1"), fixed("fd00::5", 64, "fd00::1")], true)],
        security_groups: vec!["default".to_owned(), "web".to_owned()],
        floating_ip: "192.0.2.7".parse::<IpAddr>().ok(),
    }
}

fn text(tree: &GuestTree<'_>, path: &str) -> String {
    match tree.find(path) {
        Some(Found::File(bytes)) => String::from_utf8(bytes).unwrap(),
        Some(Found::Listing(text)) => text,
        None => "nothing".to_owned(),
    }
}

fn parsed(tree: &GuestTree<'_>, path: &str) -> Value {
    serde_json::from_str(&text(tree, path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn directories_are_listed() {
    let facts = facts();
    let tree = GuestTree::new(&facts, None);
    assert_eq!(
        text(&tree, "/"),
        "1.0\n2007-01-19\n2007-03-01\n2007-08-29\n2007-10-10\n2007-12-15\n2008-02-01\n2008-09-01\n2009-04-04\nlatest"
    );
    let versions = text(&tree, "openstack");
    assert!(versions.starts_with("2012-08-10\n") && versions.ends_with("\n2020-10-14\nlatest"), "{versions}");
    let all = "meta_data.json\nnetwork_data.json\nuser_data\nvendor_data.json\nvendor_data2.json";
    assert_eq!(text(&tree, "/openstack/latest/"), all);
    assert_eq!(text(&tree, "openstack/2012-08-10"), "meta_data.json\nuser_data");
    assert_eq!(text(&tree, "latest/"), "meta-data/\nuser-data");
    let names = text(&tree, "/latest/meta-data/");
    for name in ["ami-id", "block-device-mapping/", "instance-id", "placement/", "public-keys/"] {
        assert!(names.lines().any(|line| line == name), "{name}: {names}");
    }
    assert_eq!(text(&tree, "latest/meta-data/public-keys"), "0=mine");
    assert_eq!(text(&tree, "latest/meta-data/public-keys/0"), "openssh-key");
    for path in ["lat", "openstack/1999-01-01", "latest/meta-data/secret", "openstack/latest/meta_data.json/x"] {
        assert_eq!(tree.find(path), None, "{path}");
    }
}

#[test]
fn ec2_items_are_what_they_are_called() {
    let facts = facts();
    let tree = GuestTree::new(&facts, None);
    for (item, expected) in [
        ("ami-id", "ami-12345678"),
        ("instance-id", "i-0000000a"),
        ("instance-type", "tiny"),
        ("hostname", "web.novalocal"),
        ("local-hostname", "web.novalocal"),
        ("local-ipv4", "10.0.0.5"),
        ("public-ipv4", "192.0.2.7"),
        ("public-keys/0/openssh-key", "ssh-ed25519 AAAA"),
        ("placement/availability-zone", "nova"),
        ("security-groups", "default\nweb"),
        ("block-device-mapping/root", "/dev/vda"),
        ("block-device-mapping/ami", "vda"),
        ("reservation-id", "r-1"),
        ("ami-launch-index", "0"),
    ] {
        assert_eq!(text(&tree, &format!("2009-04-04/meta-data/{item}")), expected, "{item}");
    }
    assert_eq!(tree.find("1.0/meta-data/placement"), None, "it came later");
    assert_eq!(tree.find("latest/user-data"), Some(Found::File(b"#!/bin/sh\n\xff".to_vec())));
    let bare = GuestFacts { key: None, user_data: None, floating_ip: None, ..facts.clone() };
    let tree = GuestTree::new(&bare, None);
    assert_eq!(tree.find("latest/meta-data/public-keys"), None);
    assert_eq!(tree.find("latest/user-data"), None);
    assert_eq!(text(&tree, "latest/meta-data/public-ipv4"), "");
    assert_eq!(text(&tree, "latest/"), "meta-data/");
}

#[test]
fn openstack_meta_data_grows_with_its_version() {
    let facts = facts();
    let tree = GuestTree::new(&facts, Some(&[7; 512]));
    let first = parsed(&tree, "openstack/2012-08-10/meta_data.json");
    let expected = json!({
        "uuid": "00000000-0000-0000-0000-000000000007",
        "name": "Web",
        "hostname": "web.novalocal",
        "launch_index": 0,
        "availability_zone": "nova",
        "meta": {"role": "db"},
        "public_keys": {"mine": "ssh-ed25519 AAAA"},
        "keys": [{"name": "mine", "type": "ssh", "data": "ssh-ed25519 AAAA"}],
    });
    assert_eq!(first, expected);
    let latest = parsed(&tree, "openstack/latest/meta_data.json");
    assert_eq!(latest["project_id"], "demo");
    assert_eq!((&latest["devices"], &latest["dedicated_cpus"]), (&json!([]), &json!([])));
    assert_eq!(latest["random_seed"].as_str().unwrap().len(), 684);
    assert_eq!(tree.find("openstack/latest/user_data"), Some(Found::File(b"#!/bin/sh\n\xff".to_vec())));
    assert_eq!(parsed(&tree, "openstack/latest/vendor_data.json"), json!({}));
    let bare = GuestFacts { key: None, user_data: None, metadata: Default::default(), ..facts.clone() };
    let tree = GuestTree::new(&bare, None);
    let latest = parsed(&tree, "openstack/latest/meta_data.json");
    for key in ["meta", "public_keys", "keys", "random_seed"] {
        assert_eq!(latest.get(key), None, "{key}");
    }
    assert_eq!(tree.find("openstack/latest/user_data"), None);
}

#[test]
fn network_data_tells_how_interfaces_are_configured() {
    let mut facts = facts();
    facts.ports.push(port(2 << 100, vec![fixed("10.9.0.5", 23, "none")], false));
    let tree = GuestTree::new(&facts, None);
    let data = parsed(&tree, "openstack/latest/network_data.json");
    let network = "00000000-0000-0000-0000-000000000003";
    let (one, two) = ("tap00000010-00", "tap00000020-00");
    let expected = json!({
        "links": [
            {"id": one, "vif_id": "00000010-0000-0000-0000-000000000000", "type": "ovs", "mtu": 1442,
             "ethernet_mac_address": "fa:16:3e:00:00:01"},
            {"id": two, "vif_id": "00000020-0000-0000-0000-000000000000", "type": "ovs", "mtu": 1442,
             "ethernet_mac_address": "fa:16:3e:00:00:01"},
        ],
        "networks": [
            {"type": "ipv4_dhcp", "id": "network0", "link": one, "network_id": network},
            {"type": "ipv6", "ip_address": "fd00::5", "netmask": "ffff:ffff:ffff:ffff::",
             "routes": [{"network": "::", "netmask": "::", "gateway": "fd00::1"}],
             "services": [{"type": "dns", "address": "fd00::53"}], "id": "network1", "link": one, "network_id": network},
            {"type": "ipv4", "ip_address": "10.9.0.5", "netmask": "255.255.254.0", "routes": [],
             "services": [{"type": "dns", "address": "10.0.0.53"}], "id": "network2", "link": two, "network_id": network},
        ],
        "services": [{"type": "dns", "address": "10.0.0.53"}, {"type": "dns", "address": "fd00::53"}],
    });
    assert_eq!(data, expected);
}

#[test]
fn a_drive_has_both_trees_as_files() {
    let facts = facts();
    let tree = GuestTree::new(&facts, None);
    let drive = tree.drive();
    assert_eq!(drive["openstack/latest/user_data"], b"#!/bin/sh\n\xff");
    assert!(drive.contains_key("openstack/2018-08-27/network_data.json"));
    let ec2: Value = serde_json::from_slice(&drive["ec2/latest/meta-data.json"]).unwrap();
    assert_eq!(ec2["instance-id"], "i-0000000a");
    assert_eq!(ec2["placement"]["availability-zone"], "nova");
    assert_eq!(ec2["public-keys"]["0"]["openssh-key"], "ssh-ed25519 AAAA");
    assert!(drive.keys().all(|path| path.starts_with("openstack/") || path.starts_with("ec2/")), "{:?}", drive.keys());
}
