use ferrostack_http::axum::body::{Body, Bytes};
use futures::{SinkExt, channel::mpsc, stream};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::cloud::{Cloud, OWNER, no_content, qcow2, upload};

const MD5_OF_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";
const SHA512_OF_ABC: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

type Sender = mpsc::Sender<Result<Bytes, std::io::Error>>;

/// A body that the test feeds.
fn slow_body() -> (Sender, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Body::from_stream(receiver))
}

async fn must_be_as_before(cloud: &Cloud, id: &str) {
    let image = cloud.show(id).await;
    assert_eq!(image["status"], "queued");
    for attribute in ["size", "virtual_size", "checksum", "os_hash_value"] {
        assert_eq!(image[attribute], Value::Null, "{attribute}");
    }
    assert!(cloud.files().is_empty(), "{:?}", cloud.files());
    assert!(no_content(&cloud.get(OWNER, &format!("/v2/images/{id}/file")).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_digested_and_measured() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let chunks = ["a", "", "bc"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text)));
        assert!(no_content(&cloud.upload(OWNER, &id, Body::from_stream(stream::iter(chunks))).await));
        let image = cloud.show(&id).await;
        assert_eq!(image["status"], "active");
        assert_eq!(image["checksum"], MD5_OF_ABC);
        assert_eq!((&image["os_hash_algo"], &image["os_hash_value"]), (&json!("sha512"), &json!(SHA512_OF_ABC)));
        assert_eq!((&image["size"], &image["virtual_size"]), (&json!(3), &json!(3)));
        let files = cloud.files();
        assert_eq!(files.len(), 1);
        assert_eq!(std::fs::read(cloud.dir().join(&files[0])).unwrap(), b"abc");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_data_arrives_whole() {
    for cloud in Cloud::each().await {
        let data: Vec<u8> = (0..5_000_003_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let id = cloud.active(&data).await;
        let answer = cloud.get(OWNER, &format!("/v2/images/{id}/file")).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body == data, "the data came back changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_inside_is_measured() {
    for cloud in Cloud::each().await {
        let id = cloud.create(OWNER, json!({"disk_format": "qcow2", "container_format": "bare"})).await;
        assert!(no_content(&cloud.upload(OWNER, &id, qcow2(0)).await));
        let image = cloud.show(&id).await;
        assert_eq!((&image["size"], &image["virtual_size"]), (&json!(65_536), &json!(64 << 20)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_what_it_says_is_refused() {
    for cloud in Cloud::each().await {
        for (format, data, why) in
            [("qcow2", b"just text".to_vec(), "raw"), ("raw", qcow2(0), "qcow2"), ("qcow2", qcow2(112), "backing")]
        {
            let id = cloud.create(OWNER, json!({"disk_format": format, "container_format": "bare"})).await;
            let answer = cloud.upload(OWNER, &id, data).await;
            assert_eq!(answer.status, 415, "{answer:?}");
            assert!(answer.message().contains(why), "{}", answer.message());
            must_be_as_before(&cloud, &id).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_inside_a_container_is_not_judged() {
    for cloud in Cloud::each().await {
        let id = cloud.create(OWNER, json!({"disk_format": "vmdk", "container_format": "ova"})).await;
        assert!(no_content(&cloud.upload(OWNER, &id, "anything").await));
        assert_eq!(cloud.show(&id).await["virtual_size"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_leaves_nothing_and_can_be_repeated() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let chunks = [Ok(Bytes::from("half of")), Err(std::io::Error::other("the connection was reset"))];
        let answer = cloud.upload(OWNER, &id, Body::from_stream(stream::iter(chunks))).await;
        assert_eq!(answer.status, 400);
        must_be_as_before(&cloud, &id).await;
        assert!(no_content(&cloud.upload(OWNER, &id, "all of it").await));
        assert_eq!(cloud.show(&id).await["size"], 9);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_over_the_cap_is_refused() {
    for cloud in Cloud::each_with(|options| options.size_cap = 10).await {
        let id = cloud.queued().await;
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from("12345678")));
        for data in [Body::from("12345678901"), Body::from_stream(endless)] {
            let answer = cloud.upload(OWNER, &id, data).await;
            assert_eq!(answer.status, 413);
            assert!(answer.message().contains("10 bytes"), "{}", answer.message());
            must_be_as_before(&cloud, &id).await;
        }
        assert!(no_content(&cloud.upload(OWNER, &id, "1234567890").await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_may_have_only_so_much_data() {
    for cloud in Cloud::each_with(|options| options.image_size_total = Some(10)).await {
        cloud.active(b"12345678").await;
        let id = cloud.queued().await;
        assert_eq!(cloud.upload(OWNER, &id, "123").await.status, 413);
        let unannounced = Body::from_stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from("123"))]));
        assert_eq!(cloud.upload(OWNER, &id, unannounced).await.status, 413);
        assert_eq!(cloud.show(&id).await["status"], "queued");
        assert_eq!(cloud.files().len(), 1);
        assert!(no_content(&cloud.upload(OWNER, &id, "12").await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_of_an_upload_are_checked() {
    for cloud in Cloud::each().await {
        let bare = cloud.create(OWNER, json!({"container_format": "bare"})).await;
        assert_eq!(cloud.upload(OWNER, &bare, "x").await.status, 400);
        let id = cloud.queued().await;
        let mut request = upload(OWNER, &id, "x");
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        assert_eq!(cloud.send(request).await.status, 415);
        for (announced, status) in [("2", 400), ("many", 400), ("1", 204)] {
            let mut request = upload(OWNER, &id, "x");
            request.headers_mut().insert("x-openstack-image-size", announced.parse().unwrap());
            assert_eq!(cloud.send(request).await.status, status, "{announced}");
        }
        assert_eq!(cloud.upload(OWNER, &id, "x").await.status, 409);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_at_once_the_second_is_refused() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let (mut sender, body) = slow_body();
        let first = tokio::spawn(cloud.app().oneshot(upload(OWNER, &id, body)));
        sender.send(Ok(Bytes::from("first"))).await.unwrap();
        cloud.until(&id, "saving").await;
        assert_eq!(cloud.upload(OWNER, &id, "second").await.status, 409);
        let formats = json!([{"op": "replace", "path": "/disk_format", "value": "qcow2"}]);
        assert_eq!(cloud.patch(OWNER, &id, formats).await.status, 403);
        drop(sender);
        assert_eq!(first.await.unwrap().unwrap().status(), 204);
        assert_eq!(cloud.get(OWNER, &format!("/v2/images/{id}/file")).await.body, "first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_may_be_deleted_while_it_is_uploaded() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let (mut sender, body) = slow_body();
        let first = tokio::spawn(cloud.app().oneshot(upload(OWNER, &id, body)));
        sender.send(Ok(Bytes::from("data"))).await.unwrap();
        cloud.until(&id, "saving").await;
        assert!(no_content(&cloud.call(OWNER, "DELETE", &format!("/v2/images/{id}"), None).await));
        drop(sender);
        assert_eq!(first.await.unwrap().unwrap().status(), 410);
        assert!(cloud.files().is_empty());
    }
}
