//! Each network with DHCP has a metadata port, which is in nobody's way.

use ferrostack_auth::Origin;
use ferrostack_contracts::{Network as _, Nic, PortSpec};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cloud::{Cloud, id};

/// The network's metadata ports.
async fn metadata(cloud: &Cloud, network: &str) -> Vec<Value> {
    let path = format!("/v2.0/ports?network_id={network}&device_owner=network:distributed");
    cloud.get("admin", &path).await.ok()["ports"].as_array().unwrap().clone()
}

fn subnets_of(port: &Value) -> Vec<String> {
    let ips = port["fixed_ips"].as_array().unwrap();
    ips.iter().map(|ip| ip["subnet_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn it_follows_the_subnets_with_dhcp() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        assert!(metadata(&cloud, &network).await.is_empty());
        let quiet =
            json!({"subnet": {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4, "enable_dhcp": false}});
        let quiet = id(&cloud.post("member:p", "/v2.0/subnets", quiet).await.ok()["subnet"]);
        assert!(metadata(&cloud, &network).await.is_empty());
        let first = cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let port = metadata(&cloud, &network).await.remove(0);
        assert_eq!(port["device_id"], json!(format!("ovnmeta-{network}")));
        assert_eq!((&port["project_id"], &port["security_groups"]), (&json!(""), &json!([])));
        assert_eq!((subnets_of(&port), &port["port_security_enabled"]), (vec![first.clone()], &json!(false)));

        let second = cloud.subnet("member:p", &network, "fd00::/64").await;
        let path = format!("/v2.0/subnets/{quiet}");
        cloud.put("member:p", &path, json!({"subnet": {"enable_dhcp": true}})).await.ok();
        let port = metadata(&cloud, &network).await.remove(0);
        assert_eq!(subnets_of(&port), [first.clone(), second.clone(), quiet.clone()]);
        cloud.put("member:p", &path, json!({"subnet": {"enable_dhcp": false}})).await.ok();
        cloud.delete("member:p", &format!("/v2.0/subnets/{first}")).await.ok();
        assert_eq!(subnets_of(&metadata(&cloud, &network).await[0]), std::slice::from_ref(&second));
        cloud.delete("member:p", &format!("/v2.0/subnets/{second}")).await.ok();
        assert!(metadata(&cloud, &network).await.is_empty());
        cloud.subnet("member:p", &network, "10.1.0.0/24").await;
        assert_eq!(metadata(&cloud, &network).await.len(), 1);
        cloud.delete("member:p", &format!("/v2.0/networks/{network}")).await.ok();
        assert!(metadata(&cloud, &network).await.is_empty());
    }
}

#[tokio::test]
async fn it_counts_against_no_quota_and_cannot_be_deleted_by_hand() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        cloud.subnet("member:p", &network, "10.0.0.0/24").await;
        let used = cloud.get("admin", "/v2.0/quotas/p/details").await.ok()["quota"]["port"]["used"].clone();
        assert_eq!(used, json!(0));
        let port = metadata(&cloud, &network).await.remove(0);
        cloud.delete("admin", &format!("/v2.0/ports/{}", id(&port))).await.refused(409, "ServicePortInUse");
        // Servers' ports are in the way of a subnet as before.
        let own = cloud.port("member:p", &network).await;
        let subnet = own["fixed_ips"][0]["subnet_id"].as_str().unwrap();
        cloud.delete("member:p", &format!("/v2.0/subnets/{subnet}")).await.refused(409, "SubnetInUse");
        cloud.delete("member:p", &format!("/v2.0/networks/{network}")).await.refused(409, "NetworkInUse");
    }
}

#[tokio::test]
async fn networks_that_use_up_their_addresses_do_without() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let body =
            json!({"subnet": {"network_id": network, "cidr": "10.0.0.0/29", "ip_version": 4, "allocation_pools": []}});
        cloud.post("member:p", "/v2.0/subnets", body).await.ok();
        assert_eq!(metadata(&cloud, &network).await[0]["fixed_ips"], json!([]));
    }
}

#[tokio::test]
async fn compute_learns_where_it_is_and_finds_servers_by_address() {
    for cloud in Cloud::each().await {
        let network = cloud.network("member:p", "n").await;
        let body = json!({"subnet": {"network_id": network, "cidr": "10.0.0.0/24", "ip_version": 4, "dns_nameservers": ["9.9.9.9"]}});
        cloud.post("member:p", "/v2.0/subnets", body).await.ok();
        let body = json!({"subnet": {"network_id": network, "cidr": "fd00::/64", "ip_version": 6}});
        cloud.post("member:p", "/v2.0/subnets", body).await.ok();
        let (server, network_id): (Uuid, Uuid) = (Uuid::new_v4(), network.parse().unwrap());
        let nic = Nic { port_id: Uuid::new_v4(), owned: true, network_id, fixed_ip: None, security_groups: vec![] };
        let origin =
            Origin { request_id: "req-1".into(), global_request_id: None, user_id: None, project_id: Some("p".into()) };
        let spec =
            PortSpec { nic: &nic, server_id: server, project_id: "p", hostname: "web", device_owner: "compute:nova" };
        cloud.net.ensure_port(&origin, spec).await.unwrap();
        let bound = cloud.net.bind(server, "node-1").await.unwrap().remove(0);
        let port = metadata(&cloud, &network).await.remove(0);
        let told = bound.metadata.unwrap();
        assert_eq!((told.port_id.to_string(), json!(told.mac)), (id(&port), port["mac_address"].clone()));
        let addresses: Vec<String> = told.addresses.iter().map(|(ip, prefix)| format!("{ip}/{prefix}")).collect();
        assert_eq!(addresses, ["10.0.0.2/24", "fd00::2/64"]);
        // One subnet names its server, in the other the forwarder answers.
        assert_eq!(bound.dns.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9.9.9.9", "fd00::2"]);
        let mac = bound.mac.split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<_>>();
        let link_local = format!(
            "fe80::{:02x}{:02x}:{:02x}ff:fe{:02x}:{:02x}{:02x}",
            mac[0] ^ 2,
            mac[1],
            mac[2],
            mac[3],
            mac[4],
            mac[5]
        );
        for ip in ["10.0.0.3", "fd00::3", &link_local] {
            assert_eq!(cloud.net.server_at(network_id, ip.parse().unwrap()).await.unwrap(), Some(server), "{ip}");
        }
        for ip in ["10.0.0.2", "10.0.0.9", "fe80::1"] {
            assert_eq!(cloud.net.server_at(network_id, ip.parse().unwrap()).await.unwrap(), None, "{ip}");
        }
        assert_eq!(cloud.net.server_at(Uuid::new_v4(), "10.0.0.3".parse().unwrap()).await.unwrap(), None);
    }
}
