//! Background tasks that bring what is to what should be (R10): each has a period and a wake-up, takes no input, may run
//! at any time and any number of times, and shows its status.

use std::{
    collections::BTreeMap,
    error::Error,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ferrostack_base::{Clock, Timestamp, chain};
use tokio::sync::Notify;

/// What one run says: what it did, in a few words.
pub type Outcome<'a> = Pin<Box<dyn Future<Output = Result<String, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// A reconciler.
pub trait Reconciler: Send + Sync + 'static {
    /// `noun_verber`, such as `orphan_file_remover`.
    fn name(&self) -> &'static str;
    /// How often it runs when nobody wakes it.
    fn period(&self) -> Duration;
    /// Looks at everything and repairs what it finds.
    fn run(&self) -> Outcome<'_>;
}

/// How a reconciler does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// When it last ended.
    pub last: Option<Timestamp>,
    /// What it said then.
    pub said: String,
    /// Whether it failed then.
    pub failed: bool,
    /// How often it ran.
    pub runs: u64,
}

/// All reconcilers of a process.
#[derive(Clone)]
pub struct Reconcilers(Arc<Shared>);

struct Shared {
    clock: Clock,
    all: Mutex<BTreeMap<&'static str, Entry>>,
}

#[derive(Clone)]
struct Entry {
    reconciler: Arc<dyn Reconciler>,
    wake: Arc<Notify>,
    status: Arc<Mutex<Status>>,
}

impl Reconcilers {
    /// None yet.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, all: Mutex::default() }))
    }

    /// Adds one and starts it in a task of its own; it runs at once, then at each wake-up and after each period.
    pub fn start(&self, reconciler: impl Reconciler) {
        let entry = self.add(reconciler);
        let clock = self.0.clock.clone();
        tokio::spawn(async move {
            loop {
                run(&entry, &clock).await;
                let _ = clock.timeout(entry.reconciler.period(), entry.wake.notified()).await;
            }
        });
    }

    /// Adds one that runs only by [`Reconcilers::run_once`], for tests.
    pub fn add_idle(&self, reconciler: impl Reconciler) {
        self.add(reconciler);
    }

    fn add(&self, reconciler: impl Reconciler) -> Entry {
        let entry = Entry { reconciler: Arc::new(reconciler), wake: Arc::default(), status: Arc::default() };
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.reconciler.name(), entry.clone());
        entry
    }

    /// Makes one run soon.
    pub fn wake(&self, name: &str) {
        if let Some(entry) = self.entries().get(name) {
            entry.wake.notify_one();
        }
    }

    /// Runs each of them once, now, one after another; returns what each said.
    pub async fn run_once(&self) -> BTreeMap<&'static str, Status> {
        for entry in self.entries().values() {
            run(entry, &self.0.clock).await;
        }
        self.status()
    }

    /// How each of them does.
    pub fn status(&self) -> BTreeMap<&'static str, Status> {
        let entries = self.entries();
        entries
            .iter()
            .map(|(name, entry)| (*name, entry.status.lock().unwrap_or_else(PoisonError::into_inner).clone()))
            .collect()
    }

    fn entries(&self) -> BTreeMap<&'static str, Entry> {
        self.0.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn run(entry: &Entry, clock: &Clock) {
    let name = entry.reconciler.name();
    let (said, failed) = match entry.reconciler.run().await {
        Ok(said) => {
            tracing::debug!(reconciler = name, said);
            (said, false)
        }
        Err(error) => {
            let said = chain(&*error).to_string();
            tracing::warn!(reconciler = name, error = said, "reconciler failed");
            (said, true)
        }
    };
    let mut status = entry.status.lock().unwrap_or_else(PoisonError::into_inner);
    *status = Status { last: Some(clock.now()), said, failed, runs: status.runs + 1 };
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Counter(Arc<AtomicU64>);

    impl Reconciler for Counter {
        fn name(&self) -> &'static str {
            "counter"
        }
        fn period(&self) -> Duration {
            Duration::from_secs(60)
        }
        fn run(&self) -> Outcome<'_> {
            Box::pin(async {
                if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
                    Err("not yet".into())
                } else {
                    Ok("counted".to_owned())
                }
            })
        }
    }

    #[tokio::test]
    async fn runs_at_once_by_wake_up_and_by_period() {
        let clock = Clock::manual();
        let count = Arc::new(AtomicU64::new(0));
        let all = Reconcilers::new(clock.clone());
        all.start(Counter(count.clone()));
        let until = async |n| {
            while count.load(Ordering::SeqCst) < n {
                tokio::task::yield_now().await;
            }
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        };
        until(1).await;
        assert!(all.status()["counter"].failed);
        all.wake("counter");
        until(2).await;
        assert_eq!(all.status()["counter"].said, "counted");
        clock.advance(Duration::from_secs(61));
        until(3).await;
    }
}
