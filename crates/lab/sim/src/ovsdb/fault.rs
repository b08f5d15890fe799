//! Faults that a test can ask for.

use std::time::Duration;

use ferrostack_base::Clock;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// So many transactions fail.
    pub(crate) refuse: usize,
    /// So many transactions are committed and not answered.
    pub(crate) lose_answers: usize,
    /// What is sent is sent later.
    pub(crate) delay: Option<(Clock, Duration)>,
    /// No new sessions.
    pub(crate) unreachable: bool,
}

impl Faults {
    /// Counts one down; whether there was one.
    pub(crate) fn strike(count: &mut usize) -> bool {
        let strikes = *count > 0;
        *count = count.saturating_sub(1);
        strikes
    }
}
