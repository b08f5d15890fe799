use ferrostack_base::Clock;
use ferrostack_db::{Db, args, testing::TestDb};

use super::*;

const PORTS: &str = "network.ports";
const CORES: &str = "compute.cores";

async fn databases() -> Vec<TestDb> {
    TestDb::each(Clock::system(), &[MIGRATIONS]).await.unwrap()
}

fn want(resource: &'static str, amount: i64, default_limit: i64) -> Want {
    Want { resource, amount, default_limit }
}

async fn take_in_tx(db: &Db, project: &str, id: &str, wants: &[Want]) -> Result<(), QuotaError> {
    db.tx(|tx| async move { take(&tx, project, id, wants).await }).await
}

async fn used(db: &Db, project: &str, resource: &str) -> i64 {
    let all = usages(db, project).await.unwrap();
    all.iter().find(|usage| usage.resource == resource).map_or(0, |usage| usage.used)
}

#[tokio::test]
async fn the_last_one_within_the_limit_is_counted_and_the_next_is_refused() {
    for test in databases().await {
        let db = &test.db;
        for id in ["a", "b"] {
            take_in_tx(db, "p", id, &[want(PORTS, 1, 2)]).await.unwrap();
        }
        let error = take_in_tx(db, "p", "c", &[want(PORTS, 1, 2)]).await.unwrap_err();
        let QuotaError::Exceeded { resource, limit, used: had, wanted } = error else { panic!("{error}") };
        assert_eq!((resource, limit, had, wanted), (PORTS, 2, 2, 1));
        take_in_tx(db, "other", "d", &[want(PORTS, 1, 2)]).await.unwrap();
        db.tx(|tx| async move { give_back(&tx, "a").await }).await.unwrap();
        db.tx(|tx| async move { give_back(&tx, "a").await }).await.unwrap();
        assert_eq!(used(db, "p", PORTS).await, 1);
        take_in_tx(db, "p", "c", &[want(PORTS, 1, 2)]).await.unwrap();
        assert_eq!(ledger_ids(db, PORTS).await.unwrap(), ["b", "c", "d"]);
    }
}

#[tokio::test]
async fn several_resources_are_taken_together_or_not_at_all() {
    for test in databases().await {
        let db = &test.db;
        let error = take_in_tx(db, "p", "s1", &[want(PORTS, 1, 10), want(CORES, 9, 8)]).await.unwrap_err();
        assert!(matches!(error, QuotaError::Exceeded { resource: CORES, limit: 8, used: 0, wanted: 9 }), "{error}");
        assert_eq!(used(db, "p", PORTS).await, 0);
        take_in_tx(db, "p", "s1", &[want(PORTS, 1, 10), want(CORES, 8, 8)]).await.unwrap();
        assert_eq!((used(db, "p", PORTS).await, used(db, "p", CORES).await), (1, 8));
    }
}

#[tokio::test]
async fn a_limit_of_its_own_overrides_the_default_until_it_is_removed() {
    for test in databases().await {
        let db = &test.db;
        db.tx(|tx| async move { set_limit(&tx, "p", PORTS, 0).await }).await.unwrap();
        assert!(take_in_tx(db, "p", "a", &[want(PORTS, 1, 5)]).await.is_err());
        db.tx(|tx| async move { set_limit(&tx, "p", PORTS, UNLIMITED).await }).await.unwrap();
        for id in 0..7 {
            take_in_tx(db, "p", &format!("u{id}"), &[want(PORTS, 1, 5)]).await.unwrap();
        }
        assert_eq!(limits(db, Some("p")).await.unwrap().len(), 1);
        assert!(db.tx(|tx| async move { remove_limits(&tx, "p", "network.").await }).await.unwrap());
        assert!(!db.tx(|tx| async move { remove_limits(&tx, "p", "network.").await }).await.unwrap());
        assert!(take_in_tx(db, "p", "a", &[want(PORTS, 1, 5)]).await.is_err());
    }
}

#[tokio::test]
async fn together_they_never_pass_the_limit() {
    for test in databases().await {
        let tasks: Vec<_> = (0..24)
            .map(|id| {
                let db = test.db.clone();
                tokio::spawn(
                    async move { take_in_tx(&db, "p", &format!("i{id}"), &[want(PORTS, 1, 10)]).await.is_ok() },
                )
            })
            .collect();
        let mut granted = 0;
        for task in tasks {
            granted += i64::from(task.await.unwrap());
        }
        assert_eq!((granted, used(&test.db, "p", PORTS).await), (10, 10));
    }
}

#[tokio::test]
async fn a_recount_repairs_what_was_spoilt_and_says_so() {
    for test in databases().await {
        let db = &test.db;
        take_in_tx(db, "p", "a", &[want(PORTS, 2, 10)]).await.unwrap();
        take_in_tx(db, "q", "b", &[want(PORTS, 1, 10)]).await.unwrap();
        assert_eq!(recount(db).await.unwrap(), []);
        db.tx(|tx| async move { tx.exec("UPDATE quota_usage SET used = 7 WHERE project_id = 'p'", args![]).await })
            .await
            .unwrap();
        db.tx(|tx| async move { tx.exec("DELETE FROM quota_usage WHERE project_id = 'q'", args![]).await })
            .await
            .unwrap();
        let mut repaired = recount(db).await.unwrap();
        repaired.sort_by(|a, b| a.project_id.cmp(&b.project_id));
        let found: Vec<_> = repaired.iter().map(|c| (c.project_id.as_str(), c.was, c.is)).collect();
        assert_eq!(found, [("p", 7, 2), ("q", 0, 1)]);
        assert_eq!(recount(db).await.unwrap(), []);
    }
}
