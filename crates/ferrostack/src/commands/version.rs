//! `ferrostack version`

use super::Answer;

/// Name and version, the same in every language.
pub fn run() -> Answer {
    Answer::success(concat!("ferrostack ", env!("CARGO_PKG_VERSION"), "\n"))
}
