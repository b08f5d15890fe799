//! What a crash leaves behind is put right.

use std::time::Duration;

use ferrostack_base::Timestamp;
use ferrostack_db::{DbError, Engine, args};
use ferrostack_http::axum::body::{Body, Bytes};
use ferrostack_image::tasks::{
    orphan_file_remover::{self, OrphanFileRemover},
    stale_upload_resetter::{self, StaleUploadResetter},
};
use ferrostack_reconcile::Reconciler;
use futures::{SinkExt, channel::mpsc};
use tower::ServiceExt;
use uuid::Uuid;

use crate::cloud::{Cloud, OWNER, no_content, upload};

/// The state in which a controller that is killed in the middle of an upload leaves things.
async fn crash_in_upload(cloud: &Cloud, id: &str, file: &str) {
    let (upload, beat): (Uuid, Timestamp) = (file.split_once('.').unwrap().1.parse().unwrap(), cloud.clock.now());
    let sql = "UPDATE image SET status = 'saving', upload_owner = ?, upload_beat_us = ? WHERE id = ?";
    cloud
        .db
        .tx(|tx| async move { tx.exec(sql, args![upload, beat, id]).await.map(|_| ()) })
        .await
        .map_err(|e: DbError| e)
        .unwrap();
    std::fs::write(cloud.dir().join("incoming").join(file), "half").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_controller_died_is_forgotten() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        crash_in_upload(&cloud, &id, &format!("{id}.{}", Uuid::new_v4())).await;
        assert_eq!(cloud.upload(OWNER, &id, "x").await.status, 409);
        if cloud.db.engine() == Engine::MariaDb {
            // Another controller may well be alive and busy with it; only its silence tells.
            cloud.image.start().await.unwrap();
            assert_eq!(cloud.show(&id).await["status"], "saving");
            assert_eq!(cloud.files().len(), 1);
            cloud.clock.advance(Duration::from_secs(21));
        }
        cloud.image.start().await.unwrap();
        assert_eq!(cloud.show(&id).await["status"], "queued");
        assert!(cloud.files().is_empty());
        assert!(no_content(&cloud.upload(OWNER, &id, "x").await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_no_image_are_removed_and_others_are_left_alone() {
    for cloud in Cloud::each().await {
        let id = cloud.active(b"abc").await;
        let gone = Uuid::new_v4();
        for name in [format!("{gone}.{}", Uuid::new_v4()), format!("{id}.{}", Uuid::new_v4())] {
            std::fs::write(cloud.dir().join(name), "rubbish").unwrap();
        }
        std::fs::write(cloud.dir().join("README"), "not ours").unwrap();
        assert_eq!(orphan_file_remover::run(&cloud.image).await.unwrap(), 2);
        assert_eq!(orphan_file_remover::run(&cloud.image).await.unwrap(), 0);
        assert_eq!(cloud.files().len(), 2);
        assert_eq!(cloud.get(OWNER, &format!("/v2/images/{id}/file")).await.body, "abc");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_lives_is_left_alone() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let (mut sender, receiver) = mpsc::channel(1);
        let body = Body::from_stream(receiver);
        let first = tokio::spawn(cloud.app().oneshot(upload(OWNER, &id, body)));
        sender.send(Ok::<_, std::io::Error>(Bytes::from("data"))).await.unwrap();
        cloud.until(&id, "saving").await;
        cloud.clock.advance(Duration::from_secs(30));
        assert_eq!(stale_upload_resetter::run(&cloud.image).await.unwrap(), 0);
        assert_eq!(orphan_file_remover::run(&cloud.image).await.unwrap(), 0);
        drop(sender);
        assert_eq!(first.await.unwrap().unwrap().status(), 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_neither_activates_the_image_nor_leaves_its_file() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let (mut sender, receiver) = mpsc::channel(1);
        let zombie = tokio::spawn(cloud.app().oneshot(upload(OWNER, &id, Body::from_stream(receiver))));
        sender.send(Ok::<_, std::io::Error>(Bytes::from("old"))).await.unwrap();
        cloud.until(&id, "saving").await;
        // Another controller takes the uploader for dead, and the client uploads anew there.
        let sql = "UPDATE image SET status = 'queued', upload_owner = NULL WHERE id = ?";
        let id_ref = id.as_str();
        cloud
            .db
            .tx(|tx| async move { tx.exec(sql, args![id_ref]).await.map(|_| ()) })
            .await
            .map_err(|e: DbError| e)
            .unwrap();
        assert!(no_content(&cloud.upload(OWNER, &id, "new").await));
        drop(sender);
        assert_eq!(zombie.await.unwrap().unwrap().status(), 410);
        assert_eq!(cloud.get(OWNER, &format!("/v2/images/{id}/file")).await.body, "new");
        assert_eq!(cloud.files().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_nothing_for_long_is_given_up() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        let silent = tokio::spawn(cloud.app().oneshot(upload(OWNER, &id, Body::from_stream(receiver))));
        cloud.until(&id, "saving").await;
        while cloud.show(&id).await["status"] == "saving" {
            cloud.clock.advance(Duration::from_secs(5));
            tokio::task::yield_now().await;
        }
        drop(sender);
        assert_eq!(silent.await.unwrap().unwrap().status(), 400);
        assert!(cloud.files().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tasks_run_and_say_what_they_did() {
    for cloud in Cloud::each().await {
        let id = cloud.queued().await;
        crash_in_upload(&cloud, &id, &format!("{id}.{}", Uuid::new_v4())).await;
        cloud.clock.advance(Duration::from_secs(21));
        let reset = StaleUploadResetter::new(cloud.image.clone());
        assert_eq!(reset.run().await.unwrap(), "1 images returned to queued");
        let remove = OrphanFileRemover::new(cloud.image.clone());
        assert_eq!(remove.run().await.unwrap(), "1 files removed");
        assert_eq!(cloud.show(&id).await["status"], "queued");
    }
}
