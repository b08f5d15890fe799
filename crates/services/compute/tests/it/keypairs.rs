//! Key pairs.

use ferrostack_compute::{ComputeOptions, Quotas};
use serde_json::{Value, json};

use crate::cloud::{Cloud, options};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9Dn/GjqUbHHMeT3cWv169e3ZXjJDDp36SgniD/nALu me@here";

#[tokio::test]
async fn key_pairs_are_made_imported_and_forgotten() {
    for cloud in Cloud::each().await {
        let (status, body) =
            cloud.call("member:demo", "POST", "/os-keypairs", json!({"keypair": {"name": "made"}})).await;
        assert_eq!(status, 200, "{body}");
        assert!(body["keypair"]["private_key"].as_str().unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        let import = json!({"keypair": {"name": "mine", "public_key": KEY}});
        let (_, body) = cloud.call("member:demo", "POST", "/os-keypairs", import.clone()).await;
        assert_eq!(body["keypair"]["fingerprint"], "ea:02:da:18:51:6f:77:32:4d:5b:8a:18:65:a6:09:0d");
        assert!(body["keypair"].get("private_key").is_none());
        assert_eq!(cloud.call("member:demo", "POST", "/os-keypairs", import).await.0, 409);
        let list = cloud.get("member:demo", "/os-keypairs").await;
        assert_eq!(list["keypairs"].as_array().unwrap().len(), 2);
        let shown = cloud.get("member:demo", "/os-keypairs/mine").await;
        assert_eq!((&shown["keypair"]["public_key"], &shown["keypair"]["deleted"]), (&json!(KEY), &json!(false)));
        assert_eq!(cloud.call("member:other", "GET", "/os-keypairs/mine", Value::Null).await.0, 404);
        let id = cloud.boot(json!({"key_name": "mine"})).await;
        assert_eq!(cloud.call("member:demo", "DELETE", "/os-keypairs/mine", Value::Null).await.0, 202);
        assert_eq!(cloud.call("member:demo", "DELETE", "/os-keypairs/mine", Value::Null).await.0, 404);
        assert_eq!(cloud.show(id).await["key_name"], "mine", "the server keeps its key");
        cloud.assert_clean().await;
    }
}

#[tokio::test]
async fn keys_and_names_are_checked_and_counted() {
    let quotas = Quotas { key_pairs: 1, ..Quotas::default() };
    let cloud = Cloud::with(ComputeOptions { quotas, ..options() }).await;
    for keypair in
        [json!({"name": "a/b"}), json!({"name": ""}), json!({"name": "x", "public_key": "ssh-rsa nonsense"}), json!({})]
    {
        let (status, body) = cloud.call("member:demo", "POST", "/os-keypairs", json!({"keypair": keypair})).await;
        assert_eq!(status, 400, "{body}");
    }
    let add =
        async |name: &str| cloud.call("member:demo", "POST", "/os-keypairs", json!({"keypair": {"name": name}})).await;
    assert_eq!(add("one").await.0, 200);
    let (status, body) = add("two").await;
    assert_eq!(status, 403);
    assert!(body["forbidden"]["message"].as_str().unwrap().contains("Quota exceeded for key_pairs"), "{body}");
    assert_eq!(cloud.call("member:demo", "DELETE", "/os-keypairs/one", Value::Null).await.0, 202);
    assert_eq!(add("two").await.0, 200);
}
