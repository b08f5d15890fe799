//! What guests read about themselves.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_compute::{ComputeOptions, ServerId};
use ferrostack_sim::node::SimNodeOptions;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::cloud::{Cloud, METADATA_SECRET, options};

fn sign(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Asks as the proxy of a node does for the guest with that address.
async fn ask(cloud: &Cloud, network: Uuid, address: &str, path: &str) -> (u16, String) {
    let signature = sign(METADATA_SECRET, &format!("{network}\n{address}"));
    let headers = [
        ("x-forwarded-for", address),
        ("x-ovn-network-id", &network.to_string()),
        ("x-instance-signature", &signature),
    ];
    cloud.text("GET", &format!("/metadata{path}"), &headers).await
}

async fn address(cloud: &Cloud, id: ServerId) -> String {
    cloud.show(id).await["addresses"]["private"][0]["addr"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_guest_finds_its_own_metadata() {
    for cloud in Cloud::each().await {
        cloud.call("member:demo", "POST", "/os-keypairs", json!({"keypair": {"name": "mine"}})).await;
        let data = BASE64_STANDARD.encode("#!/bin/sh\necho hello\n");
        let one =
            cloud.boot(json!({"name": "One", "key_name": "mine", "metadata": {"role": "db"}, "user_data": data})).await;
        let two = cloud.boot(json!({"name": "Two"})).await;
        let (first, second) = (address(&cloud, one).await, address(&cloud, two).await);
        let read = async |path: &str| {
            let (status, text) = ask(&cloud, cloud.net, &first, path).await;
            assert_eq!(status, 200, "{path}: {text}");
            text
        };
        let meta: Value = serde_json::from_str(&read("/openstack/latest/meta_data.json").await).unwrap();
        assert_eq!(meta["uuid"], json!(one));
        assert_eq!((&meta["name"], &meta["hostname"]), (&json!("One"), &json!("one.novalocal")));
        assert_eq!((&meta["meta"], &meta["availability_zone"]), (&json!({"role": "db"}), &json!("nova")));
        assert_eq!((&meta["project_id"], &meta["launch_index"]), (&json!("demo"), &json!(0)));
        assert_eq!(meta["keys"][0]["name"], "mine");
        let again: Value = serde_json::from_str(&read("/openstack/latest/meta_data.json").await).unwrap();
        assert_ne!(meta["random_seed"], again["random_seed"]);
        assert_eq!(read("/openstack/latest/user_data").await, "#!/bin/sh\necho hello\n");
        assert!(read("/openstack").await.ends_with("latest"));
        let network: Value = serde_json::from_str(&read("/openstack/latest/network_data.json").await).unwrap();
        assert_eq!(network["networks"][0]["ip_address"], json!(first));
        let number =
            cloud.show(one).await["OS-EXT-SRV-ATTR:instance_name"].as_str().unwrap().replace("instance-", "i-");
        for (item, expected) in [
            ("instance-id", number.as_str()),
            ("local-ipv4", &first),
            ("instance-type", "small"),
            ("security-groups", "default"),
            ("placement/availability-zone", "nova"),
            ("public-keys/", "0=mine"),
        ] {
            assert_eq!(read(&format!("/latest/meta-data/{item}")).await, expected, "{item}");
        }
        assert!(read("/").await.starts_with("1.0\n"));
        assert!(read("").await.starts_with("1.0\n"));
        let (_, other) = ask(&cloud, cloud.net, &second, "/latest/meta-data/hostname").await;
        assert_eq!(other, "two.novalocal");
        assert_eq!(ask(&cloud, cloud.net, &second, "/latest/user-data").await.0, 404);
        assert_eq!(ask(&cloud, cloud.net, &first, "/latest/secrets").await.0, 404);
        // An address says nothing once its server is gone, however lately it was asked for.
        cloud.delete(one).await;
        cloud.settle().await;
        assert_eq!(ask(&cloud, cloud.net, &first, "/latest/meta-data/hostname").await.0, 404);
    }
}

#[test]
fn proxies_and_controllers_sign_alike() {
    // Computed by `printf '00000000-0000-0000-0000-000000000003\n10.0.0.9' | openssl dgst -sha256 -hmac key`.
    let expected = "f717b1c72eb73f89c2b7fdccda10da37d6faaaa3f46c23fe7c73aab954f90f0b";
    assert_eq!(sign("key", "00000000-0000-0000-0000-000000000003\n10.0.0.9"), expected);
}

#[tokio::test]
async fn who_did_not_sign_learns_nothing() {
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    let (ip, net) = (address(&cloud, id).await, cloud.net.to_string());
    let good = sign(METADATA_SECRET, &format!("{net}\n{ip}"));
    let path = "/metadata/latest/meta-data/instance-id";
    let get = async |headers: &[(&str, &str)]| cloud.text("GET", path, headers).await.0;
    let with = async |ip: &str, net: &str, signature: &str| {
        get(&[("x-forwarded-for", ip), ("x-ovn-network-id", net), ("x-instance-signature", signature)]).await
    };
    assert_eq!(with(&ip, &net, &good).await, 200);
    assert_eq!(with("10.0.0.200", &net, &good).await, 403, "of another address");
    assert_eq!(with(&ip, &Uuid::nil().to_string(), &good).await, 403, "of another network");
    for wrong in [sign("wrong", &format!("{net}\n{ip}")), good[..62].to_owned(), "zz".to_owned(), String::new()] {
        assert_eq!(with(&ip, &net, &wrong).await, 403, "{wrong:?}");
    }
    assert_eq!(with("nonsense", &net, &good).await, 400);
    assert_eq!(with(&ip, "nonsense", &good).await, 400);
    assert_eq!(get(&[]).await, 400);
    assert_eq!(ask(&cloud, cloud.net, "10.0.0.200", "/latest").await.0, 404, "nobody has it");
    assert_eq!(ask(&cloud, Uuid::nil(), &ip, "/latest").await.0, 404, "nor in that network");
    // Without a secret nobody can sign, not even with an empty one.
    let cloud = Cloud::with(ComputeOptions { metadata_secret: String::new().into(), ..options() }).await;
    let id = cloud.boot(json!({})).await;
    let (ip, net) = (address(&cloud, id).await, cloud.net.to_string());
    let signature = sign("", &format!("{net}\n{ip}"));
    let headers = [("x-forwarded-for", ip.as_str()), ("x-ovn-network-id", &net), ("x-instance-signature", &signature)];
    assert_eq!(cloud.text("GET", path, &headers).await.0, 403);
}

#[tokio::test]
async fn a_guest_asks_while_its_server_is_still_being_built() {
    let cloud = Cloud::with(ComputeOptions { build_timeout: Duration::from_secs(3600), ..options() }).await;
    cloud.nodes.add(SimNodeOptions { boot_time: Duration::from_secs(3600), ..SimNodeOptions::numbered(3) }).unwrap();
    cloud.compute.register_nodes().await.unwrap();
    let body = cloud.server_body(json!({"availability_zone": "nova:compute-3"}));
    let (status, body) = cloud.call("admin", "POST", "/servers", body).await;
    assert_eq!(status, 202, "{body}");
    let id: ServerId = body["server"]["id"].as_str().unwrap().parse().unwrap();
    while cloud.domains(3).await.is_empty() {
        cloud.clock.sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cloud.show(id).await["status"], "BUILD");
    let ip = address(&cloud, id).await;
    assert_eq!(ask(&cloud, cloud.net, &ip, "/latest/meta-data/local-ipv4").await, (200, ip));
    cloud.call("admin", "DELETE", &format!("/servers/{id}"), Value::Null).await;
    cloud.settle().await;
}

/// The last record of the server's domain in a node's ledger.
fn spec(ledger: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(ledger).unwrap();
    let mut domains = text.lines().filter_map(|line| {
        serde_json::from_str::<Value>(line).unwrap().get("Domain").map(|domain| domain["spec"].clone())
    });
    domains.next_back().unwrap()
}

fn file(spec: &Value, path: &str) -> Vec<u8> {
    let files = spec["config_drive"].as_array().unwrap();
    let found = files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("no {path}"));
    BASE64_STANDARD.decode(found["content"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_configuration_drive_holds_the_same_and_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.jsonl");
    let cloud = Cloud::new().await;
    cloud.nodes.add(SimNodeOptions { ledger: Some(ledger.clone()), ..SimNodeOptions::numbered(3) }).unwrap();
    cloud.compute.register_nodes().await.unwrap();
    let mut image = cloud.images.facts(cloud.image);
    for (name, value) in [("hw_disk_bus", "scsi"), ("os_shutdown_timeout", "7"), ("owner_note", "x")] {
        image.properties.insert(name.to_owned(), value.to_owned());
    }
    cloud.images.put(image.clone());
    let data = BASE64_STANDARD.encode([0, 255]);
    let body = cloud.server_body(
        json!({"name": "web", "config_drive": true, "user_data": data, "availability_zone": "nova:compute-3"}),
    );
    let (_, body) = cloud.call("admin", "POST", "/servers", body).await;
    let id: ServerId = body["server"]["id"].as_str().unwrap().parse().unwrap();
    cloud.settle().await;
    let server = cloud.show(id).await;
    assert_eq!((&server["status"], &server["config_drive"]), (&json!("ACTIVE"), &json!("True")));
    let built = spec(&ledger);
    assert_eq!(built["hardware"], json!({"hw_disk_bus": "scsi"}));
    assert_eq!(built["shutdown_timeout_s"], 7);
    let meta: Value = serde_json::from_slice(&file(&built, "openstack/latest/meta_data.json")).unwrap();
    assert_eq!((&meta["uuid"], &meta["hostname"]), (&json!(id), &json!("web.novalocal")));
    assert_eq!(meta["random_seed"].as_str().unwrap().len(), 684);
    assert_eq!(file(&built, "openstack/latest/user_data"), [0, 255]);
    let network: Value = serde_json::from_slice(&file(&built, "openstack/latest/network_data.json")).unwrap();
    assert_eq!(network["networks"][0]["ip_address"], json!(address(&cloud, id).await));
    let ec2: Value = serde_json::from_slice(&file(&built, "ec2/latest/meta-data.json")).unwrap();
    assert_eq!(ec2["block-device-mapping"]["root"], "/dev/sda");
    // The image may change or go; the server stays what it was accepted as.
    image.properties.clear();
    cloud.images.put(image);
    for action in [json!({"os-stop": null}), json!({"os-start": null})] {
        assert_eq!(cloud.call("admin", "POST", &format!("/servers/{id}/action"), action).await.0, 202);
        cloud.settle().await;
        let now = spec(&ledger);
        assert_eq!((&now["config_drive"], &now["hardware"]), (&built["config_drive"], &built["hardware"]));
    }
}

#[tokio::test]
async fn a_configuration_drive_can_be_made_the_rule() {
    let cloud = Cloud::with(ComputeOptions { force_config_drive: true, ..options() }).await;
    let id = cloud.boot(json!({})).await;
    assert_eq!(cloud.show(id).await["config_drive"], "True");
    let cloud = Cloud::new().await;
    let id = cloud.boot(json!({})).await;
    assert_eq!(cloud.show(id).await["config_drive"], "");
    let mut image = cloud.images.facts(cloud.image);
    image.properties.insert("img_config_drive".to_owned(), "mandatory".to_owned());
    cloud.images.put(image);
    let id = cloud.boot(json!({})).await;
    assert_eq!(cloud.show(id).await["config_drive"], "True");
}

#[tokio::test]
async fn a_guest_hands_over_its_password_once() {
    for cloud in Cloud::each().await {
        let id = cloud.boot(json!({"name": "Windows"})).await;
        let address = address(&cloud, id).await;
        let path = format!("/servers/{id}/os-server-password");
        let shown = async || cloud.get("reader:demo", &path).await["password"].clone();
        assert_eq!(shown().await, "");
        let secret = "c2VjcmV0";
        let put = async |path: &str, password: &str| {
            let signature = sign(METADATA_SECRET, &format!("{}\n{address}", cloud.net));
            let headers = [
                ("x-forwarded-for", address.as_str()),
                ("x-ovn-network-id", &cloud.net.to_string()),
                ("x-instance-signature", &signature),
            ];
            cloud.send("POST", &format!("/metadata{path}"), &headers, password.to_owned()).await.0
        };
        assert_eq!(put("/openstack/2012-08-10/password", secret).await, 404, "before there were passwords");
        assert_eq!(put("/openstack/latest/password", &"x".repeat(1021)).await, 400);
        assert_eq!(put("/openstack/2013-10-17/password", secret).await, 200);
        assert_eq!(put("/openstack/latest/password", "other").await, 409);
        assert_eq!(shown().await, secret);
        assert_eq!(ask(&cloud, cloud.net, &address, "/openstack/latest/password").await, (200, secret.to_owned()));
        assert_eq!(cloud.call("member:demo", "DELETE", &path, Value::Null).await.0, 204);
        assert_eq!(shown().await, "");
        assert_eq!(put("/openstack/latest/password", "other").await, 200);
    }
}
