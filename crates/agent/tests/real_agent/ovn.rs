//! The network of a scene, as the network service would write it.

use ferrostack_agent_api::{Interface, InterfaceAddress, MetadataPort};
use uuid::Uuid;

use crate::guest::run;

pub const NETWORK: Uuid = Uuid::from_u128(0x9e70_0000_0000_4000_8000_0000_0000_0003);
pub const PORT: Uuid = Uuid::from_u128(0xb047_0000_0000_4000_8000_0000_0000_0009);
const METADATA_PORT: Uuid = Uuid::from_u128(0x3e7a_0000_0000_4000_8000_0000_0000_0002);

/// The guest's interface in the network, which is made in OVN: 10.9.0.5, metadata and DNS at 10.9.0.2, `web.test` a name.
pub fn make() -> Interface {
    let switch = format!("neutron-{NETWORK}");
    let (port, metadata) = (PORT.to_string(), METADATA_PORT.to_string());
    let (mac, metadata_mac) = ("fa:16:3e:00:00:05", "fa:16:3e:00:00:02");
    run("ovn-nbctl", &["ls-add", &switch]);
    run("ovn-nbctl", &["lsp-add", &switch, &port]);
    run("ovn-nbctl", &["lsp-set-addresses", &port, &format!("{mac} 10.9.0.5")]);
    run("ovn-nbctl", &["lsp-add", &switch, &metadata]);
    run("ovn-nbctl", &["lsp-set-type", &metadata, "localport"]);
    run("ovn-nbctl", &["lsp-set-addresses", &metadata, &format!("{metadata_mac} 10.9.0.2")]);
    let options = "options=\"server_id\"=\"10.9.0.1\" \"server_mac\"=\"fa:16:3e:00:00:01\" \"lease_time\"=\"3600\" \
                   \"mtu\"=\"1442\" \"dns_server\"=\"{10.9.0.2}\" \
                   \"classless_static_route\"=\"{169.254.169.254/32,10.9.0.2}\"";
    let options = options.replace(' ', ",");
    let made = run("ovn-nbctl", &["create", "DHCP_Options", "cidr=10.9.0.0/24", &options]);
    run("ovn-nbctl", &["lsp-set-dhcpv4-options", &port, made.trim()]);
    let names = run("ovn-nbctl", &["create", "DNS", "records=\"web.test\"=\"10.9.0.77\""]);
    run("ovn-nbctl", &["add", "Logical_Switch", &switch, "dns_records", names.trim()]);
    Interface {
        port_id: PORT,
        network_id: NETWORK,
        mac: mac.to_owned(),
        mtu: 1442,
        addresses: vec![InterfaceAddress { ip: "10.9.0.5".parse().unwrap(), prefix: 24, gateway: None }],
        metadata: Some(MetadataPort {
            port_id: METADATA_PORT,
            mac: metadata_mac.to_owned(),
            addresses: vec![("10.9.0.2".parse().unwrap(), 24)],
        }),
    }
}

/// Whether OVN says that a port is up.
pub fn is_up() -> bool {
    run("ovn-nbctl", &["get", "Logical_Switch_Port", &PORT.to_string(), "up"]).trim() == "true"
}
