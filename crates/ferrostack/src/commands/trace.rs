//! `ferrostack trace REQUEST-ID`

use std::time::Duration;

use ferrostack_config::Settings;
use ferrostack_saga::{Failure, StepRecord, store};
use ferrostack_words::Words;

use super::Answer;
use crate::{cloud, columns, database};

/// Every step of the operations behind a request.
///
/// # Errors
/// The database cannot be used.
pub async fn run(settings: &Settings, words: Words, request_id: &str) -> anyhow::Result<Answer> {
    let db = database::open_existing(settings, &cloud::migrations()).await?;
    let operations = store::of_request(&db, request_id).await?;
    if operations.is_empty() {
        let days = settings.controller.archive_days;
        return Ok(Answer::found(words.get("cli.trace.not_found", &[("id", &request_id), ("days", &days)]) + "\n"));
    }
    let mut text = words.get("cli.trace.request", &[("id", &request_id)]) + "\n";
    for operation in operations {
        text.push('\n');
        text += &title(words, &operation);
        let steps = store::steps(&db, operation.id).await?;
        if !steps.is_empty() {
            text += &table(words, &steps);
        }
    }
    Ok(Answer::success(text))
}

/// Kind, resource, outcome, how long it took, and why it is as it is.
fn title(words: Words, operation: &store::Past) -> String {
    let outcome = outcome(words, &operation.outcome);
    let (kind, resource, accepted) = (&operation.kind, &operation.resource, operation.created.to_iso_micros());
    let arguments: [(&str, &dyn std::fmt::Display); 4] =
        [("kind", kind), ("resource", resource), ("outcome", &outcome), ("accepted", &accepted)];
    let mut text = words.get("cli.trace.operation", &arguments);
    if let Some(ended) = operation.ended {
        text += &words.get("cli.trace.took", &[("seconds", &seconds(ended.since(operation.created)))]);
    }
    text.push('\n');
    if let Some(reason) = &operation.reason {
        text += &format!("  {}\n", words.get("cli.trace.because", &[("reason", reason)]));
    }
    text
}

fn table(words: Words, steps: &[StepRecord]) -> String {
    let heads = [
        "cli.trace.column_time",
        "cli.trace.column_node",
        "cli.trace.column_step",
        "cli.trace.column_duration",
        "cli.trace.column_outcome",
        "cli.trace.column_undone",
        "cli.trace.column_reason",
    ]
    .map(|key| words.text(key));
    columns::table(&heads, &steps.iter().map(|step| row(words, step)).collect::<Vec<_>>())
}

fn row(words: Words, step: &StepRecord) -> Vec<String> {
    let reason = serde_json::from_str::<Failure>(&step.output).map(|failure| failure.reason);
    vec![
        step.started.to_iso_micros(),
        step.node.clone(),
        step.name.clone(),
        words.get("cli.trace.duration", &[("seconds", &seconds(step.ended.since(step.started)))]),
        outcome(words, if step.ok { "done" } else { "failed" }),
        step.undone.map(|undone| undone.to_iso_micros()).unwrap_or_default(),
        if step.ok { String::new() } else { reason.unwrap_or_else(|_| step.output.clone()) },
    ]
}

/// The word for how an operation or step ended, or how far it is.
pub(super) fn outcome(words: Words, outcome: &str) -> String {
    match outcome {
        "running" => words.text("cli.outcome.running"),
        "unwinding" => words.text("cli.outcome.unwinding"),
        "stuck" => words.text("cli.outcome.stuck"),
        "done" => words.text("cli.outcome.done"),
        "failed" => words.text("cli.outcome.failed"),
        "superseded" => words.text("cli.outcome.superseded"),
        // Of a newer program.
        other => other.to_owned(),
    }
}

/// To the tenth of a millisecond: a transaction takes a few of those.
fn seconds(duration: Duration) -> String {
    format!("{:.4}", duration.as_secs_f64())
}
