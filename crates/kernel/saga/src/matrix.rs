//! The generated failure matrix (R14): every operation, at every place, with everything that can happen there.
//!
//! A [`Scenario`] builds a [`World`]: two controllers on one database, agents, and a way to start the operation through
//! the first controller, which runs under an [`Inject`] that the matrix supplies. First the matrix lets the operation run
//! and notes all places that it passes; from them it makes the cases. Each case has a world of its own. The test moves
//! the clock; nothing waits for real time, except that tasks need some to run.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ferrostack_base::{Clock, Fence};
use ferrostack_db::{Db, Read, args};
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::{Bug, Inject, Place, Point, Saga, Verdict, store};

/// How long tasks get to do what needs no waiting.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the first controller of a world runs under.
#[derive(Clone, Default)]
pub struct Setup {
    /// Faults.
    pub inject: Option<Arc<dyn Inject>>,
    /// A bug planted on purpose.
    pub bug: Option<Bug>,
}

/// An operation in a situation, such as "a server is created on a network".
pub trait Scenario: Send + Sync {
    /// The operation's kind.
    fn kind(&self) -> &'static str;
    /// A fresh world, prepared up to the moment before the operation.
    fn world(&self, setup: Setup) -> BoxFuture<'_, Box<dyn World>>;
}

/// Two controllers, a database, agents.
pub trait World: Send + Sync {
    /// The clock of everything.
    fn clock(&self) -> Clock;
    /// The database.
    fn db(&self) -> Db;
    /// The controller that accepts the operation and suffers.
    fn first(&self) -> Saga;
    /// The controller that is well.
    fn second(&self) -> Saga;
    /// Accepts the operation through the first controller; answers its resource (`server 1234`).
    fn start(&self) -> BoxFuture<'_, String>;
    /// Another operation on the same resource through the second controller, such as deleting it.
    fn follow_up(&self) -> BoxFuture<'_, ()>;
    /// All agents forget what is only in their memory.
    fn restart_agents(&self) -> BoxFuture<'_, ()>;
    /// What is wrong when no operation is live: leaks, transitional rows, rows that contradict agents or each other.
    fn problems(&self) -> BoxFuture<'_, Vec<String>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Repeat,
    Fail,
    FailUndoTwice,
    FailUndoFails,
    Crash,
    FailThenCrash,
    Zombie,
    ZombieOvertaken,
    LiveOwner,
    DatabaseGone,
    AgentsRestart,
}

/// One cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Case {
    fault: Fault,
    step: String,
    place: Place,
    /// For faults while unwinding: the step that fails first.
    failing: Option<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} {:?}", self.fault, self.step, self.place)?;
        match &self.failing {
            Some(step) => write!(f, " after {step} failed"),
            None => Ok(()),
        }
    }
}

/// Notes the places that are passed, and does at one of them what the case says.
struct Script {
    kind: &'static str,
    case: Option<Case>,
    passed: Mutex<Vec<(String, Place)>>,
    fired: Mutex<bool>,
    failed: Mutex<bool>,
    reached: Arc<Notify>,
    release: Arc<Notify>,
    gone: Mutex<Option<Db>>,
}

impl Script {
    fn new(kind: &'static str, case: Option<Case>) -> Arc<Self> {
        let (passed, fired, failed, gone) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { kind, case, passed, fired, failed, reached: Arc::default(), release: Arc::default(), gone })
    }

    fn passed(&self) -> Vec<(String, Place)> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn once(&self) -> bool {
        !std::mem::replace(&mut *self.fired.lock().unwrap_or_else(PoisonError::into_inner), true)
    }
}

impl Inject for Script {
    fn at(&self, point: Point<'_>) -> Verdict {
        if point.kind != self.kind {
            return Verdict::Go;
        }
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).push((point.step.to_owned(), point.place));
        let Some(case) = &self.case else { return Verdict::Go };
        // Once: an operation that only goes forward tries again.
        if case.failing.as_deref() == Some(point.step)
            && matches!(point.place, Place::BeforeAction | Place::BeforeEnd)
            && !std::mem::replace(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner), true)
        {
            return Verdict::Fail;
        }
        let here = case.step == point.step && case.place == point.place;
        match case.fault {
            Fault::Repeat if here => Verdict::Repeat,
            Fault::Fail if here && self.once() => Verdict::Fail,
            Fault::FailUndoTwice if point.place == Place::BeforeUndo => Verdict::Repeat,
            Fault::FailUndoFails if here && self.once() => Verdict::Fail,
            Fault::Crash | Fault::FailThenCrash if here => {
                self.reached.notify_one();
                Verdict::Crash
            }
            Fault::Zombie | Fault::ZombieOvertaken | Fault::LiveOwner | Fault::AgentsRestart if here && self.once() => {
                self.reached.notify_one();
                Verdict::Hold(self.release.clone())
            }
            Fault::DatabaseGone if here && self.once() => {
                if let Some(db) = &*self.gone.lock().unwrap_or_else(PoisonError::into_inner) {
                    pretend_gone(db, true);
                }
                self.reached.notify_one();
                Verdict::Go
            }
            _ => Verdict::Go,
        }
    }
}

fn pretend_gone(db: &Db, gone: bool) {
    db.pretend_gone(gone);
}

/// Runs the whole matrix of a scenario and returns what it found: nothing, when all is well. `every` leaves out all but
/// each n-th case of a kind of fault (1 = run all).
pub async fn run(scenario: &dyn Scenario, bug: Option<Bug>, every: usize) -> Vec<String> {
    let mut findings = Vec::new();
    let (plain, places) = record(scenario, bug, None).await;
    findings.extend(plain);
    if !findings.is_empty() {
        return findings;
    }
    let steps: Vec<String> =
        places.iter().filter(|(_, place)| *place == Place::BeforeAction).map(|(step, _)| step.clone()).collect();
    let mut cases = Vec::new();
    let case = |fault, step: &str, place, failing: Option<&str>| Case {
        fault,
        step: step.to_owned(),
        place,
        failing: failing.map(str::to_owned),
    };
    for step in &steps {
        cases.push(case(Fault::Repeat, step, Place::BeforeAction, None));
        cases.push(case(Fault::Fail, step, Place::BeforeAction, None));
        cases.push(case(Fault::FailUndoTwice, step, Place::BeforeUndo, Some(step)));
        for place in [Place::BeforeAction, Place::BeforeLog] {
            cases.push(case(Fault::Zombie, step, place, None));
            cases.push(case(Fault::ZombieOvertaken, step, place, None));
            cases.push(case(Fault::AgentsRestart, step, place, None));
        }
        cases.push(case(Fault::LiveOwner, step, Place::BeforeAction, None));
        cases.push(case(Fault::DatabaseGone, step, Place::BeforeLog, None));
        cases.push(case(Fault::DatabaseGone, step, Place::AfterLog, None));
    }
    for (step, place) in &places {
        cases.push(case(Fault::Crash, step, *place, None));
    }
    for failing in steps.iter().map(String::as_str).chain(["finish"]) {
        let (found, places) = record(scenario, bug, Some(failing)).await;
        findings.extend(found);
        for (step, place) in places {
            match place {
                Place::BeforeUndo => {
                    cases.push(case(Fault::FailUndoFails, &step, place, Some(failing)));
                    cases.push(case(Fault::FailThenCrash, &step, place, Some(failing)));
                }
                Place::BeforeUndoLog | Place::AfterUndoLog => {
                    cases.push(case(Fault::FailThenCrash, &step, place, Some(failing)));
                }
                _ if step == "failed" => cases.push(case(Fault::FailThenCrash, &step, place, Some(failing))),
                _ => {}
            }
        }
    }
    for (index, case) in cases.into_iter().enumerate() {
        if index % every.max(1) != 0 {
            continue;
        }
        let found = run_case(scenario, bug, &case).await;
        findings.extend(found.into_iter().map(|problem| format!("{}: {case}: {problem}", scenario.kind())));
        if bug.is_some() && !findings.is_empty() {
            break; // a planted bug is found once
        }
    }
    findings
}

/// Lets the operation run, perhaps with one failing step, and notes the places that it passes.
async fn record(
    scenario: &dyn Scenario,
    bug: Option<Bug>,
    failing: Option<&str>,
) -> (Vec<String>, Vec<(String, Place)>) {
    let case = failing.map(|step| Case {
        fault: Fault::None,
        step: String::new(),
        place: Place::AfterEnd,
        failing: Some(step.to_owned()),
    });
    let script = Script::new(scenario.kind(), case);
    let world = scenario.world(Setup { inject: Some(script.clone()), bug }).await;
    let before = world.clock().now();
    let resource = world.start().await;
    let mut problems = Vec::new();
    // Without a failure nothing may need the clock: neither a retry nor the recovery's look around.
    if !idle(&*world, if failing.is_some() { Moving::Both } else { Moving::Nobody }).await {
        problems.push(format!(
            "{}: {resource} did not come to an end without the clock moving ({before})",
            scenario.kind()
        ));
    } else {
        let found = world.problems().await;
        problems.extend(found.into_iter().map(|problem| format!("{}: {failing:?}: {problem}", scenario.kind())));
    }
    (problems, script.passed())
}

async fn run_case(scenario: &dyn Scenario, bug: Option<Bug>, case: &Case) -> Vec<String> {
    let script = Script::new(scenario.kind(), Some(case.clone()));
    let world = scenario.world(Setup { inject: Some(script.clone()), bug }).await;
    *script.gone.lock().unwrap_or_else(PoisonError::into_inner) = Some(world.db());
    let resource = world.start().await;
    let mut problems = Vec::new();
    match case.fault {
        Fault::None | Fault::Repeat | Fault::Fail | Fault::FailUndoTwice | Fault::FailUndoFails => {}
        Fault::Crash | Fault::FailThenCrash => {
            if reached(&script, &*world).await {
                world.first().kill();
                take_over(&*world).await;
            }
        }
        Fault::Zombie | Fault::ZombieOvertaken => {
            if reached(&script, &*world).await {
                let before = fence(&world.db(), &resource).await;
                let begun = take_over(&*world).await;
                if begun > 0 && fence(&world.db(), &resource).await <= before {
                    problems.push("the claim did not raise the fence".to_owned());
                }
                if !idle(&*world, Moving::Second).await {
                    problems.push("the second controller did not bring it to an end".to_owned());
                }
                if case.fault == Fault::ZombieOvertaken {
                    world.follow_up().await;
                    idle(&*world, Moving::Second).await;
                }
                script.release.notify_one();
                let first = world.first();
                until(&*world, Moving::Second, async || first.running() == 0).await;
            }
        }
        Fault::LiveOwner => {
            if reached(&script, &*world).await {
                let begun = world.second().recover().await.unwrap_or_default();
                if begun > 0 {
                    problems.push("an operation of a living controller was claimed".to_owned());
                }
                script.release.notify_one();
            }
        }
        Fault::DatabaseGone => {
            if reached(&script, &*world).await {
                Clock::system().sleep(Duration::from_millis(5)).await;
                pretend_gone(&world.db(), false);
            }
        }
        Fault::AgentsRestart => {
            if reached(&script, &*world).await {
                world.restart_agents().await;
                script.release.notify_one();
            }
        }
    }
    let moving = if matches!(case.fault, Fault::Crash | Fault::FailThenCrash) { Moving::Second } else { Moving::Both };
    if idle(&*world, moving).await {
        problems.extend(world.problems().await);
    } else {
        problems.push("it did not come to an end".to_owned());
    }
    problems
}

/// Waits until the place of the case is reached; `false` when the operation ended without passing it.
async fn reached(script: &Script, world: &dyn World) -> bool {
    let (real, db) = (Clock::system(), world.db());
    let start = real.now();
    while real.now().since(start) < PATIENCE {
        if real.timeout(Duration::from_millis(2), script.reached.notified()).await.is_ok() {
            return true;
        }
        if store::live(&db).await.is_ok_and(|live| live.is_empty()) {
            return false;
        }
        world.clock().advance(Duration::from_millis(50));
        let _ = world.first().renew().await;
        let _ = world.second().renew().await;
    }
    false
}

/// Lets the first controller's lease lapse while the second one's is renewed, and lets the second one look around.
async fn take_over(world: &dyn World) -> usize {
    let second = world.second();
    for _ in 0..4 {
        world.clock().advance(Duration::from_secs(10));
        let _ = second.renew().await;
    }
    second.recover().await.unwrap_or_default()
}

/// Who has the clock moved for them, and renews a lease meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moving {
    Nobody,
    Both,
    /// The first controller is dead or paused.
    Second,
}

/// Waits until no operation is live.
async fn idle(world: &dyn World, moving: Moving) -> bool {
    let db = world.db();
    until(world, moving, async || store::live(&db).await.is_ok_and(|live| live.is_empty())).await
}

async fn until(world: &dyn World, moving: Moving, done: impl AsyncFn() -> bool) -> bool {
    let real = Clock::system();
    let start = real.now();
    let mut turns = 0u32;
    while !done().await {
        if real.now().since(start) > PATIENCE
            || (moving == Moving::Nobody && real.now().since(start) > Duration::from_secs(3))
        {
            return false;
        }
        turns += 1;
        if moving != Moving::Nobody && turns.is_multiple_of(5) {
            // Retries wait for the clock; leases of both controllers are renewed as their own tasks would.
            world.clock().advance(Duration::from_secs(1));
            let _ = world.second().renew().await;
            if moving == Moving::Both {
                let _ = world.first().renew().await;
            }
            let _ = world.second().recover().await;
        }
        real.sleep(Duration::from_millis(2)).await;
    }
    true
}

async fn fence(db: &Db, resource: &str) -> Fence {
    let row = db.one("SELECT fence FROM resource_fence WHERE resource = ?", args![resource]).await;
    row.ok().flatten().and_then(|row| row.get("fence").ok()).unwrap_or_default()
}
