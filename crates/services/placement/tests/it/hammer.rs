//! Many clients at two controllers, all wanting the same few things.

use std::collections::BTreeMap;

use ferrostack_http::axum::{Router, body::Body};
use http_body_util::BodyExt;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::cloud::{Cloud, colleague, request, router};

const ROUNDS: u64 = 60;

/// Status and body.
async fn send(router: &Router, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = match method {
        "GET" => request(method, path, &Value::Null).map(|_| Body::empty()),
        _ => request(method, path, body),
    };
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// One client: takes, changes and gives back for consumers that the others want too.
async fn hammer(router: Router, seed: u64, providers: Vec<Uuid>, consumers: Vec<Uuid>) -> BTreeMap<u16, usize> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut statuses = BTreeMap::new();
    for _ in 0..ROUNDS {
        let consumer = consumers.choose(&mut random).unwrap();
        let path = format!("/allocations/{consumer}");
        let (_, known) = send(&router, "GET", &path, &Value::Null).await;
        let generation = known.get("consumer_generation").cloned().unwrap_or(Value::Null);
        let mut allocations = serde_json::Map::new();
        for provider in &providers {
            if random.random_bool(0.4) {
                let resources = json!({"VCPU": random.random_range(1..=3), "MEMORY_MB": random.random_range(1..=8)});
                allocations.insert(provider.to_string(), json!({"resources": resources}));
            }
        }
        let body = json!({"allocations": allocations, "project_id": "p", "user_id": "u", "consumer_type": "INSTANCE",
            "consumer_generation": generation});
        let (status, answer) = send(&router, "PUT", &path, &body).await;
        let conflict = answer["errors"][0]["code"].as_str().is_some_and(|code| !code.is_empty());
        assert!(status == 204 || (status == 409 && conflict), "{status} {answer}");
        *statuses.entry(status).or_default() += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_clients_never_get_more_than_there_is() {
    for cloud in Cloud::each().await {
        let mut providers = Vec::new();
        for name in ["one", "two", "three"] {
            providers.push(cloud.provider(name, None, json!({"VCPU": 8, "MEMORY_MB": 20})).await);
        }
        let consumers: Vec<Uuid> = (0..6).map(|_| Uuid::new_v4()).collect();
        let controllers = [router(cloud.placement.clone()), router(colleague(&cloud).await)];
        let clients = (0..8).zip(controllers.iter().cycle()).map(|(seed, controller)| {
            tokio::spawn(hammer(controller.clone(), seed, providers.clone(), consumers.clone()))
        });
        let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
        for client in futures::future::join_all(clients).await {
            for (status, count) in client.unwrap() {
                *statuses.entry(status).or_default() += count;
            }
        }
        assert!(statuses.values().all(|count| *count > 20) && statuses.len() == 2, "both happen: {statuses:?}");
        // What is used is what consumers have, and never more than there is.
        for provider in &providers {
            let (_, held) =
                send(&controllers[0], "GET", &format!("/resource_providers/{provider}/allocations"), &Value::Null)
                    .await;
            for (class, total) in [("VCPU", 8), ("MEMORY_MB", 20)] {
                let used = cloud.used(*provider, class).await;
                let each = held["allocations"].as_object().unwrap().values();
                let sum: i64 = each.map(|one| one["resources"][class].as_i64().unwrap_or_default()).sum();
                assert!(used <= total && used == sum, "{class}: {used} used, {sum} held, {total} there");
            }
        }
        for consumer in consumers {
            send(&controllers[1], "DELETE", &format!("/allocations/{consumer}"), &Value::Null).await;
        }
        for provider in providers {
            assert_eq!((cloud.used(provider, "VCPU").await, cloud.used(provider, "MEMORY_MB").await), (0, 0));
        }
    }
}
