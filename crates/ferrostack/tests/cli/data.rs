//! What the commands make of the operations in a database.

use std::path::Path;

use ferrostack_auth::Origin;
use ferrostack_base::{Clock, Fence};
use ferrostack_db::{Db, DbError, DbOptions, Tx};
use ferrostack_saga::{Failure, Operation, Resource, Saga, SagaOptions, StepRecord, Steps};
use serde::{Deserialize, Serialize};

use crate::program::{Ended, run};

/// Takes a room, which works, then a bed, which does not.
#[derive(Serialize, Deserialize)]
struct BookStay;

impl Operation for BookStay {
    const KIND: &'static str = "book_stay";
    const VERSION: i64 = 1;
    type World = ();

    async fn run(&self, op: &mut Steps, (): &()) -> Result<(), Failure> {
        op.step("take_room", || async { Ok(12) }).await?;
        op.step("take_bed", || async { Err::<(), _>(Failure::new("all beds are taken")) }).await
    }

    async fn undo(&self, _: &StepRecord, _: Fence, (): &()) -> Result<(), Failure> {
        Ok(())
    }

    async fn failed(&self, _: &Tx, (): &(), _: &Failure) -> Result<(), DbError> {
        Ok(())
    }
}

/// Waits for ever for something that does not come.
#[derive(Serialize, Deserialize)]
struct AwaitGuest;

impl Operation for AwaitGuest {
    const KIND: &'static str = "await_guest";
    const VERSION: i64 = 1;
    const FORWARD_ONLY: bool = true;
    type World = ();

    async fn run(&self, op: &mut Steps, (): &()) -> Result<(), Failure> {
        op.step("open_door", || async { Ok(()) }).await?;
        op.step("greet", || async { Err::<(), _>(Failure::transient("nobody is at the door")) }).await
    }

    async fn undo(&self, _: &StepRecord, _: Fence, (): &()) -> Result<(), Failure> {
        Ok(())
    }

    async fn failed(&self, _: &Tx, (): &(), _: &Failure) -> Result<(), DbError> {
        Ok(())
    }
}

fn in_dir(command: &[&str], dir: &Path) -> Ended {
    let mut args = command.to_vec();
    args.extend(["--state-dir", dir.to_str().unwrap()]);
    run(&args)
}

fn origin(request_id: &str) -> Origin {
    Origin { request_id: request_id.to_owned(), global_request_id: None, user_id: None, project_id: None }
}

async fn accept<O: Operation>(db: &Db, saga: &Saga, request_id: &str, resource: &Resource, operation: &O) {
    let origin = &origin(request_id);
    db.tx(|tx| async move { saga.accept(&tx, origin, resource, operation).await }).await.unwrap();
}

/// Runs both operations until one has failed and the other waits, in a process that then is gone.
async fn lived(dir: &Path) {
    assert_eq!(in_dir(&["migrate"], dir).code, 0);
    let db = Db::open(DbOptions::Sqlite { path: dir.join("ferrostack.db") }, Clock::system()).await.unwrap();
    let options = SagaOptions { node: "controller-1".to_owned(), ..SagaOptions::default() };
    let saga = Saga::start(db.clone(), options).await.unwrap();
    saga.register::<BookStay>(());
    saga.register::<AwaitGuest>(());
    accept(&db, &saga, "req-book", &Resource::new("stay", "s1"), &BookStay).await;
    accept(&db, &saga, "req-await", &Resource::new("guest", "g1"), &AwaitGuest).await;
    for _ in 0..600 {
        let ended = ferrostack_saga::store::of_request(&db, "req-book").await.unwrap();
        let waits = ferrostack_saga::store::of_request(&db, "req-await").await.unwrap();
        if ended[0].outcome == "failed" && waits[0].reason.is_some() {
            saga.stop().await.unwrap();
            return;
        }
        Clock::system().sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the operations did not get where they should");
}

#[tokio::test]
async fn what_happened_is_traced_and_what_waits_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    lived(dir).await;

    let trace = in_dir(&["trace", "req-book"], dir);
    assert_eq!(trace.code, 0, "{trace:?}");
    assert!(
        trace.out.starts_with("Request req-book\n\nOperation book_stay of stay s1: failed; accepted 20"),
        "{}",
        trace.out
    );
    assert!(trace.out.contains("Reason: all beds are taken"), "{}", trace.out);
    let line = |step: &str| trace.out.lines().find(|line| line.contains(step)).unwrap_or_default();
    let room: Vec<_> = line("take_room").split_whitespace().collect();
    // Time, node, step, duration with its unit, outcome, time of the undo.
    assert_eq!((room.len(), room[1], room[5]), (7, "controller-1", "done"), "{room:?}");
    assert!(line("take_bed").contains("failed") && line("take_bed").ends_with("all beds are taken"), "{}", trace.out);

    let korean = in_dir(&["trace", "req-book", "--language", "ko"], dir);
    assert!(korean.out.contains("실패") && korean.out.contains("되돌린 시각"), "{}", korean.out);

    let status = in_dir(&["status"], dir);
    assert_eq!(status.code, 1, "{status:?}");
    let waits = status.out.lines().find(|line| line.contains("await_guest")).unwrap();
    for part in ["guest g1", "running", "req-await", "nobody is at the door"] {
        assert!(waits.contains(part), "{waits}");
    }
    let json = in_dir(&["status", "--json"], dir);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["operations"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["operations"][0]["health"], "degraded");
    assert_eq!(json["process"], serde_json::Value::Null);
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(in_dir(&["migrate"], folder.path()).code, 0);
    let trace = in_dir(&["trace", "req-none"], folder.path());
    assert_eq!(trace.code, 1);
    assert!(trace.out.contains("no operation of request req-none") && trace.out.contains("30 days"), "{}", trace.out);
    let explain = in_dir(&["explain", "1bea47ed-f6a9-463b-b423-14b9cca9ad27"], folder.path());
    assert_eq!(explain.code, 1);
    assert!(explain.out.contains("No resource has the id 1bea47ed"), "{}", explain.out);
}

#[test]
fn tables_are_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = in_dir(&["migrate"], folder.path());
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("saga: the tables went from version 0 to version "), "{}", first.out);
    let second = in_dir(&["migrate"], folder.path());
    assert_eq!((second.code, second.out.as_str()), (0, "The database is up to date.\n"));
}
