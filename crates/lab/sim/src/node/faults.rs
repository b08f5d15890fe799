//! How a node misbehaves, for tests.

use std::time::Duration;

/// What a node does not do as it should. The default is to behave.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// So many of the next requests to make something are refused, with this reason.
    pub refuse: (u32, String),
    /// Whether it answers at all.
    pub silence: Silence,
    /// How much later it answers.
    pub delay: Duration,
}

/// Whether a node answers, and whether a silent one does what it is asked: a controller can't tell the last two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    /// It answers.
    #[default]
    No,
    /// It does nothing and says nothing.
    Before,
    /// It does what it is asked, and the answer is lost.
    After,
}

/// What happens to one request.
pub(super) struct Misdeed {
    pub delay: Duration,
    pub silence: Silence,
    pub refusal: Option<String>,
}

impl Faults {
    pub(super) fn next(&mut self, refusable: bool) -> Misdeed {
        let (left, reason) = &mut self.refuse;
        let refusal = (refusable && *left > 0 && self.silence == Silence::No).then(|| {
            *left -= 1;
            reason.clone()
        });
        Misdeed { delay: self.delay, silence: self.silence, refusal }
    }
}
