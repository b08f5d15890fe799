//! The one binary: its commands, and the place where the services are put together ([`cloud`]).
//!
//! A command takes [`Settings`](ferrostack_config::Settings) and the texts of one language and gives an
//! [`Answer`](commands::Answer); only `up` and `controller` print while they run. What goes wrong becomes a message with
//! cause and cure in [`report`], and nowhere else.

#![allow(unreachable_pub, reason = "nothing reaches into a binary; `pub` says that other modules use it")]

mod cloud;
mod columns;
mod command_line;
mod commands;
mod control;
mod database;
mod error;
mod exit;
mod health;
mod isolation;
mod options;
mod process;
mod report;
mod secrets;
mod state_dir;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use exit::Exit;

fn main() -> ExitCode {
    let invocation = match command_line::parse(std::env::args_os().collect()) {
        Ok(invocation) => invocation,
        Err(told) if told.exit == Exit::Success => return end(&told.text, told.exit),
        Err(told) => {
            tell(&told.text);
            return told.exit.into();
        }
    };
    let words = invocation.words;
    match commands::run(invocation) {
        Ok(answer) => end(&answer.text, answer.exit),
        Err(error) => {
            let (text, exit) = report::report(&error, words);
            tell(&text);
            exit.into()
        }
    }
}

/// Prints what a command found. A reader who has seen enough (`| head`) is no failure.
fn end(text: &str, exit: Exit) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::Environment.into(),
        _ => exit.into(),
    }
}

/// For people; standard output is for what was asked. When nobody listens there is nobody to tell.
fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}
