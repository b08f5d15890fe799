//! Tells what is wrong with a command line, in the reader's language.

use std::ffi::OsString;

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};
use ferrostack_words::Words;

use super::definition;
use crate::exit::Exit;

/// A text that ends the program: help that was asked for, or what is wrong.
#[derive(Debug)]
pub struct Told {
    /// The text.
    pub text: String,
    /// [`Exit::Success`] when it was asked for.
    pub exit: Exit,
}

pub(super) fn told(error: &Error, words: Words, args: &[OsString]) -> Told {
    if !error.use_stderr() {
        return Told { text: error.to_string().trim_end().to_owned() + "\n", exit: Exit::Success };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Told { text: error.to_string(), exit: Exit::Usage };
    }
    let wrong = wrong(error, words).unwrap_or_else(|| error.kind().to_string());
    let mut text = format!("{}: {wrong}", words.text("cli.error.title"));
    if let Some(near) = nearest(error) {
        text.push(' ');
        text += &words.get("cli.error.did_you_mean", &[("names", &near)]);
    }
    text.push('\n');
    text += &words.get("cli.error.see_help", &[("command", &command(words, args))]);
    Told { text, exit: Exit::Usage }
}

fn wrong(error: &Error, words: Words) -> Option<String> {
    let context = |kind| error.get(kind).map(told_value);
    let argument = context(ContextKind::InvalidArg);
    let text = match error.kind() {
        ErrorKind::UnknownArgument => {
            let name = argument?;
            let key =
                if name.starts_with('-') { "cli.error.unknown_argument" } else { "cli.error.superfluous_argument" };
            words.get(key, &[("name", &name)])
        }
        ErrorKind::InvalidSubcommand => {
            words.get("cli.error.unknown_command", &[("name", &context(ContextKind::InvalidSubcommand)?)])
        }
        ErrorKind::MissingSubcommand => words.text("cli.error.missing_command"),
        ErrorKind::MissingRequiredArgument => words.get("cli.error.missing_argument", &[("name", &argument?)]),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let (name, value) = (argument?, context(ContextKind::InvalidValue)?);
            match context(ContextKind::ValidValue) {
                _ if value.is_empty() => words.get("cli.error.missing_value", &[("name", &name)]),
                Some(allowed) if !allowed.is_empty() => {
                    words.get("cli.error.not_one_of", &[("name", &name), ("value", &value), ("allowed", &allowed)])
                }
                // The only one of them that is checked here.
                _ => words.get("cli.error.unknown_language", &[("value", &value)]),
            }
        }
        ErrorKind::ArgumentConflict => words.get("cli.error.given_twice", &[("name", &argument?)]),
        _ => return None,
    };
    Some(text)
}

fn nearest(error: &Error) -> Option<String> {
    let kinds = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| error.get(kind)).map(|near| match near {
        // The likeliest is the last.
        ContextValue::Strings(texts) => texts.last().cloned().unwrap_or_default(),
        other => other.to_string(),
    })
}

fn told_value(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(texts) => texts.join(", "),
        other => other.to_string(),
    }
}

/// The command whose help is worth reading: as far as the words are commands.
fn command(words: Words, args: &[OsString]) -> String {
    let root = definition(words);
    let (mut command, mut path) = (&root, root.get_name().to_owned());
    for arg in args.iter().skip(1).filter_map(|arg| arg.to_str()) {
        if let Some(inner) = command.find_subcommand(arg) {
            command = inner;
            path += &format!(" {arg}");
        }
    }
    path
}
