use ferrostack_http::axum::{body::Body, http::Request};

use crate::cloud::{Answer, Cloud, OWNER, no_content};

async fn range(cloud: &Cloud, id: &str, range: &str) -> Answer {
    let request = Request::builder().uri(format!("/image/v2/images/{id}/file")).header("x-auth-token", OWNER);
    cloud.send(request.header("range", range).body(Body::empty()).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn data_comes_with_its_digest_and_length() {
    for cloud in Cloud::each().await {
        let queued = cloud.queued().await;
        assert!(no_content(&cloud.get(OWNER, &format!("/v2/images/{queued}/file")).await));
        let id = cloud.active(b"abc").await;
        let answer = cloud.get(OWNER, &format!("/v2/images/{id}/file")).await;
        assert_eq!((answer.status, &answer.body[..]), (200, &b"abc"[..]));
        assert_eq!(answer.header("content-md5"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(answer.header("content-length"), "3");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_can_be_asked_for() {
    for cloud in Cloud::each().await {
        let data: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
        let id = cloud.active(&data).await;
        for (asked, first, last) in [
            ("bytes=0-9", 0, 9),
            ("bytes=524287-524289", 524_287, 524_289),
            ("bytes=1999999-", 1_999_999, 1_999_999),
            ("bytes=-1500000", 500_000, 1_999_999),
        ] {
            let answer = range(&cloud, &id, asked).await;
            assert_eq!(answer.status, 206, "{asked}");
            assert_eq!(answer.header("content-range"), format!("bytes {first}-{last}/2000000"));
            assert_eq!(answer.header("content-length"), (last - first + 1).to_string());
            assert!(answer.body == data[first..=last], "{asked}");
        }
        assert_eq!(range(&cloud, &id, "bytes=2000000-").await.status, 416);
        assert_eq!(range(&cloud, &id, "bytes=5-1").await.status, 416);
        assert_eq!(range(&cloud, &id, "bytes=0-1,5-6").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_outlives_the_deletion_of_its_image() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    for cloud in Cloud::each().await {
        let data = vec![7; 3_000_000];
        let id = cloud.active(&data).await;
        let request = Request::builder().uri(format!("/image/v2/images/{id}/file")).header("x-auth-token", OWNER);
        let response = cloud.app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(no_content(&cloud.call(OWNER, "DELETE", &format!("/v2/images/{id}"), None).await));
        assert!(response.into_body().collect().await.unwrap().to_bytes() == data);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_is_not_here_is_said_to_be_so() {
    for cloud in Cloud::each().await {
        let id = cloud.active(b"abc").await;
        for file in cloud.files() {
            std::fs::remove_file(cloud.dir().join(file)).unwrap();
        }
        assert_eq!(cloud.get(OWNER, &format!("/v2/images/{id}/file")).await.status, 503);
    }
}
