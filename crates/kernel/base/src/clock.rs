//! The one source of time. Everything that waits or reads the time takes a `Clock`, so that a test can move it; tokio's
//! own paused time is unsound beside SQLite, which runs on its own thread.

use std::{
    fmt,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use crate::Timestamp;

/// A cheap handle on the time: the system's, or one that a test advances by hand.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    System,
    Manual(Arc<Manual>),
}

struct Manual {
    now: AtomicI64,
    moved: watch::Sender<i64>,
}

/// A time-out passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out")]
pub struct Elapsed;

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it; it starts at the system's time.
    pub fn manual() -> Self {
        let now = Self::system().now().micros();
        Self(Kind::Manual(Arc::new(Manual { now: AtomicI64::new(now), moved: watch::Sender::new(now) })))
    }

    /// Whether a test moves this clock.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual(_))
    }

    /// The time now, in microseconds since the epoch, UTC.
    #[allow(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Kind::Manual(manual) => Timestamp::from_micros(manual.now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock on and wakes whoever sleeps until then. A system clock does not move by hand: no effect.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(manual) = &self.0 {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            let now = manual.now.fetch_add(by, Ordering::SeqCst) + by;
            manual.moved.send_replace(now);
        }
    }

    /// Waits for `duration` of this clock's time.
    #[allow(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Kind::System => tokio::time::sleep(duration).await,
            Kind::Manual(manual) => {
                let until = (self.now() + duration).micros();
                let mut moved = manual.moved.subscribe();
                // The sender lives in this clock, so waiting cannot fail while we hold it.
                let _ = moved.wait_for(|now| *now >= until).await;
            }
        }
    }

    /// Runs `future` for at most `duration` of this clock's time.
    ///
    /// # Errors
    /// [`Elapsed`] when the time is over first; the future is dropped.
    pub async fn timeout<F: Future>(&self, duration: Duration, future: F) -> Result<F::Output, Elapsed> {
        let future = pin!(future);
        let sleep = pin!(self.sleep(duration));
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = sleep => Err(Elapsed),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_manual() { "Clock::Manual" } else { "Clock::System" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_only_when_it_is_moved() {
        let clock = Clock::manual();
        let start = clock.now();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(10)).await }
        });
        tokio::task::yield_now().await; // the sleeper reads the time before it moves
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), start + Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_timeout_ends_what_never_ends() {
        let clock = Clock::system();
        assert_eq!(clock.timeout(Duration::from_millis(1), std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(clock.timeout(Duration::from_secs(9), async { 7 }).await, Ok(7));
    }
}
