//! From the API to OVN and back: what a request wrote is in the Northbound database, and a port that a chassis has is
//! `ACTIVE`.

use std::time::Duration;

use ferrostack_auth::{Ctx, Origin};
use ferrostack_base::Clock;
use ferrostack_contracts::{ErrorKind, Network as _, PortSpec};
use ferrostack_network::{audit, engine_objects, full_sync};
use ferrostack_sim::northd::SimulatedChassis;
use serde_json::json;
use uuid::Uuid;

use crate::cloud::{Cloud, id};

fn node(name: &str, ip: &str) -> SimulatedChassis {
    SimulatedChassis {
        name: name.to_owned(),
        hostname: name.to_owned(),
        tunnel_ip: ip.to_owned(),
        bridge_mappings: "public:br-ex".to_owned(),
    }
}

/// Waits until OVN has what the database says.
async fn settle(cloud: &Cloud) {
    let mut found = Vec::new();
    for _ in 0..500 {
        found = audit(&cloud.net).await.unwrap_or_default();
        if found.is_empty() && cloud.net_is_quiet().await {
            return;
        }
        Clock::system().sleep(Duration::from_millis(10)).await;
    }
    panic!("OVN differs from the database: {}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
}

#[tokio::test]
async fn a_server_is_reachable_once_its_port_is_up() {
    for cloud in Cloud::each().await {
        cloud.sync();
        let (router, network, subnet) = cloud.routed("member:p").await;
        cloud.ovsdb.northd().add_chassis(&node("node-1", "192.0.2.1")).unwrap();
        let origin =
            Origin { request_id: "req-1".into(), global_request_id: None, user_id: None, project_id: Some("p".into()) };
        let (cx, server) = (Ctx::on_behalf_of(origin.clone()), Uuid::new_v4());
        let nic = cloud.net.plan(&cx, None, &[]).await.unwrap().remove(0);
        let spec =
            PortSpec { nic: &nic, server_id: server, project_id: "p", hostname: "web", device_owner: "compute:nova" };
        cloud.net.ensure_port(&origin, spec).await.unwrap();
        cloud.net.bind(server, "node-1").await.unwrap();
        let early = cloud.net.wait_until_up(server, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(early.kind, ErrorKind::Unavailable);
        let port = nic.port_id.to_string();
        let (net, northd) = (cloud.net.clone(), cloud.ovsdb.northd());
        let waiting = tokio::spawn(async move { net.wait_until_up(server, Duration::from_secs(20)).await });
        northd.bind(&port, "node-1").unwrap();
        waiting.await.unwrap().unwrap();
        let path = format!("/v2.0/ports/{port}");
        assert_eq!(cloud.get("member:p", &path).await.ok()["port"]["status"], json!("ACTIVE"));

        let floating = json!({"floatingip": {"floating_network_id": cloud.public().await, "port_id": port}});
        let floating = id(&cloud.post("member:p", "/v2.0/floatingips", floating).await.ok()["floatingip"]);
        settle(&cloud).await;
        assert_eq!(full_sync(&cloud.net).await.unwrap(), []);
        let interface =
            cloud.get("member:p", &format!("/v2.0/ports?device_id={router}")).await.ok()["ports"][0].clone();
        assert_eq!(interface["status"], json!("ACTIVE"), "a router's port is up by itself");

        let kinds = |id: &str| -> Vec<String> {
            let objects = engine_objects(&cloud.net, id.parse().unwrap()).unwrap();
            objects.into_iter().map(|object| object.kind).collect()
        };
        assert_eq!(kinds(&port), ["Logical_Switch_Port", "DHCP_Options", "Port_Binding", "Chassis"]);
        assert_eq!(kinds(&floating), ["NAT"]);
        assert_eq!(kinds(&network), ["Logical_Switch"]);
        assert!(kinds(&router).starts_with(&["Logical_Router".to_owned(), "Logical_Router_Port".to_owned()]));
        assert!(kinds(&Uuid::new_v4().to_string()).is_empty());
        let shown = engine_objects(&cloud.net, nic.port_id).unwrap().remove(0);
        assert_eq!(
            (shown.name.as_str(), shown.command),
            (port.as_str(), format!("ovn-nbctl --no-leader-only list Logical_Switch_Port {port}"))
        );
        assert!(shown.content.contains("requested-chassis\"=\"node-1"), "{}", shown.content);

        cloud.net.release(server, &[nic.port_id]).await.unwrap();
        cloud.delete("member:p", &format!("/v2.0/floatingips/{floating}")).await.ok();
        cloud
            .put("member:p", &format!("/v2.0/routers/{router}/remove_router_interface"), json!({"subnet_id": subnet}))
            .await
            .ok();
        cloud.delete("member:p", &format!("/v2.0/routers/{router}")).await.ok();
        cloud.delete("member:p", &format!("/v2.0/networks/{network}")).await.ok();
        settle(&cloud).await;
    }
}

#[tokio::test]
async fn what_changed_while_ovn_was_away_is_there_when_it_is_back() {
    for cloud in Cloud::each().await {
        cloud.sync();
        cloud.ovsdb.set_reachable(false);
        let (_, network, _) = cloud.routed("member:p").await;
        let port = cloud.port("member:p", &network).await;
        cloud.ovsdb.set_reachable(true);
        settle(&cloud).await;
        cloud.ovsdb.disconnect_all();
        cloud.delete("member:p", &format!("/v2.0/ports/{}", id(&port))).await.ok();
        settle(&cloud).await;
    }
}
