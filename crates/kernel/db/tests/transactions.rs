//! What services rely on, on both databases.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_db::{Db, DbError, Json, Migrations, Read, Sql, args, migrations, testing::TestDb};

const TABLES: Migrations = migrations!("test";
    "CREATE TABLE IF NOT EXISTS item (id VARCHAR(64) NOT NULL PRIMARY KEY, n BIGINT NOT NULL, data MEDIUMTEXT, raw MEDIUMBLOB)",
    "CREATE INDEX IF NOT EXISTS item_n ON item (n)",
);

async fn each() -> Vec<TestDb> {
    TestDb::each(Clock::system(), &[TABLES]).await.unwrap()
}

async fn count(db: &Db) -> i64 {
    db.one("SELECT COUNT(*) AS c FROM item", vec![]).await.unwrap().unwrap().get("c").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_come_back_as_they_went_in() {
    for test in each().await {
        test.db
            .tx(|tx| async move {
                tx.exec(
                    "INSERT INTO item (id, n, data, raw) VALUES (?, ?, ?, ?)",
                    args!["가", -7, Json(vec![1, 2]), vec![0u8, 255]],
                )
                .await?;
                tx.exec(
                    "INSERT INTO item (id, n, data, raw) VALUES (?, ?, ?, ?)",
                    args!["b", true, None::<String>, None::<Vec<u8>>],
                )
                .await
            })
            .await
            .unwrap();
        let rows = test.db.all("SELECT id, n, data, raw FROM item ORDER BY n", vec![]).await.unwrap();
        assert_eq!(rows[0].get::<String>("id").unwrap(), "가");
        assert_eq!(rows[0].get::<i64>("n").unwrap(), -7);
        assert_eq!(rows[0].get::<Json<Vec<i32>>>("data").unwrap().0, [1, 2]);
        assert_eq!(rows[0].get::<Vec<u8>>("raw").unwrap(), [0, 255]);
        assert!(rows[1].get::<bool>("n").unwrap());
        assert_eq!(rows[1].get::<Option<String>>("data").unwrap(), None);
        assert!(matches!(rows[1].get::<String>("data"), Err(DbError::Decode { .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_transaction_leaves_nothing_and_does_not_harm_its_batch() {
    for test in each().await {
        let hooks = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..60 {
            let (db, hooks) = (test.db.clone(), hooks.clone());
            tasks.spawn(async move {
                let hooks = &hooks;
                db.tx(|tx| async move {
                    tx.exec("INSERT INTO item (id, n) VALUES (?, ?)", args![n.to_string(), n]).await?;
                    let hooks = hooks.clone();
                    tx.after_commit(move || {
                        hooks.fetch_add(1, Ordering::SeqCst);
                    });
                    if n % 3 == 0 { Err(DbError::Reference) } else { Ok(()) }
                })
                .await
                .is_ok()
            });
        }
        let done = tasks.join_all().await.into_iter().filter(|ok| *ok).count();
        assert_eq!(done, 40);
        assert_eq!(count(&test.db).await, 40);
        assert_eq!(hooks.load(Ordering::SeqCst), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_transaction_is_rolled_back() {
    for test in each().await {
        let db = test.db.clone();
        let never = tokio::spawn(async move {
            db.tx(|tx| async move {
                tx.exec("INSERT INTO item (id, n) VALUES ('lost', 1)", vec![]).await?;
                std::future::pending::<Result<(), DbError>>().await
            })
            .await
        });
        Clock::system().sleep(Duration::from_millis(100)).await;
        never.abort();
        let _ = never.await;
        test.db
            .tx(|tx| async move { tx.exec("INSERT INTO item (id, n) VALUES ('kept', 1)", vec![]).await })
            .await
            .unwrap();
        assert_eq!(count(&test.db).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_do_not_lose_updates() {
    for test in each().await {
        let db = &test.db;
        db.tx(|tx| async move { tx.exec("INSERT INTO item (id, n) VALUES ('counter', 0)", vec![]).await })
            .await
            .unwrap();
        let adds = (0..50).map(|_| {
            db.tx(|tx| async move { tx.exec("UPDATE item SET n = n + 1 WHERE id = 'counter'", vec![]).await })
        });
        for result in futures::future::join_all(adds).await {
            assert_eq!(result.unwrap(), 1);
        }
        let row = db.one("SELECT n FROM item WHERE id = 'counter'", vec![]).await.unwrap().unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matching_row_counts_even_when_nothing_changes() {
    for test in each().await {
        test.db
            .tx(|tx| async move { tx.exec("INSERT INTO item (id, n) VALUES ('a', 1)", vec![]).await })
            .await
            .unwrap();
        let changed = test
            .db
            .tx(|tx| async move { tx.changed("UPDATE item SET n = 1 WHERE id = 'a'", vec![]).await })
            .await
            .unwrap();
        assert!(changed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_told_apart() {
    for test in each().await {
        let insert =
            || test.db.tx(|tx| async move { tx.exec("INSERT INTO item (id, n) VALUES ('a', 1)", vec![]).await });
        insert().await.unwrap();
        assert!(insert().await.unwrap_err().is_duplicate());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_filter_with_bound_values() {
    for test in each().await {
        let rows = (0..500).map(|n: i64| args![format!("i{n:03}"), n]).collect();
        let rows = &rows;
        test.db
            .tx(|tx| async move { tx.insert_many("INSERT INTO item (id, n) VALUES", Vec::clone(rows)).await })
            .await
            .unwrap();
        let mut sql = Sql::new("SELECT n FROM item WHERE 1 = 1");
        sql.and("n >= ?", 100).and_in("id", &["i099", "i100", "x' OR '1'='1", "i499"]).push(" ORDER BY n");
        let (text, args) = (sql.text().to_owned(), args![100, "i099", "i100", "x' OR '1'='1", "i499"]);
        let found: Vec<i64> = test.db.all(text, args).await.unwrap().iter().map(|row| row.at(0).unwrap()).collect();
        assert_eq!(found, [100, 499]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_a_newer_program_are_refused() {
    const NEWER: Migrations = migrations!("test"; "SELECT 1", "SELECT 1", "SELECT 1");
    for test in each().await {
        test.db.migrate(&[TABLES]).await.unwrap();
        test.db.migrate(&[NEWER]).await.unwrap();
        assert!(matches!(test.db.migrate(&[TABLES]).await, Err(DbError::NewerSchema { found: 3, known: 2, .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_inside_of_another_one_is_refused_instead_of_waiting_for_ever() {
    for test in each().await {
        let db = &test.db;
        let nested = || db.tx(|tx| async move { tx.exec("DELETE FROM item", vec![]).await });
        let outer: Result<u64, DbError> = db.tx(|_tx| async move { nested().await }).await;
        assert!(matches!(outer, Err(DbError::Nested)));
        assert_eq!(nested().await.unwrap(), 0);
    }
}
