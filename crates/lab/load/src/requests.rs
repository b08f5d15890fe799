//! Closed loop: the clients of a run, each repeating the same piece of work until time or count is over.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ferrostack_base::Clock;
use hyper::StatusCode;
use tokio::task::JoinSet;

use crate::{
    connection::{Answer, Connection},
    report::{Report, Samples},
    template::Template,
};

/// How many clients, for how long.
#[derive(Clone)]
pub(crate) struct Pace {
    /// Clients at once
    pub(crate) clients: usize,
    /// Load before measuring
    pub(crate) warm: Duration,
    /// Time that is measured
    pub(crate) measured: Duration,
    /// Ends the run after this many pieces of work
    pub(crate) count: Option<u64>,
}

/// One piece of work of one client: latency in microseconds and bytes read, or what went wrong.
pub(crate) trait Work: Clone + Send + Sync + 'static {
    /// Does it once.
    fn once(&self, connection: &mut Connection) -> impl Future<Output = Result<(u64, usize), String>> + Send;
}

/// Repeats one request; an answer of 400 and above is an error.
///
/// # Errors
/// When a client ends abnormally; failing requests are figures of the report, no errors.
pub(crate) async fn run(template: Template, pace: &Pace) -> anyhow::Result<Report> {
    let authority = template.authority().to_owned();
    drive(Repeat { template: Arc::new(template), clock: Clock::system() }, &authority, pace).await
}

/// Runs `work` with all the clients of `pace`: first unmeasured, then measured. With a count nothing is unmeasured.
///
/// # Errors
/// When a client ends abnormally.
pub(crate) async fn drive(work: impl Work, authority: &str, pace: &Pace) -> anyhow::Result<Report> {
    if pace.count.is_none() && !pace.warm.is_zero() {
        phase(work.clone(), authority, pace, pace.warm).await?;
    }
    phase(work, authority, pace, pace.measured).await
}

async fn phase(work: impl Work, authority: &str, pace: &Pace, length: Duration) -> anyhow::Result<Report> {
    let clock = Clock::system();
    let left = Arc::new(AtomicU64::new(pace.count.unwrap_or(u64::MAX)));
    let start = clock.now();
    let end = pace.count.is_none().then(|| start + length);
    let mut clients = JoinSet::new();
    for _ in 0..pace.clients {
        let (work, clock, left) = (work.clone(), clock.clone(), Arc::clone(&left));
        let mut connection = Connection::new(authority);
        clients.spawn(async move {
            let mut samples = Samples::default();
            while end.is_none_or(|end| clock.now() < end) && take_one(&left) {
                match work.once(&mut connection).await {
                    Ok((micros, bytes)) => samples.success(micros, bytes),
                    Err(why) => {
                        samples.failure(|| why);
                        // A server that refuses connections must not turn this into a busy loop.
                        clock.sleep(Duration::from_millis(1)).await;
                    }
                }
            }
            samples
        });
    }
    let mut all = Samples::default();
    while let Some(samples) = clients.join_next().await {
        all.extend(samples?);
    }
    Ok(all.report(elapsed_micros(&clock, start)))
}

fn take_one(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// Microseconds since `start`; none if the system's clock was set back meanwhile.
pub(crate) fn elapsed_micros(clock: &Clock, start: ferrostack_base::Timestamp) -> u64 {
    u64::try_from(clock.now().micros() - start.micros()).unwrap_or(0)
}

/// The text for an answer that is no success.
pub(crate) fn refused(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    format!("{}: {}", answer.status, body.chars().take(300).collect::<String>())
}

#[derive(Clone)]
struct Repeat {
    template: Arc<Template>,
    clock: Clock,
}

impl Work for Repeat {
    async fn once(&self, connection: &mut Connection) -> Result<(u64, usize), String> {
        let request = self.template.next().map_err(|error| format!("{error:#}"))?;
        let start = self.clock.now();
        let answer = connection.send(request).await.map_err(|error| format!("{error:#}"))?;
        let micros = elapsed_micros(&self.clock, start);
        if answer.status < StatusCode::BAD_REQUEST { Ok((micros, answer.body.len())) } else { Err(refused(&answer)) }
    }
}
