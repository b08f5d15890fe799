//! `ferrostack completion SHELL`

use clap_complete::Shell;
use ferrostack_words::Words;

use super::Answer;
use crate::command_line;

/// The script for a shell.
pub fn run(words: Words, shell: Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line::definition(words), "ferrostack", &mut script);
    Answer::success(String::from_utf8_lossy(&script))
}
