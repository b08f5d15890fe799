//! Images that come with the cloud, and what compute sees of them.

use std::{collections::BTreeMap, sync::Arc};

use ferrostack_auth::Ctx;
use ferrostack_contracts::{ErrorKind, Image as _};
use ferrostack_image::{ContainerFormat, DiskFormat, GuestImage, ImageSource, ensure_image};
use uuid::Uuid;

use crate::cloud::{Cloud, OTHER, identity, policy, qcow2};

fn tiny(source: ImageSource) -> GuestImage {
    GuestImage {
        name: "tiny".to_owned(),
        owner: Some("p0".to_owned()),
        disk_format: DiskFormat::Qcow2,
        container_format: ContainerFormat::Bare,
        min_disk: 1,
        min_ram: 64,
        properties: BTreeMap::from([("hw_rng_model".to_owned(), "virtio".to_owned())]),
        source,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guest_image_is_made_once() {
    for cloud in Cloud::each().await {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), qcow2(0)).unwrap();
        let sources = [ImageSource::Bytes(qcow2(0).into()), ImageSource::File(file.path().to_owned())];
        let calls = sources.into_iter().cycle().take(4).map(|source| ensure_image(&cloud.image, tiny(source)));
        let ids: Vec<_> = futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|id| *id == ids[0]));
        assert_eq!(cloud.ids(OTHER, "?name=tiny&status=active").await, [ids[0].to_string()]);
        assert_eq!(cloud.files().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_image_of_the_wrong_kind_is_refused() {
    for cloud in Cloud::each().await {
        let error = ensure_image(&cloud.image, tiny(ImageSource::Bytes("text".into()))).await.unwrap_err();
        assert!(error.to_string().contains("qcow2"), "{error}");
        assert!(cloud.files().is_empty());
        ensure_image(&cloud.image, tiny(ImageSource::Bytes(qcow2(0).into()))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compute_sees_what_the_caller_may_see() {
    for cloud in Cloud::each().await {
        let public = ensure_image(&cloud.image, tiny(ImageSource::Bytes(qcow2(0).into()))).await.unwrap();
        let private: Uuid = cloud.active(b"abc").await.parse().unwrap();
        let cx = Ctx::new("req-1", policy()).with_identity(Arc::new(identity("p2", &["member", "reader"])));
        let facts = cloud.image.image(&cx, public.0).await.unwrap();
        assert_eq!((facts.status.as_str(), facts.virtual_size, facts.min_ram), ("active", Some(64 << 20), 64));
        assert_eq!(facts.hash.unwrap().0, "sha512");
        assert_eq!(facts.properties["hw_rng_model"], "virtio");
        for id in [private, Uuid::new_v4()] {
            assert_eq!(cloud.image.image(&cx, id).await.unwrap_err().kind, ErrorKind::NotFound);
        }
        assert_eq!(cloud.image.image(&Ctx::internal("req-2"), private).await.unwrap().size, Some(3));
    }
}
