//! The life of a resource as a client sees it: create, poll until it has its status, delete, poll until it is gone.
//!
//! The latency of a cycle is from sending the creation to the poll that saw the status; the deletion counts for the
//! rate only.

use std::{sync::Arc, time::Duration};

use ferrostack_base::Clock;
use hyper::StatusCode;
use serde_json::Value;

use crate::{
    connection::{Answer, Connection},
    report::Report,
    requests::{Pace, Work, drive, elapsed_micros, refused},
    template::Template,
};

/// How long one may wait for a status, or for the end of a deletion.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the resource's life looks like.
#[derive(Clone)]
pub(crate) struct Life {
    /// The object that wraps the resource
    pub(crate) member: String,
    /// The status that is waited for
    pub(crate) wanted: String,
    /// Between two polls
    pub(crate) poll: Duration,
}

/// Repeats the life of a resource, which the template creates.
///
/// # Errors
/// When a client ends abnormally; failing cycles are figures of the report, no errors.
pub(crate) async fn run(template: Template, life: Life, pace: &Pace) -> anyhow::Result<Report> {
    let authority = template.authority().to_owned();
    drive(Cycle { template: Arc::new(template), life, clock: Clock::system() }, &authority, pace).await
}

#[derive(Clone)]
struct Cycle {
    template: Arc<Template>,
    life: Life,
    clock: Clock,
}

impl Work for Cycle {
    async fn once(&self, connection: &mut Connection) -> Result<(u64, usize), String> {
        let create = self.template.next().map_err(|error| format!("{error:#}"))?;
        let start = self.clock.now();
        let created = connection.send(create).await.map_err(|error| format!("{error:#}"))?;
        let id = self.field(&created, "id")?;
        let reached = self.wait_for_status(connection, &id).await;
        let micros = elapsed_micros(&self.clock, start);
        // What did not come up is deleted all the same, so that a failing run does not fill the cloud.
        self.delete(connection, &id).await?;
        reached.map(|()| (micros, created.body.len()))
    }
}

impl Cycle {
    async fn wait_for_status(&self, connection: &mut Connection, id: &str) -> Result<(), String> {
        let start = self.clock.now();
        loop {
            let answer = self.one(connection, "GET", id).await?;
            let status = self.field(&answer, "status")?;
            if status == self.life.wanted {
                return Ok(());
            }
            if status == "ERROR" {
                return Err(format!("{id} became ERROR: {}", self.field(&answer, "fault").unwrap_or_default()));
            }
            self.pause(start, || format!("{id} is still {status}, not {}", self.life.wanted)).await?;
        }
    }

    async fn delete(&self, connection: &mut Connection, id: &str) -> Result<(), String> {
        let answer = self.one(connection, "DELETE", id).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let start = self.clock.now();
        while self.one(connection, "GET", id).await?.status != StatusCode::NOT_FOUND {
            self.pause(start, || format!("{id} is still there after its deletion")).await?;
        }
        Ok(())
    }

    async fn one(&self, connection: &mut Connection, method: &str, id: &str) -> Result<Answer, String> {
        let request = self.template.below(method, id).map_err(|error| format!("{error:#}"))?;
        connection.send(request).await.map_err(|error| format!("{error:#}"))
    }

    async fn pause(&self, start: ferrostack_base::Timestamp, why: impl FnOnce() -> String) -> Result<(), String> {
        if u128::from(elapsed_micros(&self.clock, start)) > PATIENCE.as_micros() {
            return Err(why());
        }
        self.clock.sleep(self.life.poll).await;
        Ok(())
    }

    fn field(&self, answer: &Answer, name: &str) -> Result<String, String> {
        let parsed: Option<Value> =
            answer.status.is_success().then(|| serde_json::from_slice(&answer.body).ok()).flatten();
        match parsed.as_ref().and_then(|body| body.get(&self.life.member)?.get(name)) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None => Err(refused(answer)),
        }
    }
}
