//! What compute asks of the service.

use std::time::Duration;

use ferrostack_auth::{Ctx, Origin};
use ferrostack_contracts::{AddressKind, ErrorKind, Network as _, NicRequest, PortSpec};
use serde_json::json;
use uuid::Uuid;

use crate::cloud::{Cloud, id};

fn origin() -> Origin {
    Origin {
        request_id: "req-1".into(),
        global_request_id: None,
        user_id: Some("u".into()),
        project_id: Some("p".into()),
    }
}

#[tokio::test]
async fn a_server_gets_its_port_and_gives_it_back_however_often_it_asks() {
    for cloud in Cloud::each().await {
        let (_, network, _) = cloud.routed("member:p").await;
        let (cx, server) = (Ctx::on_behalf_of(origin()), Uuid::new_v4());
        let nics = cloud.net.plan(&cx, None, &["default".to_owned()]).await.unwrap();
        assert_eq!((nics.len(), nics[0].network_id.to_string(), nics[0].owned), (1, network.clone(), true));
        let existing = cloud.port("member:p", &network).await;
        let request = NicRequest::Port { port_id: id(&existing).parse().unwrap() };
        let given = cloud.net.plan(&cx, Some(std::slice::from_ref(&request)), &[]).await.unwrap().remove(0);
        assert!(!given.owned);
        for nic in [&nics[0], &given] {
            for _ in 0..2 {
                let spec =
                    PortSpec { nic, server_id: server, project_id: "p", hostname: "web", device_owner: "compute:nova" };
                cloud.net.ensure_port(&origin(), spec).await.unwrap();
            }
        }
        let other = PortSpec {
            nic: &given,
            server_id: Uuid::new_v4(),
            project_id: "p",
            hostname: "x",
            device_owner: "compute:nova",
        };
        assert_eq!(cloud.net.ensure_port(&origin(), other).await.unwrap_err().kind, ErrorKind::Conflict);
        assert_eq!(cloud.net.plan(&cx, Some(&[request]), &[]).await.unwrap_err().kind, ErrorKind::Conflict);

        let bound = cloud.net.bind(server, "node-1").await.unwrap();
        assert_eq!(bound, cloud.net.bind(server, "node-1").await.unwrap());
        assert_eq!((bound.len(), bound[0].mtu, bound[0].fixed_ips[0].prefix), (2, 1442, 24));
        assert_eq!(bound[0].fixed_ips[0].gateway.unwrap().to_string(), "10.1.0.1");
        let mine = bound.iter().find(|port| port.port_id == nics[0].port_id).unwrap();
        let floating =
            json!({"floatingip": {"floating_network_id": cloud.public().await, "port_id": mine.port_id.to_string()}});
        cloud.post("member:p", "/v2.0/floatingips", floating).await.ok();
        let addresses = cloud.net.addresses(&[server, Uuid::new_v4()]).await.unwrap();
        assert_eq!(addresses.len(), 1);
        let kinds: Vec<AddressKind> = addresses[&server].iter().map(|address| address.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == AddressKind::Floating).count(), 1);
        assert!(
            addresses[&server]
                .iter()
                .all(|address| address.network_name == "inside" && address.security_groups == ["default"])
        );
        let facts = cloud.net.server_ports().await.unwrap();
        assert!(
            facts.len() == 2
                && facts.iter().all(|port| port.device_id == Some(server) && port.host.as_deref() == Some("node-1"))
        );

        cloud.net.unbind(server).await.unwrap();
        for _ in 0..2 {
            cloud.net.release(server, &[nics[0].port_id]).await.unwrap();
        }
        assert!(cloud.net.server_ports().await.unwrap().is_empty());
        assert_eq!(cloud.get("member:p", &format!("/v2.0/ports/{}", mine.port_id)).await.status, 404);
        assert_eq!(
            cloud.get("member:p", &format!("/v2.0/ports/{}", id(&existing))).await.ok()["port"]["device_id"],
            json!("")
        );
        cloud.net.unbind(server).await.unwrap();
        cloud.net.wait_until_up(server, Duration::from_millis(1)).await.unwrap();
    }
}

#[tokio::test]
async fn plans_are_checked() {
    for cloud in Cloud::each().await {
        let cx = Ctx::on_behalf_of(origin());
        assert_eq!(cloud.net.plan(&cx, None, &[]).await.unwrap(), []);
        let bare = cloud.network("member:p", "bare").await;
        let on = |network: &str, ip: Option<&str>| {
            [NicRequest::Network { network_id: network.parse().unwrap(), fixed_ip: ip.map(|ip| ip.parse().unwrap()) }]
        };
        assert_eq!(cloud.net.plan(&cx, Some(&on(&bare, None)), &[]).await.unwrap_err().kind, ErrorKind::Invalid);
        for name in ["one", "two"] {
            let network = cloud.network("member:p", name).await;
            cloud.subnet("member:p", &network, "10.0.0.0/24").await;
            assert_eq!(
                cloud.net.plan(&cx, Some(&on(&network, Some("10.9.0.1"))), &[]).await.unwrap_err().kind,
                ErrorKind::Invalid
            );
            assert_eq!(cloud.net.plan(&cx, Some(&on(&network, Some("10.0.0.9"))), &[]).await.unwrap().len(), 1);
        }
        assert_eq!(cloud.net.plan(&cx, None, &[]).await.unwrap_err().kind, ErrorKind::Conflict);
        assert_eq!(cloud.net.plan(&cx, Some(&[]), &["nope".to_owned()]).await.unwrap_err().kind, ErrorKind::NotFound);
    }
}
