//! Sets up the log of the process.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use tracing_subscriber::{
    EnvFilter, Layer, Registry, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// Where systemd's journal takes entries with fields.
const JOURNAL: &str = "/run/systemd/journal/socket";

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people on standard error, coloured on a terminal.
    Human,
    /// One JSON object in each line on standard error.
    Json,
    /// To systemd's journal, with its fields; as [`Format::Human`] where there is no journal.
    Journald,
}

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is no list of levels.
    #[error("{filter:?} is not a log level or a list of them")]
    Filter {
        /// What was given.
        filter: String,
        /// What the parser says.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// The journal is there and cannot be reached.
    #[error("cannot reach systemd's journal at {JOURNAL}")]
    Journal(#[source] io::Error),
    /// The log of this process was set up before.
    #[error("the log is already set up")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Sets up the log for the whole process. `filter` is a level, or levels for single targets behind commas.
///
/// # Errors
/// [`LogError`]: the filter is wrong, the journal cannot be reached, or it was called before.
pub fn init(filter: &str, format: Format) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(filter).map_err(|source| LogError::Filter { filter: filter.to_owned(), source })?;
    let layer = match format {
        Format::Journald if Path::new(JOURNAL).exists() => journal()?,
        Format::Human | Format::Journald => human(io::stderr, io::stderr().is_terminal()),
        Format::Json => json(io::stderr),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).try_init().map_err(LogError::Twice)
}

type BoxedLayer<S> = Box<dyn Layer<S> + Send + Sync>;

fn human<W>(writer: W, colour: bool) -> BoxedLayer<Registry>
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colour).boxed()
}

fn json<S, W>(writer: W) -> BoxedLayer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(writer).boxed()
}

fn journal() -> Result<BoxedLayer<Registry>, LogError> {
    let layer = tracing_journald::layer().map_err(LogError::Journal)?;
    // Without a prefix the fields are searched for by their own names.
    Ok(layer.with_field_prefix(None).with_syslog_identifier("ferrostack".to_owned()).boxed())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(data);
            Ok(data.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(layer: impl FnOnce(Lines) -> BoxedLayer<Registry>) -> String {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(layer(lines.clone()).with_filter(EnvFilter::new("info")));
        tracing::subscriber::with_default(subscriber, || {
            let span = crate::request_span("req-1", "POST", "/compute/v2.1/servers");
            span.record("project", "demo");
            span.in_scope(|| {
                tracing::info!("accepted");
                tracing::debug!("not asked for");
            });
        });
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_lines_carry_the_fields_of_the_request() {
        let text = logged(|lines| json(move || lines.clone()));
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [r#""request_id":"req-1""#, r#""project":"demo""#, r#""message":"accepted""#, r#""level":"INFO""#] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn lines_for_people_carry_the_fields_of_the_request() {
        let text = logged(|lines| human(move || lines.clone(), false));
        for part in ["INFO", "request_id=", "req-1", "project=", "demo", "accepted"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_wrong_filter_is_refused_and_the_log_is_set_up_once() {
        assert!(matches!(init("ferrostack=loud", Format::Human), Err(LogError::Filter { .. })));
        init("off", Format::Human).unwrap();
        assert!(matches!(init("info", Format::Json), Err(LogError::Twice(_))));
    }
}
