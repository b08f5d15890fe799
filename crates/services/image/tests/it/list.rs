use std::time::Duration;

use serde_json::json;

use crate::cloud::{ADMIN, Cloud, OTHER, OWNER};

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_what_it_names() {
    for cloud in Cloud::each().await {
        let first = cloud.clock.now().to_iso();
        let a = cloud
            .create(
                OWNER,
                json!({"name": "glass, darkly", "disk_format": "qcow2", "container_format": "ova", "tags": ["t1", "t2"],
                    "min_ram": 64, "hw_disk_bus": "scsi", "protected": true, "visibility": "private"}),
            )
            .await;
        cloud.clock.advance(Duration::from_secs(60));
        let b = cloud.active(b"12345").await;
        let second = cloud.clock.now().to_iso();
        cloud.patch(OWNER, &b, json!([{"op": "add", "path": "/tags", "value": ["t1"]}])).await;
        let md5 = cloud.show(&b).await["checksum"].as_str().unwrap().to_owned();
        let hash = cloud.show(&b).await["os_hash_value"].as_str().unwrap().to_owned();
        let hidden = cloud.create(OWNER, json!({"os_hidden": true})).await;
        let both = [b.as_str(), a.as_str()];
        let hidden = [hidden.as_str()];
        let cases: Vec<(String, &[&str])> = vec![
            (String::new(), &both),
            ("?name=tiny".into(), &both[..1]),
            ("?name=Tiny".into(), &[]),
            ("?name=in:%22glass,%20darkly%22,nothing".into(), &both[1..]),
            ("?name=in:%22glass,%20darkly%22,tiny".into(), &both),
            (format!("?id={a}"), &both[1..]),
            (format!("?id=in:{a},{b}"), &both),
            ("?status=active".into(), &both[..1]),
            ("?status=in:active,queued".into(), &both),
            ("?visibility=private".into(), &both[1..]),
            ("?visibility=shared".into(), &both[..1]),
            ("?visibility=all".into(), &both),
            ("?owner=p1".into(), &both),
            ("?owner=p2".into(), &[]),
            ("?disk_format=raw".into(), &both[..1]),
            ("?disk_format=in:raw,qcow2".into(), &both),
            ("?container_format=ova".into(), &both[1..]),
            ("?tag=t1".into(), &both),
            ("?tag=t1&tag=t2".into(), &both[1..]),
            ("?size=5".into(), &both[..1]),
            ("?size_min=5".into(), &both[..1]),
            ("?size_min=6".into(), &[]),
            ("?size_max=4".into(), &[]),
            ("?min_ram=64".into(), &both[1..]),
            ("?protected=true".into(), &both[1..]),
            (format!("?checksum={md5}"), &both[..1]),
            (format!("?os_hash_value={hash}"), &both[..1]),
            ("?hw_disk_bus=scsi".into(), &both[1..]),
            ("?hw_disk_bus=virtio".into(), &[]),
            (format!("?created_at={first}"), &both[1..]),
            (format!("?created_at=gt:{first}"), &both[..1]),
            (format!("?created_at=gte:{first}"), &both),
            (format!("?created_at=lt:{second}"), &both[1..]),
            (format!("?created_at=lte:{second}"), &both),
            (format!("?created_at=neq:{second}"), &both[1..]),
            (format!("?updated_at=eq:{second}"), &both[..1]),
            ("?os_hidden=True".into(), &hidden),
        ];
        for (query, expected) in cases {
            assert_eq!(cloud.ids(OWNER, &query).await, expected, "{query}");
        }
        for wrong in [
            "size_min=x",
            "size=x",
            "visibility=mine",
            "created_at=gt:x",
            "os_hidden=perhaps",
            "member_status=maybe",
            "protected=1",
            "limit=-1",
            "marker=x",
            "sort=owner",
            "sort_key=name&sort_dir=up",
            "name=gt:a",
            "changes-since=x",
        ] {
            assert_eq!(cloud.get(OWNER, &format!("/v2/images?{wrong}")).await.status, 400, "{wrong}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_every_image_once_in_any_order() {
    for cloud in Cloud::each().await {
        let mut all = Vec::new();
        for (name, format) in [
            (Some("b"), Some("raw")),
            (None, None),
            (Some("a"), Some("raw")),
            (None, Some("iso")),
            (Some("b"), None),
            (Some("c"), None),
        ] {
            let body = json!({"name": name, "disk_format": format});
            all.push(cloud.create(OWNER, body).await);
            cloud.clock.advance(Duration::from_millis(300));
        }
        for sort in [
            "",
            "&sort=name:asc",
            "&sort=name:desc,disk_format:asc",
            "&sort=disk_format:asc,name:desc",
            "&sort=size:asc",
            "&sort_key=status&sort_dir=asc",
            "&sort=id:desc",
            "&sort=updated_at:asc",
        ] {
            let whole = cloud.ids(OWNER, &format!("?limit=100{sort}")).await;
            assert_eq!(whole.len(), all.len(), "{sort}");
            let mut paged = Vec::new();
            let mut next = Some(format!("/v2/images?limit=2{sort}"));
            while let Some(path) = next {
                let page = cloud.get(OWNER, &path).await.json();
                assert!(!page["first"].as_str().unwrap().contains("marker"));
                paged.extend(
                    page["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap().to_owned()),
                );
                next = page["next"].as_str().map(str::to_owned);
                assert!(paged.len() <= all.len(), "{sort}: pages never end");
            }
            assert_eq!(paged, whole, "{sort}");
        }
        all.reverse();
        assert_eq!(cloud.ids(OWNER, "").await, all);
        let unknown = "11111111-2222-3333-4444-555555555555";
        assert_eq!(cloud.get(OWNER, &format!("/v2/images?marker={unknown}")).await.status, 400);
        assert!(cloud.ids(OWNER, "?limit=0").await.is_empty());
        let first = cloud.get(OWNER, "/v2/images").await.json();
        assert_eq!((&first["first"], &first["schema"]), (&json!("/v2/images"), &json!("/v2/schemas/images")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn visibility_decides_who_finds_an_image() {
    for cloud in Cloud::each().await {
        let make = |visibility: &'static str| cloud.create(ADMIN, json!({"owner": "p1", "visibility": visibility}));
        let (public, community, shared, private) =
            (make("public").await, make("community").await, make("shared").await, make("private").await);
        let usual = |token, query| cloud.ids(token, query);
        let all = [&private, &shared, &community, &public].map(Clone::clone);
        assert_eq!(sorted(usual(OWNER, "").await), sorted(all.to_vec()));
        assert_eq!(usual(OTHER, "").await, [public.as_str()]);
        assert_eq!(usual(OTHER, "?visibility=community").await, [community.as_str()]);
        assert_eq!(sorted(usual(OTHER, "?visibility=all").await), sorted(vec![community.clone(), public.clone()]));
        assert!(usual(OTHER, "?visibility=private").await.is_empty());
        assert_eq!(sorted(usual(ADMIN, "").await), sorted(vec![private.clone(), shared.clone(), public.clone()]));
        for (id, status) in [(&public, 200), (&community, 200), (&shared, 404), (&private, 404)] {
            assert_eq!(cloud.get(OTHER, &format!("/v2/images/{id}")).await.status, status);
        }
    }
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}
