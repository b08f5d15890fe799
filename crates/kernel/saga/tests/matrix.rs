//! The failure matrix on a toy: doors that are opened on one of two hosts. It proves the engine, and that the matrix finds
//! each of the bugs that are planted on purpose. The operations of the services have their own matrix in the test kit.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use ferrostack_auth::{Ctx, Origin};
use ferrostack_base::{Clock, Fence};
use ferrostack_db::{Db, DbError, Migrations, Read, Tx, args, migrations, testing::TestDb};
use ferrostack_saga::{
    Bug, Failure, MIGRATIONS, Operation, Resource, Saga, SagaOptions, StepRecord, Steps,
    matrix::{self, Scenario, Setup, World},
};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

const TABLES: Migrations = migrations!("doors";
    "CREATE TABLE IF NOT EXISTS door (id VARCHAR(36) NOT NULL PRIMARY KEY, state VARCHAR(16) NOT NULL, host VARCHAR(16))",
    "CREATE TABLE IF NOT EXISTS claim (door VARCHAR(36) NOT NULL PRIMARY KEY, host VARCHAR(16) NOT NULL)",
);

/// By host and door: the highest fence, and whether the door is there.
type Kept = BTreeMap<(String, String), (Fence, bool)>;

/// Two hosts that keep doors.
#[derive(Clone, Default)]
struct Hosts(Arc<Mutex<Kept>>);

impl Hosts {
    fn set(&self, host: &str, door: &str, fence: Fence, there: bool) -> Result<(), Failure> {
        let mut all = self.0.lock().unwrap();
        let entry = all.entry((host.to_owned(), door.to_owned())).or_default();
        if fence < entry.0 {
            return Err(Failure::host(format!("fence {fence} is lower than {}", entry.0)));
        }
        *entry = (fence, there);
        Ok(())
    }
}

#[derive(Clone)]
struct Doors {
    db: Db,
    hosts: Hosts,
}

impl Doors {
    async fn claim(&self, door: &str, host: &str) -> Result<(), Failure> {
        self.db
            .tx(|tx| async move {
                tx.exec("DELETE FROM claim WHERE door = ?", args![door]).await?;
                tx.exec("INSERT INTO claim (door, host) VALUES (?, ?)", args![door, host]).await?;
                Ok::<_, Failure>(())
            })
            .await
    }

    async fn release(&self, door: &str) -> Result<(), Failure> {
        self.db.tx(|tx| async move { tx.exec("DELETE FROM claim WHERE door = ?", args![door]).await }).await?;
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct OpenDoor {
    door: String,
}

impl Operation for OpenDoor {
    const KIND: &'static str = "open_door";
    const VERSION: i64 = 1;
    type World = Doors;

    async fn run(&self, op: &mut Steps, doors: &Doors) -> Result<(), Failure> {
        for host in op.step("choose", || async { Ok(vec!["north".to_owned(), "south".to_owned()]) }).await? {
            op.enter(&host);
            match self.on(op, doors, &host).await {
                Err(failure) if failure.is_about_the_host() => op.unwind().await?,
                Err(failure) => return Err(failure),
                Ok(()) => {
                    op.leave();
                    return op
                        .finish(|tx| {
                            let (door, host) = (&self.door, &host);
                            async move {
                                tx.exec("UPDATE door SET state = 'open', host = ? WHERE id = ?", args![host, door])
                                    .await
                                    .map(|_| ())
                            }
                        })
                        .await;
                }
            }
        }
        Err(Failure::new("no host"))
    }

    async fn undo(&self, step: &StepRecord, fence: Fence, doors: &Doors) -> Result<(), Failure> {
        let host = step.scope().unwrap_or_default();
        match step.step() {
            "claim" => doors.release(&self.door).await,
            "put" => doors.hosts.set(host, &self.door, fence, false),
            _ => Ok(()),
        }
    }

    async fn failed(&self, tx: &Tx, _: &Doors, _: &Failure) -> Result<(), DbError> {
        tx.exec("UPDATE door SET state = 'error' WHERE id = ?", args![self.door]).await.map(|_| ())
    }
}

impl OpenDoor {
    async fn on(&self, op: &mut Steps, doors: &Doors, host: &str) -> Result<(), Failure> {
        let fence = op.fence();
        op.step("claim", || doors.claim(&self.door, host)).await?;
        op.step("put", || async { doors.hosts.set(host, &self.door, fence, true) }).await
    }
}

#[derive(Serialize, Deserialize)]
struct RemoveDoor {
    door: String,
}

impl Operation for RemoveDoor {
    const KIND: &'static str = "remove_door";
    const VERSION: i64 = 1;
    const FORWARD_ONLY: bool = true;
    const SUPERSEDES: bool = true;
    type World = Doors;

    async fn run(&self, op: &mut Steps, doors: &Doors) -> Result<(), Failure> {
        let fence = op.fence();
        op.step("drop", || async {
            doors.hosts.set("north", &self.door, fence, false)?;
            doors.hosts.set("south", &self.door, fence, false)
        })
        .await?;
        op.step("release", || doors.release(&self.door)).await?;
        op.finish(|tx| {
            let door = &self.door;
            async move { tx.exec("DELETE FROM door WHERE id = ?", args![door]).await.map(|_| ()) }
        })
        .await
    }

    async fn undo(&self, _: &StepRecord, _: Fence, _: &Doors) -> Result<(), Failure> {
        Err(Failure::new("a removal is never undone"))
    }

    async fn failed(&self, _: &Tx, _: &Doors, _: &Failure) -> Result<(), DbError> {
        Ok(())
    }
}

fn origin() -> Origin {
    Ctx::internal("req-test").origin()
}

struct DoorWorld {
    _test: TestDb,
    doors: Doors,
    sagas: [Saga; 2],
    removal: bool,
}

impl DoorWorld {
    async fn accept<O: Operation>(&self, saga: &Saga, state: &str, operation: &O) {
        let db = &self.doors.db;
        db.tx(|tx| async move {
            tx.exec("UPDATE door SET state = ? WHERE id = 'd'", args![state]).await?;
            saga.accept(&tx, &origin(), &Resource::new("door", "d"), operation)
                .await
                .map_err(|error| Failure::new(error.to_string()))
        })
        .await
        .expect("accepted");
    }
}

impl World for DoorWorld {
    fn clock(&self) -> Clock {
        self.doors.db.clock().clone()
    }
    fn db(&self) -> Db {
        self.doors.db.clone()
    }
    fn first(&self) -> Saga {
        self.sagas[0].clone()
    }
    fn second(&self) -> Saga {
        self.sagas[1].clone()
    }

    fn start(&self) -> BoxFuture<'_, String> {
        Box::pin(async {
            if self.removal {
                // The door is there, as after an opening.
                self.doors.claim("d", "north").await.unwrap();
                self.doors.hosts.set("north", "d", Fence(0), true).unwrap();
                self.accept(&self.sagas[0], "removing", &RemoveDoor { door: "d".to_owned() }).await;
            } else {
                self.accept(&self.sagas[0], "opening", &OpenDoor { door: "d".to_owned() }).await;
            }
            "door d".to_owned()
        })
    }

    fn follow_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if self.doors.db.one("SELECT id FROM door", vec![]).await.unwrap().is_some() {
                self.accept(&self.sagas[1], "removing", &RemoveDoor { door: "d".to_owned() }).await;
            }
        })
    }

    fn restart_agents(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn problems(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async {
            let db = &self.doors.db;
            let door = db.one("SELECT state, host FROM door", vec![]).await.unwrap();
            let claims: Vec<String> = db
                .all("SELECT host FROM claim", vec![])
                .await
                .unwrap()
                .iter()
                .map(|row| row.get("host").unwrap())
                .collect();
            let hosts: Vec<String> = self
                .doors
                .hosts
                .0
                .lock()
                .unwrap()
                .iter()
                .filter(|(_, (_, there))| *there)
                .map(|((host, _), _)| host.clone())
                .collect();
            let state = door.as_ref().map(|row| row.get::<String>("state").unwrap());
            let wanted: Vec<String> = match state.as_deref() {
                Some("open") => vec![door.unwrap().get("host").unwrap()],
                Some("error") | None => vec![],
                Some(other) => return vec![format!("the door is {other} without a live operation")],
            };
            let mut problems = Vec::new();
            if claims != wanted {
                problems.push(format!("claims {claims:?}, should be {wanted:?}"));
            }
            if hosts != wanted {
                problems.push(format!("doors on {hosts:?}, should be {wanted:?}"));
            }
            problems
        })
    }
}

struct Toy {
    mariadb: bool,
    removal: bool,
}

impl Scenario for Toy {
    fn kind(&self) -> &'static str {
        if self.removal { RemoveDoor::KIND } else { OpenDoor::KIND }
    }

    fn world(&self, setup: Setup) -> BoxFuture<'_, Box<dyn World>> {
        Box::pin(async move {
            let clock = Clock::manual();
            let tables = [MIGRATIONS, TABLES];
            let test = if self.mariadb {
                TestDb::mariadb(clock, &tables).await.unwrap().expect("asked for only where it is")
            } else {
                TestDb::sqlite(clock, &tables).await.unwrap()
            };
            let db = test.db.clone();
            db.tx(|tx| async move { tx.exec("INSERT INTO door (id, state) VALUES ('d', 'new')", vec![]).await })
                .await
                .unwrap();
            let doors = Doors { db: db.clone(), hosts: Hosts::default() };
            let options = |node: &str| SagaOptions { node: node.to_owned(), ..SagaOptions::default() };
            let first = Saga::start_with(db.clone(), options("one"), setup.inject, setup.bug).await.unwrap();
            let second = Saga::start_with(db, options("two"), None, setup.bug).await.unwrap();
            for saga in [&first, &second] {
                saga.register::<OpenDoor>(doors.clone());
                saga.register::<RemoveDoor>(doors.clone());
            }
            Box::new(DoorWorld { _test: test, doors, sagas: [first, second], removal: self.removal }) as Box<dyn World>
        })
    }
}

async fn find(toy: Toy, bug: Option<Bug>) -> Vec<String> {
    matrix::run(&toy, bug, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_holds_whatever_happens() {
    assert_eq!(find(Toy { mariadb: false, removal: false }, None).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_holds_whatever_happens() {
    assert_eq!(find(Toy { mariadb: false, removal: true }, None).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn both_hold_on_mariadb() {
    if TestDb::mariadb(Clock::system(), &[]).await.unwrap().is_none() {
        return; // TestDb says why
    }
    assert_eq!(find(Toy { mariadb: true, removal: false }, None).await, Vec::<String>::new());
    assert_eq!(find(Toy { mariadb: true, removal: true }, None).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_bugs_are_found() {
    for bug in [Bug::FenceRemoved, Bug::UndoSkipped, Bug::EpochUnchecked, Bug::DoubleClaim, Bug::LostWakeUp] {
        let findings = find(Toy { mariadb: false, removal: false }, Some(bug)).await;
        assert!(!findings.is_empty(), "the matrix does not find {bug:?}");
        println!("{bug:?}: {}", findings[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_operation_on_a_busy_resource_is_refused() {
    let world = Toy { mariadb: false, removal: false }.world(Setup::default()).await;
    let (db, saga) = (world.db(), world.first());
    let (db, saga) = (&db, &saga);
    let result = db
        .tx(|tx| async move {
            let (resource, door) = (Resource::new("door", "d"), OpenDoor { door: "d".to_owned() });
            saga.accept(&tx, &origin(), &resource, &door).await.map_err(|error| Failure::new(error.to_string()))?;
            saga.accept(&tx, &origin(), &resource, &door).await.map_err(|error| Failure::new(error.to_string()))
        })
        .await;
    assert!(result.unwrap_err().reason.contains("busy"));
    world.clock().advance(Duration::from_secs(1));
    assert!(ferrostack_saga::store::live(db).await.unwrap().is_empty(), "a refused request leaves nothing behind");
}
