//! The command line: what there is, in the language of whoever reads the help, and what was asked for.

mod definition;
mod refusal;

pub use definition::definition;
pub use refusal::Told;

use std::{ffi::OsString, path::PathBuf};

use clap::ArgMatches;
use clap_complete::Shell;
use ferrostack_words::{Language, Words};

use crate::{commands::init::NodeBundle, options::Options};

/// What was asked for.
#[derive(Debug)]
pub struct Invocation {
    /// In the language of `--language`, or else of the environment.
    pub words: Words,
    /// The options that stand for settings.
    pub options: Options,
    /// What to do.
    pub command: Command,
}

/// The commands with their own arguments.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the files under commands/ say what each does")]
pub enum Command {
    Up { simulated: bool, isolate: Option<String> },
    Init { node: Option<NodeBundle> },
    Controller { isolate: Option<String> },
    Agent { isolate: Option<String> },
    Migrate,
    ConfigShow { all: bool },
    ConfigExplain { setting: Option<String> },
    ConfigCheck { file: Option<PathBuf> },
    Status { json: bool },
    Trace { request_id: String },
    Explain { id: String },
    Audit,
    Completion { shell: Shell },
    Version,
}

/// Reads the command line; `args` begins with the program's name.
///
/// # Errors
/// [`Told`]: help was asked for, or the command line is wrong.
pub fn parse(args: Vec<OsString>) -> Result<Invocation, Told> {
    let words = Words::new(language(&args));
    let matches = definition(words).try_get_matches_from(&args).map_err(|error| refusal::told(&error, words, &args))?;
    // The options stand at the innermost command; those of the root come down to it.
    let (mut path, mut inner) = (Vec::new(), &matches);
    while let Some((name, matches)) = inner.subcommand() {
        path.push(name);
        inner = matches;
    }
    let command = match path.as_slice() {
        ["up"] => Command::Up { simulated: inner.get_flag("simulated"), isolate: text(inner, "isolate") },
        ["init"] => Command::Init {
            node: text(inner, "node").zip(path_of(inner, "out")).map(|(node, out)| NodeBundle { node, out }),
        },
        ["controller"] => Command::Controller { isolate: text(inner, "isolate") },
        ["agent"] => Command::Agent { isolate: text(inner, "isolate") },
        ["migrate"] => Command::Migrate,
        ["config", "show"] => Command::ConfigShow { all: inner.get_flag("all") },
        ["config", "explain"] => Command::ConfigExplain { setting: text(inner, "setting") },
        ["config", "check"] => Command::ConfigCheck { file: path_of(inner, "file") },
        ["status"] => Command::Status { json: inner.get_flag("json") },
        ["trace"] => Command::Trace { request_id: text(inner, "request-id").unwrap_or_default() },
        ["explain"] => Command::Explain { id: text(inner, "id").unwrap_or_default() },
        ["audit"] => Command::Audit,
        ["completion"] => Command::Completion { shell: inner.get_one("shell").copied().unwrap_or(Shell::Bash) },
        _ => Command::Version,
    };
    let options = Options {
        config: path_of(inner, "config"),
        state_dir: path_of(inner, "state-dir"),
        database: text(inner, "database"),
        listen: text(inner, "listen"),
        nodes: text(inner, "nodes"),
    };
    Ok(Invocation { words, options, command })
}

/// An option's value; `None` where the command has no such option.
fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.try_get_one::<String>(name).ok().flatten().cloned()
}

fn path_of(matches: &ArgMatches, name: &str) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>(name).ok().flatten().cloned()
}

/// The language must be known before the command line is read: its mistakes are told in it, too.
fn language(args: &[OsString]) -> Language {
    let mut given = None;
    let mut args = args.iter().skip(1).filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    while let Some(arg) = args.next() {
        if arg == "--language" {
            given = args.next();
        } else if let Some(value) = arg.strip_prefix("--language=") {
            given = Some(value);
        }
    }
    given.and_then(|value| value.parse().ok()).unwrap_or_else(Language::from_env)
}

#[cfg(test)]
mod tests;
