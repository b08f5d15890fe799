//! `ferrostack-load`: drives one API with a fixed number of clients and prints what it measured as one line of JSON.
//!
//! The loop is closed, as `wrk`'s is: every client holds one connection and sends its next request when the answer to
//! the one before is read. The figures therefore say what that many clients get, not what an open arrival rate would
//! see. All clients share one thread, so that the generator takes at most one core from the server it measures.

mod connection;
mod cycle;
mod report;
mod requests;
mod template;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::template::Template;

/// A small closed-loop load generator for HTTP APIs.
///
/// In the path, the headers and the body `@U@` becomes a new UUID, `@N@` a counter, `@P@` the next line of `--lines`.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Repeat one request.
    Requests {
        #[command(flatten)]
        what: What,
        /// HTTP method
        #[arg(long, default_value = "GET")]
        method: String,
    },
    /// Create a resource, poll it until it has a status, delete it, poll until it is gone; again and again.
    Cycle {
        #[command(flatten)]
        what: What,
        /// The object that wraps the resource in requests and answers, e.g. `server`
        #[arg(long)]
        member: String,
        /// The status that ends the wait
        #[arg(long, default_value = "ACTIVE")]
        wanted: String,
        /// Milliseconds between two polls
        #[arg(long, default_value_t = 2)]
        poll_ms: u64,
    },
}

/// What both modes send, and how much of it.
#[derive(Args)]
struct What {
    /// Where to, e.g. http://127.0.0.1:8080/network/v2.0/ports
    #[arg(long)]
    url: String,
    /// `Name: value`; may be repeated
    #[arg(long = "header")]
    headers: Vec<String>,
    /// The body, JSON
    #[arg(long)]
    body: Option<String>,
    /// A file whose lines `@P@` takes in turn
    #[arg(long)]
    lines: Option<PathBuf>,
    /// Clients, each with one connection
    #[arg(long, default_value_t = 1)]
    clients: usize,
    /// Seconds to measure
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds of the same load before measuring
    #[arg(long, default_value_t = 1.0)]
    warm: f64,
    /// Stop after this many requests or cycles, whatever the time
    #[arg(long)]
    count: Option<u64>,
}

impl What {
    fn template(&self, method: &str) -> anyhow::Result<Template> {
        let lines = match &self.lines {
            None => Vec::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
                text.lines().map(str::to_owned).collect()
            }
        };
        Template::new(method, &self.url, &self.headers, self.body.as_deref(), lines)
    }

    fn pace(&self) -> anyhow::Result<requests::Pace> {
        Ok(requests::Pace {
            clients: self.clients.max(1),
            warm: Duration::try_from_secs_f64(self.warm).context("--warm")?,
            measured: Duration::try_from_secs_f64(self.seconds).context("--seconds")?,
            count: self.count,
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let report = match Cli::parse().mode {
        Mode::Requests { what, method } => requests::run(what.template(&method)?, &what.pace()?).await?,
        Mode::Cycle { what, member, wanted, poll_ms } => {
            let life = cycle::Life { member, wanted, poll: Duration::from_millis(poll_ms) };
            cycle::run(what.template("POST")?, life, &what.pace()?).await?
        }
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
