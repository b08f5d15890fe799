//! The life of servers: create, show, list, update, delete, metadata, addresses.

use ferrostack_compute::ServerId;
use serde_json::{Value, json};

use crate::cloud::Cloud;

#[tokio::test]
async fn a_server_boots_and_is_deleted_without_a_trace() {
    for cloud in Cloud::each().await {
        let (status, headers, body) =
            cloud.full("member:demo", "POST", "/servers", cloud.server_body(json!({"metadata": {"a": "b"}}))).await;
        assert_eq!(status, 202);
        let created = &body["server"];
        assert_eq!(headers["location"], created["links"][0]["href"].as_str().unwrap());
        assert_eq!(created["adminPass"].as_str().unwrap().len(), 12);
        let id: ServerId = created["id"].as_str().unwrap().parse().unwrap();
        cloud.settle().await;
        let server = cloud.show(id).await;
        assert_eq!(server["status"], "ACTIVE", "{server}");
        assert_eq!(server["OS-EXT-STS:vm_state"], "active");
        assert_eq!(server["OS-EXT-STS:task_state"], Value::Null);
        assert_eq!(server["OS-EXT-STS:power_state"], 1);
        assert_eq!(server["OS-EXT-SRV-ATTR:instance_name"], "instance-00000001");
        assert_eq!(server["OS-EXT-AZ:availability_zone"], "nova");
        assert_eq!(server["image"]["id"], json!(cloud.image));
        assert_eq!(server["flavor"]["id"], "1");
        assert_eq!(server["metadata"], json!({"a": "b"}));
        assert_eq!(server["security_groups"], json!([{"name": "default"}]));
        assert_eq!(server["addresses"]["private"][0]["OS-EXT-IPS:type"], "fixed");
        assert_eq!(server["hostId"].as_str().unwrap().len(), 56);
        assert_eq!(cloud.placement.allocations().len(), 1);
        assert_eq!(cloud.network.ports().len(), 1);
        assert_eq!(cloud.domains(1).await.len() + cloud.domains(2).await.len(), 1);
        cloud.assert_clean().await;

        assert_eq!(cloud.delete(id).await, 204);
        cloud.settle().await;
        assert_eq!(cloud.call("member:demo", "GET", &format!("/servers/{id}"), Value::Null).await.0, 404);
        assert_eq!(cloud.placement.allocations().len(), 0);
        assert_eq!(cloud.network.ports().len(), 0);
        assert_eq!(cloud.domains(1).await.len() + cloud.domains(2).await.len(), 0);
        assert_eq!(cloud.delete(id).await, 404);
        cloud.assert_clean().await;
        let gone = cloud.get("admin", "/servers/detail?deleted=true&all_tenants=1").await;
        assert_eq!(gone["servers"][0]["status"], "DELETED");
    }
}

#[tokio::test]
async fn who_is_no_administrator_does_not_see_the_host() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let server = &cloud.get("reader:demo", &format!("/servers/{id}")).await["server"];
    assert!(server.get("OS-EXT-SRV-ATTR:host").is_none());
    assert!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"].is_string());
    assert_eq!(cloud.call("reader:other", "GET", &format!("/servers/{id}"), Value::Null).await.0, 404);
    assert_eq!(cloud.call("member:other", "DELETE", &format!("/servers/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_is_written() {
    let cloud = Cloud::new().await;
    let no = uuid::Uuid::nil();
    let table = [
        (json!({"flavorRef": "9"}), 400, "Flavor 9"),
        (json!({"imageRef": no}), 400, "Image"),
        (json!({"networks": [{"uuid": no}]}), 400, "Network"),
        (json!({"networks": [{"port": no}]}), 400, "Port"),
        (json!({"security_groups": [{"name": "strangers"}]}), 400, "strangers"),
        (json!({"key_name": "none"}), 400, "Keypair none"),
        (json!({"availability_zone": "moon"}), 400, "moon"),
        (json!({"availability_zone": "nova:compute-1"}), 403, "forced_host"),
        (json!({"name": ""}), 400, "name"),
        (json!({"min_count": 2, "max_count": 1}), 400, "min_count"),
    ];
    for (extra, expected, text) in table {
        let (status, body) = cloud.call("member:demo", "POST", "/servers", cloud.server_body(extra.clone())).await;
        assert_eq!(status, expected, "{extra}: {body}");
        assert!(body.to_string().contains(text), "{extra}: {body}");
    }
    let queued = ferrostack_contracts::ImageFacts { status: "queued".to_owned(), ..cloud.images.facts(cloud.image) };
    let queued = ferrostack_contracts::ImageFacts { id: uuid::Uuid::new_v4(), ..queued };
    cloud.images.put(queued.clone());
    let (status, body) =
        cloud.call("member:demo", "POST", "/servers", cloud.server_body(json!({"imageRef": queued.id}))).await;
    assert_eq!(status, 400, "{body}");
    cloud.network.add_network("second");
    let mut body = cloud.server_body(json!({}));
    body["server"].as_object_mut().unwrap().remove("networks");
    assert_eq!(cloud.call("member:demo", "POST", "/servers", body).await.0, 409);
    assert_eq!(cloud.get("admin", "/servers?all_tenants=1").await["servers"], json!([]));
    cloud.assert_clean().await;
}

#[tokio::test]
async fn an_administrator_names_the_host() {
    let cloud = Cloud::new().await;
    for host in ["compute-1", "compute-2", "compute-1"] {
        let body = cloud.server_body(json!({"availability_zone": format!("nova:{host}")}));
        let (status, body) = cloud.call("admin", "POST", "/servers", body).await;
        assert_eq!(status, 202, "{body}");
        cloud.settle().await;
        let id = body["server"]["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"], host);
    }
    let body = cloud.server_body(json!({"availability_zone": ":compute-9"}));
    assert_eq!(cloud.call("admin", "POST", "/servers", body).await.0, 400);
}

#[tokio::test]
async fn servers_are_put_together_or_apart() {
    let cloud = Cloud::new().await;
    let first = cloud.boot(json!({})).await;
    let host = cloud.show(first).await["OS-EXT-SRV-ATTR:host"].clone();
    for (hint, same) in [("same_host", true), ("different_host", false)] {
        for _ in 0..3 {
            let mut body = cloud.server_body(json!({}));
            body["os:scheduler_hints"] = json!({hint: [first]});
            let (status, answer) = cloud.call("member:demo", "POST", "/servers", body).await;
            assert_eq!(status, 202, "{answer}");
            cloud.settle().await;
            let id = answer["server"]["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(cloud.show(id).await["OS-EXT-SRV-ATTR:host"] == host, same);
        }
    }
    let mut body = cloud.server_body(json!({}));
    body["os:scheduler_hints"] = json!({"group": "x"});
    assert_eq!(cloud.call("member:demo", "POST", "/servers", body).await.0, 400);
}

#[tokio::test]
async fn several_servers_of_one_request_share_a_reservation() {
    let cloud = Cloud::new().await;
    let body = cloud.server_body(json!({"min_count": 2, "max_count": 3, "return_reservation_id": true}));
    let (status, body) = cloud.call("member:demo", "POST", "/servers", body).await;
    assert_eq!(status, 202);
    cloud.settle().await;
    let reservation = body["reservation_id"].as_str().unwrap();
    let list = cloud
        .get("member:demo", &format!("/servers?reservation_id={reservation}&sort_key=display_name&sort_dir=asc"))
        .await;
    let names: Vec<_> =
        list["servers"].as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["web-1", "web-2", "web-3"]);
    cloud.assert_clean().await;
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    for cloud in Cloud::each().await {
        for name in ["alpha", "beta", "gamma"] {
            cloud.create(json!({"name": name, "networks": [{"uuid": cloud.net}]})).await;
            cloud.settle().await; // addresses are given in this order
        }
        let names = |body: &Value| -> Vec<String> {
            body["servers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|server| server["name"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(&cloud.get("member:demo", "/servers").await), ["gamma", "beta", "alpha"], "the newest first");
        let sorted = "/servers?sort_key=display_name&sort_dir=asc";
        let first = cloud.get("member:demo", &format!("{sorted}&limit=2")).await;
        assert_eq!(names(&first), ["alpha", "beta"]);
        let next = first["servers_links"][0]["href"].as_str().unwrap();
        let next = cloud.get("member:demo", next.strip_prefix("http://cloud:8080/compute/v2.1").unwrap()).await;
        assert_eq!(names(&next), ["gamma"]);
        assert!(next.get("servers_links").is_none());
        for (query, expected) in [
            ("name=%5Eal", vec!["alpha"]),
            ("name=et", vec!["beta"]),
            ("status=ACTIVE&sort_key=display_name", vec!["alpha", "beta", "gamma"]),
            ("status=ERROR", vec![]),
            ("flavor=1&image=nonsense", vec![]),
            ("ip=10.0.0.1%24", vec!["alpha"]),
            ("limit=0", vec![]),
            ("deleted=true", vec!["gamma", "beta", "alpha"]),
        ] {
            assert_eq!(names(&cloud.get("member:demo", &format!("/servers?{query}")).await), expected, "{query}");
        }
        assert_eq!(names(&cloud.get("member:other", "/servers/detail").await), Vec::<String>::new());
        assert_eq!(
            names(&cloud.get("admin", "/servers/detail?all_tenants=1&host=nowhere").await),
            Vec::<String>::new()
        );
        assert_eq!(cloud.call("member:demo", "GET", "/servers/detail?all_tenants=1", Value::Null).await.0, 403);
        for broken in ["limit=-1", "sort_key=colour", "marker=x", "name=%28", "changes-since=now"] {
            assert_eq!(
                cloud.call("member:demo", "GET", &format!("/servers?{broken}"), Value::Null).await.0,
                400,
                "{broken}"
            );
        }
    }
}

#[tokio::test]
async fn name_and_addresses_of_access_change() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({"accessIPv6": "0:0:0:0:0:babe:220.12.22.2"})).await;
    assert_eq!(cloud.show(id).await["accessIPv6"], "::babe:dc0c:1602");
    let change = json!({"server": {"name": "new", "accessIPv4": "1.1.1.1", "OS-DCF:diskConfig": "AUTO"}});
    let (status, body) = cloud.call("member:demo", "PUT", &format!("/servers/{id}"), change).await;
    assert_eq!(status, 200);
    assert_eq!(body["server"]["name"], "new");
    assert_eq!(body["server"]["accessIPv4"], "1.1.1.1");
    assert!(body["server"].get("OS-EXT-STS:vm_state").is_none(), "an update answers the plain server");
    assert_eq!(cloud.show(id).await["OS-DCF:diskConfig"], "AUTO");
    let broken = json!({"server": {"accessIPv4": "one"}});
    assert_eq!(cloud.call("member:demo", "PUT", &format!("/servers/{id}"), broken).await.0, 400);
}

#[tokio::test]
async fn metadata_is_read_and_changed() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({"metadata": {"a": "1"}})).await;
    let path = format!("/servers/{id}/metadata");
    let (_, all) = cloud.call("member:demo", "POST", &path, json!({"metadata": {"b": "2"}})).await;
    assert_eq!(all, json!({"metadata": {"a": "1", "b": "2"}}));
    let (_, all) = cloud.call("member:demo", "PUT", &path, json!({"metadata": {"c": "3"}})).await;
    assert_eq!(all, json!({"metadata": {"c": "3"}}));
    let (_, one) = cloud.call("member:demo", "PUT", &format!("{path}/d"), json!({"meta": {"d": "4"}})).await;
    assert_eq!(one, json!({"meta": {"d": "4"}}));
    assert_eq!(cloud.call("member:demo", "PUT", &format!("{path}/d"), json!({"meta": {"e": "4"}})).await.0, 400);
    assert_eq!(cloud.get("reader:demo", &format!("{path}/d")).await, json!({"meta": {"d": "4"}}));
    assert_eq!(cloud.call("member:demo", "DELETE", &format!("{path}/d"), Value::Null).await.0, 204);
    assert_eq!(cloud.call("member:demo", "DELETE", &format!("{path}/d"), Value::Null).await.0, 404);
    assert_eq!(cloud.get("reader:demo", &path).await, json!({"metadata": {"c": "3"}}));
    let many: serde_json::Map<String, Value> = (0..129).map(|n| (format!("k{n}"), json!("v"))).collect();
    assert_eq!(cloud.call("member:demo", "PUT", &path, json!({"metadata": many})).await.0, 403);
}

#[tokio::test]
async fn addresses_interfaces_and_groups_are_those_of_its_ports() {
    let cloud = Cloud::new().await;
    let port = cloud.network.add_port(cloud.net);
    let id = cloud.boot(json!({"networks": [{"port": port}, {"uuid": cloud.net}]})).await;
    let all = cloud.get("reader:demo", &format!("/servers/{id}/ips")).await;
    assert_eq!(all["addresses"]["private"].as_array().unwrap().len(), 2);
    assert_eq!(all["addresses"]["private"][0].as_object().unwrap().len(), 2, "version and addr only");
    let one = cloud.get("reader:demo", &format!("/servers/{id}/ips/private")).await;
    assert_eq!(one["private"], all["addresses"]["private"]);
    assert_eq!(cloud.call("reader:demo", "GET", &format!("/servers/{id}/ips/other"), Value::Null).await.0, 404);
    let interfaces = cloud.get("reader:demo", &format!("/servers/{id}/os-interface")).await;
    assert_eq!(
        interfaces["interfaceAttachments"][0]["port_id"],
        json!(port),
        "in the order in which they were asked for"
    );
    let one = cloud.get("reader:demo", &format!("/servers/{id}/os-interface/{port}")).await;
    assert_eq!(one["interfaceAttachment"], interfaces["interfaceAttachments"][0]);
    let groups = cloud.get("reader:demo", &format!("/servers/{id}/os-security-groups")).await;
    assert_eq!(groups["security_groups"][0]["name"], "default");
    // A user's own port outlives the server.
    assert_eq!(cloud.delete(id).await, 204);
    cloud.settle().await;
    assert_eq!(cloud.network.ports(), [(port, (None, None))].into());
}

#[tokio::test]
async fn what_was_done_is_told() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    cloud.act(id, json!({"os-stop": null})).await;
    cloud.settle().await;
    let list = cloud.get("reader:demo", &format!("/servers/{id}/os-instance-actions")).await;
    let actions: Vec<_> =
        list["instanceActions"].as_array().unwrap().iter().map(|action| action["action"].clone()).collect();
    assert_eq!(actions, ["stop", "create"]);
    let request = list["instanceActions"][1]["request_id"].as_str().unwrap();
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    let events = cloud.get("admin", &path).await["instanceAction"]["events"].clone();
    assert!(
        events.as_array().unwrap().iter().any(|event| event["event"] == "choose_hosts" && event["result"] == "Success")
    );
    assert!(cloud.get("reader:demo", &path).await["instanceAction"].get("events").is_none());
    let usage = cloud.get("reader:demo", "/os-simple-tenant-usage/demo").await;
    assert_eq!(usage["tenant_usage"]["server_usages"][0]["instance_id"], json!(id));
}
